package io.jctdb.tests.simulator;

import java.util.SplittableRandom;

/** All randomness of one schedule. */
final class Chance {
  static final long MICROS = 1_000;
  static final long MILLIS = 1_000_000;

  private final SplittableRandom random;

  Chance(long seed) {
    random = new SplittableRandom(seed);
  }

  boolean oneIn(int n) {
    return random.nextInt(n) == 0;
  }

  int below(int bound) {
    return random.nextInt(bound);
  }

  int between(int low, int high) {
    return low + random.nextInt(high - low + 1);
  }

  long nanos(long low, long high) {
    return random.nextLong(low, high + 1);
  }

  /** About equally often in each order of magnitude between the two. */
  long skewed(long low, long high) {
    double exponent = random.nextDouble() * Math.log((double) high / low);
    return Math.min(high, (long) (low * Math.exp(exponent)));
  }
}
