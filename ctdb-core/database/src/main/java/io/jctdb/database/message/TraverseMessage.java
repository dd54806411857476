package io.jctdb.database.message;

import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.StoredRecord;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Cluster-wide traverses: the node that asks (origin) starts a scan on each member and lets it send
 * chunk after chunk, each only when the one before has been passed on.
 */
public sealed interface TraverseMessage extends NodeMessage {

  /**
   * In {@link Chunk#mayOwn}: the sender is in no epoch, and what an earlier life of it knew is
   * lost.
   */
  int ANYBODY = -1;

  /**
   * Origin to member: send what you own.
   *
   * @param id chosen by the origin, unique there, also over its restarts
   * @param ahead so many chunks may be under way at once, 1 to {@link #AHEAD_MAX}
   */
  record Start(long id, int dbId, boolean withEmptyRecords, int ahead) implements TraverseMessage {}

  /** What a member sends ahead at most. */
  int AHEAD_MAX = 16;

  /**
   * Member to origin: some records; {@code last} if there are no more.
   *
   * @param mayOwn in the last one: the remote members that may own records, too, as far as the
   *     sender can tell; {@link #ANYBODY} if it cannot
   */
  record Chunk(long id, List<Entry> entries, boolean last, Set<Integer> mayOwn)
      implements TraverseMessage {
    public Chunk {
      entries = List.copyOf(entries);
      mayOwn = Set.copyOf(mayOwn);
    }
  }

  /** Origin to member: a chunk has been passed on, one more may be sent. */
  record More(long id) implements TraverseMessage {}

  /** Origin to member: nobody reads this any more. */
  record Stop(long id) implements TraverseMessage {}

  /**
   * Remote member to the others: of these databases it has acquired records.
   *
   * @param epoch in which this was so
   */
  record Owns(long epoch, Set<Integer> databases) implements TraverseMessage {
    public Owns {
      databases = Set.copyOf(databases);
    }
  }

  /** One record. */
  record Entry(Key key, StoredRecord record) {
    /** Roughly, on the wire. */
    public int size() {
      return 40 + key.length() + record.data().length;
    }
  }

  static void encode(TraverseMessage message, WireWriter out) {
    switch (message) {
      case Start m -> out.u8(0).i64(m.id).i32(m.dbId).flag(m.withEmptyRecords).u8(m.ahead);
      case Chunk m -> {
        out.u8(1).i64(m.id).flag(m.last).i32(m.entries.size());
        for (Entry entry : m.entries) {
          RecordHeader header = entry.record.header();
          out.key(entry.key).i64(header.rsn()).i32(header.dmaster()).i32(header.flags());
          out.bytes(entry.record.data());
        }
        numbers(m.mayOwn, out);
      }
      case More m -> out.u8(2).i64(m.id);
      case Stop m -> out.u8(3).i64(m.id);
      case Owns m -> {
        out.u8(4).i64(m.epoch);
        numbers(m.databases, out);
      }
    }
  }

  private static void numbers(Set<Integer> numbers, WireWriter out) {
    out.i32(numbers.size());
    new TreeSet<>(numbers).forEach(out::i32);
  }

  private static Set<Integer> numbers(WireReader in) {
    int count = in.count(4);
    Set<Integer> numbers = new HashSet<>();
    for (int i = 0; i < count; i++) {
      numbers.add(in.i32());
    }
    return numbers;
  }

  static TraverseMessage decode(WireReader in) {
    int type = in.u8();
    return switch (type) {
      case 0 -> new Start(in.i64(), in.i32(), in.flag(), in.u8());
      case 1 -> chunk(in);
      case 2 -> new More(in.i64());
      case 3 -> new Stop(in.i64());
      case 4 -> new Owns(in.i64(), numbers(in));
      default -> throw new MalformedMessageException("traverse message type " + type);
    };
  }

  private static Chunk chunk(WireReader in) {
    long id = in.i64();
    boolean last = in.flag();
    int count = in.count(24);
    List<Entry> entries = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      Key key = in.key();
      RecordHeader header = new RecordHeader(in.i64(), in.i32(), in.i32());
      entries.add(new Entry(key, new StoredRecord(header, in.bytes())));
    }
    return new Chunk(id, entries, last, numbers(in));
  }
}
