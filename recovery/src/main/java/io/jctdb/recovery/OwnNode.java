package io.jctdb.recovery;

import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.RunState;

/**
 * What this node holds of itself, whether or not ZooKeeper can be told at the moment. Not thread
 * safe: owned by the membership thread.
 */
final class OwnNode {
  private static final long NOT_BANNED = Long.MAX_VALUE;

  private final int self;
  private final String address;
  private final Site site;
  private final String will;
  private int flags;
  private int capabilities;
  private RunState runState = RunState.INIT;
  private boolean ready;
  private long incarnation;
  private long banEndNanos = NOT_BANNED;
  private long lastEpoch;
  private long recoveryRequests;

  OwnNode(MembershipConfig config, long firstIncarnation) {
    this.self = config.self();
    this.address = config.address();
    this.will = config.will();
    this.site = config.site();
    this.flags = config.startFlags() | NodeFlags.UNHEALTHY;
    this.capabilities = config.capabilities();
    this.incarnation = firstIncarnation;
  }

  MemberInfo info(int leaseMillis, int residueMillis) {
    return new MemberInfo(
        self,
        incarnation,
        flags,
        capabilities,
        runState,
        ready,
        address,
        lastEpoch,
        recoveryRequests,
        leaseMillis,
        residueMillis,
        will,
        site);
  }

  int flags() {
    return flags;
  }

  void set(int flag, boolean on) {
    flags = on ? flags | flag : flags & ~flag;
  }

  /** Bans until {@code endNanos}; {@link Long#MAX_VALUE} is for ever. */
  void ban(long endNanos) {
    flags |= NodeFlags.BANNED;
    banEndNanos = endNanos;
  }

  void unban() {
    flags &= ~NodeFlags.BANNED;
    banEndNanos = NOT_BANNED;
  }

  boolean banIsOver(long now) {
    return (flags & NodeFlags.BANNED) != 0 && banEndNanos != NOT_BANNED && now >= banEndNanos;
  }

  void setCapabilities(int bits) {
    capabilities = bits;
  }

  void setRunState(RunState state) {
    runState = state;
  }

  boolean ready() {
    return ready;
  }

  /**
   * To be ready is a life: to let go ends it. Nobody takes what this node says afterwards for the
   * word of the life that was a member, which may have promised silence; nor what it says when it
   * is ready again.
   *
   * @return whether that is a change
   */
  boolean setReady(boolean now) {
    boolean changes = now != ready;
    if (changes) {
      incarnation++;
    }
    ready = now;
    return changes;
  }

  long incarnation() {
    return incarnation;
  }

  /** A registration begins a new life, too. */
  void beginLife() {
    incarnation++;
  }

  void sawEpoch(long number) {
    lastEpoch = Math.max(lastEpoch, number);
  }

  void askForRecovery() {
    recoveryRequests++;
  }
}
