package io.jctdb.daemon.config;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The tunables of ctdbd 4.17: 62 numbers in the order of the array that GET_ALL_TUNABLES sends, 13
 * of them obsolete (cluster-and-failover 2.1 and 2.2).
 */
public enum Tunable {
  MAX_REDIRECT_COUNT("MaxRedirectCount", 3),
  SEQNUM_INTERVAL("SeqnumInterval", 1000, Unit.MILLISECONDS),
  CONTROL_TIMEOUT("ControlTimeout", 60, Unit.SECONDS),
  TRAVERSE_TIMEOUT("TraverseTimeout", 20, Unit.SECONDS),
  KEEPALIVE_INTERVAL("KeepaliveInterval", 5, Unit.SECONDS),
  KEEPALIVE_LIMIT("KeepaliveLimit", 5, Unit.COUNT),
  RECOVER_TIMEOUT("RecoverTimeout", 30, Unit.SECONDS),
  RECOVER_INTERVAL("RecoverInterval", 1, Unit.SECONDS),
  ELECTION_TIMEOUT("ElectionTimeout", 3, Unit.SECONDS),
  TAKEOVER_TIMEOUT("TakeoverTimeout", 9, Unit.SECONDS),
  MONITOR_INTERVAL("MonitorInterval", 15, Unit.SECONDS),
  TICKLE_UPDATE_INTERVAL("TickleUpdateInterval", 20, Unit.SECONDS),
  SCRIPT_TIMEOUT("EventScriptTimeout", 30, Unit.SECONDS),
  MONITOR_TIMEOUT_COUNT("MonitorTimeoutCount", 20, Unit.COUNT),
  SCRIPT_UNHEALTHY_ON_TIMEOUT("EventScriptUnhealthyOnTimeout", 0),
  RECOVERY_GRACE_PERIOD("RecoveryGracePeriod", 120, Unit.SECONDS),
  RECOVERY_BAN_PERIOD("RecoveryBanPeriod", 300, Unit.SECONDS),
  DATABASE_HASH_SIZE("DatabaseHashSize", 100001, Unit.COUNT),
  DATABASE_MAX_DEAD("DatabaseMaxDead", 5, Unit.COUNT),
  RERECOVERY_TIMEOUT("RerecoveryTimeout", 10, Unit.SECONDS),
  ENABLE_BANS("EnableBans", 1, Unit.SWITCH),
  DETERMINISTIC_PUBLIC_IPS("DeterministicIPs", 0),
  RECLOCK_PING_PERIOD("ReclockPingPeriod", 60),
  NO_IP_FAILBACK("NoIPFailback", 0, Unit.SWITCH),
  DISABLE_IP_FAILOVER("DisableIPFailover", 0),
  VERBOSE_MEMORY_NAMES("VerboseMemoryNames", 0, Unit.SWITCH),
  RECD_PING_TIMEOUT("RecdPingTimeout", 60, Unit.SECONDS),
  RECD_PING_FAILCOUNT("RecdFailCount", 10, Unit.COUNT),
  LOG_LATENCY_MS("LogLatencyMs", 0, Unit.MILLISECONDS),
  RECLOCK_LATENCY_MS("RecLockLatencyMs", 1000, Unit.MILLISECONDS),
  RECOVERY_DROP_ALL_IPS("RecoveryDropAllIPs", 120, Unit.SECONDS),
  VERIFY_RECOVERY_LOCK("VerifyRecoveryLock", 1),
  VACUUM_INTERVAL("VacuumInterval", 10, Unit.SECONDS),
  VACUUM_MAX_RUN_TIME("VacuumMaxRunTime", 120, Unit.SECONDS),
  REPACK_LIMIT("RepackLimit", 10000, Unit.COUNT),
  VACUUM_LIMIT("VacuumLimit", 5000),
  MAX_QUEUE_DEPTH_DROP_MSG("MaxQueueDropMsg", 1000000, Unit.COUNT),
  ALLOW_UNHEALTHY_DB_READ("AllowUnhealthyDBRead", 0, Unit.SWITCH),
  STAT_HISTORY_INTERVAL("StatHistoryInterval", 1, Unit.SECONDS),
  DEFERRED_ATTACH_TIMEOUT("DeferredAttachTO", 120, Unit.SECONDS),
  VACUUM_FAST_PATH_COUNT("VacuumFastPathCount", 60, Unit.COUNT),
  LCP2_PUBLIC_IP_ASSIGNMENT("LCP2PublicIPs", 1),
  ALLOW_CLIENT_DB_ATTACH("AllowClientDBAttach", 1, Unit.SWITCH),
  RECOVER_PDB_BY_SEQNUM("RecoverPDBBySeqNum", 1),
  DEFERRED_REBALANCE_ON_NODE_ADD("DeferredRebalanceOnNodeAdd", 300),
  FETCH_COLLAPSE("FetchCollapse", 1, Unit.SWITCH),
  HOPCOUNT_MAKE_STICKY("HopcountMakeSticky", 50, Unit.COUNT),
  STICKY_DURATION("StickyDuration", 600, Unit.SECONDS),
  STICKY_PINDOWN("StickyPindown", 200, Unit.MILLISECONDS),
  NO_IP_TAKEOVER("NoIPTakeover", 0, Unit.SWITCH),
  DB_RECORD_COUNT_WARN("DBRecordCountWarn", 100000, Unit.COUNT),
  DB_RECORD_SIZE_WARN("DBRecordSizeWarn", 10000000, Unit.BYTES),
  DB_SIZE_WARN("DBSizeWarn", 100000000, Unit.BYTES),
  PULLDB_PREALLOCATION_SIZE("PullDBPreallocation", 10485760, Unit.BYTES),
  NO_IP_HOST_ON_ALL_DISABLED("NoIPHostOnAllDisabled", 1),
  SAMBA3_HACK("Samba3AvoidDeadlocks", 0),
  MUTEX_ENABLED("TDBMutexEnabled", 1),
  LOCK_PROCESSES_PER_DB("LockProcessesPerDB", 200, Unit.COUNT),
  REC_BUFFER_SIZE_LIMIT("RecBufferSizeLimit", 1000000, Unit.BYTES),
  QUEUE_BUFFER_SIZE("QueueBufferSize", 1024, Unit.BYTES),
  IP_ALLOC_ALGORITHM("IPAllocAlgorithm", 2, Unit.COUNT),
  ALLOW_MIXED_VERSIONS("AllowMixedVersions", 0, Unit.SWITCH);

  /** What a tunable counts. */
  public enum Unit {
    MILLISECONDS,
    SECONDS,
    BYTES,
    COUNT,
    /** 0 or 1. */
    SWITCH
  }

  private static final Map<String, Tunable> BY_NAME =
      Arrays.stream(values())
          .collect(Collectors.toMap(t -> lower(t.fieldName), Function.identity()));

  private static final List<Tunable> LISTED = listed();

  private final String fieldName;
  private final long defaultValue;
  private final Unit unit;
  private final boolean obsolete;

  Tunable(String fieldName, long defaultValue, Unit unit) {
    this.fieldName = fieldName;
    this.defaultValue = defaultValue;
    this.unit = unit;
    this.obsolete = false;
  }

  /** An obsolete one: its value is kept and has no effect. */
  Tunable(String fieldName, long defaultValue) {
    this.fieldName = fieldName;
    this.defaultValue = defaultValue;
    this.unit = Unit.COUNT;
    this.obsolete = true;
  }

  /** The name in {@code ctdb listvars}. */
  public String fieldName() {
    return fieldName;
  }

  /** The value at start; 32 bits without sign. */
  public long defaultValue() {
    return defaultValue;
  }

  /** What the number counts. */
  public Unit unit() {
    return unit;
  }

  /** Whether it is kept only for the layout of the array. */
  public boolean obsolete() {
    return obsolete;
  }

  /** The tunable of this name, in any case. */
  public static Optional<Tunable> find(String name) {
    return Optional.ofNullable(BY_NAME.get(lower(name)));
  }

  /**
   * The 49 live ones in the order of LIST_TUNABLES and {@code ctdb listvars}, where
   * VacuumFastPathCount stands five places earlier than in memory.
   */
  public static List<Tunable> inListOrder() {
    return LISTED;
  }

  private static List<Tunable> listed() {
    Set<Tunable> live = EnumSet.allOf(Tunable.class);
    live.removeIf(Tunable::obsolete);
    live.remove(VACUUM_FAST_PATH_COUNT);
    return live.stream()
        .mapMulti(
            (Tunable t, Consumer<Tunable> out) -> {
              if (t == MAX_QUEUE_DEPTH_DROP_MSG) {
                out.accept(VACUUM_FAST_PATH_COUNT);
              }
              out.accept(t);
            })
        .toList();
  }

  private static String lower(String name) {
    return name.toLowerCase(Locale.ROOT);
  }
}
