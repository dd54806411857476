package io.jctdb.database.record;

/** The running totals behind {@link RecordStatistics}. */
final class RecordCounters {
  long calls;
  long callsLocal;
  long callsShared;
  long migrationsIn;
  long migrationsOut;
  long hops;
  long lockWaits;
  long holds;
  long queries;
  long adoptions;
  long creations;
  long repeats;
  long dropped;
  long anomalies;
  long burials;
  long purges;
  long vouched;
  long setAside;
  long waits;
  long spared;
  long behind;
  long copiesIn;
  long delegations;
  long revokes;
}
