package io.jctdb.database.record;

import io.jctdb.database.message.RecordMessage;
import io.jctdb.protocol.Key;

/** A record of the cluster: database and key. */
record RecordId(int dbId, Key key) {
  static RecordId of(RecordMessage message) {
    return new RecordId(message.dbId(), message.key());
  }

  @Override
  public int hashCode() {
    return dbId ^ key.hashCode();
  }
}
