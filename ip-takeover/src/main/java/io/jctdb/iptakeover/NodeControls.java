package io.jctdb.iptakeover;

import io.jctdb.protocol.Control;

/** Sends controls to nodes, this one included. Port; owner thread. */
public interface NodeControls {
  /**
   * Sends one control and calls {@code answer} at most once, on the owner thread, possibly within
   * this call: with the node's answer, or -1 and no data as soon as the node cannot be reached. The
   * caller has its own time limit.
   */
  void call(int pnn, Control control, int flags, byte[] data, Answer answer);

  /** A node's answer to a control. */
  interface Answer {
    void take(int status, byte[] data);
  }
}
