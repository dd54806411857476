package io.jctdb.daemon.metrics;

import io.jctdb.protocol.LinkReport;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** The links to the other nodes, each metric with the labels {@code pnn} and {@code site}. */
final class LinkMeters {
  private static final double MICROS_PER_SECOND = 1e6;
  private static final double MILLION = 1e6;

  private record Meter(MultiGauge gauge, ToDoubleFunction<LinkReport.Link> value) {}

  private final MeterRegistry registry;
  private final Map<String, Meter> meters = new LinkedHashMap<>();

  LinkMeters(MeterRegistry registry) {
    this.registry = registry;
    add("jctdb.link.up", "1 if the link is up", link -> link.up() ? 1 : 0);
    add(
        "jctdb.link.round.trip.seconds",
        "smoothed round trip",
        link -> link.roundTripMicros() / MICROS_PER_SECOND);
    add(
        "jctdb.link.round.trip.shortest.seconds",
        "shortest round trip of the last minutes",
        link -> link.shortestRoundTripMicros() / MICROS_PER_SECOND);
    add(
        "jctdb.link.loss.ratio",
        "estimated share of lost segments",
        link -> link.lossPerMillion() / MILLION);
    add(
        "jctdb.link.backlog.bytes",
        "waits in the daemon and in the kernel",
        link -> (double) link.queuedBytes() + link.unsentBytes());
    add("jctdb.link.sent.bytes", "payload sent", link -> link.sent().bytes());
    add("jctdb.link.sent.wire.bytes", "of it on the wire", link -> link.sent().wireBytes());
    add("jctdb.link.received.bytes", "payload received", link -> link.received().bytes());
    add("jctdb.link.losses", "times that the link went down", LinkReport.Link::timesLost);
  }

  private void add(String name, String description, ToDoubleFunction<LinkReport.Link> value) {
    MultiGauge gauge = MultiGauge.builder(name).description(description).register(registry);
    meters.put(name, new Meter(gauge, value));
  }

  void update(LinkReport report) {
    for (Meter meter : meters.values()) {
      meter.gauge.register(
          report.links().stream()
              .<MultiGauge.Row<?>>map(
                  link -> MultiGauge.Row.of(labels(link), meter.value.applyAsDouble(link)))
              .toList(),
          true);
    }
  }

  private static Tags labels(LinkReport.Link link) {
    return Tags.of("pnn", Integer.toString(link.pnn()), "site", link.site());
  }
}
