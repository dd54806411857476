package io.jctdb.recovery;

import io.jctdb.database.Epoch;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The driver around {@link LeaderMachine}: who leads, whether this node is to, and what it does as
 * the leader. The machine hears of everything whether or not this node leads; what it decides is
 * carried out in the {@link LeaderOffice} of the present session.
 *
 * <p>Owned by the membership thread; {@link #leader}, {@link #whyDenied}, {@link #term}, {@link
 * #expelled} and {@link #safeAfterNanos} are asked by any.
 */
final class LeaderDriver {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterMembership.class);

  private final MembershipConfig config;
  private final MembershipThread thread;
  private final MembershipListener listener;
  private final EpochChange epochChange;
  private final LeaseDriver lease;
  private final NewestEpoch epoch;
  private final Candidacy candidacy;
  private final LeaderMachine machine;

  /** Nothing between two sessions: then nothing is carried out. */
  private @Nullable LeaderOffice office;

  /** As the listener knows them. */
  private Departures.Deaths deaths = Departures.Deaths.NONE;

  private volatile OptionalInt leader = OptionalInt.empty();
  private volatile long term;
  private volatile long expelled;
  private volatile Map<Integer, Long> safeAfter = Map.of();

  LeaderDriver(
      MembershipConfig config,
      MembershipThread thread,
      MembershipListener listener,
      EpochChange epochChange,
      LeaseDriver lease,
      NewestEpoch epoch,
      Candidacy candidacy) {
    this.config = config;
    this.thread = thread;
    this.listener = listener;
    this.epochChange = epochChange;
    this.lease = lease;
    this.epoch = epoch;
    this.candidacy = candidacy;
    this.machine = new LeaderMachine(config);
  }

  private long now() {
    return config.bootNanos().getAsLong();
  }

  // Sessions come and go.

  /** A session is prepared. */
  void begin(ZooKeeperSession in, ClusterView view) {
    office =
        new LeaderOffice(
            in,
            new Paths(config.root()),
            config.self(),
            view,
            event -> thread.guarded(() -> step(event)));
  }

  /** This node's life has ended, and with it what it did as the leader. */
  void endLife() {
    LeaderOffice ended = office;
    office = null;
    if (ended != null && ended.leading()) {
      step(new LeaderEvent.Deposed());
    }
    leaderIs(OptionalInt.empty());
    candidacy.withdraw();
  }

  /** Nothing is done any more. */
  void close() {
    candidacy.withdraw();
    office = null;
  }

  // Who leads.

  /** ZooKeeper names this leader, or none. */
  void leaderIs(OptionalInt now) {
    if (!now.equals(leader)) {
      leader = now;
      candidacy.leaderChanged();
      step(new LeaderEvent.LeaderIs(now));
      listener.leaderChanged(now);
    }
  }

  /**
   * Whether to run for leader, to succeed a dead one, or to resign: to be called whenever something
   * of this may have changed, and with every tick; only while connected and registered.
   *
   * @param may whether this node is able to lead, and has published that it is
   */
  void consider(ClusterView read, boolean may, long now) {
    LeaderOffice leads = office;
    if (leads != null) {
      candidacy.consider(leads, read.leader(), may, known -> isDead(read, known), now);
    }
  }

  private boolean isDead(ClusterView read, ClusterView.Leader leads) {
    return read.isOfAnEarlierLife(leads)
        || read.registeredIn(leads.session()).filter(machine.departures()::dead).isPresent();
  }

  // What the machine hears, and what it wants done.

  /** The connection stands; time has passed. */
  void tick() {
    LeaderOffice leads = office;
    if (leads != null) {
      leads.tick();
    }
  }

  /** Somebody told the hash of what may be a last will; see {@link ClusterMembership#willTold}. */
  void willTold(int pnn, String hash) {
    int before = machine.departures().willsTold();
    step(new LeaderEvent.WillTold(pnn, hash));
    if (machine.departures().willsTold() > before) {
      LOG.warn("node {}: its daemon has died and left nothing behind", pnn);
    }
  }

  /** Something has happened: lets the machine decide, and carries that out. */
  void step(LeaderEvent event) {
    LeaderOffice leads = office;
    if (leads != null && leads.leading()) {
      // Kept afterwards: whoever does not know yet that it leads no longer says so in this term.
      term = leads.term();
    }
    if (event instanceof LeaderEvent.Expelled expulsion && expulsion.done()) {
      expelled++;
    }
    if (event instanceof LeaderEvent.Elected elected) {
      elected
          .committed()
          .ifPresent(
              found -> {
                epoch.note(found.epoch());
                lease.committed(found);
              });
    }
    List<LeaderDecision> decisions = machine.step(event, now());
    safeAfter = machine.departures().addressesSafeAfter();
    tellOfDeaths(machine.departures().deaths());
    decisions.forEach(this::carryOut);
  }

  private void tellOfDeaths(Departures.Deaths now) {
    Departures.Deaths before = deaths;
    deaths = now;
    for (Life life : now.lives()) {
      if (before.epoch() != now.epoch() || !before.lives().contains(life)) {
        listener.memberDied(now.epoch(), life.pnn());
      }
    }
  }

  private void carryOut(LeaderDecision decision) {
    LeaderOffice leads = office;
    if (leads == null || leads.leading() == decision instanceof LeaderDecision.Usurp) {
      return;
    }
    switch (decision) {
      case LeaderDecision.Reserve d -> {
        LOG.info("epoch {} begins: {}", d.number(), d.why());
        leads.reserve(d.number());
      }
      case LeaderDecision.Propose d -> {
        lease.propose(d.lives());
        propose(d.lives(), d.epoch());
      }
      case LeaderDecision.Commit d -> leads.commit(d.epoch());
      case LeaderDecision.Announce d -> {
        LOG.info(
            "epoch {} is committed: members {}, lmasters {}",
            d.epoch().number(),
            d.epoch().members(),
            d.epoch().lmasters());
        // The leader knows of an epoch before its watch tells: it wrote it.
        epoch.note(d.epoch());
        epochChange.commit(d.epoch());
      }
      case LeaderDecision.Expel d -> {
        LOG.warn("node {} is expelled: {}", d.life().pnn(), d.why());
        lease.vanished(d.life());
        leads.expel(d.life());
      }
      case LeaderDecision.Usurp d -> {
        if (candidacy.mayUsurp(leads, now())) {
          LOG.warn("node {}, the leader, is expelled: {}", d.leader().pnn(), d.why());
          lease.vanished(d.leader());
          leads.usurp(d.leader(), d.epoch());
        }
      }
      case LeaderDecision.Yield d -> {
        candidacy.yield(leads, d.why(), now() + 2 * config.patience().toNanos());
      }
    }
  }

  private void propose(EpochLives lives, Epoch next) {
    LOG.debug("epoch {}: proposing members {}", next.number(), next.members());
    epochChange
        .propose(lives, next)
        .whenComplete(
            Guard.guarded(
                (silent, failure) ->
                    thread.execute(
                        () -> {
                          if (failure == null) {
                            step(new LeaderEvent.Promised(next.number(), silent));
                          } else {
                            LOG.warn("epoch {}: {}", next.number(), failure.toString());
                            step(new LeaderEvent.ChangeFailed(next.number()));
                          }
                        })));
  }

  // Views.

  /** See {@link ClusterMembership#leader}. */
  OptionalInt leader() {
    return leader;
  }

  /** See {@link ClusterMembership#leadershipDenied}. */
  Optional<String> whyDenied() {
    return candidacy.whyDenied();
  }

  /** See {@link ClusterMembership#term}. */
  long term() {
    return term;
  }

  /** See {@link ClusterMembership#expelled}. */
  long expelled() {
    return expelled;
  }

  /** See {@link ClusterMembership#safeAfterNanos}. */
  long safeAfterNanos(int pnn) {
    return safeAfter.getOrDefault(pnn, Long.MIN_VALUE);
  }
}
