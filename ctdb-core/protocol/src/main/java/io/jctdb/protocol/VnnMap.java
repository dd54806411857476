package io.jctdb.protocol;

import java.util.List;

/**
 * GETVNNMAP: the generation, and the lmaster of each slot (client-protocol.md 4.2). Generation
 * {@link PacketHeader#INVALID_GENERATION} means that there is no map yet.
 */
public record VnnMap(int generation, List<Integer> pnns) {
  public VnnMap {
    pnns = List.copyOf(pnns);
  }

  public static VnnMap decode(byte[] bytes) {
    return ByteReader.whole(bytes, in -> new VnnMap(in.u32(), in.list(4, ByteReader::u32)));
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(8 + 4 * pnns.size());
    return out.u32(generation).list(pnns, (pnn, to) -> to.u32(pnn)).toBytes();
  }
}
