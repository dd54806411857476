package io.jctdb.protocol;

/** ECHO_DATA, request and reply (client-protocol.md 4.8). {@code timeout} is ignored by ctdbd. */
@SuppressWarnings("ArrayRecordComponent")
public record EchoData(int timeout, byte[] data) {
  public static EchoData decode(byte[] bytes) {
    return ByteReader.whole(bytes, in -> new EchoData(in.u32(), in.bytes(in.lengthWithinRest())));
  }

  public byte[] encode() {
    return new ByteWriter(8 + data.length).u32(timeout).u32(data.length).bytes(data).toBytes();
  }
}
