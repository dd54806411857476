package io.jctdb.store;

/**
 * Work done on one record under its chain lock. Short: it must not wait for anything, take another
 * lock, or call back into the store.
 */
@FunctionalInterface
public interface RecordSection {
  void run(LockedRecord record);
}
