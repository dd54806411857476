package io.jctdb.recovery;

import io.jctdb.protocol.Capability;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.RunState;

/**
 * What a node says about itself: the content of its membership record. A node's own opinion of
 * itself wins (cluster-and-failover 1.2), so nobody else ever writes it.
 *
 * @param pnn physical node number
 * @param incarnation a new number each time the node begins to take part: after a start, a lost
 *     lease, a stop. An epoch is made of incarnations; a restarted node is a new member
 * @param flags the node's own bits of {@link NodeFlags}: UNHEALTHY, PERMANENTLY_DISABLED, BANNED,
 *     STOPPED. DISCONNECTED and DELETED are never among them: those are the viewer's
 * @param capabilities bits of {@link Capability}
 * @param runState how far the daemon has come
 * @param ready the node may be made a member of an epoch. False is a promise: this node owns no
 *     record, serves no client and holds no public address
 * @param address the node's address in the nodes file, for people who read the record
 * @param lastEpoch the number of the newest epoch that this daemon has seen since it started, so
 *     that numbers grow even when ZooKeeper has lost its data under living daemons
 * @param recoveryRequests how often {@code ctdb recover} was asked of this node
 * @param leaseMillis how long this node acts after sending a heartbeat that was answered
 * @param residueMillis how long that lease can outlive the expiry of the node's ZooKeeper session
 *     (see {@link MembershipTiming})
 * @param will what proves that the process which wrote this record is dead and has left nothing
 *     behind: the hash of its last will ({@link LastWill}); empty when it left none
 * @param site where the node is
 */
public record MemberInfo(
    int pnn,
    long incarnation,
    int flags,
    int capabilities,
    RunState runState,
    boolean ready,
    String address,
    long lastEpoch,
    long recoveryRequests,
    int leaseMillis,
    int residueMillis,
    String will,
    Site site) {

  /** The flags that a node sets for itself. */
  static final int OWN_FLAGS =
      NodeFlags.UNHEALTHY | NodeFlags.PERMANENTLY_DISABLED | NodeFlags.BANNED | NodeFlags.STOPPED;

  public MemberInfo {
    if (pnn < 0 || (flags & ~OWN_FLAGS) != 0 || leaseMillis < 0 || residueMillis < 0) {
      throw new IllegalArgumentException("not a membership record of node " + pnn);
    }
  }

  /** Of a node of the main site. */
  public MemberInfo(
      int pnn,
      long incarnation,
      int flags,
      int capabilities,
      RunState runState,
      boolean ready,
      String address,
      long lastEpoch,
      long recoveryRequests,
      int leaseMillis,
      int residueMillis,
      String will) {
    this(
        pnn,
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
        Site.MAIN);
  }

  /** Of a process of the main site without a last will. */
  MemberInfo(
      int pnn,
      long incarnation,
      int flags,
      int capabilities,
      RunState runState,
      boolean ready,
      String address,
      long lastEpoch,
      long recoveryRequests,
      int leaseMillis,
      int residueMillis) {
    this(
        pnn,
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
        LastWill.NONE);
  }

  /** Whether BANNED or STOPPED: such a node takes no part. */
  public boolean inactive() {
    return (flags & NodeFlags.INACTIVE) != 0;
  }

  public boolean mayLead() {
    return !inactive() && ready && (capabilities & Capability.LEADER) != 0;
  }

  public boolean mayBeLmaster() {
    return (capabilities & Capability.LMASTER) != 0;
  }

  /** Whether the node wants to be, and may be, a member of an epoch. */
  public boolean mayBeMember() {
    return ready && !inactive();
  }
}
