package io.jctdb.tests.simulator;

/**
 * The circumstances of one schedule.
 *
 * @param clocksWrong how much clocks may run too fast or too slow, as a fraction
 * @param letGoNanos how long it takes at most until a daemon that notices the end of its lease
 *     begins to let go
 */
record FencingOptions(
    int nodes,
    int addresses,
    double clocksWrong,
    long delayMaxNanos,
    long letGoNanos,
    int faults,
    long stormNanos,
    long calmNanos) {

  static FencingOptions draw(Chance chance, FencingMutation mutation) {
    // What an answer's way home adds to a lease is too little to matter on a fast network.
    boolean slow = chance.oneIn(4) || mutation == FencingMutation.LEASE_FROM_THE_ANSWER;
    return new FencingOptions(
        chance.between(2, 5),
        chance.between(1, 3),
        mutation == FencingMutation.CLOCKS_TOO_WRONG ? 0.15 : 0.01,
        chance.skewed(Chance.MILLIS, slow ? 700 * Chance.MILLIS : 20 * Chance.MILLIS),
        chance.nanos(Chance.MILLIS, 120 * Chance.MILLIS),
        // A missing protection shows only in rare storms: more of them, and the test is shorter.
        mutation == FencingMutation.NONE ? chance.between(1, 6) : chance.between(6, 12),
        chance.nanos(4_000 * Chance.MILLIS, 12_000 * Chance.MILLIS),
        120_000 * Chance.MILLIS);
  }
}
