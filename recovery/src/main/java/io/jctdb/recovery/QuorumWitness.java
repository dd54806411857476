package io.jctdb.recovery;

import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * What this node can say about the quorum of ZooKeeper beyond its own connection. Any thread; never
 * waits.
 */
public interface QuorumWitness {
  /** Nodes that run a server of the ensemble; empty if servers of which nothing is known do. */
  Set<Integer> ensemble();

  /** Whether the server of this node, if it has one, may be part of a quorum. */
  boolean mayBeInQuorum();

  /** An ensemble of others: there may always be a quorum somewhere. */
  QuorumWitness NONE =
      new QuorumWitness() {
        @Override
        public Set<Integer> ensemble() {
          return Set.of();
        }

        @Override
        public boolean mayBeInQuorum() {
          return true;
        }
      };

  /** Of an ensemble that the nodes run, on a node that has no server. */
  static QuorumWitness without(Ensemble ensemble) {
    return of(ensemble, () -> false);
  }

  static QuorumWitness of(Ensemble ensemble, BooleanSupplier inQuorum) {
    Set<Integer> members = Set.copyOf(ensemble.members().keySet());
    return new QuorumWitness() {
      @Override
      public Set<Integer> ensemble() {
        return members;
      }

      @Override
      public boolean mayBeInQuorum() {
        return inQuorum.getAsBoolean();
      }
    };
  }
}
