package io.jctdb.tests.simulator;

import io.jctdb.database.message.NodeMessage;
import io.jctdb.database.message.NodeMessageCodec;
import io.jctdb.database.message.TraverseMessage;

/**
 * Links between the nodes, one for each ordered pair: FIFO, of varying delay, and when one is cut,
 * what is on it is lost. Everything crosses it as bytes.
 */
final class Network {
  interface Receiver {
    void receive(int from, int to, NodeMessage message);
  }

  private final EventQueue events;
  private final Chance chance;
  private final Receiver receiver;
  private final int nodes;
  private final long delayMin;
  private final long delayMax;
  private int remotes;
  private long far;
  private final boolean duplicates;
  private final long[] lastArrival;
  private final int[] generation;
  private final boolean[] down;

  Network(
      EventQueue events,
      Chance chance,
      int nodes,
      long delayMin,
      long delayMax,
      boolean duplicates,
      Receiver receiver) {
    this.events = events;
    this.chance = chance;
    this.nodes = nodes;
    this.delayMin = delayMin;
    this.delayMax = delayMax;
    this.duplicates = duplicates;
    this.receiver = receiver;
    this.lastArrival = new long[nodes * nodes];
    this.generation = new int[nodes * nodes];
    this.down = new boolean[nodes * nodes];
  }

  /**
   * The last {@code count} nodes are at sites of their own, up to so long a way from all others.
   */
  void stretch(int count, long farNanos) {
    remotes = count;
    far = farNanos;
  }

  void send(int from, int to, NodeMessage message) {
    int link = from * nodes + to;
    if (down[link]) {
      return;
    }
    byte[] bytes = NodeMessageCodec.encode(message);
    deliver(from, to, link, bytes);
    // A traverse relies on each chunk coming once, as everything does on one connection.
    if (duplicates && !(message instanceof TraverseMessage) && chance.oneIn(20)) {
      events.after(chance.skewed(delayMin, 20 * delayMax), () -> deliver(from, to, link, bytes));
    }
  }

  private void deliver(int from, int to, int link, byte[] bytes) {
    long delay = from == to ? 1 : chance.skewed(delayMin, delayMax) + detour(from, to);
    long arrival = Math.max(events.now() + delay, lastArrival[link] + 1);
    lastArrival[link] = arrival;
    int sentOn = generation[link];
    events.at(
        arrival,
        () -> {
          if (generation[link] == sentOn) {
            receiver.receive(from, to, NodeMessageCodec.decode(bytes));
          }
        });
  }

  private long detour(int from, int to) {
    return Math.max(from, to) < nodes - remotes ? 0 : chance.nanos(far / 2, far);
  }

  /** Runs something when all that is on the way now has arrived, or would have. */
  void afterArrivals(int from, int to, Runnable then) {
    events.at(Math.max(events.now(), lastArrival[from * nodes + to]) + 1, then);
  }

  /** What is on the way in this direction is lost; what is sent from now on, too. */
  void cut(int from, int to) {
    int link = from * nodes + to;
    generation[link]++;
    down[link] = true;
  }

  void restore(int from, int to) {
    down[from * nodes + to] = false;
  }

  /** What is on the way to and from this node is lost. */
  void cutAll(int node) {
    for (int other = 0; other < nodes; other++) {
      generation[node * nodes + other]++;
      generation[other * nodes + node]++;
    }
  }

  boolean isDown(int from, int to) {
    return down[from * nodes + to];
  }
}
