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

  /**
   * The same for one takeover run: from now on in the name of the leader that this node is at the
   * moment. A node that a later leader has asked refuses what it is told by an earlier one ({@link
   * AddressControls}).
   */
  default NodeControls ofPresentTerm() {
    return this;
  }

  /** A node's answer to a control. */
  interface Answer {
    void take(int status, byte[] data);
  }
}
