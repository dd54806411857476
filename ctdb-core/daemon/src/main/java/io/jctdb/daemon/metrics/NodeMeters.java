package io.jctdb.daemon.metrics;

import io.jctdb.daemon.lifecycle.FencingStatus;
import io.jctdb.database.message.KeeperMessage;
import io.jctdb.iptakeover.LeaderFigures;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.NodeMap;
import io.jctdb.protocol.NumericAddress;
import io.jctdb.protocol.PublicIp;
import io.jctdb.protocol.SpecialPnn;
import io.jctdb.protocol.Statistics;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/**
 * The newest {@link NodeStatus} as Prometheus metrics. Names are documented in docs/operations.md.
 * Not thread safe: one request at a time.
 */
final class NodeMeters implements AutoCloseable {
  private static final Map<String, Integer> FLAGS =
      Map.of(
          "disconnected", NodeFlags.DISCONNECTED,
          "unhealthy", NodeFlags.UNHEALTHY,
          "disabled", NodeFlags.PERMANENTLY_DISABLED,
          "banned", NodeFlags.BANNED,
          "deleted", NodeFlags.DELETED,
          "stopped", NodeFlags.STOPPED);

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final JvmGcMetrics collections = new JvmGcMetrics();
  private final MultiGauge nodeFlags;
  private final MultiGauge holders;
  private final MultiGauge bans;
  private final AddressGauges addresses;
  private final LinkMeters links;
  private NodeStatus status;

  NodeMeters(NodeStatus first) {
    status = first;
    nodeFlags =
        MultiGauge.builder("jctdb.node.flag")
            .description("1 if this node sees that node with that flag")
            .register(registry);
    holders =
        MultiGauge.builder("jctdb.public.address.held")
            .description("1 if this node holds the public address")
            .register(registry);
    addresses = new AddressGauges(registry);
    links = new LinkMeters(registry);
    bans =
        MultiGauge.builder("jctdb.ban.seconds")
            .description("how long this node is still banned, and why; absent when it is not")
            .register(registry);
    cluster();
    fencing();
    counters();
    new JvmMemoryMetrics().bindTo(registry);
    collections.bindTo(registry);
  }

  private void cluster() {
    gauge("jctdb.healthy", "1 if this node serves as it should", s -> s.healthy() ? 1 : 0);
    gauge("jctdb.leader", "1 if this node leads", s -> s.leader() == s.pnn() ? 1 : 0);
    gauge(
        "jctdb.leader.known",
        "1 if a leader is known",
        s -> s.leader() != SpecialPnn.UNKNOWN ? 1 : 0);
    gauge("jctdb.epoch", "epoch that this node is a member of, or 0", NodeStatus::epoch);
    gauge("jctdb.epoch.members", "members of that epoch", s -> s.members().size());
    gauge("jctdb.recovering", "1 while epochs change", s -> s.recovering() ? 1 : 0);
    gauge("jctdb.run.state", "5 is RUNNING", s -> s.runState().number());
    gauge(
        "jctdb.ensemble.kept.out",
        "1 if this node may be no member, because another works with other ZooKeeper servers",
        s -> s.ensemble().keptOut().isPresent() ? 1 : 0);
    gauge(
        "jctdb.ensemble.outdated",
        "1 if the nodes file names other ZooKeeper servers than those in force",
        s -> s.ensemble().outdated() ? 1 : 0);
    gauge(
        "jctdb.lease.seconds",
        "how long this node may still act as a member",
        s -> s.leaseNanos() / (double) TimeUnit.SECONDS.toNanos(1));
    gauge(
        "jctdb.member.set.aside",
        "1 while a silent member is set aside in the present epoch",
        s -> s.silent().now() == KeeperMessage.NOBODY ? 0 : 1);
    FunctionCounter.builder(
            "jctdb.members.set.aside", this, meters -> meters.status.silent().times())
        .description("times a silent member was set aside")
        .register(registry);
    FunctionCounter.builder(
            "jctdb.silent.waits", this, meters -> meters.status.silent().records().waits())
        .description("records for which a silent member had to be waited for 0.1 s or longer")
        .register(registry);
    FunctionCounter.builder(
            "jctdb.locks.behind.commits", this, meters -> meters.status.silent().records().behind())
        .description("locks of transactions that waited here for what was committed before")
        .register(registry);
    FunctionCounter.builder(
            "jctdb.delegations", this, meters -> meters.status.silent().records().delegations())
        .description("read-only copies given of this node's records")
        .register(registry);
    FunctionCounter.builder(
            "jctdb.revokes", this, meters -> meters.status.silent().records().revokes())
        .description("times the read-only copies of one record were taken back")
        .register(registry);
    gauge(
        "jctdb.record.copies",
        "copies in this node's volatile databases",
        s -> s.silent().records().copies());
    gauge(
        "jctdb.keeper.records",
        "records that this node knows other members may have",
        s -> s.silent().records().kept());
    gauge(
        "jctdb.keeper.complete",
        "1 if it knows all that the member before it has",
        s -> s.silent().records().keptComplete() ? 1 : 0);
    gauge(
        "jctdb.remote.notes",
        "records that this node knows members at remote sites may have",
        s -> s.silent().records().noted());
    gauge(
        "jctdb.remote.notes.complete",
        "1 if it knows all that they have; while 0 they are asked for each new record",
        s -> s.silent().records().notesComplete() ? 1 : 0);
    gauge(
        "jctdb.census.told",
        "1 if this node's keeper knows all copies that this node has",
        s -> s.silent().records().censusTold() ? 1 : 0);
    gauge(
        "jctdb.census.seconds",
        "how long it took to tell it in the newest epoch in which it was done",
        s -> s.silent().records().censusNanos() / 1e9);
    gauge(
        "jctdb.copies.unwell",
        "databases whose copy here is damaged or waits for its content",
        s -> s.copies().problems().size());
    gauge(
        "jctdb.copies.set.aside",
        "damaged copies of databases that were set aside here and not deleted yet",
        s -> s.copies().setAside().size());
    takeoverRuns("jctdb.takeover.runs", "takeover runs led", LeaderFigures::runs);
    takeoverRuns("jctdb.takeover.runs.failed", "runs led that failed", LeaderFigures::failedRuns);
  }

  private void fencing() {
    gauge(
        "jctdb.lease.renewed.seconds",
        "how long ago the lease was renewed, -1 if never",
        s -> s.fencing().sinceRenewal().map(NodeMeters::seconds).orElse(-1.0));
    befell("jctdb.lease.renewals", "renewals of the lease", FencingStatus::renewals);
    gauge(
        "jctdb.zookeeper.silent.seconds",
        "how long ZooKeeper has not answered, 0 while it does",
        s -> s.fencing().zooKeeperSilent().map(NodeMeters::seconds).orElse(0.0));
    gauge(
        "jctdb.failsafe",
        "1 while the members go on without a ZooKeeper quorum",
        s -> s.fencing().failsafe() ? 1 : 0);
    befell("jctdb.failsafes", "how often failsafe has begun", FencingStatus::failsafes);
    befell("jctdb.fenced", "how often this node had to let go at once", FencingStatus::fenced);
    befell("jctdb.expelled", "nodes put out by this one as leader", FencingStatus::expelled);
    befell("jctdb.clock.stalls", "how often the process stood still", FencingStatus::stalls);
    gauge(
        "jctdb.clock.stall.longest.seconds",
        "the longest of these",
        s -> seconds(s.fencing().longestStall()));
    befell("jctdb.clock.jumps", "how often the clocks moved apart", FencingStatus::clockJumps);
    befell("jctdb.bans", "how often this node was banned", FencingStatus::bans);
  }

  private void befell(String name, String description, ToDoubleFunction<FencingStatus> value) {
    FunctionCounter.builder(name, this, meters -> value.applyAsDouble(meters.status.fencing()))
        .description(description)
        .register(registry);
  }

  private static double seconds(Duration time) {
    return time.toNanos() / 1e9;
  }

  private void counters() {
    count("jctdb.recoveries", "changes of epoch", Statistics::numRecoveries);
    count("jctdb.client.packets.received", "from clients", Statistics::clientPacketsReceived);
    count("jctdb.client.packets.sent", "to clients", Statistics::clientPacketsSent);
    count("jctdb.node.packets.received", "from other nodes", Statistics::nodePacketsReceived);
    count("jctdb.node.packets.sent", "to other nodes", Statistics::nodePacketsSent);
    count("jctdb.calls", "record requests of clients", Statistics::totalCalls);
    count("jctdb.calls.seconds", "time to answer them, in all", s -> s.callLatency().total());
    counted("jctdb.calls.pending", "record requests not answered yet", Statistics::pendingCalls);
    counted("jctdb.clients", "connected clients", Statistics::numClients);
  }

  private void takeoverRuns(
      String name, String description, ToDoubleFunction<LeaderFigures> value) {
    FunctionCounter.builder(
            name, this, meters -> value.applyAsDouble(meters.status.addressMeters().leader()))
        .description(description)
        .register(registry);
  }

  private void gauge(String name, String description, ToDoubleFunction<NodeStatus> value) {
    Gauge.builder(name, () -> value.applyAsDouble(status))
        .description(description)
        .register(registry);
  }

  private void counted(String name, String description, ToDoubleFunction<Statistics> value) {
    gauge(name, description, s -> value.applyAsDouble(s.statistics()));
  }

  private void count(String name, String description, ToDoubleFunction<Statistics> value) {
    FunctionCounter.builder(name, this, meters -> value.applyAsDouble(meters.status.statistics()))
        .description(description)
        .register(registry);
  }

  /** The text that Prometheus reads. */
  String scrape(NodeStatus now) {
    status = now;
    nodeFlags.register(
        now.nodes().nodes().stream()
            .flatMap(
                node ->
                    FLAGS.entrySet().stream()
                        .map(flag -> row(node, flag.getKey(), node.has(flag.getValue()))))
            .toList(),
        true);
    holders.register(
        now.addresses().stream().map(address -> row(address, now.holds(address))).toList(), true);
    addresses.show(now.addressMeters());
    links.update(now.links());
    bans.register(
        now.fencing().ban().filter(FencingStatus.Ban::lasts).stream()
            .<MultiGauge.Row<?>>map(
                ban -> MultiGauge.Row.of(Tags.of("reason", ban.reason()), seconds(ban.left())))
            .toList(),
        true);
    return registry.scrape();
  }

  private static MultiGauge.Row<?> row(NodeMap.Node node, String flag, boolean set) {
    return MultiGauge.Row.of(
        Tags.of("pnn", Integer.toString(node.pnn()), "flag", flag), set ? 1 : 0);
  }

  private static MultiGauge.Row<?> row(PublicIp address, boolean held) {
    return MultiGauge.Row.of(
        Tags.of("address", NumericAddress.toString(address.address().address())), held ? 1 : 0);
  }

  @Override
  public void close() {
    collections.close();
    registry.close();
  }
}
