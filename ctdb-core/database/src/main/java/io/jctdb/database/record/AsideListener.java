package io.jctdb.database.record;

import io.jctdb.protocol.Key;

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

        @Override
        public void waited(int dbId, Key key, int forPnn, long nanos, WaitReason reason) {}
      };

  /** Shorter waits are not told. */
  long WAIT_NANOS = 100_000_000L;

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

  /**
   * A record was waited for because a member was silent, as the record's lmaster or its requester
   * saw it. Told when the wait is over.
   *
   * @param forPnn the silent member
   * @param nanos at least {@link #WAIT_NANOS}
   */
  void waited(int dbId, Key key, int forPnn, long nanos, WaitReason reason);
}
