package io.jctdb.protocol;

/**
 * A counted string: GET_TUNABLE's request, LIST_TUNABLES' reply (client-protocol.md 4.8). A missing
 * NUL is accepted; what follows the first one is dropped.
 */
public record StringN(String text) {
  public static StringN decode(byte[] bytes) {
    return ByteReader.whole(bytes, in -> new StringN(in.text(in.lengthWithinRest())));
  }

  public byte[] encode() {
    return new ByteWriter(5 + text.length()).countedText(text).toBytes();
  }
}
