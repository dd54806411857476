package io.jctdb.protocol;

import java.util.ArrayList;
import java.util.List;

/**
 * GET_DB_STATISTICS: 464 bytes, then the keys of the hot records (client-protocol.md 4.11).
 *
 * @param hotKeys always {@link #HOT_KEYS}, unused ones empty
 */
public record DatabaseStatistics(
    LockStatistics locks,
    Latency vacuumLatency,
    int roDelegations,
    int roRevokes,
    List<Integer> hopCountBuckets,
    List<HotKey> hotKeys) {
  public static final int HOT_KEYS = 10;
  private static final int FIXED_SIZE = 464;
  private static final int HOT_KEY_SIZE = 24;

  /** A record that moved often, and how often. */
  public record HotKey(int count, Key key) {
    public static final HotKey UNUSED = new HotKey(0, new Key(new byte[0]));
  }

  /** A hot key whose bytes have not been reached yet. */
  private record HotKeySlot(int count, long keyLength) {
    static HotKeySlot read(ByteReader in) {
      int count = in.u32();
      // skipped: padding, and a pointer that only the sender could follow
      return new HotKeySlot(count, in.skip(12).u64());
    }
  }

  public DatabaseStatistics {
    hopCountBuckets = Buckets.checked(hopCountBuckets);
    hotKeys = List.copyOf(hotKeys);
    if (hotKeys.size() != HOT_KEYS) {
      throw new IllegalArgumentException(hotKeys.size() + " hot keys");
    }
  }

  public static DatabaseStatistics decode(byte[] bytes) {
    return ByteReader.whole(bytes, DatabaseStatistics::read);
  }

  private static DatabaseStatistics read(ByteReader in) {
    LockStatistics locks = LockStatistics.read(in);
    Latency vacuum = Latency.read(in);
    int delegations = in.u32();
    int revokes = in.u32();
    List<Integer> hops = Buckets.read(in);
    in.skip(8); // the number of hot keys in use: known from the keys themselves
    List<HotKeySlot> slots = in.elements(HOT_KEYS, HOT_KEY_SIZE, HotKeySlot::read);
    List<HotKey> keys = new ArrayList<>(HOT_KEYS);
    for (HotKeySlot slot : slots) {
      if (slot.keyLength < 0 || slot.keyLength > in.remaining()) {
        throw new MalformedPacketException("hot key beyond the data");
      }
      keys.add(new HotKey(slot.count, new Key(in.bytes((int) slot.keyLength))));
    }
    return new DatabaseStatistics(locks, vacuum, delegations, revokes, hops, keys);
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(FIXED_SIZE + 64);
    locks.write(out);
    vacuumLatency.write(out);
    out.u32(roDelegations).u32(roRevokes);
    Buckets.write(hopCountBuckets, out);
    out.u32(HOT_KEYS).u32(0);
    for (HotKey hot : hotKeys) {
      out.u32(hot.count).zeros(12).u64(hot.key.length());
    }
    for (HotKey hot : hotKeys) {
      out.bytes(hot.key.bytes());
    }
    return out.toBytes();
  }
}
