package io.jctdb.protocol;

/**
 * Our own control BAN_NODE: what SET_BAN_STATE does to the node that it is sent to, with the
 * reason.
 *
 * <pre>
 * seconds u32 (at least 1)
 * reason: counted text
 * </pre>
 */
public record BanOrder(int seconds, String reason) {

  public static BanOrder decode(byte[] bytes) {
    return ByteReader.whole(bytes, in -> new BanOrder(in.u32(), in.text(in.lengthWithinRest())));
  }

  public byte[] encode() {
    return new ByteWriter(64).u32(seconds).countedText(reason).toBytes();
  }
}
