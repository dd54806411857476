package io.jctdb.protocol;

import java.util.List;

/**
 * GET_STAT_HISTORY: 100 entries from ctdbd, the newest first, unused ones zero (client-protocol.md
 * 3.10).
 */
public record StatisticsList(List<Statistics> history) {
  public StatisticsList {
    history = List.copyOf(history);
  }

  public static StatisticsList decode(byte[] bytes) {
    return ByteReader.whole(bytes, StatisticsList::read);
  }

  private static StatisticsList read(ByteReader in) {
    int count = in.u32();
    return new StatisticsList(in.skip(4).elements(count, Statistics.SIZE, Statistics::read));
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(8 + history.size() * Statistics.SIZE);
    return out.u32(history.size()).u32(0).elements(history, Statistics::write).toBytes();
  }
}
