package io.jctdb.database;

/**
 * Hears when a silent member is set aside in the present epoch (docs/fencing.md, "Setting aside").
 * Owner thread.
 */
public interface AsideListener {
  AsideListener NOBODY =
      new AsideListener() {
        @Override
        public void setAside(long epoch, int pnn, long silentNanos) {}

        @Override
        public void backAgain(long epoch, int pnn, long afterNanos) {}

        @Override
        public void mended(long epoch) {}
      };

  /**
   * @param pnn may be this node itself: then others do not hear it
   * @param silentNanos for how long this node had heard nothing; less than the limit if it only
   *     follows another member
   */
  void setAside(long epoch, int pnn, long silentNanos);

  /** The member that was set aside is heard again. */
  void backAgain(long epoch, int pnn, long afterNanos);

  /**
   * A member is set aside, and all hear each other: a new epoch of the same members is wanted, with
   * which all is as before. Told again until there is one.
   */
  void mended(long epoch);
}
