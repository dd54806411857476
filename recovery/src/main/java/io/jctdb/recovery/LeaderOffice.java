package io.jctdb.recovery;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.ZooDefs;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The leader's hand in ZooKeeper, within one session. An election is one write: create the leader's
 * record and write the term. Every later write of the leader checks that the term is still its own,
 * so ZooKeeper refuses whatever a former leader still tries. Owned by the membership thread.
 */
final class LeaderOffice {
  private static final Logger LOG = LoggerFactory.getLogger(LeaderOffice.class);

  /** Lives in the list of the expelled; the oldest go. They matter only for seconds. */
  private static final int EXPELLED_MAX = 16;

  private final ZooKeeperSession session;
  private final Paths paths;
  private final int self;
  private final ClusterView view;
  private final Consumer<LeaderEvent> machine;

  private boolean contending;
  private boolean leading;
  private boolean stale;
  private boolean loading;
  private int term;
  private int reservedVersion;
  private int epochVersion;
  private int expelledVersion;
  private final Set<Life> expelled = new LinkedHashSet<>();

  LeaderOffice(
      ZooKeeperSession session,
      Paths paths,
      int self,
      ClusterView view,
      Consumer<LeaderEvent> machine) {
    this.session = session;
    this.paths = paths;
    this.self = self;
    this.view = view;
    this.machine = machine;
  }

  boolean leading() {
    return leading;
  }

  /** Of the last election that this node won. */
  int term() {
    return term;
  }

  boolean contending() {
    return contending;
  }

  /** Whether it is this very session that ZooKeeper names as the leader. */
  boolean isNamed(ClusterView.Leader known) {
    return known.session() == session.id();
  }

  /** Tries to become leader; whoever is first is. */
  void contend() {
    contending = true;
    session
        .write(
            List.of(
                Op.create(
                    paths.leader(), name(), ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL),
                Op.setData(paths.term(), name(), -1)))
        .whenComplete(
            Guard.guarded(
                (results, failure) -> {
                  contending = false;
                  if (failure == null) {
                    elected(results.get(1));
                  }
                  view.refreshLeader();
                }));
  }

  private void elected(OpResult termWritten) {
    if (termWritten instanceof OpResult.SetDataResult written) {
      leading = true;
      term = written.getStat().getVersion();
      LOG.info("node {} is the leader, term {}", self, term);
      load();
    }
  }

  /**
   * Takes the place of a leader whose process is proven to be dead, without waiting for its session
   * to end. One write, which holds only if nobody was elected since the leader's record was seen to
   * be of that session.
   */
  void succeed(long deadSession) {
    contending = true;
    CompletableFuture<ZooKeeperSession.Node> termNow = session.read(paths.term());
    CompletableFuture<ZooKeeperSession.Node> leaderNow = session.read(paths.leader());
    termNow
        .thenCombine(leaderNow, (term, leader) -> replace(term, leader, deadSession))
        .thenCompose(replaced -> replaced)
        .whenComplete(
            Guard.guarded(
                (results, failure) -> {
                  contending = false;
                  if (failure == null && !results.isEmpty()) {
                    elected(results.getLast());
                  }
                  view.refreshLeader();
                }));
  }

  private CompletableFuture<List<OpResult>> replace(
      ZooKeeperSession.Node termNow, ZooKeeperSession.Node leaderNow, long deadSession) {
    if (leaderNow.stat().getEphemeralOwner() != deadSession) {
      return CompletableFuture.completedFuture(List.of());
    }
    return session.write(
        List.of(
            Op.delete(paths.leader(), -1),
            Op.create(paths.leader(), name(), ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL),
            Op.setData(paths.term(), name(), termNow.stat().getVersion())));
  }

  /**
   * ZooKeeper names this session as the leader, but no election of ours was confirmed (its answer
   * was lost): take the record away and contend again, so that the term is known. The check of the
   * term makes sure that nobody else's record is taken away.
   */
  void dropUnconfirmed() {
    contending = true;
    CompletableFuture<ZooKeeperSession.Node> termNow = session.read(paths.term());
    CompletableFuture<ZooKeeperSession.Node> leaderNow = session.read(paths.leader());
    termNow
        .thenCombine(leaderNow, this::dropOwn)
        .thenCompose(dropped -> dropped)
        .whenComplete(
            Guard.guarded(
                (results, failure) -> {
                  contending = false;
                  view.refreshLeader();
                }));
  }

  private CompletableFuture<List<OpResult>> dropOwn(
      ZooKeeperSession.Node termNow, ZooKeeperSession.Node leaderNow) {
    return leaderNow.stat().getEphemeralOwner() == session.id()
        ? session.write(
            List.of(
                Op.check(paths.term(), termNow.stat().getVersion()), Op.delete(paths.leader(), -1)))
        : CompletableFuture.completedFuture(List.of());
  }

  /** Reads what the predecessor left, or what became of a write whose answer was lost. */
  void load() {
    stale = false;
    loading = true;
    int of = term;
    CompletableFuture<ZooKeeperSession.Node> reserved = session.read(paths.reserved());
    CompletableFuture<ZooKeeperSession.Node> epoch = session.read(paths.epoch());
    CompletableFuture<ZooKeeperSession.Node> gone = session.read(paths.expelled());
    CompletableFuture.allOf(reserved, epoch, gone)
        .whenComplete(
            Guard.guarded(
                (done, failure) -> {
                  if (!leading || term != of) {
                    return; // whoever leads next reads anew
                  }
                  loading = false;
                  if (failure != null) {
                    stale = true;
                    return;
                  }
                  reservedVersion = reserved.join().stat().getVersion();
                  epochVersion = epoch.join().stat().getVersion();
                  expelledVersion = gone.join().stat().getVersion();
                  expelled.clear();
                  expelled.addAll(decodeLives(gone.join().data()));
                  machine.accept(
                      new LeaderEvent.Elected(
                          term,
                          decodeEpoch(epoch.join().data()),
                          decodeNumber(reserved.join().data()),
                          Set.copyOf(expelled)));
                }));
  }

  /** Time has passed, or the connection is back. */
  void tick() {
    if (leading && stale && !loading) {
      load();
    }
  }

  void reserve(long number) {
    byte[] data = Long.toString(number).getBytes(StandardCharsets.UTF_8);
    write(
        List.of(Op.setData(paths.reserved(), data, reservedVersion)),
        results -> {
          reservedVersion = version(results.get(1));
          machine.accept(new LeaderEvent.Reserved(number));
        },
        () -> machine.accept(new LeaderEvent.ChangeFailed(number)));
  }

  void commit(CommittedEpoch epoch) {
    long number = epoch.epoch().number();
    write(
        List.of(
            Op.check(paths.reserved(), reservedVersion),
            // On top of the epoch known here: an earlier commit, whose answer was lost, may stand.
            Op.setData(paths.epoch(), epoch.encode(), epochVersion)),
        results -> {
          epochVersion = version(results.get(2));
          machine.accept(new LeaderEvent.Committed(number));
        },
        () -> machine.accept(new LeaderEvent.ChangeFailed(number)));
  }

  void expel(Life life) {
    Optional<Integer> version = view.version(life);
    if (version.isEmpty()) {
      machine.accept(new LeaderEvent.Expelled(life, false));
      return;
    }
    write(
        List.of(
            Op.check(paths.epoch(), epochVersion),
            Op.delete(paths.member(life.pnn()), version.get()),
            Op.delete(paths.beat(life.pnn()), -1),
            Op.setData(paths.expelled(), encodeLives(withOne(expelled, life)), expelledVersion)),
        results -> {
          expelledVersion = version(results.get(4));
          expelled.add(life);
          machine.accept(new LeaderEvent.Expelled(life, true));
        },
        () -> machine.accept(new LeaderEvent.Expelled(life, false)));
  }

  private static Set<Life> withOne(Set<Life> lives, Life more) {
    Set<Life> list = new LinkedHashSet<>(lives);
    list.add(more);
    while (list.size() > EXPELLED_MAX) {
      list.remove(list.iterator().next());
    }
    return list;
  }

  /**
   * Expels the leader and takes its place, if everything is still as it was when a majority of
   * {@code epoch} promised not to renew its lease: that epoch, that leader's record and session,
   * and no election since.
   */
  void usurp(Life silent, long epoch) {
    contending = true;
    CompletableFuture<ZooKeeperSession.Node> term = session.read(paths.term());
    CompletableFuture<ZooKeeperSession.Node> leader = session.read(paths.leader());
    CompletableFuture<ZooKeeperSession.Node> member = session.read(paths.member(silent.pnn()));
    CompletableFuture<ZooKeeperSession.Node> committed = session.read(paths.epoch());
    CompletableFuture<ZooKeeperSession.Node> gone = session.read(paths.expelled());
    CompletableFuture.allOf(term, leader, member, committed, gone)
        .thenCompose(
            read ->
                describes(silent, member.join())
                        && leader.join().stat().getEphemeralOwner()
                            == member.join().stat().getEphemeralOwner()
                        && decodeEpoch(committed.join().data())
                            .filter(found -> found.epoch().number() == epoch)
                            .isPresent()
                    ? session.write(
                        usurpation(
                            silent, term.join(), member.join(), committed.join(), gone.join()))
                    : CompletableFuture.failedFuture(new IllegalStateException("news since then")))
        .whenComplete(
            Guard.guarded(
                (results, failure) -> {
                  contending = false;
                  if (failure != null) {
                    LOG.info("node {} does not take over: {}", self, failure.toString());
                  } else {
                    elected(results.getFirst());
                  }
                  view.refreshLeader();
                }));
  }

  private static boolean describes(Life life, ZooKeeperSession.Node record) {
    try {
      return MemberRecord.decode(life.pnn(), record.data()).incarnation() == life.incarnation();
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private List<Op> usurpation(
      Life silent,
      ZooKeeperSession.Node termNow,
      ZooKeeperSession.Node member,
      ZooKeeperSession.Node committed,
      ZooKeeperSession.Node gone) {
    Set<Life> list = withOne(decodeLives(gone.data()), silent);
    return List.of(
        Op.setData(paths.term(), name(), termNow.stat().getVersion()),
        Op.check(paths.epoch(), committed.stat().getVersion()),
        Op.delete(paths.member(silent.pnn()), member.stat().getVersion()),
        Op.delete(paths.beat(silent.pnn()), -1),
        Op.delete(paths.leader(), -1),
        Op.create(paths.leader(), name(), ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL),
        Op.setData(paths.expelled(), encodeLives(list), gone.stat().getVersion()));
  }

  private byte[] name() {
    return Integer.toString(self).getBytes(StandardCharsets.UTF_8);
  }

  /** Lets another node lead. */
  void resign(String why) {
    if (leading) {
      LOG.info("node {} leads no longer: {}", self, why);
      contending = true;
      Runnable after =
          () -> {
            contending = false;
            view.refreshLeader();
          };
      write(List.of(Op.delete(paths.leader(), -1)), results -> after.run(), after);
      end();
    }
  }

  private void end() {
    leading = false;
    stale = false;
    machine.accept(new LeaderEvent.Deposed());
  }

  /** Writes as leader of this term, or not at all. */
  private void write(List<Op> operations, Consumer<List<OpResult>> done, Runnable notDone) {
    if (stale || loading) {
      // What became of an earlier write is not known yet.
      notDone.run();
      return;
    }
    List<Op> guarded = new ArrayList<>();
    guarded.add(Op.check(paths.term(), term));
    guarded.addAll(operations);
    session
        .write(guarded)
        .whenComplete(
            Guard.guarded(
                (results, failure) -> {
                  if (failure == null) {
                    done.accept(results);
                    return;
                  }
                  boolean deposed =
                      RefusedException.of(failure)
                          .filter(r -> r.code() == Code.BADVERSION && r.operation() == 0)
                          .isPresent();
                  if (deposed && leading) {
                    LOG.warn("node {} leads no longer: another leader was elected", self);
                    end();
                    view.refreshLeader();
                  } else {
                    LOG.info("a write of the leader failed: {}", failure.toString());
                    stale = leading;
                    notDone.run();
                  }
                }));
  }

  private static int version(OpResult result) {
    return result instanceof OpResult.SetDataResult written ? written.getStat().getVersion() : -1;
  }

  private static Optional<CommittedEpoch> decodeEpoch(byte[] data) {
    if (data.length == 0) {
      return Optional.empty();
    }
    try {
      return Optional.of(CommittedEpoch.decode(data));
    } catch (IllegalArgumentException e) {
      LOG.error("the epoch in ZooKeeper cannot be read: {}", e.getMessage());
      return Optional.empty();
    }
  }

  private static long decodeNumber(byte[] data) {
    try {
      return data.length == 0 ? 0 : Long.parseLong(new String(data, StandardCharsets.UTF_8));
    } catch (NumberFormatException e) {
      LOG.error("the reserved epoch number in ZooKeeper cannot be read: {}", e.getMessage());
      return 0;
    }
  }

  static byte[] encodeLives(Set<Life> lives) {
    KeyValueText text = KeyValueText.empty();
    for (Life life : lives) {
      text.put(life.pnn() + ":" + life.incarnation(), "expelled");
    }
    return text.bytes();
  }

  static Set<Life> decodeLives(byte[] data) {
    Set<Life> lives = new LinkedHashSet<>();
    for (String line : new String(data, StandardCharsets.UTF_8).split("\n", -1)) {
      String[] parts = line.split("[:=]", -1);
      if (parts.length == 3) {
        try {
          lives.add(new Life(Integer.parseInt(parts[0]), Long.parseLong(parts[1])));
        } catch (NumberFormatException e) {
          LOG.error("the list of expelled nodes cannot be read: {}", e.getMessage());
        }
      }
    }
    return lives;
  }
}
