package io.jctdb.daemon;

import io.jctdb.daemon.control.ControlRequest;
import io.jctdb.daemon.control.ControlTable;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.LinkReport;
import io.jctdb.protocol.Payload;
import io.jctdb.wanlink.LinkStatus;
import io.jctdb.wanlink.WideArea;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What this node knows of its links, for {@code ctdb wan} and the metrics. */
final class LinkControls implements ControlTable.Group {
  private static final double MILLION = 1e6;

  private final WideArea wideArea;
  private final String mainSite;
  private final long backlogLimitBytes;
  private final Supplier<List<LinkStatus>> links;

  /**
   * @param mainSite its name
   * @param links asked on the owner thread
   */
  LinkControls(
      WideArea wideArea,
      String mainSite,
      long backlogLimitBytes,
      Supplier<List<LinkStatus>> links) {
    this.wideArea = wideArea;
    this.mainSite = mainSite;
    this.backlogLimitBytes = backlogLimitBytes;
    this.links = links;
  }

  @Override
  public void enter(ControlTable table) {
    table.on(Control.LINK_REPORT, this::tell);
  }

  private void tell(ControlRequest request) {
    Payload.expectEmpty(request.data());
    request.reply().ok(report().encode());
  }

  LinkReport report() {
    return new LinkReport(
        wideArea.site(),
        mainSite,
        wideArea.bytesPerSecond(),
        backlogLimitBytes,
        links.get().stream().map(LinkControls::link).toList());
  }

  private static LinkReport.Link link(LinkStatus status) {
    return new LinkReport.Link(
        status.pnn(),
        status.up(),
        status.far(),
        status.compressed(),
        status.site(),
        micros(status.roundTrip()),
        micros(status.shortestRoundTrip()),
        (int) Math.round(status.loss() * MILLION),
        status.queuedBytes(),
        status.unsentBytes(),
        new LinkReport.Traffic(status.framesSent(), status.bytesSent(), status.wireBytesSent()),
        new LinkReport.Traffic(
            status.framesReceived(), status.bytesReceived(), status.wireBytesReceived()),
        status.timesLost(),
        status.problem());
  }

  private static long micros(@Nullable Duration duration) {
    return duration == null ? 0 : TimeUnit.NANOSECONDS.toMicros(duration.toNanos());
  }
}
