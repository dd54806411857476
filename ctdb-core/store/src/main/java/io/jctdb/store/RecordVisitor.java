package io.jctdb.store;

import io.jctdb.protocol.Key;

/** Receives the records of a scan, one at a time, under their chain lock. */
@FunctionalInterface
public interface RecordVisitor {
  void visit(Key key, StoredRecord record);
}
