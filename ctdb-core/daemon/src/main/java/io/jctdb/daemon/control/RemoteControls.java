package io.jctdb.daemon.control;

import io.jctdb.database.message.ClusterMessage;
import io.jctdb.database.message.NodePort;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.IntPredicate;
import java.util.function.LongSupplier;

/**
 * Controls on their way to other nodes, each waiting for its reply. Every one is answered: by the
 * other node, by the loss of its link, or when ControlTimeout has passed. Owner thread only.
 */
public final class RemoteControls {
  private static final String DISCONNECTED = "node is disconnected";
  private static final String QUIET = "nothing is heard from the node";
  private static final long QUIET_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final String TIMED_OUT = "ctdb_control timed out";

  private final NodePort port;
  private final LongSupplier timeoutNanos;
  private final IntPredicate isQuiet;
  private final Map<Long, Pending> pending = new HashMap<>();
  private long lastId;

  private record Pending(int pnn, ControlReply reply, NodePort.Timer timer) {}

  /**
   * @param timeoutNanos tunable ControlTimeout in nanoseconds, 0 = no limit; read for each control
   * @param isQuiet whether nothing is heard from that node, which is at another site
   */
  public RemoteControls(NodePort port, LongSupplier timeoutNanos, IntPredicate isQuiet) {
    this.port = port;
    this.timeoutNanos = timeoutNanos;
    this.isQuiet = isQuiet;
  }

  /** Sends a control to a connected node and brings the answer back. */
  public void call(int pnn, int opcode, long srvid, int flags, byte[] data, ControlReply reply) {
    long id = ++lastId;
    long limit = timeoutNanos.getAsLong();
    NodePort.Timer timer = limit == 0 ? () -> {} : port.after(limit, () -> fail(id, TIMED_OUT));
    pending.put(id, new Pending(pnn, reply, timer));
    port.send(pnn, new ClusterMessage.Control(id, opcode, srvid, flags, data));
  }

  /**
   * The same for a question ({@link Questions}), which changes nothing and may go unanswered: when
   * nothing is heard from a node at another site, who asks is told so at once, and not when the
   * link is given up. Administrators ask most when a line hangs.
   */
  public void ask(int pnn, int opcode, long srvid, int flags, byte[] data, ControlReply reply) {
    if (isQuiet.test(pnn)) {
      reply.fail(QUIET);
      return;
    }
    call(pnn, opcode, srvid, flags, data, reply);
    lookAfter(lastId, pnn);
  }

  private void lookAfter(long id, int pnn) {
    port.after(
        QUIET_LOOK_NANOS,
        () -> {
          if (!pending.containsKey(id)) {
            return;
          }
          if (isQuiet.test(pnn)) {
            fail(id, QUIET);
          } else {
            lookAfter(id, pnn);
          }
        });
  }

  /** Sends a control that nobody wants an answer to. */
  public void send(int pnn, int opcode, long srvid, int flags, byte[] data) {
    port.send(pnn, new ClusterMessage.Control(0, opcode, srvid, flags, data));
  }

  public void received(int fromPnn, ClusterMessage.ControlReply message) {
    Pending waiting = pending.get(message.id());
    if (waiting == null || waiting.pnn != fromPnn) {
      return; // too late, or not the node that was asked
    }
    pending.remove(message.id());
    waiting.timer.cancel();
    waiting.reply.send(message.status(), message.data(), message.error());
  }

  /** Answers everything that was asked of a node whose link is gone. */
  public void linkDown(int pnn) {
    List<Long> lost =
        pending.entrySet().stream()
            .filter(e -> e.getValue().pnn == pnn)
            .map(Map.Entry::getKey)
            .sorted()
            .toList();
    lost.forEach(id -> fail(id, DISCONNECTED));
  }

  private void fail(long id, String error) {
    Pending waiting = pending.remove(id);
    if (waiting != null) {
      waiting.timer.cancel();
      waiting.reply.fail(error);
    }
  }
}
