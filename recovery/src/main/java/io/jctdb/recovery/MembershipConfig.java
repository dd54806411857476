package io.jctdb.recovery;

import io.jctdb.protocol.Capability;
import io.jctdb.protocol.NodeFlags;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * What membership needs to know at start.
 *
 * @param self pnn of this node
 * @param address this node's address in the nodes file
 * @param connectString ZooKeeper servers as {@code host:port,host:port}; the first is preferred
 * @param root path in ZooKeeper under which this cluster lives, such as {@code /jctdb}
 * @param capabilities bits of {@link Capability}
 * @param startFlags flags to start with: PERMANENTLY_DISABLED or STOPPED as configured; UNHEALTHY
 *     is always added, as in ctdbd (cluster-and-failover 1.1)
 * @param timing session, lease and heartbeat
 * @param addressLifetime the longest that the kernel may keep a public address after it was last
 *     renewed, however long the lease is
 * @param addressResidue how long a public address may stay on an interface after the end of the
 *     lease under which it was last renewed. The daemon guarantees it by the {@code valid_lft} it
 *     gives: the rest of the lease, rounded down to whole seconds, plus at most 0.4 s that the
 *     kernel may be late (libraries 3.3), plus a margin
 * @param gather how long a new leader of a cold cluster waits for others before the first epoch
 * @param settle how long a join waits for others to join with it
 * @param patience how long a member that cannot be reached by the leader, does not promise, or does
 *     not let go although it is stopped or banned, is waited for before it is expelled
 * @param will hash of this process's {@link LastWill}, or {@link LastWill#NONE}
 * @param bootNanos monotonic clock in nanoseconds that also counts while the host is suspended
 * @param witness what is known of the quorum of ZooKeeper, for holding on without one
 * @param condition what a leader must hold besides its record
 * @param site where this node is
 */
public record MembershipConfig(
    int self,
    String address,
    String connectString,
    String root,
    int capabilities,
    int startFlags,
    MembershipTiming timing,
    Duration addressLifetime,
    Duration addressResidue,
    Duration gather,
    Duration settle,
    Duration patience,
    String will,
    LongSupplier bootNanos,
    QuorumWitness witness,
    LeadershipCondition condition,
    Site site) {

  public MembershipConfig {
    if (self < 0 || !root.startsWith("/") || root.length() < 2 || root.endsWith("/")) {
      throw new IllegalArgumentException("node " + self + ", ZooKeeper path \"" + root + "\"");
    }
    if (!timing.remotePeer().lease().equals(site.remoteLease())) {
      throw new IllegalArgumentException(
          "the lease of remote members is " + timing.remotePeer().lease() + ", but " + site);
    }
    if ((startFlags & ~MemberInfo.OWN_FLAGS) != 0) {
      throw new IllegalArgumentException("cannot start as " + NodeFlags.toString(startFlags));
    }
  }

  /** The defaults. */
  public static MembershipConfig of(int self, String address, String connectString) {
    return new MembershipConfig(
        self,
        address,
        connectString,
        "/jctdb",
        Capability.DEFAULT,
        0,
        MembershipTiming.DEFAULT,
        Duration.ofSeconds(2),
        Duration.ofMillis(500),
        Duration.ofSeconds(1),
        Duration.ofMillis(80),
        Duration.ofSeconds(5),
        LastWill.NONE,
        System::nanoTime,
        QuorumWitness.NONE,
        LeadershipCondition.NONE,
        Site.MAIN);
  }

  public MembershipConfig withCapabilities(int bits) {
    return changed(draft -> draft.capabilities = bits);
  }

  public MembershipConfig withStartFlags(int flags) {
    return changed(draft -> draft.startFlags = flags);
  }

  public MembershipConfig withTiming(MembershipTiming other) {
    return changed(draft -> draft.timing = other.withRemoteLease(draft.site.remoteLease()));
  }

  public MembershipConfig withPatience(Duration other) {
    return changed(draft -> draft.patience = other);
  }

  public MembershipConfig withWill(String hash) {
    return changed(draft -> draft.will = hash);
  }

  public MembershipConfig withClock(LongSupplier nanos) {
    return changed(draft -> draft.bootNanos = nanos);
  }

  /** A cluster of one node need not wait for others. */
  public MembershipConfig withGather(Duration other) {
    return changed(draft -> draft.gather = other);
  }

  public MembershipConfig withWitness(QuorumWitness other) {
    return changed(draft -> draft.witness = other);
  }

  public MembershipConfig withCondition(LeadershipCondition other) {
    return changed(draft -> draft.condition = other);
  }

  /** At this site; the lease of remote members follows from it. */
  public MembershipConfig withSite(Site other) {
    return changed(
        draft -> {
          draft.site = other;
          draft.timing = draft.timing.withRemoteLease(other.remoteLease());
        });
  }

  /** Trouble with a member at a remote site is borne for a lease and a half. */
  Duration patienceWith(MemberInfo node) {
    return node.site().remote() ? site.remoteLease().multipliedBy(3).dividedBy(2) : patience;
  }

  private MembershipConfig changed(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return draft.config();
  }

  /** A copy that is being changed. */
  private static final class Draft {
    final MembershipConfig base;
    int capabilities;
    int startFlags;
    MembershipTiming timing;
    Duration gather;
    Duration patience;
    String will;
    LongSupplier bootNanos;
    QuorumWitness witness;
    LeadershipCondition condition;
    Site site;

    Draft(MembershipConfig base) {
      this.base = base;
      this.capabilities = base.capabilities;
      this.startFlags = base.startFlags;
      this.timing = base.timing;
      this.gather = base.gather;
      this.patience = base.patience;
      this.will = base.will;
      this.bootNanos = base.bootNanos;
      this.witness = base.witness;
      this.condition = base.condition;
      this.site = base.site;
    }

    MembershipConfig config() {
      return new MembershipConfig(
          base.self,
          base.address,
          base.connectString,
          base.root,
          capabilities,
          startFlags,
          timing,
          base.addressLifetime,
          base.addressResidue,
          gather,
          base.settle,
          patience,
          will,
          bootNanos,
          witness,
          condition,
          site);
    }
  }
}
