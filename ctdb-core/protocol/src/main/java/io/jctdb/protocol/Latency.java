package io.jctdb.protocol;

/**
 * Samples of a duration, in seconds (client-protocol.md 4.11). With no sample, all is 0; the first
 * one sets {@code min}.
 */
public record Latency(int count, double min, double max, double total) {
  /** Size in bytes. */
  public static final int SIZE = 32;

  public static Latency decode(byte[] bytes) {
    return ByteReader.whole(bytes, Latency::read);
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(SIZE);
    write(out);
    return out.toBytes();
  }

  /** Nothing measured yet. */
  public static final Latency NONE = new Latency(0, 0, 0, 0);

  public Latency plus(double seconds) {
    return new Latency(
        count + 1,
        count == 0 ? seconds : Math.min(min, seconds),
        Math.max(max, seconds),
        total + seconds);
  }

  static Latency read(ByteReader in) {
    int count = in.u32();
    in.skip(4);
    double min = in.f64();
    double max = in.f64();
    double total = in.f64();
    return new Latency(count, min, max, total);
  }

  void write(ByteWriter out) {
    out.u32(count).zeros(4).f64(min).f64(max).f64(total);
  }
}
