package io.jctdb.protocol;

/** A Samba process: pid, task and unique id on node {@code vnn} (client-protocol.md 4.10). */
public record ServerId(long pid, int taskId, int vnn, long uniqueId) {
  /** Size in bytes. */
  public static final int SIZE = 24;

  public static ServerId decode(byte[] bytes) {
    return ByteReader.whole(bytes, ServerId::read);
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(SIZE);
    write(out);
    return out.toBytes();
  }

  static ServerId read(ByteReader in) {
    long pid = in.u64();
    int taskId = in.u32();
    int vnn = in.u32();
    long uniqueId = in.u64();
    return new ServerId(pid, taskId, vnn, uniqueId);
  }

  void write(ByteWriter out) {
    out.u64(pid).u32(taskId).u32(vnn).u64(uniqueId);
  }
}
