package io.jctdb.protocol;

/** What Samba processes send each other; opaque to a daemon (client-protocol.md 4.10). */
@SuppressWarnings("ArrayRecordComponent")
public record SambaMessage(ServerId destination, ServerId source, int type, byte[] payload) {
  public static SambaMessage decode(byte[] bytes) {
    return ByteReader.whole(
        bytes, in -> new SambaMessage(ServerId.read(in), ServerId.read(in), in.u32(), in.rest()));
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(52 + payload.length);
    destination.write(out);
    source.write(out);
    return out.u32(type).bytes(payload).toBytes();
  }
}
