package io.jctdb.recovery;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Which nodes run a member of the embedded ZooKeeper ensemble: the same pure function of the nodes
 * file on every node.
 *
 * <ul>
 *   <li>five or more nodes: the first five; any two of these may be down;
 *   <li>three or four: the first three; one of these may be down;
 *   <li>two: the first one alone. Two members would need each other, so that either's loss would
 *       stop both; with one member, the second node's loss is survived. The loss of the
 *       <em>first</em> node stops the second too, until the first is back: with two nodes and
 *       nobody else, no algorithm can tell a dead peer from a cut cable. Give such a cluster a
 *       third vote (an external ensemble, or a third node that serves nothing);
 *   <li>one: that one.
 * </ul>
 *
 * <p>Deleted lines of the nodes file do not count. All daemons use the same ports.
 *
 * @param members address of each member by pnn
 */
public record Ensemble(SortedMap<Integer, InetAddress> members, EnsemblePorts ports) {
  private static final Pattern TEXT =
      Pattern.compile(
          "(\\d{1,6}@[^,@ ]+(?:,\\d{1,6}@[^,@ ]+)*)" + " ports (\\d{1,5}),(\\d{1,5}),(\\d{1,5})");

  /** Five servers need a quarter of it. */
  private static final int TEXT_CHARACTERS_MAX = 1000;

  public Ensemble {
    if (members.isEmpty()) {
      throw new IllegalArgumentException("an ensemble needs at least one node");
    }
    members = Collections.unmodifiableSortedMap(new TreeMap<>(members));
  }

  /**
   * The ensemble of a cluster.
   *
   * @param nodes address by pnn, without deleted nodes
   */
  public static Ensemble of(SortedMap<Integer, InetAddress> nodes, EnsemblePorts ports) {
    int size = nodes.size() >= 5 ? 5 : nodes.size() >= 3 ? 3 : 1;
    SortedMap<Integer, InetAddress> members = new TreeMap<>();
    for (Map.Entry<Integer, InetAddress> node : nodes.entrySet()) {
      if (members.size() < size) {
        members.put(node.getKey(), node.getValue());
      }
    }
    return new Ensemble(members, ports);
  }

  /** {@code 0@10.0.0.1,1@10.0.0.2,2@10.0.0.3 ports 4380,4381,4382}; equal ensembles are equal. */
  public String text() {
    return members.entrySet().stream()
            .map(member -> member.getKey() + "@" + member.getValue().getHostAddress())
            .collect(Collectors.joining(","))
        + " ports "
        + ports.client()
        + ","
        + ports.quorum()
        + ","
        + ports.election();
  }

  /** What {@link #text} has written; empty for everything else. */
  public static Optional<Ensemble> parse(String text) {
    Matcher matcher = TEXT.matcher(text);
    if (text.length() > TEXT_CHARACTERS_MAX || !matcher.matches()) {
      return Optional.empty();
    }
    try {
      SortedMap<Integer, InetAddress> members = new TreeMap<>();
      for (String member : matcher.group(1).split(",", -1)) {
        int at = member.indexOf('@');
        members.put(
            Integer.valueOf(member.substring(0, at)),
            InetAddress.ofLiteral(member.substring(at + 1)));
      }
      Ensemble parsed =
          new Ensemble(
              members,
              new EnsemblePorts(
                  Integer.parseInt(matcher.group(2)),
                  Integer.parseInt(matcher.group(3)),
                  Integer.parseInt(matcher.group(4))));
      return parsed.text().equals(text) ? Optional.of(parsed) : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  public boolean hasMember(int pnn) {
    return members.containsKey(pnn);
  }

  /** A single member needs no quorum and no election. */
  boolean replicated() {
    return members.size() > 1;
  }

  /**
   * Where node {@code self} connects: its own member first, which dies only with the node itself;
   * the others in an order that differs from node to node.
   */
  public String connectString(int self) {
    List<Integer> order = new ArrayList<>(members.keySet());
    Collections.rotate(order, -Math.floorMod(self, order.size()));
    if (hasMember(self)) {
      order.removeIf(pnn -> pnn == self);
      order.addFirst(self);
    }
    List<String> servers = new ArrayList<>();
    for (int pnn : order) {
      servers.add(host(pnn) + ":" + ports.client());
    }
    return String.join(",", servers);
  }

  /** The address of a member as ZooKeeper's configuration wants it. */
  String host(int pnn) {
    InetAddress address = members.get(pnn);
    if (address == null) {
      throw new IllegalArgumentException("node " + pnn + " is not a member of the ensemble");
    }
    String text = address.getHostAddress();
    return address instanceof Inet6Address ? "[" + text + "]" : text;
  }
}
