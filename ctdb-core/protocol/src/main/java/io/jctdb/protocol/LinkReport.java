package io.jctdb.protocol;

import java.util.List;

/**
 * Our own control LINK_REPORT, without request data: a node's links to all others.
 *
 * <pre>
 * own site: counted text
 * main site: counted text (nodes of any other are remote)
 * limit u64: what may be sent to other sites, bytes a second; 0 without a limit
 * backlog limit u64: bytes that may wait for one node before its link is cut
 * count u32, then for each link, by pnn:
 *   pnn u32, flags u32 (1 up, 2 to another site, 4 compressed), site: counted text
 *   round trip u64, its shortest of late u64 (microseconds; 0 before the first)
 *   loss u32 (parts in a million)
 *   queued u64, unsent u64 (bytes: in the daemon, in the kernel)
 *   frames sent u64, bytes u64, on the wire u64; frames received u64, bytes u64, on the wire u64
 *   times lost u64, problem: counted text
 * </pre>
 */
public record LinkReport(
    String site,
    String mainSite,
    long limitBytesPerSecond,
    long backlogLimitBytes,
    List<Link> links) {
  private static final int UP = 1;
  private static final int FAR = 2;
  private static final int COMPRESSED = 4;
  private static final int LINK_SIZE_MIN = 2 * 4 + 4 + 2 * 8 + 4 + 9 * 8 + 4;

  /** What went one way: payload, and what became of it on the wire (0: not counted). */
  public record Traffic(long frames, long bytes, long wireBytes) {
    private static Traffic read(ByteReader in) {
      return new Traffic(in.u64(), in.u64(), in.u64());
    }

    private void write(ByteWriter out) {
      out.u64(frames).u64(bytes).u64(wireBytes);
    }
  }

  /**
   * One link.
   *
   * @param problem why it is, or last was, not up; empty if it never failed
   */
  public record Link(
      int pnn,
      boolean up,
      boolean far,
      boolean compressed,
      String site,
      long roundTripMicros,
      long shortestRoundTripMicros,
      int lossPerMillion,
      long queuedBytes,
      long unsentBytes,
      Traffic sent,
      Traffic received,
      long timesLost,
      String problem) {
    private static Link read(ByteReader in) {
      int pnn = in.u32();
      int flags = in.u32();
      return new Link(
          pnn,
          (flags & UP) != 0,
          (flags & FAR) != 0,
          (flags & COMPRESSED) != 0,
          in.text(in.lengthWithinRest()),
          in.u64(),
          in.u64(),
          in.u32(),
          in.u64(),
          in.u64(),
          Traffic.read(in),
          Traffic.read(in),
          in.u64(),
          in.text(in.lengthWithinRest()));
    }

    private void write(ByteWriter out) {
      out.u32(pnn).u32((up ? UP : 0) | (far ? FAR : 0) | (compressed ? COMPRESSED : 0));
      out.countedText(site).u64(roundTripMicros).u64(shortestRoundTripMicros).u32(lossPerMillion);
      out.u64(queuedBytes).u64(unsentBytes);
      sent.write(out);
      received.write(out);
      out.u64(timesLost).countedText(problem);
    }
  }

  public LinkReport {
    links = List.copyOf(links);
  }

  public static LinkReport decode(byte[] bytes) {
    return ByteReader.whole(
        bytes,
        in ->
            new LinkReport(
                in.text(in.lengthWithinRest()),
                in.text(in.lengthWithinRest()),
                in.u64(),
                in.u64(),
                in.list(LINK_SIZE_MIN, Link::read)));
  }

  public byte[] encode() {
    return new ByteWriter(256)
        .countedText(site)
        .countedText(mainSite)
        .u64(limitBytesPerSecond)
        .u64(backlogLimitBytes)
        .list(links, Link::write)
        .toBytes();
  }
}
