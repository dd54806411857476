package io.jctdb.store.tdb;

/**
 * The two tunables that shape a file.
 *
 * @param hashSize number of chains of a file that is created (DatabaseHashSize)
 * @param maxDead dead records that a chain may keep for reuse (DatabaseMaxDead)
 */
public record TdbGeometry(int hashSize, int maxDead) {
  public static final TdbGeometry DEFAULT = new TdbGeometry(100_001, 5);

  public TdbGeometry {
    if (hashSize < 1 || hashSize > 50_000_000 || maxDead < 0) {
      throw new IllegalArgumentException(
          "hash size must be 1 to 50000000 and max dead not negative, not "
              + hashSize
              + " and "
              + maxDead);
    }
  }
}
