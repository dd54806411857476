package io.jctdb.database.record;

import io.jctdb.database.Epoch;
import io.jctdb.database.message.KeeperMessage;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Who is silent, and who is set aside for it.
 *
 * <p>To <em>set a member aside</em> is to refuse its orders as lmaster for the rest of the epoch.
 * Each member does that to one member at most, and never takes it back; who hears that another has
 * done it, does the same. When all members but that one have, its slots are in other hands ({@link
 * #agreed}). All but one must agree, and each agrees to one only, so there is at most one.
 *
 * <p>Who has {@linkplain Member#isDead died} is silent from then on, whatever still comes of what
 * it said before.
 *
 * <p>A connection that breaks counts as much as that silence: hosts that are cut off break none,
 * but the kernel closes those of a daemon that has been killed, at once.
 *
 * <p>Silence counts only while this node runs, and a node that hears several members no more blames
 * none of them: the fault is more likely here.
 */
final class Watch {
  /** What is known of another member in the present epoch. */
  private static final class Peer {
    /** Since the last tick. */
    boolean heard;

    boolean spokenTo;

    /** It has begun the epoch, too. */
    boolean present;

    long silentNanos;
    int setAside = KeeperMessage.NOBODY;
    boolean hearsAll;
  }

  /** What the roles of the engine do when a member is done without. */
  interface Roles {
    /** From now on this node refuses that member's orders; its slots are elsewhere. */
    void setAside(int pnn);

    /** All members but that one have set it aside. */
    void agreed();

    /** Somebody is quiet; told with every tick. */
    void quiet();
  }

  /** A tick that comes later than this many beats says that this node stood still. */
  private static final int LATE = 3;

  private final Member member;
  private final Roles roles;
  private AsideListener listener = AsideListener.NOBODY;
  private SortedMap<Integer, Peer> peers = new TreeMap<>();
  private long epoch = Epoch.NONE;
  private long lastTick;
  private boolean anybodyQuiet;
  private boolean backAgain;
  private boolean agreed;
  private int setAside = KeeperMessage.NOBODY;
  private long setAsideAt;
  private long wellNanos;
  private final AsidePatience patience;

  Watch(Member member, Roles roles) {
    this.member = member;
    this.roles = roles;
    this.patience = new AsidePatience(member.tunables().aside());
  }

  void listener(AsideListener heard) {
    listener = heard;
  }

  void epochStarted(Epoch started) {
    clear();
    if (started.members().size() > 1 && member.tunables().aside().isOn()) {
      epoch = started.number();
      for (int pnn : started.members()) {
        if (pnn != member.self()) {
          peers.put(pnn, new Peer());
        }
      }
      lastTick = member.now();
      arm();
    }
  }

  void clear() {
    epoch = Epoch.NONE;
    peers = new TreeMap<>();
    anybodyQuiet = false;
    agreed = false;
    backAgain = false;
    setAside = KeeperMessage.NOBODY;
    wellNanos = 0;
  }

  /** The more members, the fewer signs of life to each, so that all of them cost little. */
  private long beatNanos() {
    return member.tunables().aside().beatNanos() * (1 + peers.size() / 10);
  }

  private void arm() {
    long begun = epoch;
    member.after(
        beatNanos(),
        () -> {
          if (begun == epoch) {
            arm();
            tick();
          }
        });
  }

  // ---- what is asked ----

  /** Everybody has refused what {@link #setAside} orders, and does. */
  boolean agreed() {
    return agreed;
  }

  boolean isQuiet(int pnn) {
    Peer peer = anybodyQuiet ? peers.get(pnn) : null;
    return member.isDead(pnn) || (peer != null && quiet(pnn, peer));
  }

  private boolean quiet(int pnn, Peer peer) {
    return member.isDead(pnn) || peer.silentNanos >= member.tunables().aside().quietNanos();
  }

  // ---- what happens ----

  void tellOfWait(RecordId id, int pnn, long nanos, WaitReason reason) {
    member.counters().waits++;
    listener.waited(id.dbId(), id.key(), pnn, nanos, reason);
  }

  void spokenTo(int pnn) {
    Peer peer = peers.get(pnn);
    if (peer != null) {
      peer.spokenTo = true;
    }
  }

  /** Something of the present epoch has come from that node. */
  void heard(int pnn) {
    Peer peer = peers.get(pnn);
    if (peer != null) {
      peer.heard = true;
      peer.silentNanos = 0;
    }
  }

  /** The connection to that node has broken, after all that has come over it. */
  void linkLost(int pnn) {
    Peer peer = peers.get(pnn);
    if (peer == null || !peer.present || isRemote(pnn) || !member.isOpen()) {
      return;
    }
    peer.heard = false;
    peer.silentNanos = Math.max(peer.silentNanos, member.tunables().aside().silenceNanos());
    // Who is to blame is seen at the next tick: if all connections break at once, nobody else is.
  }

  /** Of the present epoch. */
  void died() {
    anybodyQuiet = true;
    if (member.isOpen() && !peers.isEmpty()) {
      suspect();
    }
  }

  void alive(int from, KeeperMessage.Alive m) {
    Peer peer = peers.get(from);
    if (peer == null) {
      return;
    }
    peer.hearsAll = m.hearsAll();
    if (m.setAside() == KeeperMessage.NOBODY || !member.inEpoch().hasMember(m.setAside())) {
      return;
    }
    peer.setAside = m.setAside();
    if (setAside == KeeperMessage.NOBODY) {
      setAside(m.setAside());
    }
    reckon();
  }

  private void tick() {
    if (!member.isOpen()) {
      lastTick = member.now();
      return;
    }
    long now = member.now();
    long passed = now - lastTick;
    lastTick = now;
    if (passed > LATE * beatNanos()) {
      passed = 0; // this node stood still: what others said meanwhile is still to be read
    }
    boolean someoneQuiet = false;
    for (Map.Entry<Integer, Peer> entry : peers.entrySet()) {
      Peer peer = entry.getValue();
      if (peer.heard) {
        peer.present = true;
        peer.silentNanos = 0;
      } else if (peer.present) {
        peer.silentNanos += passed;
      }
      peer.heard = false;
      someoneQuiet |=
          member.isDead(entry.getKey()) || (peer.present && quiet(entry.getKey(), peer));
    }
    anybodyQuiet = someoneQuiet;
    suspect();
    lookWhetherItIsBack(now);
    lookWhetherAllIsWell(passed);
    beat(setAside != KeeperMessage.NOBODY);
    if (anybodyQuiet) {
      roles.quiet();
    }
  }

  private void beat(boolean all) {
    KeeperMessage alive = new KeeperMessage.Alive(member.epochNumber(), setAside, hearsAll());
    peers.forEach(
        (pnn, peer) -> {
          if (all || !peer.spokenTo) {
            member.send(pnn, alive);
          }
          peer.spokenTo = false;
        });
  }

  private boolean hearsAll() {
    long silenceNanos = patience.silenceNanos(member.now());
    return peers.entrySet().stream()
        .filter(entry -> !isRemote(entry.getKey()))
        .allMatch(
            entry ->
                entry.getValue().present
                    && entry.getValue().silentNanos < silenceNanos
                    && !member.isDead(entry.getKey()));
  }

  /** At a remote site: a line that is bad for a moment says nothing of its nodes. */
  private boolean isRemote(int pnn) {
    return member.inEpoch().isRemote(pnn);
  }

  /** Sets aside who alone is silent among at least two others. */
  private void suspect() {
    if (setAside != KeeperMessage.NOBODY
        || !anybodyQuiet
        || member.inEpoch().voters().size() < 3
        || isRemote(member.self())) {
      return;
    }
    long silenceNanos = patience.silenceNanos(member.now());
    int suspect = KeeperMessage.NOBODY;
    for (Map.Entry<Integer, Peer> entry : peers.entrySet()) {
      Peer peer = entry.getValue();
      if (isRemote(entry.getKey())) {
        continue;
      }
      boolean silent = peer.silentNanos >= silenceNanos || member.isDead(entry.getKey());
      if (silent && suspect == KeeperMessage.NOBODY) {
        suspect = entry.getKey();
      } else if (!peer.present || quiet(entry.getKey(), peer)) {
        return;
      }
    }
    if (suspect != KeeperMessage.NOBODY) {
      setAside(suspect);
      reckon();
    }
  }

  private void setAside(int pnn) {
    setAside = pnn;
    setAsideAt = member.now();
    backAgain = false;
    Peer peer = peers.get(pnn);
    listener.setAside(epoch, pnn, peer == null ? 0 : peer.silentNanos);
    member.counters().setAside++;
    member.setAside(pnn);
    beat(true); // before anything that rests on it
    roles.setAside(pnn);
  }

  private void reckon() {
    if (agreed || setAside == KeeperMessage.NOBODY || peers.size() < 2) {
      return;
    }
    for (Map.Entry<Integer, Peer> entry : peers.entrySet()) {
      if (entry.getKey() != setAside && entry.getValue().setAside != setAside) {
        return;
      }
    }
    agreed = true;
    roles.agreed();
  }

  private void lookWhetherItIsBack(long now) {
    Peer peer = peers.get(setAside);
    if (peer != null && !backAgain && !quiet(setAside, peer)) {
      backAgain = true;
      listener.backAgain(epoch, setAside, now - setAsideAt);
      patience.falseAlarm(now);
    }
  }

  /** The one that is set aside gets its slots back with a new epoch of the same members. */
  private void lookWhetherAllIsWell(long passed) {
    boolean well =
        setAside != KeeperMessage.NOBODY
            && hearsAll()
            && peers.entrySet().stream()
                .allMatch(entry -> isRemote(entry.getKey()) || entry.getValue().hearsAll);
    wellNanos = well ? wellNanos + passed : 0;
    if (wellNanos >= member.tunables().aside().mendedNanos()) {
      wellNanos = 0; // and again, as long as nothing happens
      listener.mended(epoch);
    }
  }

  @Nullable Integer whoIsAside() {
    return setAside == KeeperMessage.NOBODY ? null : setAside;
  }
}
