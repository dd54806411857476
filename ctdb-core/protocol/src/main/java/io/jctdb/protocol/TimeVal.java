package io.jctdb.protocol;

/** A point in time, or a length of it: seconds and microseconds (client-protocol.md 4.8). */
public record TimeVal(long seconds, long micros) {
  /** Size in bytes. */
  public static final int SIZE = 16;

  public static TimeVal decode(byte[] bytes) {
    return ByteReader.whole(bytes, TimeVal::read);
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(SIZE);
    write(out);
    return out.toBytes();
  }

  static TimeVal read(ByteReader in) {
    long seconds = in.u64();
    long micros = in.u64();
    return new TimeVal(seconds, micros);
  }

  void write(ByteWriter out) {
    out.u64(seconds).u64(micros);
  }
}
