package io.jctdb.daemon.control;

import io.jctdb.database.message.NodePort;
import io.jctdb.protocol.Payload;
import io.jctdb.store.StoreException;

/**
 * One GET_DB_SEQNUM. A process that keeps the whole file locked keeps its reader waiting, but not
 * the one who asked: after a while he is told so, and what the reader brings later is dropped.
 * Owner thread only.
 */
final class SequenceNumberQuestion {
  private final ControlReply reply;
  private final NodePort.Timer timer;
  private boolean over;

  SequenceNumberQuestion(NodePort port, long limitNanos, ControlReply reply) {
    this.reply = reply;
    this.timer = port.after(limitNanos, this::timedOut);
  }

  void answered(long number) {
    if (end()) {
      reply.ok(Payload.ofU64(number));
    }
  }

  void failed(StoreException problem) {
    if (end()) {
      reply.fail(String.valueOf(problem.getMessage()));
    }
  }

  private void timedOut() {
    if (end()) {
      reply.fail("timed out: another process keeps the database file locked");
    }
  }

  private boolean end() {
    if (over) {
      return false;
    }
    over = true;
    timer.cancel();
    return true;
  }
}
