package io.jctdb.daemon;

import io.jctdb.daemon.catalog.AttachedDatabase;
import io.jctdb.daemon.catalog.DatabaseCatalog;
import io.jctdb.daemon.config.LogLevel;
import io.jctdb.daemon.control.ControlRequest;
import io.jctdb.daemon.control.ControlTable;
import io.jctdb.daemon.logging.DaemonLog;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.DatabaseStatistics;
import io.jctdb.protocol.Latency;
import io.jctdb.protocol.LockStatistics;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.StatisticsList;
import java.util.Collections;
import java.util.function.Supplier;

/** Counters, log level and memory (sheet 3.10). */
final class StatisticsControls implements ControlTable.Group {
  private final DaemonStatistics statistics;
  private final Supplier<DaemonStatistics.Present> present;
  private final DatabaseCatalog catalog;
  private int debugLevel;

  StatisticsControls(
      DaemonStatistics statistics,
      Supplier<DaemonStatistics.Present> present,
      DatabaseCatalog catalog,
      LogLevel level) {
    this.statistics = statistics;
    this.present = present;
    this.catalog = catalog;
    this.debugLevel = level.number();
  }

  @Override
  public void enter(ControlTable table) {
    table.on(Control.STATISTICS, this::statistics);
    table.on(Control.STATISTICS_RESET, this::reset);
    table.on(Control.GET_STAT_HISTORY, this::history);
    table.on(Control.GET_DB_STATISTICS, this::databaseStatistics);
    table.on(Control.GET_DEBUG, this::getDebug);
    table.on(Control.SET_DEBUG, this::setDebug);
    table.on(Control.DUMP_MEMORY, this::dumpMemory);
  }

  private void statistics(ControlRequest request) {
    Payload.expectEmpty(request.data());
    request.reply().ok(statistics.snapshot(present.get()).encode());
  }

  private void reset(ControlRequest request) {
    Payload.expectEmpty(request.data());
    statistics.reset();
    request.reply().ok();
  }

  private void history(ControlRequest request) {
    Payload.expectEmpty(request.data());
    request.reply().ok(new StatisticsList(statistics.history()).encode());
  }

  private void databaseStatistics(ControlRequest request) {
    AttachedDatabase database = catalog.find(Payload.u32(request.data()));
    if (database == null) {
      request.reply().fail();
      return;
    }
    DaemonStatistics.OfDatabase counted = statistics.ofDatabase(database.id());
    request
        .reply()
        .ok(
            new DatabaseStatistics(
                    LockStatistics.NONE,
                    Latency.NONE,
                    counted.delegations(),
                    counted.revokes(),
                    Collections.nCopies(16, 0),
                    Collections.nCopies(
                        DatabaseStatistics.HOT_KEYS, DatabaseStatistics.HotKey.UNUSED))
                .encode());
  }

  private void getDebug(ControlRequest request) {
    Payload.expectEmpty(request.data());
    request.reply().ok(Payload.ofU32(debugLevel));
  }

  /**
   * Any number is kept and shown again, as in ctdbd; one beyond the known levels means the last.
   */
  private void setDebug(ControlRequest request) {
    debugLevel = Payload.u32(request.data());
    int known = Math.clamp(debugLevel, LogLevel.ERROR.number(), LogLevel.DEBUG.number());
    DaemonLog.setLevel(LogLevel.ofNumber(known).orElseThrow());
    request.reply().ok();
  }

  private void dumpMemory(ControlRequest request) {
    Payload.expectEmpty(request.data());
    request.reply().ok(Payload.ofText(memory()));
  }

  static String memory() {
    Runtime runtime = Runtime.getRuntime();
    return String.format(
        "heap used %d KiB of %d KiB, at most %d KiB%n",
        (runtime.totalMemory() - runtime.freeMemory()) >> 10,
        runtime.totalMemory() >> 10,
        runtime.maxMemory() >> 10);
  }
}
