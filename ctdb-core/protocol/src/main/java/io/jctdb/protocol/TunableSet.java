package io.jctdb.protocol;

/** SET_TUNABLE (client-protocol.md 4.8). */
public record TunableSet(int value, String name) {
  public static TunableSet decode(byte[] bytes) {
    return ByteReader.whole(bytes, in -> new TunableSet(in.u32(), in.text(in.lengthWithinRest())));
  }

  public byte[] encode() {
    return new ByteWriter(9 + name.length()).u32(value).countedText(name).toBytes();
  }
}
