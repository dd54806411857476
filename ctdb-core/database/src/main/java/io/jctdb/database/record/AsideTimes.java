package io.jctdb.database.record;

/**
 * The times after which a silent member is done without (docs/fencing.md, "Setting aside").
 *
 * <pre>
 *   2 beats  &lt;  quiet  &lt;  silence     or one late beat makes a member quiet
 * </pre>
 *
 * @param beatNanos a member to which nothing was sent for so long gets a sign of life. 0 = there
 *     are no signs of life, nobody keeps anything for others, and nobody is done without: what a
 *     silent member may have waits for the next epoch
 * @param quietNanos who is silent for so long is not asked to remember anything, and whom it has
 *     made wait is told of
 * @param silenceNanos who is silent for so long is set aside: longer than a garbage collection, a
 *     late packet's repetition (TCP: 200 ms at worst, then it is a false alarm) or a busy core
 *     takes, short enough that nobody's client notices
 * @param silenceMaxNanos false alarms double {@code silenceNanos} up to this
 * @param calmNanos a false alarm so soon after another doubles it, and so long without one halves
 *     it again ({@link AsidePatience})
 * @param mendedNanos when all members hear each other for so long while one is set aside, a new
 *     epoch is asked for. Until then no other can be set aside, so not much longer than silence
 * @param copiesPauseNanos between two parts of what a member tells its keeper
 */
public record AsideTimes(
    long beatNanos,
    long quietNanos,
    long silenceNanos,
    long silenceMaxNanos,
    long calmNanos,
    long mendedNanos,
    long copiesPauseNanos) {
  private static final long MILLIS = 1_000_000L;

  public static final AsideTimes OFF = new AsideTimes(0, 0, 0, 0, 0, 0, 0);

  public static final AsideTimes DEFAULT =
      new AsideTimes(
          20 * MILLIS,
          60 * MILLIS,
          120 * MILLIS,
          1_000 * MILLIS,
          60_000 * MILLIS,
          300 * MILLIS,
          2 * MILLIS);

  public boolean isOn() {
    return beatNanos > 0;
  }
}
