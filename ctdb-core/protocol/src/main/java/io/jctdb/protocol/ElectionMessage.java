package io.jctdb.protocol;

/** A candidate of a stock election (client-protocol.md 4.10). */
public record ElectionMessage(int numConnected, TimeVal priorityTime, int pnn, int nodeFlags) {
  /** Size in bytes. */
  public static final int SIZE = 32;

  public static ElectionMessage decode(byte[] bytes) {
    return ByteReader.whole(bytes, ElectionMessage::read);
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(SIZE);
    write(out);
    return out.toBytes();
  }

  static ElectionMessage read(ByteReader in) {
    int numConnected = in.u32();
    in.skip(4);
    TimeVal priorityTime = TimeVal.read(in);
    int pnn = in.u32();
    int nodeFlags = in.u32();
    return new ElectionMessage(numConnected, priorityTime, pnn, nodeFlags);
  }

  void write(ByteWriter out) {
    out.u32(numConnected).zeros(4);
    priorityTime.write(out);
    out.u32(pnn).u32(nodeFlags);
  }
}
