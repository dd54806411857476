package io.jctdb.protocol;

/** UPTIME (client-protocol.md 4.9). Zero times mean never. */
public record Uptime(
    TimeVal currentTime,
    TimeVal startTime,
    TimeVal lastRecoveryStarted,
    TimeVal lastRecoveryFinished) {
  /** Size in bytes. */
  public static final int SIZE = 64;

  public static Uptime decode(byte[] bytes) {
    return ByteReader.whole(bytes, Uptime::read);
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(SIZE);
    write(out);
    return out.toBytes();
  }

  static Uptime read(ByteReader in) {
    TimeVal currentTime = TimeVal.read(in);
    TimeVal startTime = TimeVal.read(in);
    TimeVal lastRecoveryStarted = TimeVal.read(in);
    TimeVal lastRecoveryFinished = TimeVal.read(in);
    return new Uptime(currentTime, startTime, lastRecoveryStarted, lastRecoveryFinished);
  }

  void write(ByteWriter out) {
    currentTime.write(out);
    startTime.write(out);
    lastRecoveryStarted.write(out);
    lastRecoveryFinished.write(out);
  }
}
