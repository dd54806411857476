package io.jctdb.daemon;

import io.jctdb.database.message.NodePort;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntToLongFunction;

/**
 * Holds back clients that send more to another node than its link carries: nothing more is read
 * from them until it has caught up. Without it one client could fill the link's queue, which costs
 * the link. Who sends nothing to that node is not held back. Owner thread only.
 *
 * @param <C> a client
 */
final class LinkPressure<C> {
  /** Clients are held above it and let go at half of it. */
  static final long QUEUED_BYTES_MAX = 4 << 20;

  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private final NodePort port;
  private final IntToLongFunction queuedBytes;
  private final Consumer<C> hold;
  private final Consumer<C> letGo;

  /** The nodes that each waits for. */
  private final Map<C, Set<Integer>> held = new HashMap<>();

  /**
   * @param queuedBytes what waits for a node; 0 when its link is down
   */
  LinkPressure(NodePort port, IntToLongFunction queuedBytes, Consumer<C> hold, Consumer<C> letGo) {
    this.port = port;
    this.queuedBytes = queuedBytes;
    this.hold = hold;
    this.letGo = letGo;
  }

  /** That client has just sent something to that node. */
  void sent(C client, int pnn) {
    if (queuedBytes.applyAsLong(pnn) <= QUEUED_BYTES_MAX) {
      return;
    }
    if (held.isEmpty()) {
      lookLater();
    }
    Set<Integer> nodes = held.get(client);
    if (nodes == null) {
      nodes = new HashSet<>();
      held.put(client, nodes);
      hold.accept(client);
    }
    nodes.add(pnn);
  }

  void closed(C client) {
    held.remove(client);
  }

  private void lookLater() {
    port.after(LOOK_NANOS, this::look);
  }

  private void look() {
    Set<C> free = new HashSet<>();
    held.forEach(
        (client, nodes) -> {
          nodes.removeIf(pnn -> queuedBytes.applyAsLong(pnn) <= QUEUED_BYTES_MAX / 2);
          if (nodes.isEmpty()) {
            free.add(client);
          }
        });
    held.keySet().removeAll(free);
    if (!held.isEmpty()) {
      lookLater();
    }
    free.forEach(letGo);
  }
}
