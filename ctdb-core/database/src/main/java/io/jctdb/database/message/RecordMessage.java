package io.jctdb.database.message;

import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordHeader;
import java.util.Collections;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What members say to each other about single records of volatile databases.
 *
 * <p>One migration is {@code LOCATE} (requester to lmaster), {@code YIELD} (lmaster to owner),
 * {@code GRANT} (owner to requester), {@code ACQUIRED} (requester to lmaster). The others are for
 * the lmaster that does not know the owner, for deletion, and for read-only copies.
 * docs/protocol.md tells the whole story.
 *
 * <p>Every message carries the number of the epoch that it belongs to; in any other it is dropped.
 *
 * <p>Two numbers make late and repeated messages harmless. A <em>ticket</em> is chosen by the
 * requester, once per visit of a record, and a grant is taken only against the ticket that is open.
 * A <em>move</em> is chosen by the lmaster, once per attempt, and an answer counts only for the
 * attempt that is running.
 */
public sealed interface RecordMessage extends NodeMessage {
  /** In {@link Yield#rsn}: hand over only if you are the owner. */
  long IF_OWNER = -1;

  /** In {@link Answer#mayHave}. */
  int ANYBODY = -1;

  /** The epoch's number. */
  long epoch();

  int dbId();

  Key key();

  /**
   * Requester to lmaster: bring me this record. Sent again while unanswered.
   *
   * @param copyWillDo it is only to be read: its owner may keep it, and send a read-only copy
   */
  record Locate(long epoch, int dbId, Key key, long ticket, boolean copyWillDo)
      implements RecordMessage {}

  /**
   * Lmaster to the node that is to hand over.
   *
   * @param rsn {@link #IF_OWNER}, or the rsn of the copy that is adopted because nobody owns the
   *     record
   * @param copyWillDo stay the owner, and send the requester a read-only copy
   * @param hops messages between nodes on the way so far, for statistics only
   * @param behind what the requester's copies must have before it takes the record; nothing unless
   *     it is remote and the record a lock ({@code BehindCommits})
   */
  record Yield(
      long epoch,
      int dbId,
      Key key,
      long move,
      int requester,
      long ticket,
      long rsn,
      boolean copyWillDo,
      int hops,
      CopyNumbers behind)
      implements RecordMessage {
    public Yield(
        long epoch, int dbId, Key key, long move, int requester, long ticket, long rsn, int hops) {
      this(epoch, dbId, key, move, requester, ticket, rsn, false, hops, CopyNumbers.NONE);
    }
  }

  /** The asked node to lmaster: the condition of your {@link Yield} does not hold here. */
  record NotOwner(long epoch, int dbId, Key key, long move) implements RecordMessage {}

  /**
   * Previous owner (or, for a record that nobody has, the lmaster) to requester: it is yours.
   *
   * @param rsn of the giver's copy; 0 for a new record
   * @param flags of the record header; with {@link RecordHeader#RO_HAVE_READONLY} it is a read-only
   *     copy to be stored as it is, and the giver stays the owner
   * @param behind as in {@link Yield}
   */
  record Grant(
      long epoch,
      int dbId,
      Key key,
      long ticket,
      long rsn,
      int flags,
      int hops,
      byte[] data,
      CopyNumbers behind)
      implements RecordMessage {
    public Grant(
        long epoch, int dbId, Key key, long ticket, long rsn, int flags, int hops, byte[] data) {
      this(epoch, dbId, key, ticket, rsn, flags, hops, data, CopyNumbers.NONE);
    }
  }

  /** Requester to lmaster: I own the record. */
  record Acquired(long epoch, int dbId, Key key, long ticket) implements RecordMessage {}

  /** Requester to lmaster: I have a read-only copy; the owner is who it was. */
  record Copied(long epoch, int dbId, Key key, long ticket) implements RecordMessage {}

  /** Requester to lmaster: I no longer want it; what was granted stays with the giver. */
  record Declined(long epoch, int dbId, Key key, long ticket) implements RecordMessage {}

  /**
   * Lmaster to every member that may have a copy: what do you have?
   *
   * @param requester for whom
   * @param keeper who is to remember, before it answers, that the requester may get the record;
   *     {@link KeeperMessage#NOBODY} if nobody need
   */
  record Query(long epoch, int dbId, Key key, long move, int requester, int keeper)
      implements RecordMessage {}

  /**
   * Member to lmaster. {@code rsn} is 0 when absent.
   *
   * @param vouches the member whose keeper this node is has no copy of the record
   * @param mayHave members that may have a newer copy, as far as this node knows; {@link #ANYBODY}
   *     among them if it cannot know
   */
  record Answer(
      long epoch,
      int dbId,
      Key key,
      long move,
      Holding holding,
      long rsn,
      boolean vouches,
      SortedSet<Integer> mayHave)
      implements RecordMessage {
    public Answer {
      mayHave = Collections.unmodifiableSortedSet(new TreeSet<>(mayHave));
    }
  }

  /** Owner to lmaster: this record is empty at {@code rsn}; have it removed everywhere. */
  record Bury(long epoch, int dbId, Key key, long rsn) implements RecordMessage {}

  /**
   * Lmaster to every member that may have a copy, but the owner: delete it unless it is newer than
   * {@code rsn}.
   *
   * @param owner its keeper remembers that the owner has the record before it answers
   */
  record Purge(long epoch, int dbId, Key key, long move, long rsn, int owner)
      implements RecordMessage {}

  /** Member to lmaster: {@code done} if no copy is left here. */
  record Purged(long epoch, int dbId, Key key, long move, boolean done) implements RecordMessage {}

  /**
   * Lmaster to owner: yours is the last copy; delete it if still empty, yours and at {@code rsn}.
   */
  record Inter(long epoch, int dbId, Key key, long move, long rsn) implements RecordMessage {}

  /** Owner to lmaster: {@code done} if the record is gone. */
  record Interred(long epoch, int dbId, Key key, long move, boolean done)
      implements RecordMessage {}

  /**
   * Lmaster to the members of the main site: nobody has a copy any more; what you remember of who
   * may have one is over.
   *
   * @param number grows with each Forget of this lmaster; what comes late is too late, the record
   *     may exist again
   */
  record Forget(long epoch, int dbId, Key key, long number) implements RecordMessage {}

  /**
   * Lmaster to every member of the main site, before a remote one may get the record: note that.
   *
   * @param forgets the highest {@link Forget#number} that this lmaster has sent before
   */
  record Note(long epoch, int dbId, Key key, long move, int requester, long forgets)
      implements RecordMessage {}

  /** Member of the main site to lmaster: noted. */
  record NoteTaken(long epoch, int dbId, Key key, long move) implements RecordMessage {}

  /**
   * Owner to each member that may have a read-only copy: nobody may read it any more, and what is
   * still on its way to you is not to be taken. Sent again until answered.
   *
   * @param rsn of the owner's copy: that of a newer read-only copy is higher
   */
  record Revoke(long epoch, int dbId, Key key, long rsn) implements RecordMessage {}

  /** Member to owner: so it is. */
  record Revoked(long epoch, int dbId, Key key, long rsn) implements RecordMessage {}

  /** What a member has of a record. */
  enum Holding {
    ABSENT,
    COPY,
    OWNER
  }

  /**
   * Type, epoch, database and key come first in every message. Where a copy will do, LOCATE and
   * YIELD are other types, so that daemons that know of no copies understand all others.
   */
  static void encode(RecordMessage message, WireWriter out) {
    switch (message) {
      case Locate m -> head(m.copyWillDo ? 19 : 0, m, out).i64(m.ticket);
      case Yield m -> {
        int type = m.copyWillDo ? 20 : 1;
        head(type, m, out).i64(m.move).i32(m.requester).i64(m.ticket).i64(m.rsn).i32(m.hops);
        CopyNumbers.write(m.behind, out);
      }
      case NotOwner m -> head(2, m, out).i64(m.move);
      case Grant m -> {
        head(3, m, out).i64(m.ticket).i64(m.rsn).i32(m.flags).i32(m.hops).bytes(m.data);
        CopyNumbers.write(m.behind, out);
      }
      case Acquired m -> head(4, m, out).i64(m.ticket);
      case Declined m -> head(5, m, out).i64(m.ticket);
      case Query m -> head(6, m, out).i64(m.move).i32(m.requester).i32(m.keeper);
      case Answer m ->
          head(7, m, out)
              .i64(m.move)
              .u8(code(m.holding))
              .i64(m.rsn)
              .flag(m.vouches)
              .pnns(m.mayHave);
      case Bury m -> head(8, m, out).i64(m.rsn);
      case Purge m -> head(9, m, out).i64(m.move).i64(m.rsn).i32(m.owner);
      case Purged m -> head(10, m, out).i64(m.move).flag(m.done);
      case Inter m -> head(11, m, out).i64(m.move).i64(m.rsn);
      case Interred m -> head(12, m, out).i64(m.move).flag(m.done);
      case Forget m -> head(13, m, out).i64(m.number);
      case Note m -> head(14, m, out).i64(m.move).i32(m.requester).i64(m.forgets);
      case NoteTaken m -> head(15, m, out).i64(m.move);
      case Copied m -> head(16, m, out).i64(m.ticket);
      case Revoke m -> head(17, m, out).i64(m.rsn);
      case Revoked m -> head(18, m, out).i64(m.rsn);
    }
  }

  static RecordMessage decode(WireReader in) {
    int type = in.u8();
    long epoch = in.i64();
    int dbId = in.i32();
    Key key = in.key();
    return switch (type) {
      case 0 -> new Locate(epoch, dbId, key, in.i64(), false);
      case 1 -> readYield(epoch, dbId, key, false, in);
      case 2 -> new NotOwner(epoch, dbId, key, in.i64());
      case 3 ->
          new Grant(
              epoch,
              dbId,
              key,
              in.i64(),
              in.i64(),
              in.i32(),
              in.i32(),
              in.bytes(),
              CopyNumbers.read(in));
      case 4 -> new Acquired(epoch, dbId, key, in.i64());
      case 5 -> new Declined(epoch, dbId, key, in.i64());
      case 6 -> new Query(epoch, dbId, key, in.i64(), in.i32(), in.i32());
      case 7 ->
          new Answer(epoch, dbId, key, in.i64(), holding(in.u8()), in.i64(), in.flag(), in.pnns());
      case 8 -> new Bury(epoch, dbId, key, in.i64());
      case 9 -> new Purge(epoch, dbId, key, in.i64(), in.i64(), in.i32());
      case 10 -> new Purged(epoch, dbId, key, in.i64(), in.flag());
      case 11 -> new Inter(epoch, dbId, key, in.i64(), in.i64());
      case 12 -> new Interred(epoch, dbId, key, in.i64(), in.flag());
      case 13 -> new Forget(epoch, dbId, key, in.i64());
      case 14 -> new Note(epoch, dbId, key, in.i64(), in.i32(), in.i64());
      case 15 -> new NoteTaken(epoch, dbId, key, in.i64());
      case 16 -> new Copied(epoch, dbId, key, in.i64());
      case 17 -> new Revoke(epoch, dbId, key, in.i64());
      case 18 -> new Revoked(epoch, dbId, key, in.i64());
      case 19 -> new Locate(epoch, dbId, key, in.i64(), true);
      case 20 -> readYield(epoch, dbId, key, true, in);
      default -> throw new MalformedMessageException("record message type " + type);
    };
  }

  private static Yield readYield(long epoch, int dbId, Key key, boolean copyWillDo, WireReader in) {
    return new Yield(
        epoch,
        dbId,
        key,
        in.i64(),
        in.i32(),
        in.i64(),
        in.i64(),
        copyWillDo,
        in.i32(),
        CopyNumbers.read(in));
  }

  private static WireWriter head(int type, RecordMessage message, WireWriter out) {
    return out.u8(type).i64(message.epoch()).i32(message.dbId()).key(message.key());
  }

  private static int code(Holding holding) {
    return switch (holding) {
      case ABSENT -> 0;
      case COPY -> 1;
      case OWNER -> 2;
    };
  }

  private static Holding holding(int code) {
    return switch (code) {
      case 0 -> Holding.ABSENT;
      case 1 -> Holding.COPY;
      case 2 -> Holding.OWNER;
      default -> throw new MalformedMessageException("holding " + code);
    };
  }
}
