package io.jctdb.daemon.config;

import io.jctdb.recovery.Site;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The contents of {@code ctdb.conf}, checked (events-and-config 4.1 and 4.2). Immutable; read once
 * at start.
 *
 * <p>Names that are not known are {@link #warnings()}, because an administrator may keep lines for
 * another version. Everything else that ctdbd would quietly take for something different than what
 * was written is refused.
 */
public final class CtdbConf {

  /** {@code [logging]}: {@code locationText} is the value as written, for {@code CTDB_LOGGING}. */
  public record Logging(LogLocation location, String locationText, LogLevel level) {}

  /**
   * {@code [cluster]}.
   *
   * @param nodeAddress this node's own address in the nodes file, when it must not be guessed
   * @param clusterLock what a node must hold to lead: a file or {@code !helper args}
   * @param leaderTimeout how long ctdbd waits for its leader before an election
   * @param leaderCapability whether this node may become leader
   * @param nodesList another nodes file, or {@code !command args}
   */
  public record Cluster(
      Optional<InetAddress> nodeAddress,
      Optional<String> clusterLock,
      Duration leaderTimeout,
      boolean leaderCapability,
      Optional<String> nodesList) {}

  /** {@code [database]}: the three directories, and whether volatile databases use mutexes. */
  public record Database(
      Path volatileDirectory,
      Path persistentDirectory,
      Path stateDirectory,
      Optional<Path> lockDebugScript,
      boolean tdbMutexes) {}

  /** {@code [event]}: the program run on a hung script, in the configuration directory. */
  public record Event(Optional<Path> debugScript) {}

  /** {@code [failover]}: what happens to public addresses on this node. */
  public record Failover(
      boolean disabled, Duration shutdownFailoverTimeout, Duration shutdownExtraTimeout) {}

  /** {@code [legacy]}. */
  public record Legacy(
      boolean realtimeScheduling,
      boolean lmasterCapability,
      boolean startAsStopped,
      boolean startAsDisabled,
      LogLevel scriptLogLevel) {}

  /**
   * {@code [jctdb]}, which ctdbd ignores.
   *
   * @param nodePort TCP port between nodes; empty means the service {@code ctdb} or 4379
   * @param zookeeper connect string of an external ensemble; empty means the embedded one
   * @param zookeeperPort first of three consecutive ports of the embedded ensemble: clients,
   *     followers, election
   * @param zookeeperSession session timeout, from which leases are counted
   * @param security how traffic between nodes is protected
   * @param metrics where metrics and the status page are served
   * @param site the site that this node belongs to, and what the cluster calls remote
   * @param remoteNodes nodes that are at remote sites, as far as this must be known before any of
   *     them has been heard of: they run no ZooKeeper server
   * @param wideArea how traffic to other sites is treated
   */
  public record Jctdb(
      Optional<Integer> nodePort,
      Optional<String> zookeeper,
      int zookeeperPort,
      Duration zookeeperSession,
      Security security,
      Optional<InetSocketAddress> metrics,
      Site site,
      SortedSet<Integer> remoteNodes,
      WideArea wideArea) {}

  /**
   * Traffic to other sites.
   *
   * @param kilobitsPerSecond what this node may send to all of them together; 0 for no limit
   */
  public record WideArea(boolean compression, long kilobitsPerSecond) {}

  /** Protection between nodes: certificates are PEM files, all three or none. */
  public record Security(
      TransportSecurity mode,
      Optional<Path> authority,
      Optional<Path> certificate,
      Optional<Path> key) {}

  private final Paths paths;
  private final Map<ConfOption, String> values = new EnumMap<>(ConfOption.class);
  private final List<ConfigProblem> warnings = new ArrayList<>();

  private CtdbConf(Paths paths) {
    this.paths = paths;
  }

  /**
   * Reads {@code ctdb.conf}; a file that does not exist means all defaults.
   *
   * @throws ConfigException with every problem of the file
   */
  public static CtdbConf read(Paths paths) throws ConfigException {
    return of(paths, ConfigFile.readLines(paths.conf()).orElse(List.of()));
  }

  /** What {@code ctdb.conf} with these lines says. */
  static CtdbConf of(Paths paths, List<String> lines) throws ConfigException {
    CtdbConf conf = new CtdbConf(paths);
    List<ConfigProblem> errors = conf.load(IniFile.parse(paths.conf(), lines));
    if (!errors.isEmpty()) {
      throw new ConfigException(errors);
    }
    return conf;
  }

  private List<ConfigProblem> load(IniFile ini) {
    List<ConfigProblem> errors = new ArrayList<>(ini.errors());
    warnings.addAll(ini.warnings());
    for (IniFile.Section section : ini.sections()) {
      if (!ConfOption.isSection(section.name())) {
        warnings.add(
            ConfigProblem.ofLine(
                paths.conf(),
                section.line(),
                "[" + section.name() + "]",
                "is not a section of ctdb.conf, and is ignored",
                "check the spelling"));
      }
    }
    for (IniFile.Setting setting : ini.settings()) {
      ConfOption.find(setting.section(), setting.key())
          .ifPresentOrElse(
              option -> set(option, setting, errors), () -> warnings.add(unknown(setting)));
    }
    checkTogether(errors);
    return errors;
  }

  private void set(ConfOption option, IniFile.Setting setting, List<ConfigProblem> errors) {
    Optional<ConfType.Broken> broken =
        setting.value().isEmpty()
            ? Optional.of(
                new ConfType.Broken(
                    "must not be empty", "write a value, or remove the line for the default"))
            : check(option, setting.value());
    broken.ifPresentOrElse(
        b ->
            errors.add(
                new ConfigProblem(
                    Optional.of(paths.conf()),
                    setting.line(),
                    "[" + option.section() + "] " + option.key(),
                    setting.value(),
                    b.rule(),
                    b.remedy())),
        () -> values.put(option, setting.value()));
  }

  private Optional<ConfType.Broken> check(ConfOption option, String value) {
    if (value.indexOf('\0') >= 0) {
      return Optional.of(
          new ConfType.Broken("must not hold a NUL byte", "write the line again by hand"));
    }
    return option.type().check(value, paths.etcDir());
  }

  private ConfigProblem unknown(IniFile.Setting setting) {
    return new ConfigProblem(
        Optional.of(paths.conf()),
        setting.line(),
        setting.section().isEmpty()
            ? setting.key()
            : "[" + setting.section() + "] " + setting.key(),
        setting.value(),
        setting.section().isEmpty()
            ? "stands before any [section], and is ignored"
            : "is not an option of this section, and is ignored",
        "check the spelling; keys are read exactly, in lower case");
  }

  /** Rules between options. */
  private void checkTogether(List<ConfigProblem> errors) {
    long tlsFiles =
        List.of(ConfOption.TLS_CA, ConfOption.TLS_CERTIFICATE, ConfOption.TLS_KEY).stream()
            .filter(values::containsKey)
            .count();
    if (tlsFiles == 1 || tlsFiles == 2) {
      errors.add(
          ConfigProblem.ofFile(
              paths.conf(),
              "[jctdb] tls ca, tls certificate and tls key must be set together",
              "set all three, or none"));
    }
    if (number(ConfOption.REMOTE_LEASE) < 2 || number(ConfOption.REMOTE_LEASE) > 600) {
      errors.add(
          ConfigProblem.ofFile(
              paths.conf(),
              "[jctdb] remote lease must be from 2 to 600 seconds",
              "write the same value in ctdb.conf of every node, for example 10"));
    }
    if (values.containsKey(ConfOption.RECOVERY_LOCK)) {
      warnings.add(
          ConfigProblem.ofFile(
              paths.conf(),
              "[cluster] recovery lock is an old name",
              "rename it to cluster lock; cluster lock wins when both are set"));
    }
  }

  /** Lines that were ignored and what is wrong with them. */
  public List<ConfigProblem> warnings() {
    return List.copyOf(warnings);
  }

  /** The places that belong to this configuration. */
  public Paths paths() {
    return paths;
  }

  /** {@code [logging]}. */
  public Logging logging() {
    String location = text(ConfOption.LOG_LOCATION);
    LogLocation where = LogLocation.parse(location).orElseGet(LogLocation.ToStderr::new);
    return new Logging(where, location, level(ConfOption.LOG_LEVEL));
  }

  /** {@code [cluster]}. */
  public Cluster cluster() {
    return new Cluster(
        optional(ConfOption.NODE_ADDRESS).flatMap(AddressLiteral::parse),
        optional(ConfOption.CLUSTER_LOCK).or(() -> optional(ConfOption.RECOVERY_LOCK)),
        Duration.ofSeconds(number(ConfOption.LEADER_TIMEOUT)),
        capability(ConfOption.LEADER_CAPABILITY),
        optional(ConfOption.NODES_LIST));
  }

  /** {@code [database]}. */
  public Database database() {
    return new Database(
        Path.of(text(ConfOption.VOLATILE_DIRECTORY)),
        Path.of(text(ConfOption.PERSISTENT_DIRECTORY)),
        Path.of(text(ConfOption.STATE_DIRECTORY)),
        script(ConfOption.LOCK_DEBUG_SCRIPT),
        flag(ConfOption.TDB_MUTEXES));
  }

  /** {@code [event]}. */
  public Event event() {
    return new Event(script(ConfOption.EVENT_DEBUG_SCRIPT));
  }

  /** {@code [failover]}. */
  public Failover failover() {
    return new Failover(
        flag(ConfOption.FAILOVER_DISABLED),
        Duration.ofSeconds(number(ConfOption.SHUTDOWN_FAILOVER_TIMEOUT)),
        Duration.ofSeconds(number(ConfOption.SHUTDOWN_EXTRA_TIMEOUT)));
  }

  /** {@code [legacy]}. */
  public Legacy legacy() {
    return new Legacy(
        flag(ConfOption.REALTIME_SCHEDULING),
        capability(ConfOption.LMASTER_CAPABILITY),
        flag(ConfOption.START_AS_STOPPED),
        flag(ConfOption.START_AS_DISABLED),
        level(ConfOption.SCRIPT_LOG_LEVEL));
  }

  private Site site() {
    return new Site(
        text(ConfOption.SITE),
        text(ConfOption.MAIN_SITE),
        Duration.ofSeconds(number(ConfOption.REMOTE_LEASE)));
  }

  private SortedSet<Integer> remoteNodes() {
    SortedSet<Integer> nodes = new TreeSet<>();
    optional(ConfOption.REMOTE_NODES)
        .ifPresent(
            list ->
                List.of(list.split("[ ,]+", -1)).forEach(pnn -> nodes.add(Integer.valueOf(pnn))));
    return nodes;
  }

  /** A node at a remote site has no such part unless the file says so. */
  private boolean capability(ConfOption option) {
    return values.containsKey(option) ? flag(option) : !site().remote();
  }

  /** {@code [jctdb]}. */
  public Jctdb jctdb() {
    int port = number(ConfOption.NODE_PORT);
    return new Jctdb(
        port == 0 ? Optional.empty() : Optional.of(port),
        optional(ConfOption.ZOOKEEPER),
        number(ConfOption.ZOOKEEPER_PORT),
        Duration.ofMillis(number(ConfOption.ZOOKEEPER_SESSION_MS)),
        new Security(
            TransportSecurity.parse(text(ConfOption.TRANSPORT_SECURITY))
                .orElse(TransportSecurity.AUTO),
            optional(ConfOption.TLS_CA).map(Path::of),
            optional(ConfOption.TLS_CERTIFICATE).map(Path::of),
            optional(ConfOption.TLS_KEY).map(Path::of)),
        optional(ConfOption.METRICS_ADDRESS).flatMap(AddressLiteral::parseEndpoint),
        site(),
        remoteNodes(),
        new WideArea(flag(ConfOption.WAN_COMPRESSION), number(ConfOption.WAN_BANDWIDTH)));
  }

  /**
   * The value in force of one option, as text, for {@code ctdb-config get}: nothing when there is
   * no such option, empty when it is unset.
   */
  public Optional<String> get(String section, String key) {
    return ConfOption.find(section, key).map(this::shown);
  }

  /**
   * All options in the shape of {@code ctdb-config dump}: a line per section and option, a tab
   * before each, those that have their default value after {@code # }.
   */
  public String dump() {
    StringBuilder out = new StringBuilder();
    String section = "";
    for (ConfOption option : ConfOption.values()) {
      if (!option.section().equals(section)) {
        section = option.section();
        out.append('[').append(section).append("]\n");
      }
      boolean isDefault = text(option).equals(option.defaultValue(paths));
      out.append('\t')
          .append(isDefault ? "# " : "")
          .append(option.key())
          .append(" = ")
          .append(shown(option))
          .append('\n');
    }
    return out.toString();
  }

  private String shown(ConfOption option) {
    return switch (option.type()) {
      case FLAG -> Boolean.toString(flag(option));
      case COUNT, POSITIVE, PORT -> Integer.toString(number(option));
      default -> text(option);
    };
  }

  private String text(ConfOption option) {
    String value = values.get(option);
    return value == null ? option.defaultValue(paths) : value;
  }

  private Optional<String> optional(ConfOption option) {
    String value = text(option);
    return value.isEmpty() ? Optional.empty() : Optional.of(value);
  }

  private Optional<Path> script(ConfOption option) {
    return optional(option).map(value -> ConfType.scriptPath(value, paths.etcDir()));
  }

  private boolean flag(ConfOption option) {
    return ConfType.flag(text(option).toLowerCase(Locale.ROOT));
  }

  private int number(ConfOption option) {
    return (int) ConfNumber.parse(text(option), Integer.MAX_VALUE).orElseThrow();
  }

  private LogLevel level(ConfOption option) {
    return LogLevel.parse(text(option)).orElseThrow();
  }
}
