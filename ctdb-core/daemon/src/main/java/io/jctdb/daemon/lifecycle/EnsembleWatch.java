package io.jctdb.daemon.lifecycle;

import io.jctdb.daemon.control.ControlReply;
import io.jctdb.protocol.EnsembleNotice;
import io.jctdb.protocol.MalformedPacketException;
import io.jctdb.recovery.Ensemble;
import io.jctdb.recovery.EnsembleRecord;
import io.jctdb.recovery.EnsembleRule;
import io.jctdb.recovery.EnsembleRule.Adopt;
import io.jctdb.recovery.EnsembleRule.Await;
import io.jctdb.recovery.EnsembleRule.Fit;
import io.jctdb.recovery.EnsembleRule.Peer;
import io.jctdb.recovery.EnsembleRule.StandBack;
import io.jctdb.recovery.EnsembleRule.Verdict;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Guards against two quorums of ZooKeeper: knows with which servers this node works and what other
 * nodes say of theirs, and does what {@link EnsembleRule} decides. Owner thread only.
 *
 * <p>Nodes ask each other when a link comes up, and tell each other when something about their own
 * answer changes.
 */
public final class EnsembleWatch implements ClusterMember.Admission {
  private static final Logger log = LoggerFactory.getLogger(EnsembleWatch.class);

  /** In place of a list: servers that are not the daemons' own. */
  public static final String EXTERNAL = "external";

  /**
   * How long nobody must have listened at a node's address before a new cluster begins without it.
   * Longer than a daemon that is being restarted needs, its launcher's pauses included (30 s at
   * most).
   */
  static final long ABSENT_NANOS = TimeUnit.SECONDS.toNanos(40);

  /** Links come up and questions are answered meanwhile; nobody need be told. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(5);

  private static final long REPEAT_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final EnsembleRecord disk;
  private final LongSupplier clock;
  private final Outside outside;
  private final Map<Integer, Known> known = new HashMap<>();

  /** When somebody last listened at that node's address; at first, when that was first asked. */
  private final Map<Integer, Long> reachedAt = new HashMap<>();

  private EnsembleNotice own;
  private boolean started;
  private @Nullable String unwritten;
  private String said = "";
  private long saidAt;

  /** Since when others are waited for; 0 if they are not. */
  private long awaitingSince;

  /** The rest of the daemon. */
  public interface Outside {
    /** All other nodes of the nodes file that are not deleted. */
    SortedSet<Integer> others();

    /** Whether somebody listens at the address of that node. */
    boolean isReached(int pnn);

    /** Asks a connected node; the reply comes once, also when the link goes down. */
    void ask(int pnn, byte[] notice, ControlReply reply);

    /** Tells a connected node, without a reply. */
    void tell(int pnn, byte[] notice);

    /** This node may have become one that may be a member. */
    void admitted();

    /** This node must not be a member any more. */
    void standBack(String why);

    /** The daemon is to end, and to be started again by its launcher. */
    void startAnew(String why);
  }

  /** What another node has said, and whether it can be asked. */
  private static final class Known {
    @Nullable EnsembleNotice notice;
    boolean connected;
    boolean older;
  }

  /**
   * @param byFile what the configuration of this node would have
   * @param recorded what stands on its disk, which comes first
   * @param clock nanoseconds of any origin
   */
  public EnsembleWatch(
      EnsembleRecord disk,
      String byFile,
      Optional<String> recorded,
      LongSupplier clock,
      Outside outside) {
    this.disk = disk;
    this.clock = clock;
    this.outside = outside;
    this.own = new EnsembleNotice(recorded.orElse(byFile), recorded.isPresent(), false);
    this.saidAt = clock.getAsLong() - REPEAT_NANOS;
  }

  /** With which servers this node works, or would if it had started its own yet. */
  public String inForce() {
    return own.ensemble();
  }

  // --- other nodes -------------------------------------------------------------------------------

  /** Asks the node at the other end. */
  public void linkUp(int pnn) {
    Known peer = known.computeIfAbsent(pnn, unknown -> new Known());
    peer.connected = true;
    peer.older = false;
    outside.ask(
        pnn,
        own.encode(),
        (status, data, error) -> {
          if (peer.connected) {
            answered(pnn, peer, status == 0 ? data : null);
          }
        });
    consider();
  }

  private void answered(int pnn, Known peer, byte @Nullable [] data) {
    if (data != null) {
      heard(pnn, data);
    } else if (peer.notice == null) {
      peer.older = true;
      consider();
    }
  }

  /** Before whatever was asked on this link is answered by its loss. */
  public void linkDown(int pnn) {
    Known peer = known.get(pnn);
    if (peer != null) {
      peer.connected = false;
      if (peer.notice != null && !peer.notice.acting()) {
        peer.notice = null;
      }
      consider();
    }
  }

  /**
   * A node has asked or told; the answer is what this node works with.
   *
   * @throws MalformedPacketException if it is no notice
   */
  public byte[] heard(int pnn, byte[] data) {
    EnsembleNotice notice = EnsembleNotice.decode(data);
    known.computeIfAbsent(pnn, unknown -> new Known()).notice = notice;
    consider();
    return own.encode();
  }

  private SortedMap<Integer, Peer> peers() {
    SortedMap<Integer, Peer> peers = new TreeMap<>();
    outside.others().forEach(pnn -> peers.put(pnn, view(pnn, known.get(pnn))));
    return peers;
  }

  private Peer view(int pnn, @Nullable Known peer) {
    if (peer != null && peer.notice != null) {
      return new EnsembleRule.Says(peer.notice, peer.connected);
    }
    if (peer != null && peer.connected) {
      return peer.older ? new EnsembleRule.Older() : new EnsembleRule.Asked();
    }
    long now = clock.getAsLong();
    if (outside.isReached(pnn)) {
      reachedAt.put(pnn, now);
      return new EnsembleRule.Listens();
    }
    return now - reachedAt.computeIfAbsent(pnn, first -> now) < ABSENT_NANOS
        ? new EnsembleRule.Unheard()
        : new EnsembleRule.Absent();
  }

  private void become(EnsembleNotice now) {
    if (!now.equals(own)) {
      own = now;
      known.forEach(
          (pnn, peer) -> {
            if (peer.connected && !peer.older) {
              outside.tell(pnn, own.encode());
            }
          });
    }
  }

  // --- at the start ------------------------------------------------------------------------------

  /**
   * Whether it is clear with which servers this node is to work, before it starts its own: its disk
   * tells, or all others have told.
   */
  public boolean settled() {
    if (own.firm()) {
      return true;
    }
    SortedMap<Integer, Peer> peers = peers();
    if (EnsembleRule.judge(own, peers) instanceof Adopt adopt) {
      return adopted(adopt);
    }
    boolean firm =
        peers.values().stream()
            .anyMatch(peer -> peer instanceof EnsembleRule.Says says && says.notice().firm());
    return firm
        || peers.values().stream()
            .allMatch(
                peer -> peer instanceof EnsembleRule.Says || peer instanceof EnsembleRule.Older);
  }

  private boolean adopted(Adopt adopt) {
    if (Ensemble.parse(adopt.ensemble()).isEmpty() || own.ensemble().equals(EXTERNAL)) {
      return true; // not to be taken over: this node will stand back
    }
    try {
      disk.write(adopt.ensemble());
    } catch (IOException e) {
      unwritten = cannotWrite(e);
      return true;
    }
    log.warn(
        "the cluster works with the ZooKeeper servers {}, says node {}: so does this node; its own"
            + " nodes file would have {}",
        adopt.ensemble(),
        adopt.pnn(),
        own.ensemble());
    become(new EnsembleNotice(adopt.ensemble(), true, false));
    return true;
  }

  /** The servers in force are in use from now on: another set needs another start. */
  public void started() {
    started = true;
    consider();
  }

  // --- while it runs -----------------------------------------------------------------------------

  /** Something may have changed. */
  public void consider() {
    if (!started) {
      return;
    }
    Verdict verdict = EnsembleRule.judge(own, peers());
    awaitingSince = verdict instanceof Await ? awaitingSince : 0;
    switch (verdict) {
      case Fit fit -> {
        others().ifPresent(this::complain);
        if (!own.acting()) {
          outside.admitted();
        }
      }
      case Await await -> {
        long now = clock.getAsLong();
        awaitingSince = awaitingSince == 0 ? now : awaitingSince;
        if (now - awaitingSince >= PATIENCE_NANOS) {
          complain(keptOut(await).orElseThrow());
        }
      }
      case Adopt adopt -> {
        if (takeable(adopt)) {
          startWith(adopt);
        } else {
          complain(keptOut(adopt).orElseThrow());
        }
      }
      case StandBack stand -> {
        String why = keptOut(stand).orElseThrow();
        complain(why);
        if (own.acting()) {
          outside.standBack(why);
        }
      }
    }
  }

  private boolean takeable(Adopt adopt) {
    return Ensemble.parse(adopt.ensemble()).isPresent()
        && !own.ensemble().equals(EXTERNAL)
        && unwritten == null;
  }

  private void startWith(Adopt adopt) {
    if (adopted(adopt) && unwritten == null) {
      started = false;
      outside.startAnew(
          "beginning again with the ZooKeeper servers of the cluster, " + adopt.ensemble());
    }
  }

  @Override
  public boolean admits() {
    if (!(EnsembleRule.judge(own, peers()) instanceof Fit) || !started) {
      return false;
    }
    if (own.firm()) {
      return true;
    }
    try {
      // Once in the life of a node's disk, and before it serves anybody.
      disk.write(own.ensemble());
    } catch (IOException e) {
      unwritten = cannotWrite(e);
      complain(unwritten);
      return false;
    }
    unwritten = null;
    log.info("{}: the ZooKeeper servers of this cluster are {}", disk.path(), own.ensemble());
    become(new EnsembleNotice(own.ensemble(), true, own.acting()));
    return true;
  }

  private String cannotWrite(IOException e) {
    return disk.path() + ": cannot be written: " + e;
  }

  @Override
  public void acting(boolean acting) {
    become(new EnsembleNotice(own.ensemble(), own.firm(), acting));
  }

  // --- for people --------------------------------------------------------------------------------

  /**
   * @param byFile what the configuration, as it is now, would have
   */
  public EnsembleStatus status(String byFile) {
    Optional<String> out =
        unwritten == null ? keptOut(EnsembleRule.judge(own, peers())) : Optional.of(unwritten);
    return new EnsembleStatus(
        own.ensemble(), byFile, out, out.isPresent() ? Optional.empty() : others());
  }

  private Optional<String> keptOut(Verdict verdict) {
    return switch (verdict) {
      case Fit fit -> Optional.empty();
      case Await await ->
          Optional.of(
              "this node does not take part yet, with the ZooKeeper servers "
                  + own.ensemble()
                  + ": nodes "
                  + await.pnns()
                  + " have not said with which they work. If such a node runs, see why there is no"
                  + " link to it: the nodes files must be equal on all nodes. "
                  + (own.firm()
                      ? "One that is off is not waited for"
                      : "On its first start this node goes on without those that are off for "
                          + TimeUnit.NANOSECONDS.toSeconds(ABSENT_NANOS)
                          + " s"));
      case Adopt adopt -> Optional.of(differing(adopt.pnn(), adopt.ensemble()));
      case StandBack stand -> Optional.of(differing(stand.pnn(), stand.ensemble()));
    };
  }

  private String differing(int pnn, String theirs) {
    return "this node keeps out of the cluster: it works with the ZooKeeper servers "
        + own.ensemble()
        + ", node "
        + pnn
        + " with "
        + theirs
        + ". Two sets of servers would make two clusters. If only this node is wrong: shut it down,"
        + " remove "
        + disk.path()
        + " here, start it. Otherwise shut down the daemons of all nodes, make the nodes files"
        + " equal, remove that file on every node, start them";
  }

  private Optional<String> others() {
    String differing =
        peers().entrySet().stream()
            .filter(
                peer ->
                    peer.getValue() instanceof EnsembleRule.Says says
                        && !says.notice().ensemble().equals(own.ensemble()))
            .map(peer -> "node " + peer.getKey() + " works with " + text(peer.getValue()))
            .collect(Collectors.joining(", "));
    return differing.isEmpty()
        ? Optional.empty()
        : Optional.of(
            differing
                + ", this node with the ZooKeeper servers "
                + own.ensemble()
                + ": it keeps out of the cluster until it works with the same");
  }

  private static String text(Peer peer) {
    return peer instanceof EnsembleRule.Says says ? says.notice().ensemble() : "";
  }

  /** At once, and then once a minute. */
  private void complain(String text) {
    long now = clock.getAsLong();
    if (!text.equals(said) || now - saidAt >= REPEAT_NANOS) {
      said = text;
      saidAt = now;
      log.error("{}", text);
    }
  }
}
