package io.jctdb.recovery;

import io.jctdb.database.Epoch;
import io.jctdb.protocol.RunState;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The leader's loop: compares who should be a member with who is, and changes the epoch when the
 * two differ. A pure machine: events and the time come in, decisions go out.
 *
 * <p>One change at a time, in three steps: RESERVING a number in ZooKeeper, PROPOSING it to the
 * members, COMMITTING it in ZooKeeper. When the plan turns out wrong under way (a member is lost,
 * stays silent) the change is dropped and begun again with the next number; since members may have
 * promised the dropped one, and so wait, a change that was dropped is always followed by another.
 *
 * <p>Nothing here waits for a node at a remote site. It promises nothing; one that has gone is kept
 * in the epochs that follow until its lease has run out; and trouble with it is borne for longer.
 *
 * <p>A node that leaves without having let go blocks the change until its lease has run out ({@link
 * Departures}): nobody is presumed dead. Losses are acted on at once, joins wait a little for
 * company.
 */
public final class LeaderMachine {
  private enum Stage {
    IDLE,
    RESERVING,
    PROPOSING,
    COMMITTING
  }

  /** Who is to be in the next epoch. */
  private record Plan(
      SortedMap<Integer, Long> incarnations,
      SortedSet<Integer> lmasters,
      SortedSet<Integer> remote) {}

  /** A change that failed is tried again this much later. */
  private static final long RETRY_NANOS = 200_000_000L;

  /** Who is further down the line lets those before it try this long to follow a silent leader. */
  private static final long PRECEDENCE_NANOS = 300_000_000L;

  private static final long NOT_DOOMED = Long.MAX_VALUE;

  private static final String UNHEARD = "most members do not hear from it";

  /** How long trouble with a member is borne before the member is expelled. */
  private final long patienceNanos;

  private final MembershipConfig config;
  private final int self;
  private final long gatherNanos;
  private final long settleNanos;
  private final Departures departures;

  /** All who are registered, and those of them whose processes are not known to be dead. */
  private Map<Integer, MemberInfo> registered = Map.of();

  private Map<Integer, MemberInfo> nodes = Map.of();
  private final Set<Integer> linksUp = new HashSet<>();

  /** Since when a node gives cause for impatience: link down, silent, or not letting go. */
  private final Map<Life, Long> troubleSince = new HashMap<>();

  /** Nodes that did not promise; a joiner is left alone until the time given here. */
  private final Map<Life, Long> refusedUntil = new HashMap<>();

  private final Set<Life> expelling = new HashSet<>();

  /** Who has promised not to acknowledge whom. */
  private final SilenceReports reports;

  private @Nullable CommittedEpoch committed;
  private OptionalInt leader = OptionalInt.empty();

  /** Since when this node, not leading, knows that the leader's lease cannot be renewed. */
  private long leaderDoomedSince = NOT_DOOMED;

  private long usurpAgainAt = Long.MIN_VALUE;
  private long expelAgainAt = Long.MIN_VALUE;

  private boolean leading;
  private int term;
  private long electedAt;
  private long reserved;
  private Stage stage = Stage.IDLE;
  private long number;
  private @Nullable Plan plan;
  private long stageSince;
  private long retryAt;
  private @Nullable String forcedBecause;
  private @Nullable Plan wanted;
  private long wantedSince;

  public LeaderMachine(MembershipConfig config) {
    this.config = config;
    this.self = config.self();
    this.patienceNanos = config.patience().toNanos();
    this.gatherNanos = config.gather().toNanos();
    this.settleNanos = config.settle().toNanos();
    this.departures =
        new Departures(config.timing(), config.addressLifetime(), config.addressResidue());
    this.reports = new SilenceReports(config.timing().peer(), config.timing().remotePeer());
  }

  public Departures departures() {
    return departures;
  }

  public List<LeaderDecision> step(LeaderEvent event, long now) {
    List<LeaderDecision> out = new ArrayList<>();
    switch (event) {
      case LeaderEvent.Nodes e -> nodesAre(e.nodes(), now);
      case LeaderEvent.WillTold e -> willTold(e.pnn(), e.hash(), now);
      case LeaderEvent.Link e -> linkIs(e.pnn(), e.up());
      case LeaderEvent.EpochSeen e -> epochSeen(e.epoch(), now);
      case LeaderEvent.Elected e -> elected(e, now);
      case LeaderEvent.Deposed e -> deposed();
      case LeaderEvent.Reserved e -> reserved(e.number(), now, out);
      case LeaderEvent.Promised e -> promised(e.number(), e.silent(), now, out);
      case LeaderEvent.Committed e -> committed(e.number(), now, out);
      case LeaderEvent.ChangeFailed e -> changeFailed(e.number(), now);
      case LeaderEvent.Expelled e -> expelled(e, now);
      case LeaderEvent.SilenceReported e -> reports.received(e.from(), e.said(), now);
      case LeaderEvent.LeaderIs e -> leader = e.pnn();
      case LeaderEvent.Tick e -> {}
    }
    Set<Life> doomed = reports.doomed();
    doomed.forEach(
        life -> reports.leaseEnd(life).ifPresent(end -> departures.peerLeaseEnds(life, end)));
    if (leading) {
      decide(doomed, now, out);
    } else {
      followASilentLeader(doomed, now, out);
    }
    return out;
  }

  /** A record that outlives its process, until the session ends, stands for nothing. */
  private void willTold(int pnn, String hash, long now) {
    if (pnn != self && departures.willTold(pnn, hash)) {
      nodesAre(registered, now);
    }
  }

  private void nodesAre(Map<Integer, MemberInfo> all, long nowNanos) {
    registered = Map.copyOf(all);
    Map<Integer, MemberInfo> now = new HashMap<>(all);
    now.values().removeIf(departures::dead);
    for (MemberInfo node : now.values()) {
      MemberInfo before = nodes.get(node.pnn());
      if (leading && before != null && node.recoveryRequests() > before.recoveryRequests()) {
        force("node " + node.pnn() + " asks for a recovery");
      }
    }
    nodes = Map.copyOf(now);
    Set<Life> alive = new HashSet<>();
    nodes.values().forEach(node -> alive.add(Life.of(node)));
    troubleSince.keySet().retainAll(alive);
    refusedUntil.keySet().retainAll(alive);
    expelling.retainAll(alive);
    departures.nodesAre(now, nowNanos);
  }

  private void linkIs(int pnn, boolean up) {
    if (up) {
      linksUp.add(pnn);
      refusedUntil.keySet().removeIf(life -> life.pnn() == pnn);
    } else {
      linksUp.remove(pnn);
    }
  }

  private void epochSeen(CommittedEpoch seen, long now) {
    CommittedEpoch known = committed;
    if (!leading && (known == null || seen.epoch().number() > known.epoch().number())) {
      committedIs(seen, now);
    }
  }

  private void committedIs(CommittedEpoch epoch, long now) {
    committed = epoch;
    reports.committed(epoch.lives());
    departures.committed(epoch.lives(), now);
  }

  private void elected(LeaderEvent.Elected e, long now) {
    if (!leading || term != e.term()) {
      electedAt = now;
      troubleSince.clear();
      refusedUntil.clear();
    }
    leading = true;
    term = e.term();
    expelling.clear();
    // Their records have gone, though the news of that may still be under way.
    expelling.addAll(e.expelled());
    committed = null;
    e.committed().ifPresent(epoch -> committedIs(epoch, now));
    e.expelled().forEach(departures::expelled);
    reserved = e.reserved();
    stage = Stage.IDLE;
    plan = null;
    if (committed != null && reserved > committed.epoch().number()) {
      force("epoch " + reserved + " was begun and not committed");
    }
  }

  private void deposed() {
    leading = false;
    stage = Stage.IDLE;
    plan = null;
    wanted = null;
    forcedBecause = null;
    expelling.clear();
  }

  private void reserved(long got, long now, List<LeaderDecision> out) {
    if (stage != Stage.RESERVING || got != number) {
      return;
    }
    reserved = got;
    Plan next = blocked(now) ? null : plan(now);
    if (next == null) {
      drop("the plan changed while epoch " + got + " was reserved");
      return;
    }
    plan = next;
    enter(Stage.PROPOSING, now);
    EpochLives lives = new EpochLives(number, next.incarnations(), next.remote());
    out.add(new LeaderDecision.Propose(lives, epochOf(next)));
  }

  private void promised(long of, Set<Integer> silent, long now, List<LeaderDecision> out) {
    Plan promised = plan;
    if (stage != Stage.PROPOSING || of != number || promised == null) {
      return;
    }
    if (silent.isEmpty()) {
      enter(Stage.COMMITTING, now);
      out.add(new LeaderDecision.Commit(toCommit(promised)));
      return;
    }
    for (int pnn : silent) {
      Long incarnation = promised.incarnations().get(pnn);
      if (incarnation != null && pnn != self) {
        Life life = new Life(pnn, incarnation);
        if (isMember(life)) {
          // Others have promised and wait: no more patience.
          troubleSince.put(life, now - patienceNanos);
        }
        refusedUntil.put(life, now + patienceNanos);
      }
    }
    drop("nodes " + new TreeSet<>(silent) + " did not promise epoch " + of);
    retryAt = silent.contains(self) ? now + RETRY_NANOS : now;
  }

  private void committed(long of, long nowNanos, List<LeaderDecision> out) {
    Plan done = plan;
    if (stage != Stage.COMMITTING || of != number || done == null) {
      return;
    }
    CommittedEpoch now = toCommit(done);
    committedIs(now, nowNanos);
    stage = Stage.IDLE;
    plan = null;
    out.add(new LeaderDecision.Announce(now.epoch()));
  }

  private void changeFailed(long of, long now) {
    if (stage != Stage.IDLE && of == number) {
      drop("epoch " + of + " failed");
      retryAt = now + RETRY_NANOS;
    }
  }

  private void expelled(LeaderEvent.Expelled e, long now) {
    if (!e.done()) {
      expelling.remove(e.life());
      expelAgainAt = now + RETRY_NANOS;
    }
  }

  /**
   * Whoever comes first among those that may lead takes the place of a leader whose lease cannot be
   * renewed. If several try, ZooKeeper lets one of them.
   */
  private void followASilentLeader(Set<Life> doomed, long now, List<LeaderDecision> out) {
    CommittedEpoch current = committed;
    MemberInfo own = nodes.get(self);
    Long incarnation =
        current == null || leader.isEmpty() || leader.getAsInt() == self
            ? null
            : current.incarnations().get(leader.getAsInt());
    if (current == null || own == null || !own.mayLead() || incarnation == null) {
      leaderDoomedSince = NOT_DOOMED;
      return;
    }
    Life silent = new Life(leader.getAsInt(), incarnation);
    if (!isMember(Life.of(own)) || !doomed.contains(silent)) {
      leaderDoomedSince = NOT_DOOMED;
      return;
    }
    leaderDoomedSince = Math.min(leaderDoomedSince, now);
    if (now - leaderDoomedSince >= precedence(doomed) * PRECEDENCE_NANOS && now >= usurpAgainAt) {
      usurpAgainAt = now + RETRY_NANOS;
      // Before the write, so that its outcome is never taken for a session that expired.
      departures.expelled(silent);
      out.add(new LeaderDecision.Usurp(silent, current.epoch().number(), UNHEARD));
    }
  }

  /** How many members are more entitled to lead than this node. */
  private long precedence(Set<Life> doomed) {
    Set<Life> suspects = reports.suspectsOf(self);
    return nodes.values().stream()
        .filter(node -> node.pnn() < self && node.mayLead() && isMember(Life.of(node)))
        .map(Life::of)
        .filter(life -> !doomed.contains(life) && !suspects.contains(life))
        .count();
  }

  private void decide(Set<Life> doomed, long now, List<LeaderDecision> out) {
    noteTrouble(now);
    if (cutOff(now)) {
      out.add(new LeaderDecision.Yield("no other node can be reached from here"));
      return;
    }
    expelTheHopeless(now, out);
    doomed.forEach(life -> expel(life, UNHEARD, now, out));
    if (stage == Stage.IDLE && forcedBecause == null && reports.mended(now, this::isRegistered)) {
      force("members that did not hear from each other do again");
    }
    switch (stage) {
      case IDLE -> beginIfNeeded(now, out);
      case RESERVING, COMMITTING -> {}
      case PROPOSING -> dropIfOutdated(now);
    }
    if (stage == Stage.IDLE && plan == null && forcedBecause != null) {
      beginIfNeeded(now, out);
    }
  }

  private void noteTrouble(long now) {
    refusedUntil.values().removeIf(until -> until <= now);
    for (MemberInfo node : nodes.values()) {
      Life life = Life.of(node);
      boolean lingers = node.inactive() && node.ready();
      boolean silent = refusedUntil.containsKey(life);
      if (isMember(life) && (lingers || silent || !reachable(node.pnn()))) {
        troubleSince.putIfAbsent(life, now);
      } else {
        troubleSince.remove(life);
      }
    }
  }

  /** Alone among several that are registered: the fault is likely on this side. */
  private boolean cutOff(long now) {
    List<MemberInfo> others =
        nodes.values().stream()
            .filter(n -> n.pnn() != self && n.mayBeMember() && !n.site().remote())
            .toList();
    return others.size() >= 2
        && others.stream().noneMatch(n -> reachable(n.pnn()))
        && others.stream()
            .allMatch(n -> now - troubleSince.getOrDefault(Life.of(n), electedAt) >= patienceNanos);
  }

  private void expelTheHopeless(long now, List<LeaderDecision> out) {
    for (Map.Entry<Life, Long> trouble : troubleSince.entrySet()) {
      Life life = trouble.getKey();
      MemberInfo node = nodes.get(life.pnn());
      if (node != null && now - trouble.getValue() >= config.patienceWith(node).toNanos()) {
        String why =
            !reachable(life.pnn())
                ? "it cannot be reached"
                : node.inactive() ? "it does not let go" : "it does not answer";
        expel(life, why, now, out);
      }
    }
  }

  private void expel(Life life, String why, long now, List<LeaderDecision> out) {
    MemberInfo node = nodes.get(life.pnn());
    if (life.pnn() != self
        && node != null
        && node.incarnation() == life.incarnation()
        && now >= expelAgainAt
        && expelling.add(life)) {
      // Before the write, so that its outcome is never taken for a session that expired.
      departures.expelled(life);
      out.add(new LeaderDecision.Expel(life, why));
    }
  }

  private void dropIfOutdated(long now) {
    Plan current = plan;
    if (current == null) {
      return;
    }
    for (Map.Entry<Integer, Long> member : current.incarnations().entrySet()) {
      MemberInfo node = nodes.get(member.getKey());
      if (current.remote().contains(member.getKey())) {
        continue; // nobody waits for its promise; what becomes of it is for the next epoch
      }
      if (node == null || node.incarnation() != member.getValue() || !node.mayBeMember()) {
        drop("node " + member.getKey() + " was lost while epoch " + number + " was proposed");
        return;
      }
    }
    if (now - stageSince >= 2 * patienceNanos) {
      drop("epoch " + number + " was proposed without an answer");
    }
  }

  private void beginIfNeeded(long now, List<LeaderDecision> out) {
    Plan next = plan(now);
    if (next == null || now < retryAt) {
      return;
    }
    if (!next.equals(wanted)) {
      wanted = next;
      wantedSince = now;
    }
    String why = reason(next, now);
    // In this order: the wait for members that have gone begins now.
    boolean blocked = blocked(now);
    if (why == null || blocked) {
      return;
    }
    forcedBecause = null;
    number = nextNumber();
    plan = next;
    enter(Stage.RESERVING, now);
    out.add(new LeaderDecision.Reserve(number, why));
  }

  /** Why the epoch must change now; nothing when it need not, or not yet. */
  private @Nullable String reason(Plan next, long now) {
    CommittedEpoch current = committed;
    boolean anyStays =
        current != null
            && next.incarnations().entrySet().stream()
                .anyMatch(member -> current.has(member.getKey(), member.getValue()));
    if (current == null || !anyStays) {
      return now - electedAt >= gatherNanos ? "the cluster starts" : null;
    }
    if (forcedBecause != null) {
      return forcedBecause;
    }
    for (Map.Entry<Integer, Long> member : current.incarnations().entrySet()) {
      if (!member.getValue().equals(next.incarnations().get(member.getKey()))) {
        return "node " + member.getKey() + " has left";
      }
    }
    boolean settled = now - wantedSince >= settleNanos;
    if (settled && !next.incarnations().equals(current.incarnations())) {
      Set<Integer> joined = new TreeSet<>(next.incarnations().keySet());
      joined.removeAll(current.incarnations().keySet());
      return "nodes " + joined + " join";
    }
    return settled && !next.lmasters().equals(current.epoch().lmasters())
        ? "the lmasters change"
        : null;
  }

  /** Whether a member is to leave that may still act as one. */
  private boolean blocked(long now) {
    CommittedEpoch current = committed;
    Plan next = plan(now);
    if (current == null || next == null) {
      return false;
    }
    boolean blocked = false;
    for (Map.Entry<Integer, Long> member : current.incarnations().entrySet()) {
      boolean leaves = !member.getValue().equals(next.incarnations().get(member.getKey()));
      Life life = new Life(member.getKey(), member.getValue());
      // Not short-circuit: the wait for each begins now.
      blocked |= leaves && !departures.recordsSafe(life, now);
    }
    return blocked;
  }

  /** Who should be a member; nothing while this node cannot be one itself. */
  private @Nullable Plan plan(long now) {
    SortedMap<Integer, Long> incarnations = new TreeMap<>();
    SortedSet<Integer> lmasters = new TreeSet<>();
    SortedSet<Integer> capable = new TreeSet<>(); // lmasters where nobody is one or runs
    SortedSet<Integer> remote = new TreeSet<>();
    for (MemberInfo node : nodes.values()) {
      Life life = Life.of(node);
      boolean wellKnown = isMember(life) && !expelling.contains(life);
      boolean joins = !isMember(life) && reachable(node.pnn()) && !refusedUntil.containsKey(life);
      if (node.mayBeMember() && (wellKnown || joins) && node.site().hasTheRulesOf(config.site())) {
        if (node.site().remote()) {
          remote.add(node.pnn());
        }
        incarnations.put(node.pnn(), node.incarnation());
        if (node.mayBeLmaster()) {
          capable.add(node.pnn());
        }
        if (isOrBecomesLmaster(node)) {
          lmasters.add(node.pnn());
        }
      }
    }
    // Remote members alone are no cluster: they have no vote, and perhaps not the newest content.
    if (!incarnations.containsKey(self) || remote.containsAll(incarnations.keySet())) {
      return null;
    }
    keepWhoMayStillAct(incarnations, remote, now);
    if (lmasters.isEmpty()) {
      lmasters.addAll(capable);
    }
    if (lmasters.isEmpty()) {
      // As ctdbd does (cluster-and-failover 1.4), but without recovering for ever.
      lmasters.add(self);
    }
    return new Plan(incarnations, lmasters, remote);
  }

  /**
   * Whoever is still starting, with scripts and services that keep its processors busy, joins
   * without a share of the keys: all who want one of these would wait for it.
   */
  private boolean isOrBecomesLmaster(MemberInfo node) {
    CommittedEpoch current = committed;
    boolean isOne =
        current != null
            && current.has(node.pnn(), node.incarnation())
            && current.epoch().lmasters().contains(node.pnn());
    return node.mayBeLmaster() && (isOne || node.runState() == RunState.RUNNING);
  }

  /** Members at remote sites that have gone, and may not know it yet: no change waits for them. */
  private void keepWhoMayStillAct(
      SortedMap<Integer, Long> incarnations, SortedSet<Integer> remote, long now) {
    CommittedEpoch current = committed;
    if (current == null) {
      return;
    }
    for (int pnn : current.epoch().remote()) {
      Long incarnation = current.incarnations().get(pnn);
      if (incarnation != null
          && !incarnations.containsKey(pnn)
          && !departures.recordsSafe(new Life(pnn, incarnation), now)) {
        incarnations.put(pnn, incarnation);
        remote.add(pnn);
      }
    }
  }

  private long nextNumber() {
    long highest = reserved;
    CommittedEpoch current = committed;
    if (current != null) {
      highest = Math.max(highest, current.epoch().number());
    }
    for (MemberInfo node : nodes.values()) {
      highest = Math.max(highest, node.lastEpoch());
    }
    return highest + 1;
  }

  private boolean isRegistered(Life life) {
    MemberInfo node = nodes.get(life.pnn());
    return node != null && node.incarnation() == life.incarnation();
  }

  private boolean isMember(Life life) {
    CommittedEpoch current = committed;
    return current != null && current.has(life.pnn(), life.incarnation());
  }

  private boolean reachable(int pnn) {
    return pnn == self || linksUp.contains(pnn);
  }

  private Epoch epochOf(Plan of) {
    return new Epoch(number, new TreeSet<>(of.incarnations().keySet()), of.lmasters(), of.remote());
  }

  private CommittedEpoch toCommit(Plan of) {
    return new CommittedEpoch(epochOf(of), of.incarnations(), term);
  }

  private void drop(String why) {
    stage = Stage.IDLE;
    plan = null;
    force(why);
  }

  private void force(String why) {
    forcedBecause = why;
  }

  private void enter(Stage next, long now) {
    stage = next;
    stageSince = now;
  }
}
