package io.jctdb.iptakeover;

import io.jctdb.protocol.Interface;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The interfaces that public addresses name. One has a link if the scripts say so ({@code
 * setifacelink}) and the kernel does not say otherwise: the kernel knows at once, the scripts at
 * the next monitor event. One whose link comes and goes is avoided for a while ({@link
 * FlapDamping}), as long as another has a link.
 */
final class LocalInterfaces {
  /** An interface begins with its link up (cluster-and-failover.md 3.9). */
  private static final class Link {
    boolean reported = true;
    boolean carrier = true;

    boolean isUp() {
      return reported && carrier;
    }
  }

  /** In order of creation. */
  private final Map<String, Link> links = new LinkedHashMap<>();

  /** How many addresses this node has on an interface now. */
  private final ToIntFunction<String> references;

  private final FlapDamping<String> damping;

  LocalInterfaces(ToIntFunction<String> references, Scheduler scheduler) {
    this.references = references;
    this.damping = new FlapDamping<>(scheduler);
  }

  /** Returns true if the interface is new. */
  boolean add(String name) {
    return links.putIfAbsent(name, new Link()) == null;
  }

  /** Forgets the interfaces that no address names any more. */
  void retain(Collection<String> named) {
    links.keySet().retainAll(named);
  }

  boolean isKnown(String name) {
    return links.containsKey(name);
  }

  boolean isUp(String name) {
    Link link = links.get(name);
    return link != null && link.isUp();
  }

  /** What a script says. */
  Duration setLink(String name, boolean up) {
    return change(name, link -> link.reported = up);
  }

  /** What the kernel says. */
  Duration setCarrier(String name, boolean carrier) {
    return change(name, link -> link.carrier = carrier);
  }

  /** Returns for how long the interface is avoided from now on, if its link has just gone. */
  private Duration change(String name, Consumer<Link> change) {
    Link link = links.get(name);
    if (link == null) {
      return Duration.ZERO;
    }
    boolean before = link.isUp();
    change.accept(link);
    return before && !link.isUp() ? damping.failed(name) : Duration.ZERO;
  }

  /** The last word of the kernel. */
  boolean hasCarrier(String name) {
    Link link = links.get(name);
    return link != null && link.carrier;
  }

  List<String> names() {
    return List.copyOf(links.keySet());
  }

  boolean anyUp(List<String> names) {
    return names.stream().anyMatch(this::isUp);
  }

  /** Link up, steady, fewest addresses, first in file order; null if no link is up. */
  @Nullable String best(List<String> names) {
    List<String> up = names.stream().filter(this::isUp).toList();
    List<String> steady = up.stream().filter(name -> !damping.isHeld(name)).toList();
    String best = null;
    for (String name : steady.isEmpty() ? up : steady) {
      if (best == null || references.applyAsInt(name) < references.applyAsInt(best)) {
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
    links.keySet().forEach(name -> all.addFirst(describe(name)));
    return all;
  }

  /** A value that changes when an interface or a link state does. */
  Map<String, Boolean> snapshot() {
    Map<String, Boolean> now = new LinkedHashMap<>();
    links.forEach((name, link) -> now.put(name, link.isUp()));
    return now;
  }
}
