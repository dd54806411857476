package io.jctdb.protocol;

import java.util.List;

/** GET_DBMAP: attached databases, the newest first (client-protocol.md 4.3). */
public record DatabaseMap(List<Entry> databases) {
  /** Flags: see {@link DatabaseFlag}. */
  public record Entry(int dbId, int flags) {
    static final int SIZE = 8;

    static Entry read(ByteReader in) {
      Entry entry = new Entry(in.u32(), in.u8());
      in.skip(3);
      return entry;
    }

    void write(ByteWriter out) {
      out.u32(dbId).u8(flags).zeros(3);
    }
  }

  public DatabaseMap {
    databases = List.copyOf(databases);
  }

  public static DatabaseMap decode(byte[] bytes) {
    return ByteReader.whole(bytes, in -> new DatabaseMap(in.list(Entry.SIZE, Entry::read)));
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(4 + databases.size() * Entry.SIZE);
    return out.list(databases, Entry::write).toBytes();
  }
}
