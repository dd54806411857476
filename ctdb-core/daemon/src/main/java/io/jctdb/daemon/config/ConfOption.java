package io.jctdb.daemon.config;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * Every option of {@code ctdb.conf} (events-and-config 4.2), and those of our own section {@code
 * [jctdb]}, in the order in which {@code ctdb-config dump} prints them.
 *
 * <p>An empty default means "unset". {@code %var%} and {@code %log%} stand for the directories of
 * {@link Paths}.
 */
enum ConfOption {
  LOG_LOCATION("logging", "location", ConfType.LOCATION, "file:%log%/log.ctdb"),
  LOG_LEVEL("logging", "log level", ConfType.LEVEL, "NOTICE"),

  TRANSPORT("cluster", "transport", ConfType.TCP, "tcp"),
  NODE_ADDRESS("cluster", "node address", ConfType.ADDRESS, ""),
  CLUSTER_LOCK("cluster", "cluster lock", ConfType.TEXT, ""),
  RECOVERY_LOCK("cluster", "recovery lock", ConfType.TEXT, ""),
  LEADER_TIMEOUT("cluster", "leader timeout", ConfType.POSITIVE, "5"),
  LEADER_CAPABILITY("cluster", "leader capability", ConfType.FLAG, "true"),
  NODES_LIST("cluster", "nodes list", ConfType.TEXT, ""),

  VOLATILE_DIRECTORY(
      "database", "volatile database directory", ConfType.DIRECTORY, "%var%/volatile"),
  PERSISTENT_DIRECTORY(
      "database", "persistent database directory", ConfType.DIRECTORY, "%var%/persistent"),
  STATE_DIRECTORY("database", "state database directory", ConfType.DIRECTORY, "%var%/state"),
  LOCK_DEBUG_SCRIPT("database", "lock debug script", ConfType.SCRIPT, ""),
  TDB_MUTEXES("database", "tdb mutexes", ConfType.FLAG, "true"),

  EVENT_DEBUG_SCRIPT("event", "debug script", ConfType.SCRIPT, ""),

  FAILOVER_DISABLED("failover", "disabled", ConfType.FLAG, "false"),
  SHUTDOWN_FAILOVER_TIMEOUT("failover", "shutdown failover timeout", ConfType.COUNT, "10"),
  SHUTDOWN_EXTRA_TIMEOUT("failover", "shutdown extra timeout", ConfType.COUNT, "0"),

  REALTIME_SCHEDULING("legacy", "realtime scheduling", ConfType.FLAG, "true"),
  LMASTER_CAPABILITY("legacy", "lmaster capability", ConfType.FLAG, "true"),
  START_AS_STOPPED("legacy", "start as stopped", ConfType.FLAG, "false"),
  START_AS_DISABLED("legacy", "start as disabled", ConfType.FLAG, "false"),
  SCRIPT_LOG_LEVEL("legacy", "script log level", ConfType.LEVEL, "ERROR"),

  NODE_PORT("jctdb", "node port", ConfType.PORT, "0"),
  ZOOKEEPER("jctdb", "zookeeper", ConfType.SERVERS, ""),
  ZOOKEEPER_PORT("jctdb", "zookeeper port", ConfType.PORT, "4380"),
  ZOOKEEPER_SESSION_MS("jctdb", "zookeeper session ms", ConfType.POSITIVE, "6000"),
  TRANSPORT_SECURITY("jctdb", "transport security", ConfType.SECURITY, "auto"),
  TLS_CA("jctdb", "tls ca", ConfType.FILE, ""),
  TLS_CERTIFICATE("jctdb", "tls certificate", ConfType.FILE, ""),
  TLS_KEY("jctdb", "tls key", ConfType.FILE, ""),
  METRICS_ADDRESS("jctdb", "metrics address", ConfType.ENDPOINT, ""),
  SITE("jctdb", "site", ConfType.TEXT, "main"),
  MAIN_SITE("jctdb", "main site", ConfType.TEXT, "main"),
  REMOTE_NODES("jctdb", "remote nodes", ConfType.NODES, ""),
  REMOTE_LEASE("jctdb", "remote lease", ConfType.POSITIVE, "10"),
  WAN_COMPRESSION("jctdb", "wan compression", ConfType.FLAG, "true"),
  WAN_BANDWIDTH("jctdb", "wan bandwidth kbit", ConfType.COUNT, "0");

  private final String section;
  private final String key;
  private final ConfType type;
  private final String defaultText;

  ConfOption(String section, String key, ConfType type, String defaultText) {
    this.section = section;
    this.key = key;
    this.type = type;
    this.defaultText = defaultText;
  }

  String section() {
    return section;
  }

  String key() {
    return key;
  }

  ConfType type() {
    return type;
  }

  String defaultValue(Paths paths) {
    return defaultText
        .replace("%var%", paths.varDir().toString())
        .replace("%log%", paths.logDir().toString());
  }

  /** Section names are read in any case, keys exactly (events-and-config 4.1). */
  static Optional<ConfOption> find(String section, String key) {
    String lower = section.toLowerCase(Locale.ROOT);
    return Arrays.stream(values())
        .filter(o -> o.section.equals(lower) && o.key.equals(key))
        .findFirst();
  }

  static boolean isSection(String section) {
    String lower = section.toLowerCase(Locale.ROOT);
    return Arrays.stream(values()).anyMatch(o -> o.section.equals(lower));
  }
}
