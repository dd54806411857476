package io.jctdb.daemon.control;

/** What an administrator can do to this node. Owner thread; every call returns at once. */
public interface NodeAdministration {
  /** Leaves the active members; {@code done} when nothing of this node is in use any more. */
  void stop(Runnable done);

  void continueNode();

  /** Like stop, until the time is over. */
  void ban(int seconds, String reason, Runnable done);

  void unban();

  void setDisabled(boolean disabled);

  /** Sets or clears one capability bit. */
  void setCapability(int bit, boolean on);

  int capabilities();

  /** Asks for a new epoch although the members have not changed. */
  void recover();

  /** Ends the daemon in good order. */
  void shutdown();

  /** Reads the nodes file anew; false (with a log line) if it cannot be used. */
  boolean reloadNodes();
}
