package io.jctdb.store.tdb;

import io.jctdb.linux.Tdb;
import io.jctdb.linux.TdbException;
import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.LockedRecord;
import io.jctdb.store.StoreException;
import io.jctdb.store.StoredRecord;
import org.jspecify.annotations.Nullable;

/** A record of a TDB file during one section. */
final class LockedTdbRecord implements LockedRecord {
  private final Tdb tdb;
  private final Key key;
  private boolean over;

  LockedTdbRecord(Tdb tdb, Key key) {
    this.tdb = tdb;
    this.key = key;
  }

  void end() {
    over = true;
  }

  private void checkLocked() {
    if (over) {
      throw new IllegalStateException("the section on record " + key + " is over");
    }
  }

  @Override
  public Key key() {
    checkLocked();
    return key;
  }

  @Override
  public @Nullable StoredRecord fetch() {
    checkLocked();
    try {
      return tdb.read(key.bytes(), TdbValues::read);
    } catch (TdbException e) {
      throw new StoreException(e.getMessage(), e);
    }
  }

  @Override
  public void store(RecordHeader header, byte[] data) {
    checkLocked();
    byte[] head = new byte[RecordHeader.SIZE];
    header.write(head, 0);
    try {
      tdb.store(key.bytes(), head, data);
    } catch (TdbException e) {
      throw new StoreException(e.getMessage(), e);
    }
  }

  @Override
  public void delete() {
    checkLocked();
    try {
      tdb.delete(key.bytes());
    } catch (TdbException e) {
      throw new StoreException(e.getMessage(), e);
    }
  }
}
