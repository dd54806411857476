package io.jctdb.protocol;

/** REGISTER_NOTIFY: the message to send when the connection ends (client-protocol.md 4.8). */
@SuppressWarnings("ArrayRecordComponent")
public record NotifyData(long srvid, byte[] data) {
  public static NotifyData decode(byte[] bytes) {
    return ByteReader.whole(bytes, in -> new NotifyData(in.u64(), in.bytes(in.lengthWithinRest())));
  }

  public byte[] encode() {
    return new ByteWriter(12 + data.length).u64(srvid).u32(data.length).bytes(data).toBytes();
  }
}
