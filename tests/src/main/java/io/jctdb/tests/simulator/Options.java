package io.jctdb.tests.simulator;

import io.jctdb.database.commit.CommitTimes;
import io.jctdb.database.record.AsideTimes;
import io.jctdb.database.record.RecordLimits;
import io.jctdb.database.record.RecordTunables;

/**
 * The circumstances of one schedule, drawn from its seed. The order of the draws is that of the
 * components, so a new one goes to the end, or old seeds mean something else.
 *
 * @param remotes how many of the nodes, the last ones, are at remote sites
 * @param farNanos how long a message between sites takes at most
 * @param traverses how many traverses of the volatile database are begun
 */
record Options(
    Mutation mutation,
    int nodes,
    int remotes,
    long farNanos,
    Work work,
    Lines lines,
    Transactions transactions,
    int traverses,
    Trouble trouble,
    RecordTunables tunables) {

  private static final long NEVER = 1_000_000 * Chance.MILLIS;
  private static final long LONG = 60_000 * Chance.MILLIS;

  /**
   * What clients do with the volatile database.
   *
   * @param reads how many of eight operations are read-only calls; 0 = there are none
   */
  record Work(
      int keys,
      int chains,
      int clientsPerNode,
      int operationsPerClient,
      long thinkNanos,
      long longHoldNanos,
      int reads) {
    boolean hasReaders() {
      return reads > 0;
    }

    Work withReads(int ofEight) {
      return new Work(
          keys, chains, clientsPerNode, operationsPerClient, thinkNanos, longHoldNanos, ofEight);
    }
  }

  /** How long messages take within a site, and whether some come twice. */
  record Lines(long delayMinNanos, long delayMaxNanos, boolean duplicates) {}

  /**
   * What clients do with the persistent database.
   *
   * @param perNode how many change it; -1 = there is none
   * @param each how often each of them does
   * @param limitNanos how long such a client waits for its answer
   * @param fsyncNanos how long the disk may take
   */
  record Transactions(int perNode, int each, long limitNanos, long fsyncNanos, CommitTimes times) {
    Transactions withTimes(CommitTimes other) {
      return new Transactions(perNode, each, limitNanos, fsyncNanos, other);
    }

    Transactions more(int newPerNode, int newEach) {
      return new Transactions(newPerNode, newEach, limitNanos, fsyncNanos, times);
    }
  }

  /**
   * What goes wrong.
   *
   * @param clocksWrong how much clocks may run too fast or too slow, as a fraction
   * @param faults how many things go wrong while the clients work
   * @param onlySilence all that goes wrong is that nodes fall silent and come back; many records
   *     are made and deleted meanwhile
   * @param stormNanos how long things may go wrong; then everything is healed
   * @param calmNanos how long after that everything may take to be answered
   */
  record Trouble(
      double clocksWrong,
      int faults,
      boolean onlySilence,
      long stormNanos,
      long calmNanos,
      long silentNanos) {
    /** The same where messages may take so much longer. */
    Trouble stretched(long farNanos) {
      return new Trouble(
          clocksWrong, faults, onlySilence, stormNanos + 2 * farNanos, 4 * calmNanos, silentNanos);
    }

    Trouble longer(long byNanos) {
      return new Trouble(
          clocksWrong, faults, onlySilence, stormNanos + byNanos, calmNanos, silentNanos);
    }
  }

  static Options draw(Chance chance, Mutation mutation) {
    long delayMax = chance.skewed(100 * Chance.MICROS, 2 * Chance.MILLIS);
    boolean onlySilence = chance.oneIn(3);
    return new Options(
        mutation,
        onlySilence ? chance.between(3, 5) : chance.between(2, 5),
        0,
        0,
        new Work(
            onlySilence ? chance.between(2, 12) : chance.between(1, 3),
            chance.between(1, 3),
            chance.between(1, 3),
            onlySilence ? chance.between(4, 16) : chance.between(2, 7),
            chance.skewed(100 * Chance.MICROS, 10 * Chance.MILLIS),
            chance.skewed(500 * Chance.MICROS, 8 * Chance.MILLIS),
            0),
        new Lines(20 * Chance.MICROS, delayMax, chance.oneIn(5)),
        new Transactions(
            chance.oneIn(2) ? -1 : chance.between(0, 2),
            chance.between(1, 4),
            chance.oneIn(5) ? chance.nanos(2 * Chance.MILLIS, 60 * Chance.MILLIS) : LONG,
            chance.skewed(100 * Chance.MICROS, 3 * Chance.MILLIS),
            commitTimes(chance, mutation)),
        chance.oneIn(2) ? 0 : chance.between(1, 4),
        new Trouble(
            chance.oneIn(2) ? 0 : 0.05,
            onlySilence ? chance.between(1, 4) : chance.oneIn(5) ? 0 : chance.between(1, 8),
            onlySilence,
            chance.nanos(5 * Chance.MILLIS, 40 * Chance.MILLIS),
            4_000 * Chance.MILLIS,
            chance.nanos(12 * Chance.MILLIS, 25 * Chance.MILLIS)),
        tunables(chance, mutation));
  }

  /** The same cluster with members at remote sites beside it, each at one of its own. */
  Options stretched(Chance chance) {
    int more = chance.between(1, 2);
    long far = chance.skewed(Chance.MILLIS, 20 * Chance.MILLIS);
    long retry = chance.nanos(2 * far, 4 * far) + tunables.retryNanos();
    boolean mute = mutation == Mutation.NOTHING_REPEATED;
    CommitTimes times = transactions.times();
    return new Options(
        mutation,
        nodes + more,
        more,
        far,
        work,
        lines,
        mute
            ? transactions
            : transactions.withTimes(
                new CommitTimes(
                    times.repeatNanos() + retry, times.refusalPauseNanos(), times.repairNanos())),
        traverses,
        trouble.stretched(far),
        (mute ? tunables : tunables.withRetryNanos(retry, 4 * retry))
            .withVisitNanos(chance.oneIn(3) ? 0 : chance.skewed(Chance.MILLIS, 4 * far)));
  }

  /** The same, and many who only read. */
  Options withReaders(Chance chance) {
    return new Options(
        mutation,
        nodes,
        remotes,
        farNanos,
        work.withReads(chance.oneIn(2) ? 4 : 7),
        lines,
        transactions,
        traverses,
        trouble,
        chance.oneIn(4)
            ? tunables.withLimits(tunables.limits().withDelegated(chance.below(2)))
            : tunables);
  }

  /** The same, and the storm is longer, and more is written. */
  Options withOutages(Chance chance) {
    return new Options(
        mutation,
        nodes,
        remotes,
        farNanos,
        work,
        lines,
        transactions.more(chance.between(1, 3), chance.between(4, 16)),
        traverses,
        trouble.longer(chance.nanos(20 * Chance.MILLIS, 200 * Chance.MILLIS)),
        tunables);
  }

  private static CommitTimes commitTimes(Chance chance, Mutation mutation) {
    return new CommitTimes(
        mutation == Mutation.NOTHING_REPEATED
            ? NEVER
            : chance.nanos(5 * Chance.MILLIS, 20 * Chance.MILLIS),
        chance.nanos(Chance.MILLIS / 2, 2 * Chance.MILLIS),
        chance.nanos(5 * Chance.MILLIS, 30 * Chance.MILLIS));
  }

  private static RecordTunables tunables(Chance chance, Mutation mutation) {
    long retry = chance.nanos(3 * Chance.MILLIS, 10 * Chance.MILLIS);
    boolean mute = mutation == Mutation.NOTHING_REPEATED;
    return new RecordTunables(
        chance.oneIn(3) ? 0 : chance.skewed(50 * Chance.MICROS, Chance.MILLIS),
        mute ? NEVER : retry,
        mute ? NEVER : 4 * retry,
        chance.skewed(Chance.MILLIS / 2, 20 * Chance.MILLIS),
        chance.between(1, 10),
        0,
        new RecordLimits(
            chance.oneIn(4) ? 1 : 1000,
            chance.oneIn(3) ? chance.below(3) : 1000,
            1000,
            chance.oneIn(4) ? 1 : 1000,
            chance.oneIn(4) ? 1 : 1000),
        aside(chance, mutation));
  }

  /** Some clusters live without; in some, nobody is waited for who need not be. */
  private static AsideTimes aside(Chance chance, Mutation mutation) {
    if (chance.oneIn(5)) {
      return AsideTimes.OFF;
    }
    long beat = chance.nanos(Chance.MILLIS / 2, 2 * Chance.MILLIS);
    long silence = 3 * beat + chance.skewed(Chance.MILLIS / 2, 8 * Chance.MILLIS);
    boolean hasty = chance.oneIn(3);
    return new AsideTimes(
        beat,
        hasty ? beat / 2 : 2 * beat,
        silence,
        4 * silence,
        1_000 * Chance.MILLIS,
        hasty ? beat : chance.nanos(2 * Chance.MILLIS, 20 * Chance.MILLIS),
        chance.skewed(20 * Chance.MICROS, 3 * Chance.MILLIS));
  }
}
