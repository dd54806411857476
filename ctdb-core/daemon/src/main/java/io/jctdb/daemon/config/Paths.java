package io.jctdb.daemon.config;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Where everything is. The defaults are those of Debian's packages, so that the stock {@code ctdb}
 * tool, Samba and scripts written for ctdbd find what they look for.
 *
 * <p>Three variables move them (events-and-config 1.1): with {@code CTDB_TEST_MODE} every directory
 * moves below {@code CTDB_BASE}, so that several nodes run on one host; {@code CTDB_SOCKET} moves
 * the client socket alone; {@code JCTDB_HOME} (a variable or the system property {@code
 * jctdb.home}) is the prefix of an installation in one directory and moves what an installation
 * brings along ({@code share/ctdb}, {@code libexec/ctdb}), not what belongs to the host.
 *
 * @param etcDir configuration, scripts and script options; exported to scripts as {@code CTDB_BASE}
 * @param shareDir the scripts that come with the product, in {@code events/legacy}
 * @param helperDir programs run by scripts and by the {@code ctdb} tool
 * @param runDir sockets and pid files
 * @param varDir databases and the scripts' state
 * @param logDir the default log file
 * @param socket the Unix socket of the daemon's clients
 * @param testMode whether {@code CTDB_TEST_MODE} is in force
 */
public record Paths(
    Path etcDir,
    Path shareDir,
    Path helperDir,
    Path runDir,
    Path varDir,
    Path logDir,
    Path socket,
    boolean testMode) {

  /** The paths that the environment of this process asks for. */
  public static Paths ofProcess() throws ConfigException {
    return of(System.getenv(), Optional.ofNullable(System.getProperty("jctdb.home")));
  }

  /**
   * The paths that an environment asks for.
   *
   * @param environment the variables of a process
   * @param homeProperty the installation prefix when it does not come from {@code JCTDB_HOME}
   */
  public static Paths of(Map<String, String> environment, Optional<String> homeProperty)
      throws ConfigException {
    Optional<Path> home =
        Optional.ofNullable(environment.get("JCTDB_HOME")).or(() -> homeProperty).map(Path::of);
    Path share = home.map(h -> h.resolve("share/ctdb")).orElse(Path.of("/usr/share/ctdb"));
    Path helpers = home.map(h -> h.resolve("libexec/ctdb")).orElse(Path.of("/usr/libexec/ctdb"));
    String base = environment.get("CTDB_BASE");
    if (environment.get("CTDB_TEST_MODE") != null) {
      if (base == null || base.isBlank()) {
        throw new ConfigException(
            ConfigProblem.ofVariable(
                "CTDB_BASE",
                "",
                "must name a directory when CTDB_TEST_MODE is set",
                "set CTDB_BASE to the directory of this node, or unset CTDB_TEST_MODE"));
      }
      Path root = Path.of(base).toAbsolutePath();
      return new Paths(
          root,
          root.resolve("share"),
          helpers,
          root.resolve("run"),
          root.resolve("var"),
          root.resolve("var/log"),
          socket(environment, root.resolve("run")),
          true);
    }
    Path run = Path.of("/run/ctdb");
    Path etc = base == null || base.isBlank() ? Path.of("/etc/ctdb") : Path.of(base);
    return new Paths(
        etc.toAbsolutePath(),
        share,
        helpers,
        run,
        Path.of("/var/lib/ctdb"),
        Path.of("/var/log/ctdb"),
        socket(environment, run),
        false);
  }

  private static Path socket(Map<String, String> environment, Path runDir) {
    String socket = environment.get("CTDB_SOCKET");
    return socket == null || socket.isBlank() ? runDir.resolve("ctdbd.socket") : Path.of(socket);
  }

  /** The main configuration file, {@code ctdb.conf}. */
  public Path conf() {
    return etcDir.resolve("ctdb.conf");
  }

  /** The default list of the cluster's nodes. */
  public Path nodes() {
    return etcDir.resolve("nodes");
  }

  /** The public addresses that this node may host. */
  public Path publicAddresses() {
    return etcDir.resolve("public_addresses");
  }

  /** The tunables set at start. */
  public Path tunables() {
    return etcDir.resolve("ctdb.tunables");
  }

  /** More tunables files, {@code *.tunables}, read in the order of their names. */
  public Path tunablesDir() {
    return etcDir.resolve("tunables.d");
  }

  /** Decimal pid of the daemon, under a write lock for its life. */
  public Path pidFile() {
    return runDir.resolve("ctdbd.pid");
  }

  /** What the launcher needs to know when the daemon has died; of its owner alone. */
  public Path will() {
    return runDir.resolve("will");
  }

  /** What happened to public addresses, for people to read. */
  public Path addressDiary() {
    return varDir.resolve("address-history");
  }

  /** Who talks to public addresses, for the next life of the daemon. */
  public Path connections() {
    return varDir.resolve("tickles");
  }

  /** Every public address that the daemon may hold, for its launcher. */
  public Path heldAddresses() {
    return runDir.resolve("held-addresses");
  }

  /** Processes that must not outlast the right to serve; see BoundServices. */
  public Path endWithDaemon() {
    return runDir.resolve("end-with-daemon");
  }

  /** The socket that {@code ctdb event} talks to. */
  public Path eventdSocket() {
    return runDir.resolve("eventd.socket");
  }

  /** Decimal pid of the process that serves {@link #eventdSocket()}. */
  public Path eventdPidFile() {
    return runDir.resolve("eventd.pid");
  }

  /** Locked while a daemon looks for an address in the nodes file that it can bind. */
  public Path addressLock() {
    return runDir.resolve(".socket_lock");
  }

  /** Private state of event scripts, wiped at every start. */
  public Path scriptVarDir() {
    return varDir.resolve("scripts");
  }
}
