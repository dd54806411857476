package io.jctdb.recovery;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/** One running server: alone, or one of several. */
interface EnsembleMember extends AutoCloseable {

  static EnsembleMember of(Ensemble ensemble, int self, Path directory) throws IOException {
    return ensemble.replicated()
        ? new ReplicatedMember(ensemble, self, directory)
        : new LoneMember(ZooKeeperSettings.of(ensemble, self, directory));
  }

  /** Runs the server on the calling thread until {@link #close}. */
  void run() throws Exception;

  /** Completes when the server listens for clients. */
  CompletableFuture<Void> listening();

  /** Whether the server serves clients: with a quorum when it is one of several. */
  boolean serving();

  /** Whether the server may be part of a quorum, though it may not serve clients yet. */
  boolean mayBeInQuorum();

  /** How many members of the ensemble this one is in contact with, itself included. */
  int reachable();

  @Override
  void close();
}
