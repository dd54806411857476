package io.jctdb.database.message;

/**
 * What members tell each other so that a silent or a remote one need not be asked: that they are
 * there, whom they have set aside, and who may have which records. docs/protocol.md tells the
 * story.
 *
 * <p>Like record messages these belong to an epoch and are dropped in any other.
 */
public sealed interface KeeperMessage extends NodeMessage {
  /** In {@link Alive#setAside}. */
  int NOBODY = -1;

  /** The most fingerprints in one {@link Copies}. */
  int COPIES_MAX = 4096;

  /** The epoch's number. */
  long epoch();

  /**
   * Sent to a member that got nothing else for a while, and always by who has set a member aside.
   *
   * @param setAside the member whose orders the sender refuses for the rest of the epoch, or {@link
   *     #NOBODY}
   * @param hearsAll whether the sender hears all other members
   */
  record Alive(long epoch, int setAside, boolean hearsAll) implements KeeperMessage {}

  /**
   * A member to its keeper: I have copies of the records with these fingerprints (64-bit hashes,
   * {@code Fingerprints}). Sent again until answered.
   *
   * @param part counts from 1
   * @param last whether this was all
   */
  record Copies(long epoch, int part, boolean last, long[] fingerprints) implements KeeperMessage {}

  /** The keeper: remembered up to {@code part}. */
  record Noted(long epoch, int part) implements KeeperMessage {}

  /**
   * A member of the main site that has not been one for long enough, to the others: tell me which
   * records that remote member may have. To the remote member itself: which ones you have.
   *
   * @param round grows with each attempt; the parts of two rounds do not fit together
   * @param part counts from 1; 0, to the remote member only: since when have you been one
   */
  record AskNotes(long epoch, int remote, int round, int part) implements KeeperMessage {}

  /** Who knows: it may have the records with these fingerprints. */
  record Notes(long epoch, int remote, int round, int part, boolean last, long[] fingerprints)
      implements KeeperMessage {}

  /** The remote member: I had no copies before epoch {@code number}. */
  record Since(long epoch, long number) implements KeeperMessage {}

  static void encode(KeeperMessage message, WireWriter out) {
    switch (message) {
      case Alive m -> out.u8(0).i64(m.epoch).i32(m.setAside).flag(m.hearsAll);
      case Copies m -> {
        out.u8(1).i64(m.epoch).i32(m.part).flag(m.last);
        fingerprints(m.fingerprints, out);
      }
      case Noted m -> out.u8(2).i64(m.epoch).i32(m.part);
      case AskNotes m -> out.u8(3).i64(m.epoch).i32(m.remote).i32(m.round).i32(m.part);
      case Notes m -> {
        out.u8(4).i64(m.epoch).i32(m.remote).i32(m.round).i32(m.part).flag(m.last);
        fingerprints(m.fingerprints, out);
      }
      case Since m -> out.u8(5).i64(m.epoch).i64(m.number);
    }
  }

  static KeeperMessage decode(WireReader in) {
    int type = in.u8();
    long epoch = in.i64();
    return switch (type) {
      case 0 -> new Alive(epoch, in.i32(), in.flag());
      case 1 -> new Copies(epoch, in.i32(), in.flag(), fingerprints(in));
      case 2 -> new Noted(epoch, in.i32());
      case 3 -> new AskNotes(epoch, in.i32(), in.i32(), in.i32());
      case 4 -> new Notes(epoch, in.i32(), in.i32(), in.i32(), in.flag(), fingerprints(in));
      case 5 -> new Since(epoch, in.i64());
      default -> throw new MalformedMessageException("keeper message type " + type);
    };
  }

  private static void fingerprints(long[] fingerprints, WireWriter out) {
    out.i32(fingerprints.length);
    for (long fingerprint : fingerprints) {
      out.i64(fingerprint);
    }
  }

  private static long[] fingerprints(WireReader in) {
    int count = in.count(Long.BYTES);
    if (count > COPIES_MAX) {
      throw new MalformedMessageException(count + " fingerprints in one message");
    }
    long[] fingerprints = new long[count];
    for (int i = 0; i < count; i++) {
      fingerprints[i] = in.i64();
    }
    return fingerprints;
  }
}
