package io.jctdb.iptakeover;

import io.jctdb.protocol.SrvidMessage;

/** What {@link TakeoverRuns} asks of the daemon. Owner thread. */
public interface TakeoverListener {
  /** Send a message with an i32 to a srvid of a node: the answer to a tool. */
  void reply(int pnn, long srvid, int value);

  /** Send TAKEOVER_RUN to a node, the leader now, in the name of the tool that asked this one. */
  void handOn(int leader, SrvidMessage request);

  /**
   * Send DISABLE_TAKEOVER_RUNS (pnn -1, srvid 0) to all other connected nodes: they shall not ask
   * for runs while one is under way. 0: they may again.
   */
  void disableElsewhere(int seconds);

  /**
   * Run after run, this node does not release what it should: as long as it is a member, nobody
   * else can have those addresses.
   *
   * @param runs how many in a row
   */
  void keepsAddresses(int pnn, int runs);

  /** A run of this leader has ended; failures are for the ban credits of their nodes. */
  void finished(TakeoverResult result);
}
