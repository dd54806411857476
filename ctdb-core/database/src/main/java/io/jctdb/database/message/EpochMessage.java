package io.jctdb.database.message;

import io.jctdb.database.Epoch;
import java.util.Collections;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;

/**
 * The change of epoch, between the leader's {@code EpochCoordinator} and every member's {@code
 * EpochParticipant}. Each message is sent again until it is answered, so all may arrive repeatedly.
 */
public sealed interface EpochMessage extends NodeMessage {

  /** The number of the epoch that is being prepared. */
  long number();

  /**
   * Leader to each member of {@code next}: stop the record traffic of earlier epochs, and promise.
   *
   * @param base number of the committed epoch that {@code next} replaces, {@link Epoch#NONE} if
   *     none
   * @param lives incarnation by pnn of which {@code next} is made; who is another does not promise.
   *     Empty where nobody tells incarnations apart
   */
  record Prepare(long base, Epoch next, SortedMap<Integer, Long> lives) implements EpochMessage {
    public Prepare {
      lives = Collections.unmodifiableSortedMap(new TreeMap<>(lives));
    }

    public Prepare(long base, Epoch next) {
      this(base, next, Collections.emptySortedMap());
    }

    @Override
    public long number() {
      return next.number();
    }
  }

  /** Member to leader: I take no part any more in any epoch before this number. */
  record Promise(long number) implements EpochMessage {}

  /** Member to leader: I have already promised the higher number {@code promised}. */
  record Refuse(long number, long promised) implements EpochMessage {}

  /** Leader to each member: all have promised and the epoch is in ZooKeeper; begin. */
  record Commit(long number) implements EpochMessage {}

  /** Member to leader: begun. */
  record Started(long number) implements EpochMessage {}

  static void encode(EpochMessage message, WireWriter out) {
    switch (message) {
      case Prepare m -> {
        epoch(m.next, out.u8(0).i64(m.base));
        out.i32(m.lives.size());
        m.lives.forEach((pnn, incarnation) -> out.i32(pnn).i64(incarnation));
      }
      case Promise m -> out.u8(1).i64(m.number);
      case Refuse m -> out.u8(2).i64(m.number).i64(m.promised);
      case Commit m -> out.u8(3).i64(m.number);
      case Started m -> out.u8(4).i64(m.number);
    }
  }

  static EpochMessage decode(WireReader in) {
    int type = in.u8();
    return switch (type) {
      case 0 -> new Prepare(in.i64(), epoch(in), lives(in));
      case 1 -> new Promise(in.i64());
      case 2 -> new Refuse(in.i64(), in.i64());
      case 3 -> new Commit(in.i64());
      case 4 -> new Started(in.i64());
      default -> throw new MalformedMessageException("epoch message type " + type);
    };
  }

  private static void epoch(Epoch epoch, WireWriter out) {
    out.i64(epoch.number());
    out.pnns(epoch.members()).pnns(epoch.lmasters()).pnns(epoch.remote());
  }

  private static SortedMap<Integer, Long> lives(WireReader in) {
    int count = in.count(Integer.BYTES + Long.BYTES);
    SortedMap<Integer, Long> lives = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      lives.put(in.i32(), in.i64());
    }
    return lives;
  }

  private static Epoch epoch(WireReader in) {
    long number = in.i64();
    SortedSet<Integer> members = in.pnns();
    SortedSet<Integer> lmasters = in.pnns();
    SortedSet<Integer> remote = in.pnns();
    try {
      return new Epoch(number, members, lmasters, remote);
    } catch (IllegalArgumentException e) {
      throw new MalformedMessageException("prepared epoch", e);
    }
  }
}
