package io.jctdb.database.message;

import io.jctdb.database.Epoch;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How members keep each other's leases alive, and how they withhold them (docs/fencing.md). Not
 * tied to an epoch: they flow between all connected nodes. A node is named by its incarnation, so
 * that nothing said to or by an earlier life counts for the present one.
 */
public sealed interface LeaseMessage extends NodeMessage {

  /**
   * Are you there?
   *
   * @param incarnation of the sender
   * @param sentNanos when it was sent, on the sender's clock; comes back in the {@link Ack}
   */
  record Ping(long incarnation, long sentNanos) implements LeaseMessage {}

  /**
   * I am, and you may go on.
   *
   * @param incarnation of the sender
   * @param pingIncarnation the incarnation that the ping named
   * @param sentNanos as in the ping
   * @param frozenEpoch the epoch that the sender holds on to because it has no ZooKeeper quorum and
   *     has had none for a while; {@link Epoch#NONE} otherwise
   * @param promised the highest epoch that the sender has promised in this life: by it a member at
   *     a remote site, which promises nothing, knows for which epoch the acknowledgement counts
   */
  record Ack(
      long incarnation, long pingIncarnation, long sentNanos, long frozenEpoch, long promised)
      implements LeaseMessage {}

  /**
   * A promise: the sender does not acknowledge this life of a member again while {@code epoch} is
   * the committed one.
   *
   * @param incarnation of the sender
   * @param epoch the committed epoch in which both are members
   * @param pnn the silent member
   * @param ofIncarnation and its incarnation
   * @param ageNanos how long ago the sender last acknowledged a ping of it, or could have
   * @param heardAgain whether pings of it arrive now
   */
  record Silent(
      long incarnation, long epoch, int pnn, long ofIncarnation, long ageNanos, boolean heardAgain)
      implements LeaseMessage {}

  /**
   * From the leader, with every proposal of an epoch: which lives it is made of.
   *
   * @param number of the epoch
   * @param incarnations incarnation by pnn
   */
  record Lives(long number, SortedMap<Integer, Long> incarnations) implements LeaseMessage {
    public Lives {
      incarnations = Collections.unmodifiableSortedMap(new TreeMap<>(incarnations));
    }
  }

  /** Writes the message's type and body. */
  static void encode(LeaseMessage message, WireWriter out) {
    switch (message) {
      case Ping m -> out.u8(0).i64(m.incarnation).i64(m.sentNanos);
      case Ack m ->
          out.u8(1)
              .i64(m.incarnation)
              .i64(m.pingIncarnation)
              .i64(m.sentNanos)
              .i64(m.frozenEpoch)
              .i64(m.promised);
      case Silent m ->
          out.u8(2)
              .i64(m.incarnation)
              .i64(m.epoch)
              .i32(m.pnn)
              .i64(m.ofIncarnation)
              .i64(m.ageNanos)
              .flag(m.heardAgain);
      case Lives m -> {
        out.u8(3).i64(m.number).i32(m.incarnations.size());
        m.incarnations.forEach((pnn, incarnation) -> out.i32(pnn).i64(incarnation));
      }
    }
  }

  static LeaseMessage decode(WireReader in) {
    int type = in.u8();
    return switch (type) {
      case 0 -> new Ping(in.i64(), in.i64());
      case 1 -> new Ack(in.i64(), in.i64(), in.i64(), in.i64(), in.i64());
      case 2 -> new Silent(in.i64(), in.i64(), in.i32(), in.i64(), in.i64(), in.flag());
      case 3 -> new Lives(in.i64(), incarnations(in));
      default -> throw new MalformedMessageException("lease message type " + type);
    };
  }

  private static SortedMap<Integer, Long> incarnations(WireReader in) {
    int count = in.count(Integer.BYTES + Long.BYTES);
    SortedMap<Integer, Long> incarnations = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      incarnations.put(in.i32(), in.i64());
    }
    return incarnations;
  }
}
