package io.jctdb.database.record;

import io.jctdb.database.Databases;
import io.jctdb.database.Epoch;
import io.jctdb.database.epoch.EpochListener;
import io.jctdb.database.message.KeeperMessage;
import io.jctdb.database.message.NodePort;
import io.jctdb.database.message.RecordMessage;
import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordHeader;
import java.util.ArrayDeque;
import java.util.Collection;

/**
 * The records of volatile databases: where each lives, and how it comes here when a client wants
 * it.
 *
 * <p>A record lives at its <em>owner</em>, the one member whose copy names itself as dmaster;
 * clients of that node (smbd) read and write the copy in place without asking anybody. For each key
 * one member, the <em>lmaster</em>, keeps order: it knows the owner, or finds it by asking
 * everybody, and lets one node after the other have the record. Every node plays three roles, each
 * in its own class: {@link Requester}, {@link Lmaster}, {@link Holder}; {@link Burials} removes
 * deleted records, and {@link Delegations} lets others read what one node owns. The protocol, its
 * invariants and why it is safe: docs/protocol.md.
 *
 * <p>No I/O happens here. Time, messages and timers come through {@link NodePort}, local copies
 * through {@link Databases}; so the same code runs in the daemon and in the simulator.
 *
 * <p>A node that joins must have emptied its volatile databases before it promises its first epoch;
 * {@link #leftCluster} does not do that.
 *
 * <p>Threading: the owner thread only.
 */
public final class RecordEngine implements EpochListener {
  /** For whom a record is fetched that is only to be here. */
  private static final CallDone NOBODY =
      new CallDone() {
        @Override
        public void record(RecordHeader header, byte[] data) {}

        @Override
        public void unknownDatabase() {}
      };

  private final Member member;
  private final EarlyMessages early;
  private final Burials burials;
  private final BehindCommits behind;
  private final Delegations delegations;
  private final Requester requester;
  private final Holder holder;
  private final Lmaster lmaster;
  private final Keeper keeper;
  private final CopyIndex copies;
  private final Census census;
  private final RemoteNotes remoteNotes;
  private final Watch watch;

  /** Asked for in place of a member that is set aside, before all have agreed to that. */
  private final ArrayDeque<Runnable> parked = new ArrayDeque<>();

  private boolean repeatArmed;

  public RecordEngine(NodePort port, Databases databases, RecordTunables tunables) {
    this.member =
        new Member(
            port, databases, tunables, this::dispatch, this::spokenTo, this::watchTheUnanswered);
    this.early = new EarlyMessages(member);
    Holds holds = new Holds(member);
    this.copies = new CopyIndex();
    this.delegations = new Delegations(member, holds, this::waitedForReader);
    this.burials = new Burials(member, copies, delegations);
    this.behind = new BehindCommits(member);
    this.requester =
        new Requester(member, holds, burials, copies, behind, delegations, this::waitedForLmaster);
    this.keeper = new Keeper(member);
    this.census = new Census(member, copies);
    this.watch = new Watch(member, new Aside());
    this.holder = new Holder(member, holds, requester, keeper, copies, behind, delegations);
    this.remoteNotes = new RemoteNotes(member, copies);
    Homecomings homecomings = new Homecomings(member, id -> requester.call(id, false, NOBODY));
    this.lmaster = new Lmaster(member, watch, remoteNotes, homecomings, behind);
  }

  /**
   * Brings the record here and answers when this node owns it. There is no time limit: the answer
   * waits for chain locks, for other nodes and for changes of epoch, as long as they take. A record
   * that nobody has is created empty.
   *
   * <p>The number of calls waiting at once is for the caller to limit; calls for one record share
   * one request.
   */
  public void call(int dbId, Key key, CallDone done) {
    member.turn(() -> requester.call(new RecordId(dbId, key), false, done));
  }

  /**
   * The same for a client that only reads: a read-only copy will do, which this node may read until
   * the owner takes it back.
   */
  public void read(int dbId, Key key, CallDone done) {
    member.turn(() -> requester.call(new RecordId(dbId, key), true, done));
  }

  /**
   * A client has deleted (emptied) this record; its remains are removed from all nodes after a
   * while, unless it has been written again or has moved.
   */
  public void scheduleDeletion(int dbId, Key key) {
    burials.schedule(new RecordId(dbId, key));
  }

  /** A message from another node, or from this one through {@link NodePort#send}. */
  public void receive(int fromPnn, RecordMessage message) {
    member.turn(
        () -> {
          if (member.isOpen(message.epoch())) {
            watch.heard(fromPnn);
          }
          dispatch(fromPnn, message);
        });
  }

  /** The same. */
  public void receive(int fromPnn, KeeperMessage message) {
    if (!member.isOpen(message.epoch())
        || !member.inEpoch().hasMember(fromPnn)
        || member.isDead(fromPnn)) {
      return; // it will be sent again, if there is somebody
    }
    member.turn(
        () -> {
          watch.heard(fromPnn);
          switch (message) {
            case KeeperMessage.Alive m -> watch.alive(fromPnn, m);
            case KeeperMessage.Copies m -> keeper.copies(fromPnn, m);
            case KeeperMessage.Noted m -> census.noted(fromPnn, m);
            case KeeperMessage.AskNotes m -> remoteNotes.asked(fromPnn, m);
            case KeeperMessage.Notes m -> remoteNotes.told(fromPnn, m);
            case KeeperMessage.Since m -> remoteNotes.since(fromPnn, m);
          }
        });
  }

  /** For this node's traverses, which tell it of epochs. */
  public RemoteOwners remoteOwners() {
    return member.remoteOwners();
  }

  /**
   * Records of {@code lockDatabase} come to a remote member when its copies have what was committed
   * before, but no later than {@code maxNanos} after they have arrived. To be called before the
   * first epoch.
   */
  public void keepBehindCommits(int lockDatabase, CommittedCopies copies, long maxNanos) {
    behind.begin(lockDatabase, copies, maxNanos);
  }

  /** There is one listener. */
  public void onSetAside(AsideListener listener) {
    watch.listener(listener);
  }

  /** There is one listener. */
  public void onDelegation(DelegationListener listener) {
    delegations.listener(listener);
  }

  /** There is one listener. */
  public void onLatency(LatencyListener listener) {
    member.latency(listener);
  }

  private void waitedForReader(RecordId id, int reader, long nanos) {
    watch.tellOfWait(id, reader, nanos, WaitReason.READER);
  }

  private void waitedForLmaster(RecordId id, int lmaster, long nanos) {
    watch.tellOfWait(id, lmaster, nanos, WaitReason.LMASTER);
  }

  private void spokenTo(int pnn) {
    watch.spokenTo(pnn);
  }

  /** What the roles do when a member is done without. */
  private final class Aside implements Watch.Roles {
    @Override
    public void setAside(int pnn) {
      lmaster.setAside(pnn);
      requester.setAside(pnn);
    }

    @Override
    public void agreed() {
      for (Runnable task = parked.poll(); task != null; task = parked.poll()) {
        member.later(task);
      }
      Integer aside = watch.whoIsAside();
      if (aside != null) {
        requester.agreed(aside);
      }
    }

    @Override
    public void quiet() {
      lmaster.quiet();
    }
  }

  /**
   * The link to this node has broken: most likely its daemon has died. Told after all that has come
   * over the link.
   */
  public void linkLost(int pnn) {
    member.turn(() -> watch.linkLost(pnn));
  }

  /**
   * The process that is member {@code pnn} of epoch {@code epoch} has ended, its clients with it,
   * and nothing that it held is left (docs/fencing.md, last will). Survivors then wait for nothing
   * of it: what it owned is lost, as if the next epoch had begun without it. May be told before
   * this node begins that epoch; of an earlier one it means nothing.
   */
  public void memberDied(long epoch, int pnn) {
    member.turn(
        () -> {
          if (member.died(epoch, pnn)) {
            watch.died();
            if (member.isOpen()) {
              lmaster.died(pnn);
            }
            delegations.died(pnn);
          }
        });
  }

  /** The link to this node is up again after it was lost: what was sent on it may be gone. */
  public void linkRestored(int pnn) {
    member.turn(
        () -> {
          requester.linkRestored(pnn);
          delegations.linkRestored(pnn);
          if (member.isOpen()) {
            lmaster.linkRestored();
          }
        });
  }

  @Override
  public void epochPromised(long next) {
    promised(Epoch.NONE, next);
  }

  @Override
  public void epochPromised(long base, Epoch next) {
    promised(base, next.number());
  }

  private void promised(long base, long next) {
    member.promise(base, next);
    early.dropBefore(next);
  }

  @Override
  public void epochStarted(Epoch epoch) {
    member.turn(
        () -> {
          member.start(epoch);
          parked.clear();
          keeper.epochStarted(epoch);
          watch.epochStarted(epoch);
          census.epochStarted(epoch);
          remoteNotes.epochStarted(epoch);
          lmaster.epochStarted();
          requester.epochStarted();
          delegations.epochStarted(epoch);
          early.replay(epoch.number(), this::dispatch);
        });
  }

  @Override
  public void leftCluster() {
    member.leave();
    early.clear();
    requester.leftCluster();
    lmaster.leftCluster();
    burials.leftCluster();
    delegations.leftCluster();
    parked.clear();
    watch.clear();
    keeper.clear();
    census.clear();
    copies.leftCluster();
    remoteNotes.clear();
  }

  /**
   * The database was detached or wiped here: nothing known about its records holds any longer.
   * Calls that wait for it start over, or end with {@link CallDone#unknownDatabase} if it is gone.
   */
  public void forget(int dbId) {
    member.turn(
        () -> {
          member.remoteOwners().rewritten(dbId);
          keeper.wiped(dbId);
          copies.forget(dbId);
          census.forget(dbId);
          lmaster.forget(dbId);
          burials.forget(dbId);
          delegations.forget(dbId);
          requester.forget(dbId);
        });
  }

  /**
   * The same, and then a tool put these records there, the same ones on all nodes. To be called
   * before any of them can be asked for.
   */
  public void refilled(int dbId, Collection<Key> keys) {
    forget(dbId);
    remoteNotes.refilled(keys.stream().map(key -> new RecordId(dbId, key)).toList());
  }

  public RecordStatistics statistics() {
    RecordCounters c = member.counters();
    return new RecordStatistics(
        c.calls,
        c.callsLocal,
        c.callsShared,
        c.migrationsIn,
        c.migrationsOut,
        c.hops,
        c.lockWaits,
        c.holds,
        c.queries,
        c.adoptions,
        c.creations,
        c.repeats,
        c.dropped,
        c.anomalies,
        c.burials,
        c.purges,
        c.vouched,
        c.setAside,
        c.waits,
        requester.pending(),
        lmaster.pending(),
        burials.pending(),
        lmaster.settled(),
        keeper.size(),
        keeper.isComplete(),
        copies.size(),
        census.isTold(),
        census.lastNanos(),
        c.spared,
        remoteNotes.size(),
        remoteNotes.isComplete(),
        c.behind,
        c.copiesIn,
        c.delegations,
        c.revokes,
        delegations.size());
  }

  private void dispatch(int from, RecordMessage message) {
    if (!member.isOpen(message.epoch())) {
      early.offer(from, message);
      return;
    }
    if (!belongs(from, message)) {
      member.counters().dropped++;
      return;
    }
    if (isForAnother(message)) {
      park(from, message);
      return;
    }
    switch (message) {
      case RecordMessage.Locate m -> lmaster.locate(from, m);
      case RecordMessage.NotOwner m -> lmaster.notOwner(m);
      case RecordMessage.Acquired m -> lmaster.acquired(from, m);
      case RecordMessage.Declined m -> lmaster.declined(from, m);
      case RecordMessage.Answer m -> lmaster.answer(from, m);
      case RecordMessage.Bury m -> lmaster.bury(from, m);
      case RecordMessage.Purged m -> lmaster.purged(from, m);
      case RecordMessage.Interred m -> lmaster.interred(from, m);
      case RecordMessage.Yield m -> holder.release(from, m);
      case RecordMessage.Query m -> holder.query(from, m);
      case RecordMessage.Purge m -> holder.purge(from, m);
      case RecordMessage.Inter m -> burials.inter(from, m);
      case RecordMessage.Grant m -> requester.granted(from, m);
      case RecordMessage.Copied m -> lmaster.copied(from, m);
      case RecordMessage.Revoke m -> holder.revoke(from, m);
      case RecordMessage.Revoked m -> delegations.revoked(from, m);
      case RecordMessage.Forget m -> {
        keeper.forget(from, m);
        remoteNotes.forget(from, m);
      }
      case RecordMessage.Note m -> remoteNotes.note(from, m);
      case RecordMessage.NoteTaken m -> lmaster.noteTaken(from, m);
    }
  }

  /**
   * Whether this is asked of this node in place of a member that it has set aside, and others may
   * still follow that member's orders: acting now would make two lmasters of one record.
   */
  private boolean isForAnother(RecordMessage message) {
    return !watch.agreed()
        && (message instanceof RecordMessage.Locate || message instanceof RecordMessage.Bury)
        && member.lmasterByEpoch(message.key()) != member.self();
  }

  private void park(int from, RecordMessage message) {
    if (parked.size() < member.tunables().limits().early()) {
      parked.add(() -> dispatch(from, message));
    } else {
      member.counters().dropped++;
    }
  }

  /** Whether the sender is a member and stands in the right relation to the lmaster of the key. */
  private boolean belongs(int from, RecordMessage message) {
    if (!member.inEpoch().hasMember(from) || member.isDead(from)) {
      return false;
    }
    int lmasterOfKey = member.lmaster(message.key());
    return switch (message) {
      case RecordMessage.Locate m -> lmasterOfKey == member.self();
      case RecordMessage.NotOwner m -> lmasterOfKey == member.self();
      case RecordMessage.Acquired m -> lmasterOfKey == member.self();
      case RecordMessage.Declined m -> lmasterOfKey == member.self();
      case RecordMessage.Answer m -> lmasterOfKey == member.self();
      case RecordMessage.Bury m -> lmasterOfKey == member.self();
      case RecordMessage.Purged m -> lmasterOfKey == member.self();
      case RecordMessage.Interred m -> lmasterOfKey == member.self();
      case RecordMessage.Yield m ->
          lmasterOfKey == from && member.inEpoch().hasMember(m.requester()) && m.rsn() >= -1;
      case RecordMessage.Query m -> lmasterOfKey == from;
      case RecordMessage.Purge m -> lmasterOfKey == from;
      case RecordMessage.Inter m -> lmasterOfKey == from;
      case RecordMessage.Forget m -> lmasterOfKey == from;
      case RecordMessage.Note m -> lmasterOfKey == from;
      case RecordMessage.NoteTaken m -> lmasterOfKey == member.self();
      case RecordMessage.Copied m -> lmasterOfKey == member.self();
      case RecordMessage.Grant m -> m.rsn() >= 0;
      case RecordMessage.Revoke m -> from != member.self();
      case RecordMessage.Revoked m -> from != member.self();
    };
  }

  /** Looks now and then for what went unanswered, as long as anything is under way. */
  private void watchTheUnanswered() {
    boolean waits = requester.pending() > 0 || lmaster.pending() > 0 || delegations.revoking() > 0;
    if (!repeatArmed && waits) {
      repeatArmed = true;
      member.after(member.tunables().retryNanos() / 2, this::repeat);
    }
  }

  private void repeat() {
    repeatArmed = false;
    if (member.isOpen()) {
      requester.repeat(member.now());
      lmaster.repeat(member.now());
      delegations.repeat(member.now());
    }
  }
}
