package io.jctdb.daemon.metrics;

import io.jctdb.daemon.addresses.AddressMeters;
import io.jctdb.iptakeover.AddressFigures;
import io.jctdb.protocol.NumericAddress;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** {@link AddressMeters}, one row for each public address. */
final class AddressGauges {
  private record Column(MultiGauge gauge, ToDoubleFunction<AddressFigures> value) {}

  private final List<Column> columns;
  private final MultiGauge handOvers;
  private final MultiGauge lastHandOver;

  AddressGauges(MeterRegistry registry) {
    columns =
        List.of(
            column(registry, "holder", "pnn of the presumed holder, or -1", AddressFigures::holder),
            column(registry, "takes", "how often it was taken here", AddressFigures::takes),
            column(registry, "releases", "how often it was released", AddressFigures::releases),
            column(
                registry, "refusals", "how often it could not be taken", AddressFigures::refusals),
            column(
                registry, "put.backs", "how often it had vanished here", AddressFigures::putBacks),
            column(
                registry,
                "last.take.seconds",
                "how long the last takeip took",
                figures -> seconds(figures.lastTake())));
    handOvers = gauge(registry, "moves", "how often this node as the leader has moved it");
    lastHandOver =
        gauge(registry, "last.move.seconds", "how long it had no holder when it moved last");
  }

  private static Column column(
      MeterRegistry registry,
      String name,
      String description,
      ToDoubleFunction<AddressFigures> value) {
    return new Column(gauge(registry, name, description), value);
  }

  private static MultiGauge gauge(MeterRegistry registry, String name, String description) {
    return MultiGauge.builder("jctdb.public.address." + name)
        .description(description)
        .register(registry);
  }

  void show(AddressMeters now) {
    for (Column column : columns) {
      column.gauge.register(
          now.local().stream()
              .<MultiGauge.Row<?>>map(one -> row(one.address(), column.value.applyAsDouble(one)))
              .toList(),
          true);
    }
    handOvers.register(
        now.leader().handOvers().entrySet().stream()
            .<MultiGauge.Row<?>>map(one -> row(one.getKey(), one.getValue().count()))
            .toList(),
        true);
    lastHandOver.register(
        now.leader().handOvers().entrySet().stream()
            .<MultiGauge.Row<?>>map(one -> row(one.getKey(), seconds(one.getValue().last())))
            .toList(),
        true);
  }

  private static MultiGauge.Row<?> row(InetAddress address, double value) {
    return MultiGauge.Row.of(Tags.of("address", NumericAddress.toString(address)), value);
  }

  private static double seconds(Duration time) {
    return time.toNanos() / 1e9;
  }
}
