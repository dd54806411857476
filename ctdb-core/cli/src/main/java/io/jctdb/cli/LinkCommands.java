package io.jctdb.cli;

import io.jctdb.protocol.Control;
import io.jctdb.protocol.LinkReport;
import io.jctdb.protocol.Payload;
import java.util.List;

/** {@code ctdb wan}: the links of a node to all others, as it measures them. */
final class LinkCommands {
  private static final int[] WIDTHS = {4, 12, 6, 9, 9, 7, 10, 10, 10, 10, 5};
  private static final String[] TITLES = {
    "Node",
    "Site",
    "State",
    "RTT ms",
    "min ms",
    "loss %",
    "backlog",
    "sent",
    "on wire",
    "received",
    "lost"
  };

  private LinkCommands() {}

  static int run(Tool tool, List<String> arguments) {
    tool.expect(arguments, 0, 0);
    LinkReport report =
        LinkReport.decode(tool.client().data(tool.node(), Control.LINK_REPORT, Payload.empty()));
    if (tool.machine()) {
      printRows(tool, report);
    } else {
      print(tool, report);
    }
    return 0;
  }

  private static void printRows(Tool tool, LinkReport report) {
    tool.row(
        "Node",
        "Site",
        "Up",
        "OtherSite",
        "Compressed",
        "RttMicros",
        "MinRttMicros",
        "LossPerMillion",
        "QueuedBytes",
        "UnsentBytes",
        "FramesSent",
        "BytesSent",
        "WireBytesSent",
        "FramesReceived",
        "BytesReceived",
        "WireBytesReceived",
        "TimesLost",
        "Problem");
    for (LinkReport.Link link : report.links()) {
      tool.row(
          link.pnn(),
          link.site(),
          bit(link.up()),
          bit(link.far()),
          bit(link.compressed()),
          link.roundTripMicros(),
          link.shortestRoundTripMicros(),
          link.lossPerMillion(),
          link.queuedBytes(),
          link.unsentBytes(),
          link.sent().frames(),
          link.sent().bytes(),
          link.sent().wireBytes(),
          link.received().frames(),
          link.received().bytes(),
          link.received().wireBytes(),
          link.timesLost(),
          link.problem());
    }
  }

  private static int bit(boolean value) {
    return value ? 1 : 0;
  }

  private static void print(Tool tool, LinkReport report) {
    long limit = report.limitBytesPerSecond();
    tool.out()
        .line(
            "Site of node "
                + Text.u(tool.node())
                + ": "
                + report.site()
                + (limit == 0 ? "" : "; sends " + limit * 8 / 1000 + " kbit/s to other sites")
                + "; keeps "
                + size(report.backlogLimitBytes())
                + " for a node at most");
    tool.out().line(columns(TITLES));
    for (LinkReport.Link link : report.links()) {
      tool.out().line(columns(describe(link)));
      if (!link.up() && !link.problem().isEmpty()) {
        tool.out().line("     " + link.problem());
      }
    }
  }

  private static String[] describe(LinkReport.Link link) {
    return new String[] {
      Text.u(link.pnn()),
      link.site().isEmpty() ? "?" : link.site(),
      link.up() ? "up" : "down",
      millis(link.roundTripMicros()),
      millis(link.shortestRoundTripMicros()),
      Text.decimals(link.lossPerMillion() / 1e4, 2),
      size(link.queuedBytes() + link.unsentBytes()),
      size(link.sent().bytes()),
      link.far() ? size(link.sent().wireBytes()) : "-",
      size(link.received().bytes()),
      Long.toString(link.timesLost())
    };
  }

  private static String columns(String[] fields) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < fields.length; i++) {
      String field = i < 3 ? Text.left(fields[i], WIDTHS[i]) : Text.right(fields[i], WIDTHS[i]);
      line.append(i == 0 ? "" : " ").append(field);
    }
    return line.toString();
  }

  private static String millis(long micros) {
    return micros == 0 ? "?" : Text.decimals(micros / 1e3, 2);
  }

  /** Bytes as a person reads them. */
  private static String size(long bytes) {
    if (bytes < 10_000) {
      return bytes + " B";
    }
    return bytes < 10_000_000 ? bytes / 1_000 + " kB" : bytes / 1_000_000 + " MB";
  }
}
