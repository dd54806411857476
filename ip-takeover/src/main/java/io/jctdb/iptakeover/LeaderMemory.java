package io.jctdb.iptakeover;

/**
 * What a leader remembers from run to run.
 *
 * @param holders where addresses were seen, or sent
 * @param refusals who has just failed to take one
 * @param unsteady whose health or links come and go
 */
record LeaderMemory(LastHolders holders, Refusals refusals, UnsteadyNodes unsteady) {
  void clear() {
    holders.clear();
    refusals.clear();
    unsteady.clear();
  }
}
