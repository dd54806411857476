package io.jctdb.iptakeover;

import io.jctdb.protocol.Interface;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/** The interfaces that public addresses name, with the link state that the scripts report. */
final class LocalInterfaces {
  /** In order of creation; an interface begins with its link up (cluster-and-failover.md 3.9). */
  private final Map<String, Boolean> linkUp = new LinkedHashMap<>();

  /** How many addresses this node has on an interface now. */
  private final ToIntFunction<String> references;

  LocalInterfaces(ToIntFunction<String> references) {
    this.references = references;
  }

  /** Returns true if the interface is new. */
  boolean add(String name) {
    return linkUp.putIfAbsent(name, true) == null;
  }

  /** Forgets the interfaces that no address names any more. */
  void retain(Collection<String> named) {
    linkUp.keySet().retainAll(named);
  }

  boolean isKnown(String name) {
    return linkUp.containsKey(name);
  }

  boolean isUp(String name) {
    return linkUp.getOrDefault(name, false);
  }

  void setLink(String name, boolean up) {
    linkUp.replace(name, up);
  }

  boolean anyUp(List<String> names) {
    return names.stream().anyMatch(this::isUp);
  }

  /** Link up, fewest addresses, first in file order; null if no link is up. */
  @Nullable String best(List<String> names) {
    String best = null;
    for (String name : names) {
      if (isUp(name)
          && (best == null || references.applyAsInt(name) < references.applyAsInt(best))) {
        best = name;
      }
    }
    return best;
  }

  /** Whether an address should leave an interface: no link, or two addresses more than the best. */
  boolean shouldLeave(String current, String best) {
    return !current.equals(best)
        && (!isUp(current) || references.applyAsInt(current) > references.applyAsInt(best) + 1);
  }

  Interface describe(String name) {
    return new Interface(name, isUp(name) ? 1 : 0, references.applyAsInt(name));
  }

  /** Last created first. */
  List<Interface> describeAll() {
    List<Interface> all = new ArrayList<>();
    linkUp.keySet().forEach(name -> all.addFirst(describe(name)));
    return all;
  }

  /** A value that changes when an interface or a link state does. */
  Map<String, Boolean> snapshot() {
    return Map.copyOf(linkUp);
  }
}
