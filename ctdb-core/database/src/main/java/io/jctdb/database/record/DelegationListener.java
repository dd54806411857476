package io.jctdb.database.record;

/** Hears of read-only copies of this node's records. Owner thread only. */
public interface DelegationListener {
  DelegationListener NOBODY =
      new DelegationListener() {
        @Override
        public void delegated(int dbId) {}

        @Override
        public void revoked(int dbId) {}
      };

  /** Another node gets a copy of a record. */
  void delegated(int dbId);

  /** No copy of a record is left. */
  void revoked(int dbId);
}
