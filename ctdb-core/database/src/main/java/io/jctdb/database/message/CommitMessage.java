package io.jctdb.database.message;

import io.jctdb.database.DatabaseType;
import io.jctdb.database.Databases.DurableDatabase;
import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.StoredRecord;
import io.jctdb.store.TransactionStore.Update;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Transactions on persistent and replicated databases, and their reconciliation after an epoch
 * change. Every message carries its epoch; one of another epoch is dropped. Everything is repeated
 * until it is answered, and everything may arrive twice.
 */
public sealed interface CommitMessage extends NodeMessage {
  long epoch();

  /** Which databases do you have? */
  record AskDatabases(long epoch) implements CommitMessage {}

  record HaveDatabases(long epoch, List<DurableDatabase> databases) implements CommitMessage {
    public HaveDatabases {
      databases = List.copyOf(databases);
    }
  }

  /**
   * Member to sequencer: tell me when my copy of this database is level with the others'.
   *
   * @param redirected the member that would be the sequencer by rule has named the receiver instead
   */
  record AskReady(long epoch, DurableDatabase database, boolean redirected)
      implements CommitMessage {}

  record Ready(long epoch, int dbId) implements CommitMessage {}

  /** To who asked for the sequencer, from who would be it by rule: that node is, in this epoch. */
  record Moved(long epoch, int dbId, int sequencer) implements CommitMessage {}

  /** Sequencer to member: what have you got? */
  record AskState(long epoch, DurableDatabase database) implements CommitMessage {}

  /**
   * @param sequenceNumber {@link #UNREADABLE} if the copy cannot be read, {@link #ABSENT} if there
   *     can be none on that node
   * @param stamp rsn of the sequence number record
   * @param fresh the copy has not been made equal to others since this daemon started, or joined
   * @param prepared what was promised and not yet applied
   */
  record State(
      long epoch,
      int dbId,
      long sequenceNumber,
      long stamp,
      boolean fresh,
      @Nullable CommitBatch prepared)
      implements CommitMessage {
    public static final long UNREADABLE = -1;
    public static final long ABSENT = -2;

    /** A node that has no copy to speak of. */
    public static State without(long epoch, int dbId, long why) {
      return new State(epoch, dbId, why, 0, true, null);
    }
  }

  /**
   * Sequencer to a member whose copy is behind: get one that has at least this sequence number. The
   * others go on meanwhile; what they write follows as {@link Follow}.
   */
  record Fetch(long epoch, int dbId, int source, long level) implements CommitMessage {}

  /**
   * Asks for one part of a copy. The first question (number 0) makes the receiver take a snapshot.
   *
   * @param copy chosen by the asker, new for each copy
   * @param sequenceNumber of the asker's present content, with its stamp and its digest, so that
   *     nothing need be sent if it is the same
   */
  record AskPart(
      long epoch, int dbId, long copy, int number, long sequenceNumber, long stamp, long digest)
      implements CommitMessage {}

  /**
   * A part of a whole copy. The receiver replaces its own with it when it has the last part.
   *
   * @param number {@link #UNKNOWN} if there is no such copy any more: begin another
   * @param same the asker has this very content already; there are no records
   */
  record Part(
      long epoch, int dbId, long copy, int number, boolean last, boolean same, List<Update> records)
      implements CommitMessage {
    public static final int UNKNOWN = -1;

    public Part {
      records = List.copyOf(records);
    }
  }

  /** Sequencer to a member that is catching up: this has been written by the others. */
  record Follow(long epoch, int dbId, CommitBatch batch) implements CommitMessage {}

  /** A client's transaction on its way to the sequencer. */
  record Submit(
      long epoch,
      DurableDatabase database,
      boolean redirected,
      CommitBatch.Id id,
      List<Update> updates)
      implements CommitMessage {
    public Submit {
      updates = List.copyOf(updates);
    }
  }

  /**
   * What became of a client's transaction.
   *
   * @param number the sequence number of a content that has it; a node whose copy follows at a
   *     distance tells its client when its own copy has come so far. -1 if it was not written
   */
  record Result(long epoch, int dbId, CommitBatch.Id id, int status, String error, long number)
      implements CommitMessage {}

  /** Phase one: keep this, so that whoever survives can complete it. */
  record Prepare(long epoch, int dbId, CommitBatch batch) implements CommitMessage {}

  record Prepared(long epoch, int dbId, long sequenceNumber) implements CommitMessage {}

  /** Phase two: all members have it; write it. */
  record Apply(long epoch, int dbId, long sequenceNumber) implements CommitMessage {}

  /** Written, or whole copy received; {@code problem} is empty if all went well. */
  record Applied(long epoch, int dbId, long sequenceNumber, String problem)
      implements CommitMessage {}

  /** Sequencer to member: others have written what you could not; your copy is behind theirs. */
  record LeftBehind(long epoch, DurableDatabase database, String problem)
      implements CommitMessage {}

  static void encode(CommitMessage message, WireWriter out) {
    switch (message) {
      case AskDatabases m -> out.u8(0).i64(m.epoch);
      case HaveDatabases m -> {
        out.u8(1).i64(m.epoch).i32(m.databases.size());
        m.databases.forEach(d -> write(d, out));
      }
      case AskReady m -> write(m.database, out.u8(2).i64(m.epoch).flag(m.redirected));
      case Ready m -> out.u8(3).i64(m.epoch).i32(m.dbId);
      case AskState m -> write(m.database, out.u8(4).i64(m.epoch));
      case State m -> {
        out.u8(5).i64(m.epoch).i32(m.dbId).i64(m.sequenceNumber);
        out.i64(m.stamp).flag(m.fresh);
        out.flag(m.prepared != null);
        if (m.prepared != null) {
          write(m.prepared, out);
        }
      }
      case Fetch m -> out.u8(6).i64(m.epoch).i32(m.dbId).i32(m.source).i64(m.level);
      case Part m -> {
        out.u8(7).i64(m.epoch).i32(m.dbId).i64(m.copy).i32(m.number).flag(m.last).flag(m.same);
        write(m.records, out);
      }
      case Submit m -> {
        write(m.database, out.u8(8).i64(m.epoch).flag(m.redirected));
        write(m.updates, out.i32(m.id.pnn()).i64(m.id.number()));
      }
      case Result m ->
          out.u8(9)
              .i64(m.epoch)
              .i32(m.dbId)
              .i32(m.id.pnn())
              .i64(m.id.number())
              .i32(m.status)
              .text(m.error)
              .i64(m.number);
      case Prepare m -> write(m.batch, out.u8(10).i64(m.epoch).i32(m.dbId));
      case Prepared m -> out.u8(11).i64(m.epoch).i32(m.dbId).i64(m.sequenceNumber);
      case Apply m -> out.u8(12).i64(m.epoch).i32(m.dbId).i64(m.sequenceNumber);
      case Applied m -> out.u8(13).i64(m.epoch).i32(m.dbId).i64(m.sequenceNumber).text(m.problem);
      case LeftBehind m -> {
        write(m.database, out.u8(14).i64(m.epoch));
        out.text(m.problem);
      }
      case Moved m -> out.u8(15).i64(m.epoch).i32(m.dbId).i32(m.sequencer);
      case AskPart m -> {
        out.u8(16).i64(m.epoch).i32(m.dbId).i64(m.copy).i32(m.number);
        out.i64(m.sequenceNumber).i64(m.stamp).i64(m.digest);
      }
      case Follow m -> write(m.batch, out.u8(17).i64(m.epoch).i32(m.dbId));
    }
  }

  static CommitMessage decode(WireReader in) {
    int type = in.u8();
    long epoch = in.i64();
    return switch (type) {
      case 0 -> new AskDatabases(epoch);
      case 1 -> {
        int count = in.count(9);
        List<DurableDatabase> databases = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
          databases.add(database(in));
        }
        yield new HaveDatabases(epoch, databases);
      }
      case 2 -> {
        boolean redirected = in.flag();
        yield new AskReady(epoch, database(in), redirected);
      }
      case 3 -> new Ready(epoch, in.i32());
      case 4 -> new AskState(epoch, database(in));
      case 5 ->
          new State(epoch, in.i32(), in.i64(), in.i64(), in.flag(), in.flag() ? batch(in) : null);
      case 6 -> new Fetch(epoch, in.i32(), in.i32(), in.i64());
      case 7 -> new Part(epoch, in.i32(), in.i64(), in.i32(), in.flag(), in.flag(), updates(in));
      case 8 -> {
        boolean redirected = in.flag();
        yield new Submit(epoch, database(in), redirected, id(in), updates(in));
      }
      case 9 -> new Result(epoch, in.i32(), id(in), in.i32(), in.text(), in.i64());
      case 10 -> new Prepare(epoch, in.i32(), batch(in));
      case 11 -> new Prepared(epoch, in.i32(), in.i64());
      case 12 -> new Apply(epoch, in.i32(), in.i64());
      case 13 -> new Applied(epoch, in.i32(), in.i64(), in.text());
      case 14 -> new LeftBehind(epoch, database(in), in.text());
      case 15 -> new Moved(epoch, in.i32(), in.i32());
      case 16 -> new AskPart(epoch, in.i32(), in.i64(), in.i32(), in.i64(), in.i64(), in.i64());
      case 17 -> new Follow(epoch, in.i32(), batch(in));
      default -> throw new MalformedMessageException("commit message type " + type);
    };
  }

  private static void write(DurableDatabase database, WireWriter out) {
    out.i32(database.dbId()).text(database.name());
    out.flag(database.type() == DatabaseType.PERSISTENT);
  }

  private static DurableDatabase database(WireReader in) {
    return new DurableDatabase(
        in.i32(), in.text(), in.flag() ? DatabaseType.PERSISTENT : DatabaseType.REPLICATED);
  }

  private static void write(CommitBatch batch, WireWriter out) {
    writeIds(batch.ids(), out.i64(batch.base()).i64(batch.sequenceNumber()));
    write(batch.updates(), out);
  }

  private static void writeIds(List<CommitBatch.Id> ids, WireWriter out) {
    out.i32(ids.size());
    ids.forEach(id -> out.i32(id.pnn()).i64(id.number()));
  }

  private static CommitBatch batch(WireReader in) {
    return new CommitBatch(in.i64(), in.i64(), ids(in), updates(in));
  }

  private static List<CommitBatch.Id> ids(WireReader in) {
    int count = in.count(12);
    List<CommitBatch.Id> ids = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      ids.add(id(in));
    }
    return ids;
  }

  private static CommitBatch.Id id(WireReader in) {
    return new CommitBatch.Id(in.i32(), in.i64());
  }

  private static void write(List<Update> updates, WireWriter out) {
    out.i32(updates.size());
    for (Update update : updates) {
      RecordHeader header = update.record().header();
      out.key(update.key()).i64(header.rsn()).i32(header.dmaster()).i32(header.flags());
      out.bytes(update.record().data());
    }
  }

  private static List<Update> updates(WireReader in) {
    int count = in.count(24);
    List<Update> updates = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      Key key = in.key();
      RecordHeader header = new RecordHeader(in.i64(), in.i32(), in.i32());
      updates.add(new Update(key, new StoredRecord(header, in.bytes())));
    }
    return updates;
  }
}
