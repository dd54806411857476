package io.jctdb.cli;

import io.jctdb.protocol.Control;
import io.jctdb.protocol.DatabaseStatistics;
import io.jctdb.protocol.Latency;
import io.jctdb.protocol.LockStatistics;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.Statistics;
import io.jctdb.protocol.StatisticsList;
import java.util.ArrayList;
import java.util.List;

/** Counters of a daemon and of a database (cli.md 6). */
final class StatisticsCommands {
  private static final int PROTOCOL_VERSION = 1;

  private final Tool tool;

  private StatisticsCommands(Tool tool) {
    this.tool = tool;
  }

  static int run(String command, Tool tool, List<String> arguments) {
    StatisticsCommands commands = new StatisticsCommands(tool);
    return switch (command) {
      case "statistics" -> commands.current(arguments);
      case "statisticsreset" -> commands.reset(arguments);
      case "stats" -> commands.history(arguments);
      default -> commands.database(arguments);
    };
  }

  /** A counter with its dotted name. */
  private record Counter(String name, int value) {}

  private int current(List<String> arguments) {
    tool.expect(arguments, 0, 0);
    print(Statistics.decode(tool.client().data(tool.node(), Control.STATISTICS)), true);
    return 0;
  }

  private int reset(List<String> arguments) {
    tool.expect(arguments, 0, 0);
    tool.client().data(tool.node(), Control.STATISTICS_RESET);
    return 0;
  }

  private int history(List<String> arguments) {
    tool.expect(arguments, 0, 1);
    int most = arguments.isEmpty() ? 0 : Numbers.leading(arguments.getFirst());
    byte[] data = tool.client().data(tool.node(), Control.GET_STAT_HISTORY);
    boolean first = true;
    int printed = 0;
    for (Statistics each : StatisticsList.decode(data).history()) {
      if (each.startTime().seconds() == 0) {
        continue;
      }
      print(each, first);
      first = false;
      printed++;
      if (most > 0 && printed >= most) {
        break;
      }
    }
    return 0;
  }

  private void print(Statistics statistics, boolean withHeader) {
    if (tool.machine()) {
      printRow(statistics, withHeader);
      return;
    }
    Output out = tool.out();
    long now = statistics.currentTime().seconds();
    long start = statistics.startTime().seconds();
    out.line("CTDB version " + PROTOCOL_VERSION);
    out.line("Current time of statistics  :                " + Times.ctime(now));
    out.line(
        "Statistics collected since  : " + Times.elapsed(now - start) + " " + Times.ctime(start));
    printCounters(counters(statistics));
    out.line(" hop_count_buckets:" + buckets(statistics.hopCountBuckets()));
    out.line(" lock_buckets:" + buckets(statistics.locks().buckets()));
    printLatency("locks_latency", statistics.locks().latency());
    printLatency("reclock_ctdbd", statistics.reclockDaemon());
    printLatency("reclock_recd", statistics.reclockRecovery());
    printLatency("call_latency", statistics.callLatency());
    printLatency("childwrite_latency", statistics.childwriteLatency());
  }

  /** Without an outer separator in front, unlike every other table (cli.md 6.2). */
  private void printRow(Statistics statistics, boolean withHeader) {
    List<String> names = new ArrayList<>(List.of("CTDB version", "Current time of statistics"));
    names.add("Statistics collected since");
    List<String> values = new ArrayList<>();
    values.add(Integer.toString(PROTOCOL_VERSION));
    values.add(Long.toString(statistics.currentTime().seconds()));
    values.add(Long.toString(statistics.startTime().seconds()));
    for (Counter counter : counters(statistics)) {
      names.add(counter.name());
      values.add(Text.u(counter.value()));
    }
    addLatency(names, values, "reclock_ctdbd", statistics.reclockDaemon());
    addLatency(names, values, "reclock_recd", statistics.reclockRecovery());
    addLatency(names, values, "call", statistics.callLatency());
    addLatency(names, values, "lockwait", statistics.locks().latency());
    addLatency(names, values, "childwrite", statistics.childwriteLatency());
    if (withHeader) {
      tool.out().line(trailing(names));
    }
    tool.out().line(trailing(values));
  }

  private String trailing(List<String> fields) {
    StringBuilder row = new StringBuilder();
    for (String field : fields) {
      row.append(field).append(tool.separator());
    }
    return row.toString();
  }

  private static void addLatency(
      List<String> names, List<String> values, String name, Latency latency) {
    names.add("num_" + name + "_latency");
    names.add("min_" + name + "_latency");
    names.add("avg_" + name + "_latency");
    names.add("max_" + name + "_latency");
    values.add(Integer.toString(latency.count()));
    values.add(Text.micros(latency.min()));
    values.add(Text.micros(average(latency)));
    values.add(Text.micros(latency.max()));
  }

  private static List<Counter> counters(Statistics s) {
    Statistics.NodePackets node = s.node();
    Statistics.ClientPackets client = s.client();
    List<Counter> counters = new ArrayList<>(50);
    counters.add(new Counter("num_clients", s.numClients()));
    counters.add(new Counter("frozen", s.frozen()));
    counters.add(new Counter("recovering", s.recovering()));
    counters.add(new Counter("num_recoveries", s.numRecoveries()));
    counters.add(new Counter("client_packets_sent", s.clientPacketsSent()));
    counters.add(new Counter("client_packets_recv", s.clientPacketsReceived()));
    counters.add(new Counter("node_packets_sent", s.nodePacketsSent()));
    counters.add(new Counter("node_packets_recv", s.nodePacketsReceived()));
    counters.add(new Counter("keepalive_packets_sent", s.keepalivePacketsSent()));
    counters.add(new Counter("keepalive_packets_recv", s.keepalivePacketsReceived()));
    counters.add(new Counter("node.req_call", node.reqCall()));
    counters.add(new Counter("node.reply_call", node.replyCall()));
    counters.add(new Counter("node.req_dmaster", node.reqDmaster()));
    counters.add(new Counter("node.reply_dmaster", node.replyDmaster()));
    counters.add(new Counter("node.reply_error", node.replyError()));
    counters.add(new Counter("node.req_message", node.reqMessage()));
    counters.add(new Counter("node.req_control", node.reqControl()));
    counters.add(new Counter("node.reply_control", node.replyControl()));
    counters.add(new Counter("node.req_tunnel", node.reqTunnel()));
    counters.add(new Counter("client.req_call", client.reqCall()));
    counters.add(new Counter("client.req_message", client.reqMessage()));
    counters.add(new Counter("client.req_control", client.reqControl()));
    counters.add(new Counter("client.req_tunnel", client.reqTunnel()));
    counters.add(new Counter("timeouts.call", s.timeouts().call()));
    counters.add(new Counter("timeouts.control", s.timeouts().control()));
    counters.add(new Counter("timeouts.traverse", s.timeouts().traverse()));
    addLocks(counters, s.locks());
    counters.add(new Counter("total_calls", s.totalCalls()));
    counters.add(new Counter("pending_calls", s.pendingCalls()));
    counters.add(new Counter("childwrite_calls", s.childwriteCalls()));
    counters.add(new Counter("pending_childwrite_calls", s.pendingChildwriteCalls()));
    counters.add(new Counter("memory_used", s.memoryUsed()));
    counters.add(new Counter("max_hop_count", s.maxHopCount()));
    counters.add(new Counter("total_ro_delegations", s.totalRoDelegations()));
    counters.add(new Counter("total_ro_revokes", s.totalRoRevokes()));
    return counters;
  }

  private static void addLocks(List<Counter> counters, LockStatistics locks) {
    counters.add(new Counter("locks.num_calls", locks.numCalls()));
    counters.add(new Counter("locks.num_current", locks.numCurrent()));
    counters.add(new Counter("locks.num_pending", locks.numPending()));
    counters.add(new Counter("locks.num_failed", locks.numFailed()));
  }

  private void printCounters(List<Counter> counters) {
    String group = "";
    for (Counter counter : counters) {
      int dot = counter.name().indexOf('.');
      if (dot < 0) {
        group = "";
        tool.out().line(" " + Text.left(counter.name(), 26) + number(counter));
        continue;
      }
      String prefix = counter.name().substring(0, dot);
      if (!prefix.equals(group)) {
        group = prefix;
        tool.out().line(" " + group);
      }
      String name = counter.name().substring(dot + 1);
      tool.out().line("     " + Text.left(name, 22) + number(counter));
    }
  }

  private static String number(Counter counter) {
    return Text.right(Text.u(counter.value()), 10);
  }

  private static String buckets(List<Integer> buckets) {
    StringBuilder text = new StringBuilder();
    for (int bucket : buckets) {
      text.append(' ').append(Text.u(bucket));
    }
    return text.toString();
  }

  private void printLatency(String name, Latency latency) {
    tool.out()
        .line(
            " "
                + Text.left(Text.left(name, 18) + " MIN/AVG/MAX", 30)
                + "     "
                + Text.micros(latency.min())
                + "/"
                + Text.micros(average(latency))
                + "/"
                + Text.micros(latency.max())
                + " sec out of "
                + latency.count());
  }

  private static double average(Latency latency) {
    return latency.count() == 0 ? 0 : latency.total() / latency.count();
  }

  private int database(List<String> arguments) {
    tool.expect(arguments, 1, 1);
    Database database = Database.find(tool, arguments.getFirst());
    byte[] data =
        tool.client().data(tool.node(), Control.GET_DB_STATISTICS, Payload.ofU32(database.id()));
    DatabaseStatistics statistics = DatabaseStatistics.decode(data);
    Output out = tool.out();
    out.line("DB Statistics " + database.name());
    List<Counter> counters = new ArrayList<>();
    counters.add(new Counter("db_ro_delegations", statistics.roDelegations()));
    counters.add(new Counter("db_ro_revokes", statistics.roRevokes()));
    addLocks(counters, statistics.locks());
    printCounters(counters);
    out.line(" hop_count_buckets:" + buckets(statistics.hopCountBuckets()));
    out.line(" lock_buckets:" + buckets(statistics.locks().buckets()));
    printLatency("locks_latency", statistics.locks().latency());
    printLatency("vacuum_latency", statistics.vacuumLatency());
    out.line(" Num Hot Keys:     " + statistics.hotKeys().size());
    for (DatabaseStatistics.HotKey hot : statistics.hotKeys()) {
      out.line("     Count:" + hot.count() + " Key:" + Text.hex(hot.key().bytes()));
    }
    return 0;
  }
}
