package io.jctdb.tests.simulator;

import io.jctdb.database.Epoch;
import io.jctdb.database.message.CommitMessage;
import io.jctdb.database.message.KeeperMessage;
import io.jctdb.database.message.NodeMessage;
import io.jctdb.database.message.RecordMessage;
import io.jctdb.database.message.TraverseMessage;
import io.jctdb.database.record.RecordStatistics;
import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.StoredRecord;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One schedule: a cluster, its clients, and what befalls them, all from one seed.
 *
 * <p>First the storm: clients work while links break, nodes stand still, die and come back, and
 * epochs change. Then everything is healed, and all that is pending must be answered within a
 * bounded time. What must be true of the records is checked at every change ({@link Ledger}), what
 * the clients saw at the end ({@link History}).
 */
public final class Simulation {
  static final int DB = 0x7A19D84D;

  /** So that what is drawn for the sites is not what is drawn for the rest. */
  private static final long SITES = 0x77;

  /** The same for those who only read. */
  private static final long READERS = 0x7EF4;

  /** The same for last wills; of a value with which earlier finds tell the same story as ever. */
  private static final long WILLS = 0x1CBA;

  /** The same for outages of the whole main site; of a value that leaves earlier finds alone. */
  private static final long OUTAGES = 0xDA26;

  private final Chance chance;
  private final Chance readers;
  private final Chance outages;
  private final Chance wills;

  /** Whether there is somebody who tells that a daemon has died. */
  private final boolean willsAreTold;

  /** Whether all of the main site dies again and again. */
  private final boolean hasOutages;

  private final Options options;
  private final @Nullable Consumer<String> story;
  private final EventQueue events = new EventQueue();
  private final History history = new History(events::now);
  private final List<Traversal> traversals = new ArrayList<>();
  private final Ledger ledger =
      new Ledger(history, key -> traversals.forEach(traversal -> traversal.changed(key)));
  private final CommitLedger commitLedger;
  private final ControlPlane control;
  private final Network network;
  private final List<Key> keys = new ArrayList<>();
  private final List<SimulatedNode> nodes = new ArrayList<>();
  private final Map<Ticket, Long> openTickets = new HashMap<>();

  /** What was committed before each grant that is on its way to a remote member. */
  private final Map<Ticket, Expected> expected = new HashMap<>();

  private long epochs;
  private long comebacks;
  private long willsTold;
  private int triesMost;
  private long values;
  private int calls;
  private int traversesComplete;
  private int traversesCut;
  private int strikes;
  private boolean calm;
  private @Nullable Ambush ambush;
  private @Nullable Wipe wipe;
  private boolean everWiped;
  private @Nullable Transactor transactionLock;

  /**
   * @param story receives one line for everything that happens, or null
   */
  public Simulation(long seed, Mutation mutation, @Nullable Consumer<String> story) {
    this.chance = new Chance(seed);
    this.story = story;
    Chance sites = new Chance(seed ^ SITES);
    Options drawn = Options.draw(chance, mutation);
    Options placed = sites.oneIn(4) ? drawn.stretched(sites) : drawn;
    this.readers = new Chance(seed ^ READERS);
    Options read = readers.oneIn(3) ? placed.withReaders(readers) : placed;
    this.outages = new Chance(seed ^ OUTAGES);
    this.hasOutages = outages.oneIn(16) || mutation == Mutation.LAST_STEP_NOT_TOLD;
    this.options = hasOutages ? read.withOutages(outages) : read;
    this.wills = new Chance(seed ^ WILLS);
    this.willsAreTold = wills.oneIn(2) || mutation == Mutation.LIVING_SAID_TO_BE_DEAD;
    this.commitLedger = new CommitLedger();
    this.control = new ControlPlane(chance, pnn -> !isRemote(pnn), this::controlChanged);
    this.network =
        new Network(
            events,
            chance,
            options.nodes(),
            options.lines().delayMinNanos(),
            options.lines().delayMaxNanos(),
            options.lines().duplicates(),
            this::deliver);
    network.stretch(options.remotes(), options.farNanos());
    for (int i = 0; i < options.work().keys(); i++) {
      keys.add(new Key(("key" + chance.below(1000)).getBytes(StandardCharsets.US_ASCII)));
    }
    for (int pnn = 0; pnn < options.nodes(); pnn++) {
      nodes.add(new SimulatedNode(pnn, this));
    }
  }

  /**
   * @return how much happened
   * @throws RuntimeException if anything that must hold did not
   */
  public Result run() {
    trace("world", options::toString);
    nodes.forEach(node -> events.after(chance.nanos(0, 2 * Chance.MILLIS), node::boot));
    new Faults(this).plan();
    runUntil(options.trouble().stormNanos());
    heal();
    long end = events.now() + options.trouble().calmNanos();
    while (!isSettled()) {
      if (!events.step(end)) {
        throw new Violation("not everything was answered: " + unanswered());
      }
    }
    history.check();
    commitLedger.checkEnd(disksInUse());
    if (disksInUse().values().stream().map(SimulatedDisk::content).distinct().count() > 1) {
      throw new Violation("copies differ in the end");
    }
    checkStatistics();
    return new Result(events.ran(), history.operations(), totals());
  }

  /** What one schedule came to. */
  public record Result(long events, long operations, SortedMap<String, Long> totals) {
    Result plus(Result other) {
      SortedMap<String, Long> sums = new TreeMap<>(totals);
      other.totals.forEach(
          (name, value) -> sums.merge(name, value, name.endsWith("_most") ? Math::max : Long::sum));
      return new Result(events + other.events, operations + other.operations, sums);
    }
  }

  /** How often the rarer things happened, on the nodes that are still alive. */
  private SortedMap<String, Long> totals() {
    SortedMap<String, Long> totals = new TreeMap<>();
    for (SimulatedNode node : nodes) {
      if (node.isAlive()) {
        RecordStatistics s = node.engine().statistics();
        totals.merge("migrations", s.migrationsIn(), Long::sum);
        totals.merge("adoptions", s.adoptions(), Long::sum);
        totals.merge("delegations", s.delegations(), Long::sum);
        totals.merge("revokes", s.revokes(), Long::sum);
        totals.merge("burials", s.burials(), Long::sum);
        totals.merge("holds", s.holds(), Long::sum);
        totals.merge("lock_waits", s.lockWaits(), Long::sum);
        totals.merge("repeats", s.repeats(), Long::sum);
        totals.merge("set_aside", s.setAside(), Long::sum);
        totals.merge("vouched", s.vouched(), Long::sum);
        totals.merge("behind", s.behind(), Long::sum);
        totals.merge("spared", s.spared(), Long::sum);
        totals.merge("shared_calls", s.callsShared(), Long::sum);
      }
    }
    totals.put("commits", commitLedger.acknowledgements());
    totals.put("commits_refused", commitLedger.refusals());
    totals.put("epochs", epochs);
    totals.put("strikes", (long) strikes);
    totals.put("traverses", (long) traversesComplete);
    totals.put("traverses_cut", (long) traversesCut);
    totals.put("aside_came_back", comebacks);
    totals.put("wills_told", willsTold);
    totals.put("tries_most", (long) triesMost);
    return totals;
  }

  private void runUntil(long nanos) {
    while (events.step(nanos)) {
      // everything happens in there
    }
  }

  private void heal() {
    trace("world", () -> "the storm is over");
    calm = true;
    for (SimulatedNode node : nodes) {
      for (SimulatedNode other : nodes) {
        network.restore(node.pnn(), other.pnn());
      }
      node.disk().full(false);
      node.resume();
    }
    List<SimulatedNode> knowing =
        nodes.stream()
            .filter(node -> !node.isRemote() && commitLedger.knowsAll(node.disk()))
            .toList();
    if (knowing.isEmpty()) {
      throw new Violation("nobody has all that was acknowledged");
    }
    if (knowing.stream().noneMatch(SimulatedNode::isAlive)) {
      knowing.getFirst().boot();
    }
    if (nodes.stream().noneMatch(node -> node.isAlive() && !node.isRemote())) {
      nodes.getFirst().boot(); // remote members form no epoch
    }
  }

  /** Whether anybody among these knows all the databases' transactions. */
  boolean mayForm(Collection<Integer> members) {
    return members.stream()
        .anyMatch(pnn -> !isRemote(pnn) && commitLedger.knowsAll(nodes.get(pnn).disk()));
  }

  private boolean isSettled() {
    if (control.isChangeDue()) {
      return false;
    }
    for (SimulatedNode node : nodes) {
      if (node.isAlive()) {
        if (!node.participant().isServing()
            || node.participant().promisedNumber() != control.committedNumber()) {
          return false;
        }
        for (SimulatedClient client : node.clients()) {
          if (!client.isDone()) {
            return false;
          }
        }
        if (!node.commits().isReconciled()
            || !node.transactors().stream().allMatch(Transactor::isDone)) {
          return false;
        }
        RecordStatistics records = node.engine().statistics();
        if (records.pendingCalls() > 0) {
          return false;
        }
        // A remote node's index does not know a wiped database, so it cannot tell what it has.
        if (!records.notesComplete() && !everWiped) {
          return false;
        }
      }
    }
    if (!traversals.stream().allMatch(Traversal::isOver)) {
      return false;
    }
    // Which name the content: see the ledger.
    return disksInUse().values().stream()
            .mapToLong(SimulatedDisk::sequenceNumber)
            .distinct()
            .count()
        <= 1;
  }

  private SortedMap<Integer, SimulatedDisk> disksInUse() {
    SortedMap<Integer, SimulatedDisk> inUse = new TreeMap<>();
    for (SimulatedNode node : nodes) {
      if (node.isAlive() && options.transactions().perNode() >= 0) {
        inUse.put(node.pnn(), node.disk());
      }
    }
    return inUse;
  }

  private String unanswered() {
    StringBuilder text = new StringBuilder("change due " + control.isChangeDue());
    if (!traversals.stream().allMatch(Traversal::isOver)) {
      text.append("; a traverse has not ended");
    }
    for (SimulatedNode node : nodes) {
      if (node.isAlive()) {
        text.append("; node ")
            .append(node.pnn())
            .append(" in ")
            .append(node.participant().currentEpoch())
            .append(" promised ")
            .append(node.participant().promisedNumber());
        node.clients().stream().filter(c -> !c.isDone()).forEach(c -> text.append(' ').append(c));
        node.transactors().stream()
            .filter(t -> !t.isDone())
            .forEach(t -> text.append(' ').append(t));
        text.append(node.commits().isReconciled() ? " " : " databases not ready ");
        text.append(node.disk().sequenceNumber()).append(' ').append(node.engine().statistics());
      }
    }
    return text.toString();
  }

  private void checkStatistics() {
    for (SimulatedNode node : nodes) {
      if (node.isAlive() && node.engine().statistics().anomalies() > 0) {
        throw new Violation("anomalies on node " + node.pnn());
      }
    }
  }

  // ---- what the parts tell the world ----

  void stored(
      SimulatedNode node, Key key, @Nullable StoredRecord old, @Nullable StoredRecord fresh) {
    trace("node " + node.pnn(), () -> "stores " + key + " " + brief(old) + " -> " + brief(fresh));
    ledger.stored(node.pnn(), key, old, fresh);
    boolean owns = fresh != null && fresh.header().dmaster() == node.pnn();
    if (owns && node.isRemote() && (old == null || old.header().dmaster() != node.pnn())) {
      checkBehindCommits(node, key);
    }
    if (fresh != null && owns) {
      ledger.checkNewest(node.pnn(), key, fresh, copiesBeside(node, key));
    }
    checkReaders(key, node, fresh);
  }

  void checkReaders(Key key) {
    checkReaders(key, null, null);
  }

  /**
   * Whoever may read a copy that another owns reads the present value, and nobody may write it.
   *
   * @param changing whose copy is about to be {@code fresh}
   */
  private void checkReaders(
      Key key, @Nullable SimulatedNode changing, @Nullable StoredRecord fresh) {
    SimulatedNode reader = null;
    SimulatedNode writer = null;
    for (SimulatedNode node : nodes) {
      StoredRecord copy = node == changing ? fresh : node.copy(key);
      if (copy == null) {
        continue;
      }
      boolean owns = copy.header().dmaster() == node.pnn();
      int flags = copy.header().flags();
      if (owns && (flags & RecordHeader.RO_HAVE_DELEGATIONS) == 0) {
        writer = node;
      } else if (!owns && (flags & RecordHeader.RO_HAVE_READONLY) != 0) {
        reader = node;
        ledger.readable(node.pnn(), key, copy);
      }
    }
    if (reader != null && writer != null) {
      throw new Violation(
          "node " + writer.pnn() + " may write " + key + ", node " + reader.pnn() + " reads it");
    }
  }

  void diskWritten(SimulatedNode node, long oldNumber, long oldStamp) {
    trace("node " + node.pnn(), () -> "writes " + node.disk().content());
    commitLedger.written(node.pnn(), node.disk(), oldNumber, oldStamp, node.members(), disks());
  }

  Map<Integer, SimulatedDisk> disks() {
    Map<Integer, SimulatedDisk> disks = new TreeMap<>();
    nodes.forEach(node -> disks.put(node.pnn(), node.disk()));
    return disks;
  }

  /** Takes the lock that clients share, also from a dead one. */
  boolean lockTransactions(Transactor by) {
    if (transactionLock != null && transactionLock.lives()) {
      return false;
    }
    transactionLock = by;
    return true;
  }

  void unlockTransactions(Transactor by) {
    if (transactionLock == by) {
      transactionLock = null;
    }
  }

  List<StoredRecord> copies(Key key) {
    return copiesBeside(null, key);
  }

  private List<StoredRecord> copiesBeside(@Nullable SimulatedNode node, Key key) {
    List<StoredRecord> copies = new ArrayList<>(nodes.size());
    for (SimulatedNode other : nodes) {
      StoredRecord copy = other == node ? null : other.copy(key);
      if (copy != null) {
        copies.add(copy);
      }
    }
    return copies;
  }

  /** A node comes or goes. */
  void unsettled() {
    if (wipe != null) {
      wipe.giveUp();
    }
  }

  void lost(SimulatedNode node) {
    unsettled();
    for (Key key : keys) {
      ledger.lost(node.pnn(), key, node.copy(key), copiesBeside(node, key));
    }
  }

  /** The connections of a dead node break: what was on the way to it is lost, from it perhaps. */
  void disconnect(SimulatedNode node) {
    for (SimulatedNode other : nodes) {
      boolean wasDown = network.isDown(other.pnn(), node.pnn());
      network.cut(other.pnn(), node.pnn());
      if (!wasDown) {
        network.restore(other.pnn(), node.pnn());
      }
      if (chance.oneIn(2) && !network.isDown(node.pnn(), other.pnn())) {
        network.cut(node.pnn(), other.pnn());
        network.restore(node.pnn(), other.pnn());
      }
      connectionLost(node, other);
    }
  }

  /**
   * The launcher of a daemon that has died tells the others, while what the dead one said may still
   * be under way. Each hears it of every epoch of which that life is a member.
   */
  void tellWill(int pnn, int session) {
    if (!willsAreTold) {
      return;
    }
    for (SimulatedNode other : nodes) {
      for (int times = 0; other.pnn() != pnn && times < 2; times++) {
        events.after(
            wills.skewed(20 * Chance.MICROS, 10 * Chance.MILLIS),
            () -> {
              long epoch = control.committedNumber();
              if (other.isAlive() && control.committedSession(pnn) == session) {
                willsTold++;
                trace("world", () -> "tells " + other.pnn() + " that " + pnn + " is dead");
                other.daemon(0, () -> other.engine().memberDied(epoch, pnn));
              }
            });
      }
    }
  }

  /** Both ends learn of it, after all that has come over it. */
  void connectionLost(SimulatedNode a, SimulatedNode b) {
    learns(a, b);
    learns(b, a);
  }

  private void learns(SimulatedNode at, SimulatedNode of) {
    int life = at.life();
    network.afterArrivals(
        of.pnn(),
        at.pnn(),
        () ->
            at.daemonOf(
                life,
                0,
                () -> {
                  at.engine().linkLost(of.pnn());
                  at.traverses().linkDown(of.pnn());
                }));
  }

  void fence(int pnn) {
    SimulatedNode node = nodes.get(pnn);
    events.after(
        chance.nanos(0, Chance.MILLIS),
        () -> {
          if (node.isAlive()) {
            trace("world", () -> "fences node " + pnn);
            node.crash();
            restartLater(node);
          }
        });
  }

  void restartLater(SimulatedNode node) {
    events.after(
        chance.skewed(Chance.MILLIS, 20 * Chance.MILLIS),
        () -> {
          if (!node.isAlive()) {
            node.boot();
          }
        });
  }

  private void controlChanged() {
    int leader = control.leader();
    for (SimulatedNode node : nodes) {
      if (node.isAlive() && (node.pnn() == leader || chance.oneIn(2))) {
        node.daemon(chance.skewed(10 * Chance.MICROS, Chance.MILLIS), node::reconsider);
      }
    }
  }

  private void deliver(int from, int to, NodeMessage message) {
    SimulatedNode node = nodes.get(to);
    if (!node.isAlive()) {
      return;
    }
    NodeMessage delivered = message;
    if (options.mutation() == Mutation.APPLY_NOT_DONE
        && message instanceof CommitMessage.Apply apply
        && chance.oneIn(2)) {
      network.send(
          to,
          from,
          new CommitMessage.Applied(apply.epoch(), apply.dbId(), apply.sequenceNumber(), ""));
      return;
    }
    if (options.mutation() == Mutation.CHUNK_LOSES_A_RECORD
        && message instanceof TraverseMessage.Chunk chunk
        && !chunk.entries().isEmpty()) {
      delivered =
          new TraverseMessage.Chunk(
              chunk.id(),
              chunk.entries().subList(1, chunk.entries().size()),
              chunk.last(),
              chunk.mayOwn());
    }
    if (message instanceof RecordMessage m) {
      if (options.mutation() == Mutation.PURGE_NOT_DONE && m instanceof RecordMessage.Purge purge) {
        network.send(
            to,
            from,
            new RecordMessage.Purged(purge.epoch(), purge.dbId(), purge.key(), purge.move(), true));
        return;
      }
      if (options.mutation() == Mutation.REVOKE_NOT_DONE
          && m instanceof RecordMessage.Revoke revoke) {
        network.send(
            to,
            from,
            new RecordMessage.Revoked(revoke.epoch(), revoke.dbId(), revoke.key(), revoke.rsn()));
        return;
      }
      if (options.mutation() == Mutation.REMOTE_NOT_NOTED && m instanceof RecordMessage.Note note) {
        network.send(
            to,
            from,
            new RecordMessage.NoteTaken(note.epoch(), note.dbId(), note.key(), note.move()));
        return;
      }
      delivered = mutated(node, m);
    }
    node.receive(from, mutated(delivered));
  }

  private NodeMessage mutated(NodeMessage message) {
    return switch (message) {
      case KeeperMessage.Copies m when options.mutation() == Mutation.KEEPER_KNOWS_NOTHING ->
          new KeeperMessage.Copies(m.epoch(), m.part(), m.last(), new long[0]);
      case KeeperMessage.Notes m when options.mutation() == Mutation.NEWCOMER_IS_TOLD_NOTHING ->
          new KeeperMessage.Notes(
              m.epoch(), m.remote(), m.round(), m.part(), m.last(), new long[0]);
      case KeeperMessage.Since m when options.mutation() == Mutation.REMOTE_CLAIMS_TO_BE_NEW ->
          new KeeperMessage.Since(m.epoch(), m.epoch());
      case CommitMessage.State m when options.mutation() == Mutation.LAST_STEP_NOT_TOLD ->
          new CommitMessage.State(
              m.epoch(),
              m.dbId(),
              m.sequenceNumber(),
              m.stamp() & ~0xFF_FFFFL,
              m.fresh(),
              m.prepared());
      case RecordMessage.Query m when options.mutation() == Mutation.CREATIONS_NOT_NOTED ->
          new RecordMessage.Query(
              m.epoch(), m.dbId(), m.key(), m.move(), m.requester(), KeeperMessage.NOBODY);
      case RecordMessage.Answer m when options.mutation() == Mutation.SIGNS_IGNORED ->
          new RecordMessage.Answer(
              m.epoch(),
              m.dbId(),
              m.key(),
              m.move(),
              m.holding(),
              m.rsn(),
              m.vouches(),
              Collections.emptySortedSet());
      case RecordMessage.Purge m when options.mutation() == Mutation.OWNER_OF_PURGED_NOT_NOTED ->
          new RecordMessage.Purge(
              m.epoch(), m.dbId(), m.key(), m.move(), m.rsn(), KeeperMessage.NOBODY);
      default -> message;
    };
  }

  /**
   * A record is on its way to a remote member: what does its giver know to be committed? Only where
   * givers and lmasters are at the main site: there, nobody is level who lacks something.
   */
  void granting(SimulatedNode from, int to, RecordMessage.Grant grant) {
    boolean moves = (grant.flags() & RecordHeader.RO_HAVE_READONLY) == 0;
    if (moves && isRemote(to) && !options.mutation().equals(Mutation.STALE_GRANTS_PASS)) {
      boolean level = !from.isRemote() && from.commits().isReconciled();
      Ticket wish = new Ticket(to, grant.key());
      Expected grants = expected.get(wish);
      if (grants == null || grants.epoch < grant.epoch()) {
        grants = new Expected(grant.epoch(), new ArrayList<>());
        expected.put(wish, grants);
      }
      grants.committed.add(level ? commitLedger.acknowledgedOn(from.disk()) : Set.of());
    }
  }

  /**
   * A remote member takes a record: its copy has what was committed before, by one of the grants.
   * Not if it is an lmaster itself: what that gives to itself is no message, and nobody has told it
   * what is committed.
   */
  private void checkBehindCommits(SimulatedNode node, Key key) {
    Expected grants = expected.remove(new Ticket(node.pnn(), key));
    Epoch epoch = node.participant().currentEpoch();
    boolean taken =
        grants != null
            && grants.epoch == node.participant().promisedNumber()
            && epoch != null
            && !epoch.lmasters().contains(node.pnn());
    if (grants != null && taken && node.isAttached()) {
      Set<Long> here = commitLedger.acknowledgedOn(node.disk());
      if (grants.committed.stream().noneMatch(here::containsAll)) {
        throw new Violation(
            "node " + node.pnn() + " takes " + key + " before " + grants + ", has " + here);
      }
    }
  }

  /** Whoever takes a record of the wiped database from now on takes a new one. */
  void wiped() {
    expected.clear();
  }

  /** The grants of one epoch for one wish. */
  private record Expected(long epoch, List<Set<Long>> committed) {}

  /** A node's wish for a key. */
  private record Ticket(int pnn, Key key) {}

  void sent(SimulatedNode from, NodeMessage message) {
    if (message instanceof RecordMessage.Locate m) {
      openTickets.put(new Ticket(from.pnn(), m.key()), m.ticket());
    }
    if (message instanceof CommitMessage.Follow m) {
      commitLedger.followed(m.batch().sequenceNumber());
    }
    Ambush laid = ambush;
    if (laid != null && !calm && laid.hears(from, message)) {
      ambush = null;
      strikes++;
    }
  }

  /** In place of one that has not struck yet. */
  void ambush(Ambush laid) {
    ambush = laid;
  }

  List<Traversal> traversals() {
    return traversals;
  }

  void traversed(boolean complete) {
    if (complete) {
      traversesComplete++;
    } else {
      traversesCut++;
    }
  }

  private RecordMessage mutated(SimulatedNode to, RecordMessage message) {
    return switch (message) {
      case RecordMessage.Grant m when options.mutation() == Mutation.STALE_GRANTS_PASS ->
          new RecordMessage.Grant(
              to.participant().promisedNumber(),
              m.dbId(),
              m.key(),
              openTickets.getOrDefault(new Ticket(to.pnn(), m.key()), m.ticket()),
              m.rsn(),
              m.flags(),
              m.hops(),
              m.data());
      case RecordMessage.Grant m when options.mutation() == Mutation.LOCK_AHEAD_OF_COMMITS ->
          new RecordMessage.Grant(
              m.epoch(), m.dbId(), m.key(), m.ticket(), m.rsn(), m.flags(), m.hops(), m.data());
      case RecordMessage.Grant m when options.mutation() == Mutation.GRANT_WITHOUT_DATA ->
          new RecordMessage.Grant(
              m.epoch(),
              m.dbId(),
              m.key(),
              m.ticket(),
              m.rsn(),
              m.flags(),
              m.hops(),
              StoredRecord.NO_DATA);
      default -> message;
    };
  }

  // ---- what the parts ask the world ----

  EventQueue events() {
    return events;
  }

  Chance chance() {
    return chance;
  }

  boolean hasOutages() {
    return hasOutages;
  }

  Chance outages() {
    return outages;
  }

  /** What those who only read leave to chance. */
  Chance readers() {
    return readers;
  }

  Options options() {
    return options;
  }

  ControlPlane control() {
    return control;
  }

  Network network() {
    return network;
  }

  Ledger ledger() {
    return ledger;
  }

  CommitLedger commitLedger() {
    return commitLedger;
  }

  boolean isRemote(int pnn) {
    return pnn >= options.nodes() - options.remotes();
  }

  History history() {
    return history;
  }

  List<SimulatedNode> nodes() {
    return nodes;
  }

  List<Key> keys() {
    return keys;
  }

  @Nullable Wipe wipe() {
    return wipe;
  }

  void wipe(@Nullable Wipe running) {
    wipe = running;
    everWiped = true;
  }

  boolean isCalm() {
    return calm;
  }

  Key anyKey() {
    return keys.get(chance.below(keys.size()));
  }

  long newValue() {
    return ++values;
  }

  /** A client tries for this many times to get one record. */
  void tried(int times) {
    triesMost = Math.max(triesMost, times);
  }

  void committed() {
    epochs++;
  }

  /** A member that was set aside is heard again in the same epoch. */
  void comesBack() {
    comebacks++;
  }

  int nextCall() {
    return ++calls;
  }

  void trace(String who, Supplier<String> what) {
    if (story != null) {
      story.accept(String.format("%12.6f ms  %-14s %s", events.now() / 1e6, who, what.get()));
    }
  }

  private static String brief(@Nullable StoredRecord record) {
    return record == null
        ? "nothing"
        : "{rsn "
            + record.header().rsn()
            + ", flags "
            + Integer.toHexString(record.header().flags())
            + ", dmaster "
            + record.header().dmaster()
            + ", value "
            + Value.number(record)
            + "}";
  }
}
