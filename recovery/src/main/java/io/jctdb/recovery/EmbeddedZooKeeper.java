package io.jctdb.recovery;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.zookeeper.server.DatadirCleanupManager;
import org.apache.zookeeper.util.ServiceUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's member of the ZooKeeper ensemble, inside the daemon's own JVM, bound to the node's
 * own address only; no admin server, no four-letter commands.
 *
 * <p>{@link #start} returns when the member listens, not when there is a quorum: waiting for one is
 * normal while the other nodes start, and is reported in the log every few seconds. {@link #close}
 * returns when the ports are free.
 *
 * <p>Data: {@code directory/version-2} and {@code directory/myid}. What ZooKeeper holds for us can
 * all be built again from living daemons, so a member whose data cannot be loaded puts them aside
 * as {@code damaged-...} and begins empty; in a replicated ensemble it then copies the state of the
 * others, alone it makes every node rejoin as new.
 */
public final class EmbeddedZooKeeper implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedZooKeeper.class);

  /**
   * From the start of the member's thread to its listening sockets; loading data takes part of it.
   */
  private static final Duration START_LIMIT = Duration.ofSeconds(20);

  /** Members end within a few ticks; the rest is for a disk that is slow to sync. */
  private static final Duration STOP_LIMIT = Duration.ofSeconds(10);

  private final Ensemble ensemble;
  private final int self;
  private final EnsembleMember member;
  private final Thread thread;
  private final DatadirCleanupManager purge;
  private final QuorumReporter reporter;

  private EmbeddedZooKeeper(
      Ensemble ensemble, int self, Path directory, EnsembleMember member, Thread thread) {
    this.ensemble = ensemble;
    this.self = self;
    this.member = member;
    this.thread = thread;
    this.purge =
        new DatadirCleanupManager(
            directory.toFile(),
            directory.toFile(),
            ZooKeeperSettings.SNAPSHOTS_KEPT,
            ZooKeeperSettings.PURGE_INTERVAL_HOURS);
    purge.start();
    this.reporter = QuorumReporter.start(ensemble, self, member);
  }

  /**
   * Starts the member of node {@code self}.
   *
   * @param directory where the member keeps its data; made when missing
   * @throws IOException a port is taken, the directory cannot be used, or the member does not
   *     start; the message says which and what to do
   */
  public static EmbeddedZooKeeper start(Ensemble ensemble, int self, Path directory)
      throws IOException {
    // ZooKeeper would end the whole JVM when one of its threads meets an error.
    ServiceUtils.setSystemExitProcedure(ServiceUtils.LOG_ONLY);
    Files.createDirectories(directory);
    ensurePortsAreFree(ensemble, self);
    try {
      return launch(ensemble, self, directory);
    } catch (IOException firstFailure) {
      if (!putAside(directory)) {
        throw firstFailure;
      }
      LOG.error(
          "ZooKeeper could not use its data in {}; they are put aside and it begins empty",
          directory,
          firstFailure);
      return launch(ensemble, self, directory);
    }
  }

  private static EmbeddedZooKeeper launch(Ensemble ensemble, int self, Path directory)
      throws IOException {
    EnsembleMember member = EnsembleMember.of(ensemble, self, directory);
    CompletableFuture<Void> failed = new CompletableFuture<>();
    Thread thread =
        Thread.ofPlatform()
            .name("zookeeper-" + self)
            .daemon()
            .unstarted(
                () -> {
                  try {
                    member.run();
                    failed.completeExceptionally(new IOException("it ended by itself"));
                  } catch (Exception | LinkageError e) {
                    LOG.error("the embedded ZooKeeper of node {} has failed", self, e);
                    failed.completeExceptionally(e);
                  }
                });
    thread.start();
    try {
      CompletableFuture.anyOf(member.listening(), failed)
          .get(START_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
      return new EmbeddedZooKeeper(ensemble, self, directory, member, thread);
    } catch (ExecutionException e) {
      stop(member, thread);
      throw new IOException("ZooKeeper did not start: " + e.getCause(), e.getCause());
    } catch (TimeoutException e) {
      stop(member, thread);
      throw new IOException(
          "ZooKeeper did not start within "
              + START_LIMIT.toSeconds()
              + " s; is the disk of "
              + directory
              + " very slow?",
          e);
    } catch (InterruptedException e) {
      stop(member, thread);
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while ZooKeeper was starting", e);
    }
  }

  /** Whether this member is part of a quorum (or alone and serving). */
  public boolean hasQuorum() {
    return member.serving();
  }

  /** For the member of this node. */
  public QuorumWitness witness() {
    return QuorumWitness.of(ensemble, () -> thread.isAlive() && member.mayBeInQuorum());
  }

  @Override
  public void close() {
    reporter.close();
    purge.shutdown();
    stop(member, thread);
    awaitFreePorts();
    LOG.info("the embedded ZooKeeper of node {} has stopped", self);
  }

  private static void stop(EnsembleMember member, Thread thread) {
    member.close();
    boolean interrupted = false;
    try {
      if (!thread.join(STOP_LIMIT)) {
        thread.interrupt();
        thread.join(STOP_LIMIT);
      }
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (thread.isAlive()) {
      LOG.warn("thread {} has not ended within {} s", thread.getName(), STOP_LIMIT.toSeconds());
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void awaitFreePorts() {
    Instant limit = Instant.now().plus(STOP_LIMIT);
    try {
      while (true) {
        try {
          ensurePortsAreFree(ensemble, self);
          return;
        } catch (IOException e) {
          if (Instant.now().isAfter(limit)) {
            LOG.warn("after the embedded ZooKeeper has stopped: {}", e.getMessage());
            return;
          }
          Thread.sleep(20);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void ensurePortsAreFree(Ensemble ensemble, int self) throws IOException {
    InetAddress address = ensemble.members().get(self);
    if (address == null) {
      throw new IOException("node " + self + " is not a member of the ZooKeeper ensemble");
    }
    EnsemblePorts ports = ensemble.ports();
    int[] needed =
        ensemble.replicated()
            ? new int[] {ports.client(), ports.quorum(), ports.election()}
            : new int[] {ports.client()};
    for (int port : needed) {
      try (ServerSocket probe = new ServerSocket()) {
        probe.setReuseAddress(true);
        probe.bind(new InetSocketAddress(address, port));
      } catch (IOException e) {
        throw new IOException(
            "the embedded ZooKeeper cannot use "
                + address.getHostAddress()
                + " port "
                + port
                + " ("
                + e.getMessage()
                + "): is another daemon running, or the address not on this host?",
            e);
      }
    }
  }

  private static boolean putAside(Path directory) throws IOException {
    Path data = directory.resolve("version-2");
    if (!Files.isDirectory(data)) {
      return false;
    }
    Files.move(data, directory.resolve("damaged-" + Instant.now().toEpochMilli()));
    return true;
  }
}
