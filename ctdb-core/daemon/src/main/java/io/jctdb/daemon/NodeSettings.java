package io.jctdb.daemon;

import io.jctdb.daemon.cluster.ClusterNode;
import io.jctdb.daemon.cluster.ClusterView;
import io.jctdb.daemon.config.ConfigException;
import io.jctdb.daemon.config.CtdbConf;
import io.jctdb.daemon.config.NodesFile;
import io.jctdb.daemon.config.Paths;
import io.jctdb.daemon.lifecycle.EnsembleWatch;
import io.jctdb.daemon.lifecycle.FileClusterLock;
import io.jctdb.daemon.lifecycle.HelperClusterLock;
import io.jctdb.daemon.lifecycle.LeaseGuard;
import io.jctdb.eventscripts.EventRunner;
import io.jctdb.eventscripts.Notifier;
import io.jctdb.eventscripts.ScriptEnvironment;
import io.jctdb.iptakeover.AddressLease;
import io.jctdb.linux.BootClock;
import io.jctdb.protocol.Capability;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.NodeMap;
import io.jctdb.protocol.SockAddr;
import io.jctdb.recovery.Ensemble;
import io.jctdb.recovery.EnsembleRecord;
import io.jctdb.recovery.LeadershipCondition;
import io.jctdb.recovery.MembershipConfig;
import io.jctdb.recovery.MembershipTiming;
import io.jctdb.wanlink.LinkManager;
import io.jctdb.wanlink.LinkSecurity;
import io.jctdb.wanlink.WideArea;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** What the configuration means for the parts of a node. */
final class NodeSettings {
  private static final Duration CLUSTER_LOCK_RECHECK = Duration.ofSeconds(5);
  private static final Logger log = LoggerFactory.getLogger("ctdbd");
  private static final long BYTES_PER_KILOBIT = 125;

  private final Paths paths;
  private final CtdbConf conf;
  private final NodePlan plan;

  NodeSettings(Paths paths, CtdbConf conf, NodePlan plan) {
    this.paths = paths;
    this.conf = conf;
    this.plan = plan;
  }

  /** UNHEALTHY until the first monitor event says otherwise, and what the file adds. */
  int startFlags() {
    return NodeFlags.UNHEALTHY
        | (conf.legacy().startAsStopped() ? NodeFlags.STOPPED : 0)
        | (conf.legacy().startAsDisabled() ? NodeFlags.PERMANENTLY_DISABLED : 0);
  }

  int capabilities() {
    int off =
        (conf.cluster().leaderCapability() ? 0 : Capability.LEADER)
            | (conf.legacy().lmasterCapability() ? 0 : Capability.LMASTER);
    return Capability.DEFAULT & ~off;
  }

  /**
   * @param ensemble who runs the embedded ZooKeeper; empty if an external one is configured
   */
  MembershipConfig membership(String willHash, Optional<Ensemble> ensemble) {
    return MembershipConfig.of(
            plan.self(),
            plan.ownAddress().getHostAddress(),
            ensemble
                .map(servers -> servers.connectString(plan.self()))
                .orElseGet(() -> conf.jctdb().zookeeper().orElseThrow()))
        .withCapabilities(capabilities())
        .withStartFlags(startFlags())
        .withTiming(timing())
        .withSite(conf.jctdb().site())
        .withWill(willHash)
        .withCondition(clusterLockCondition())
        .withClock(BootClock::nanos);
  }

  private LeadershipCondition clusterLockCondition() {
    String lock = clusterLock();
    if (lock.isEmpty()) {
      return LeadershipCondition.NONE;
    }
    return lock.startsWith("!")
        ? new HelperClusterLock(lock.substring(1))
        : new FileClusterLock(Path.of(lock), CLUSTER_LOCK_RECHECK);
  }

  private MembershipTiming timing() {
    if (conf.jctdb().site().remote()) {
      return MembershipTiming.remote(conf.jctdb().site().remoteLease(), MembershipTiming.TICK);
    }
    Duration session = conf.jctdb().zookeeperSession();
    boolean onlyTwo =
        plan.nodes().stream()
                .filter(n -> !n.deleted() && !conf.jctdb().remoteNodes().contains(n.pnn()))
                .count()
            <= 2;
    if (onlyTwo && session.compareTo(MembershipTiming.SESSION_OF_TWO) > 0) {
      session = MembershipTiming.SESSION_OF_TWO;
    }
    return MembershipTiming.of(session, MembershipTiming.TICK);
  }

  /**
   * @throws StartException if the kernel would not end this process
   */
  LeaseGuard leaseGuard() {
    try {
      return LeaseGuard.onKernelTimer(Duration.ZERO);
    } catch (IllegalStateException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
  }

  /**
   * TLS when there are certificates. Without any, plain TCP is used only if it is asked for by
   * name, or if no byte can leave this host because every node's address is a loopback address.
   */
  LinkSecurity linkSecurity() {
    CtdbConf.Security security = conf.jctdb().security();
    Optional<LinkSecurity> tls = tls(security);
    return switch (security.mode()) {
      case PLAINTEXT -> new LinkSecurity.Plain();
      case TLS -> tls.orElseThrow(this::noCertificates);
      case AUTO -> {
        if (tls.isPresent()) {
          yield tls.get();
        }
        if (plan.nodes().stream().allMatch(n -> n.deleted() || n.address().isLoopbackAddress())) {
          log.warn("traffic between nodes is not protected: all of them are on this host");
          yield new LinkSecurity.Plain();
        }
        throw noCertificates();
      }
    };
  }

  private Optional<LinkSecurity> tls(CtdbConf.Security security) {
    if (security.authority().isPresent()
        && security.certificate().isPresent()
        && security.key().isPresent()) {
      return Optional.of(
          new LinkSecurity.Tls(
              security.authority().get(), security.certificate().get(), security.key().get()));
    }
    Path directory = paths.etcDir().resolve("tls");
    Path authority = directory.resolve("ca.pem");
    Path certificate = directory.resolve("node.pem");
    Path key = directory.resolve("node.key");
    return Files.isReadable(authority) && Files.isReadable(certificate) && Files.isReadable(key)
        ? Optional.of(new LinkSecurity.Tls(authority, certificate, key))
        : Optional.empty();
  }

  /** How links to other sites are treated. */
  WideArea wideArea() {
    CtdbConf.WideArea configured = conf.jctdb().wideArea();
    return new WideArea(
        conf.jctdb().site().name(),
        configured.compression(),
        configured.kilobitsPerSecond() * BYTES_PER_KILOBIT);
  }

  private StartException noCertificates() {
    return new StartException(
        paths.etcDir().resolve("tls")
            + ": no ca.pem, node.pem and node.key with which to protect the traffic between nodes;"
            + " make them (see docs/operations.md), or allow plain TCP by name in "
            + paths.conf()
            + ": [jctdb] transport security = plaintext");
  }

  ScriptEnvironment scriptEnvironment(boolean interactive) {
    return ScriptEnvironment.of(
            System.getenv(),
            paths.etcDir(),
            conf.logging().locationText(),
            conf.logging().level().name(),
            interactive,
            conf.database().lockDebugScript())
        .with(
            "JCTDB_ADDRESS_LIFETIME",
            Long.toString(AddressLease.FROM_A_SCRIPT.lifetime().toSeconds()));
  }

  /**
   * What a script may do with addresses is bounded by the lease at its start, whatever becomes of
   * the daemon meanwhile.
   *
   * @param leaseNanosLeft asked on any thread
   */
  EventRunner eventRunner(LongSupplier leaseNanosLeft) {
    return new EventRunner(
        scriptEnvironment(false)
            .computing("JCTDB_ADDRESS_DEADLINE", () -> deadline(leaseNanosLeft.getAsLong())),
        conf.event().debugScript());
  }

  /**
   * In hundredths of a second of uptime, as /proc/uptime has it. No later than a lifetime that
   * could be given now would end: with a longer lease others need not wait longer for a script than
   * for the daemon.
   */
  private static String deadline(long leaseNanosLeft) {
    long atMost = AddressLease.DEFAULT.lifetime().toNanos();
    long left = Math.clamp(leaseNanosLeft, 0, atMost);
    return Long.toString((BootClock.nanos() + left) / 10_000_000);
  }

  Notifier notifier() {
    return new Notifier(scriptEnvironment(false), scriptLevel());
  }

  private Level scriptLevel() {
    return switch (conf.legacy().scriptLogLevel()) {
      case ERROR -> Level.ERROR;
      case WARNING -> Level.WARN;
      case NOTICE -> Level.INFO;
      case INFO -> Level.DEBUG;
      case DEBUG -> Level.TRACE;
    };
  }

  String clusterLock() {
    return conf.cluster().clusterLock().orElse("");
  }

  // --- the ZooKeeper servers ---------------------------------------------------------------------

  EnsembleRecord ensembleRecord() {
    return new EnsembleRecord(zookeeperDirectory(conf));
  }

  static Path zookeeperDirectory(CtdbConf conf) {
    return conf.database().stateDirectory().resolve("zookeeper");
  }

  /** The servers that this configuration would have, with this nodes file. */
  String ensembleByFile(List<ClusterNode> nodes) {
    return conf.jctdb().zookeeper().isPresent()
        ? EnsembleWatch.EXTERNAL
        : NodePlan.ensembleOf(conf, nodes).map(Ensemble::text).orElse("none");
  }

  /**
   * The servers with which this node has taken part before.
   *
   * @throws StartException if it cannot go on with them as it is configured now
   */
  Optional<String> recordedEnsemble(EnsembleRecord disk) throws IOException {
    Optional<String> recorded = disk.read().filter(text -> !isOfThisNodeAlone(text));
    recorded.ifPresent(text -> checkRecorded(disk, text));
    return recorded;
  }

  /** A cluster of one that has always been one may change its address and ports as it likes. */
  private boolean isOfThisNodeAlone(String text) {
    return conf.jctdb().zookeeper().isEmpty()
        && plan.others().isEmpty()
        && Ensemble.parse(text)
            .filter(recorded -> recorded.members().keySet().equals(Set.of(plan.self())))
            .isPresent();
  }

  private void checkRecorded(EnsembleRecord disk, String text) {
    boolean external = conf.jctdb().zookeeper().isPresent();
    if (external && text.equals(EnsembleWatch.EXTERNAL)) {
      return;
    }
    if (external || text.equals(EnsembleWatch.EXTERNAL)) {
      throw unusable(disk, text, paths.conf() + ": [jctdb] zookeeper says otherwise");
    }
    Ensemble recorded =
        Ensemble.parse(text).orElseThrow(() -> unusable(disk, text, "that is no list of servers"));
    recorded
        .members()
        .forEach(
            (pnn, address) -> {
              if ((pnn == plan.self()) != address.equals(plan.ownAddress())) {
                throw unusable(
                    disk,
                    text,
                    "but this is node "
                        + plan.self()
                        + " with the address "
                        + plan.ownAddress().getHostAddress());
              }
            });
  }

  private static StartException unusable(EnsembleRecord disk, String text, String problem) {
    return new StartException(
        disk.path()
            + ": the cluster has worked with the ZooKeeper servers "
            + text
            + "; "
            + problem
            + ". Go back to the former configuration; or, to change the servers, shut down the"
            + " daemons of all nodes, remove this file on every node, and start them");
  }

  // --- the nodes file as it is now ---------------------------------------------------------------

  private Optional<List<ClusterNode>> readNodes() {
    try {
      return Optional.of(NodePlan.clusterNodes(NodesFile.read(nodesPath(conf, paths))));
    } catch (ConfigException e) {
      e.problems().forEach(p -> log.error("{}", p));
      return Optional.empty();
    }
  }

  static Path nodesPath(CtdbConf conf, Paths paths) {
    return conf.cluster()
        .nodesList()
        .filter(list -> !list.startsWith("!"))
        .map(Path::of)
        .orElse(paths.nodes());
  }

  /** For the tool, which compares the files of all nodes before it has them reloaded. */
  Optional<NodeMap> nodesFile() {
    return readNodes()
        .map(
            nodes ->
                new NodeMap(
                    nodes.stream()
                        .map(
                            n ->
                                new NodeMap.Node(
                                    n.pnn(),
                                    n.deleted() ? NodeFlags.DELETED : 0,
                                    new SockAddr(n.address(), plan.port())))
                        .toList()));
  }

  /** Takes a changed nodes file into use; this node's own line must be what it was. */
  boolean reload(ClusterView cluster, LinkManager links) {
    Optional<List<ClusterNode>> nodes = readNodes();
    if (nodes.isEmpty()) {
      return false;
    }
    List<ClusterNode> list = nodes.get();
    if (list.size() <= plan.self()
        || !list.get(plan.self()).equals(plan.nodes().get(plan.self()))) {
      log.error("{}: this node's own line has changed: not reloaded", nodesPath(conf, paths));
      return false;
    }
    links.setPeers(NodePlan.peers(list, plan.port()));
    cluster.setNodes(list);
    log.warn("nodes file reloaded: {} lines", list.size());
    return true;
  }
}
