package io.jctdb.daemon;

import io.jctdb.daemon.config.ConfigException;
import io.jctdb.daemon.config.ConfigProblem;
import io.jctdb.daemon.config.CtdbConf;
import io.jctdb.daemon.config.LogLocation;
import io.jctdb.daemon.config.NodesFile;
import io.jctdb.daemon.config.Paths;
import io.jctdb.daemon.config.Tunables;
import io.jctdb.daemon.logging.DaemonLog;
import io.jctdb.daemon.will.WillFile;
import io.jctdb.iptakeover.PublicAddressesException;
import io.jctdb.linux.LinuxException;
import io.jctdb.linux.MemoryLock;
import io.jctdb.protocol.RunState;
import io.jctdb.recovery.EmbeddedZooKeeper;
import io.jctdb.recovery.Ensemble;
import io.jctdb.recovery.QuorumWitness;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run of the daemon, from reading the configuration to the exit status. What blocks at start
 * and end happens here, on the main thread; everything in between is {@link Node}'s.
 */
final class Daemon {
  private static final Logger log = LoggerFactory.getLogger("ctdbd");

  /** Types of file systems. */
  private static final Set<String> IN_MEMORY = Set.of("tmpfs", "ramfs");

  private static final Path SERVICES = Path.of("/etc/services");

  /** What the daemon ends with when something failed after it had started. */
  private static final int FAILED = 2;

  private final Paths paths;
  private final CtdbConf conf;
  private final boolean interactive;
  private final Tunables tunables = new Tunables();
  private final CountDownLatch end = new CountDownLatch(1);
  private final AtomicInteger exitStatus = new AtomicInteger();

  private Daemon(Paths paths, CtdbConf conf, boolean interactive) {
    this.paths = paths;
    this.conf = conf;
    this.interactive = interactive;
  }

  /**
   * Runs until told to stop.
   *
   * @return the exit status
   * @throws ConfigException a file cannot be used
   * @throws StartException something else is in the way
   */
  static int run(boolean interactive) throws ConfigException {
    Paths paths = Paths.ofProcess();
    CtdbConf conf = CtdbConf.read(paths);
    DaemonLog.start(
        interactive ? new LogLocation.ToStderr() : conf.logging().location(),
        conf.logging().level());
    return new Daemon(paths, conf, interactive).run();
  }

  private int run() throws ConfigException {
    logProblems(conf.warnings());
    logProblems(tunables.load(paths));
    checkDirectories();
    NodesFile nodes = NodesFile.read(NodeSettings.nodesPath(conf, paths));
    try (PidFile pidFile = PidFile.claim(paths.pidFile())) {
      log.warn("{} starting, pid {}", Version.TEXT, ProcessHandle.current().pid());
      tellOfDisk(conf.database().volatileDirectory());
      return serve(nodes, pidFile);
    } catch (StartException e) {
      log.error("{}", e.getMessage());
      throw e;
    }
  }

  private static void logProblems(List<ConfigProblem> problems) {
    problems.forEach(p -> log.error("{}", p));
  }

  /** The default directories are made when missing; one that was configured must be there. */
  private void checkDirectories() {
    for (Path directory :
        List.of(
            conf.database().volatileDirectory(),
            conf.database().persistentDirectory(),
            conf.database().stateDirectory())) {
      try {
        if (directory.startsWith(paths.varDir())) {
          Files.createDirectories(directory);
        }
      } catch (IOException e) {
        throw new StartException(directory + ": cannot be made: " + e.getMessage(), e);
      }
      if (!Files.isDirectory(directory)) {
        throw new StartException(
            directory
                + ": the directory does not exist; create it, or correct section [database] of "
                + paths.conf());
      }
    }
  }

  /**
   * What is mapped from a disk waits for it while the kernel writes it back, and all who want a
   * record with it (ctdb.conf(5), "volatile database directory").
   */
  private static void tellOfDisk(Path directory) {
    try {
      String type = Files.getFileStore(directory).type();
      if (!IN_MEMORY.contains(type)) {
        log.warn(
            "{} lies on {}: while the disk is busy users wait for records."
                + " Mount a tmpfs there (docs/operations.md)",
            directory,
            type);
      }
    } catch (IOException e) {
      log.info("{}: its file system is not known: {}", directory, e.toString());
    }
  }

  private int serve(NodesFile nodes, PidFile pidFile) throws ConfigException {
    MultiThreadIoEventLoopGroup group =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("records", true), EpollIoHandler.newFactory());
    EventLoop loop = group.next();
    PreferredThreads preferred = new PreferredThreads(conf.legacy().realtimeScheduling());
    preferred.earmarkRecords(loop);
    EmbeddedZooKeeper zookeeper = null;
    Node node = null;
    try {
      NodePlan plan = NodePlan.of(paths, conf, nodes, nodePort());
      Node created = new Node(loop, plan, paths, conf, tunables, will(plan), this::finish);
      node = created;
      created.onRunState(
          state -> {
            if (state == RunState.STARTUP) {
              preferred.raiseAll();
              keepInMemory();
            }
          });
      created.open();
      preferred.beginControlPlane();
      Optional<Ensemble> ensemble = created.settleEnsemble();
      zookeeper = startZooKeeper(plan, ensemble);
      created.start(ensemble, witness(ensemble, zookeeper));
      preferred.endControlPlane();
      waitForEnd(created);
    } catch (IOException | PublicAddressesException e) {
      throw new StartException(e.getMessage() == null ? e.toString() : e.getMessage(), e);
    } finally {
      // The tool waits for its connection to close, and then all the rest must be free again.
      if (node != null) {
        node.close();
      }
      if (zookeeper != null) {
        zookeeper.close();
      }
      pidFile.close();
      if (node != null) {
        node.disconnectClients();
      }
      group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }
    log.warn("stopped");
    return exitStatus.get();
  }

  /** As ctdbd; but not before others depend on this node, and only if it is to be preferred. */
  private void keepInMemory() {
    if (!conf.legacy().realtimeScheduling()) {
      return;
    }
    try {
      MemoryLock.lockWhatIsUsed();
    } catch (LinuxException e) {
      log.error(
          "the memory cannot be locked: {}; going on without that: when the host is short of memory"
              + " others wait until this daemon is read from the disk. It needs root, CAP_IPC_LOCK"
              + " or LimitMEMLOCK=infinity; [legacy] realtime scheduling = false in ctdb.conf"
              + " switches it off",
          e.getMessage());
    }
  }

  private WillFile will(NodePlan plan) throws IOException {
    return new WillFile(
        paths.will(),
        new WillFile.Content(
            plan.self(),
            plan.port(),
            conf.database().volatileDirectory().toRealPath(),
            paths.heldAddresses(),
            interactive ? "stderr" : conf.logging().locationText()),
        plan.others());
  }

  private int nodePort() {
    return conf.jctdb().nodePort().orElseGet(() -> NodesFile.port(SERVICES));
  }

  private @Nullable EmbeddedZooKeeper startZooKeeper(NodePlan plan, Optional<Ensemble> ensemble)
      throws IOException {
    return ensemble.isPresent() && ensemble.get().hasMember(plan.self())
        ? EmbeddedZooKeeper.start(
            ensemble.get(), plan.self(), NodeSettings.zookeeperDirectory(conf))
        : null;
  }

  private static QuorumWitness witness(
      Optional<Ensemble> ensemble, @Nullable EmbeddedZooKeeper own) {
    return own == null
        ? ensemble.map(QuorumWitness::without).orElse(QuorumWitness.NONE)
        : own.witness();
  }

  private void finish(Optional<String> failure) {
    failure.ifPresent(
        message -> {
          log.error("{}", message);
          exitStatus.set(FAILED);
        });
    end.countDown();
  }

  private void waitForEnd(Node node) {
    Thread hook =
        new Thread(
            () -> {
              // SIGTERM: what ctdbd lacks. Leave in order, as with ctdb shutdown.
              node.shutdown();
              try {
                end.await(30, TimeUnit.SECONDS);
                TimeUnit.SECONDS.sleep(1);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "sigterm");
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      end.await();
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IllegalStateException e) {
      log.debug("ending on a signal");
    }
  }
}
