package io.jctdb.cli;

import io.jctdb.protocol.CallId;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.Key;
import io.jctdb.protocol.KeyData;
import io.jctdb.protocol.RecordHeader;
import java.util.Arrays;

/**
 * A record of a volatile database that is here and locked: nobody else changes it until {@link
 * #close} (databases.md 5.3). The daemon may hold back its answer for as long as the record is busy
 * elsewhere.
 */
final class OwnedRecord implements AutoCloseable {
  private final Attachment attachment;
  private final RecordFile file;
  private final byte[] key;
  private final RecordHeader header;
  private byte[] value;

  private OwnedRecord(
      Attachment attachment, RecordFile file, byte[] key, RecordHeader header, byte[] value) {
    this.attachment = attachment;
    this.file = file;
    this.key = key;
    this.header = header;
    this.value = value;
  }

  /** Brings the record to this node; for reading only, a delegated copy is enough. */
  static OwnedRecord take(Attachment attachment, RecordFile file, byte[] key, boolean readOnly) {
    DaemonClient client = attachment.tool().client();
    while (true) {
      file.lock(key);
      byte[] data = file.fetch(key);
      if (data != null && data.length >= RecordHeader.SIZE) {
        RecordHeader header = RecordHeader.read(data, 0);
        if (usable(header, client.pnn(), readOnly)) {
          byte[] value = Arrays.copyOfRange(data, RecordHeader.SIZE, data.length);
          return new OwnedRecord(attachment, file, key, header, value);
        }
      }
      file.unlock(key);
      client.migrate(attachment.id(), key, CallId.NULL, readOnly);
    }
  }

  private static boolean usable(RecordHeader header, int pnn, boolean readOnly) {
    boolean delegated = (header.flags() & RecordHeader.RO_HAVE_DELEGATIONS) != 0;
    if (header.dmaster() == pnn) {
      return readOnly || !delegated;
    }
    return readOnly && (header.flags() & RecordHeader.RO_HAVE_READONLY) != 0;
  }

  byte[] value() {
    return value;
  }

  /** Stores another value under the same header. */
  void store(byte[] newValue) {
    byte[] data = new byte[RecordHeader.SIZE + newValue.length];
    header.write(data, 0);
    System.arraycopy(newValue, 0, data, RecordHeader.SIZE, newValue.length);
    file.store(key, data);
    value = newValue;
  }

  /** Empties the record and has the daemon remove it some time. */
  void delete() {
    store(new byte[0]);
    DaemonClient client = attachment.tool().client();
    byte[] wish = new KeyData(attachment.id(), header, new Key(key)).encode();
    client.data(client.pnn(), Control.SCHEDULE_FOR_DELETION, wish);
  }

  @Override
  public void close() {
    file.unlock(key);
  }
}
