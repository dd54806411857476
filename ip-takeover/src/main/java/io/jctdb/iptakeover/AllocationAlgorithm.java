package io.jctdb.iptakeover;

/** The values of the tunable IPAllocAlgorithm (cluster-and-failover.md 3.4). */
public enum AllocationAlgorithm {
  /** The i-th address goes to node i modulo the number of nodes. */
  DETERMINISTIC,
  /** Addresses stay where they are; counts are evened out. */
  NON_DETERMINISTIC,
  /** Addresses of one subnet are spread over the nodes. */
  LCP2;

  /** The algorithm that a tunable's value means: any other value works as 2. */
  public static AllocationAlgorithm ofTunable(int value) {
    return switch (value) {
      case 0 -> DETERMINISTIC;
      case 1 -> NON_DETERMINISTIC;
      default -> LCP2;
    };
  }
}
