package io.jctdb.cli;

import io.jctdb.protocol.Control;
import io.jctdb.protocol.Key;
import io.jctdb.protocol.MarshallBuffer;
import io.jctdb.protocol.RecordData;
import io.jctdb.protocol.RecordHeader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Changes to a persistent or replicated database that all nodes make, or none (databases.md 6.1).
 */
final class Transaction {
  private static final long COMMIT_LIMIT_MILLIS =
      90_000; // longer than the daemon's own limit of 60 s
  private static final long FIRST_PAUSE_MILLIS = 10;
  private static final long LONGEST_PAUSE_MILLIS = 1000;
  static final byte[] SEQUENCE_KEY = "__db_sequence_number__\0".getBytes(StandardCharsets.US_ASCII);

  private final Tool tool;
  private final Attachment attachment;
  private final RecordFile file;
  private final Map<Key, byte[]> changes = new LinkedHashMap<>();

  Transaction(Tool tool, Attachment attachment, RecordFile file) {
    this.tool = tool;
    this.attachment = attachment;
    this.file = file;
  }

  /** The value, or null if there is none or it is deleted. */
  byte @Nullable [] fetch(byte[] key) {
    byte[] changed = changes.get(new Key(key));
    byte[] data = changed != null ? changed : file.fetch(key);
    return data == null || data.length <= RecordHeader.SIZE
        ? null
        : Arrays.copyOfRange(data, RecordHeader.SIZE, data.length);
  }

  /** A new value; an empty one deletes. What is stored already is not stored again. */
  void store(byte[] key, byte[] value) {
    byte[] changed = changes.get(new Key(key));
    byte[] old = changed != null ? changed : file.fetch(key);
    long rsn = 0;
    int flags = 0;
    if (old != null && old.length >= RecordHeader.SIZE) {
      RecordHeader header = RecordHeader.read(old, 0);
      if (Arrays.equals(Arrays.copyOfRange(old, RecordHeader.SIZE, old.length), value)) {
        return;
      }
      rsn = header.rsn();
      flags = header.flags();
    }
    byte[] data = new byte[RecordHeader.SIZE + value.length];
    new RecordHeader(rsn + 1, tool.client().pnn(), flags).write(data, 0);
    System.arraycopy(value, 0, data, RecordHeader.SIZE, value.length);
    changes.put(new Key(key), data);
  }

  /** Makes the changes; asks again until it is known whether they have been made. */
  void commit() {
    if (changes.isEmpty()) {
      return;
    }
    long before = sequenceNumber();
    store(SEQUENCE_KEY, le64(before + 1));
    List<RecordData> records = new ArrayList<>();
    changes.forEach((key, data) -> records.add(new RecordData(0, key, data)));
    byte[] buffer = new MarshallBuffer(attachment.id(), records).encode();
    DaemonClient client = tool.client();
    long srvid = Integer.toUnsignedLong(attachment.id());
    long pause = FIRST_PAUSE_MILLIS;
    while (true) {
      DaemonClient.Reply reply =
          client.askWithSrvid(
              client.pnn(), Control.TRANS3_COMMIT, srvid, buffer, COMMIT_LIMIT_MILLIS);
      if (!reply.timedOut() && reply.status() == 0) {
        return;
      }
      long now = sequenceNumber();
      if (now == before + 1) {
        return; // a recovery has completed it
      }
      if (now != before) {
        throw tool.fail(5, "Transaction on " + attachment.name() + " failed");
      }
      tool.host().sleep(pause);
      pause = Math.min(2 * pause, LONGEST_PAUSE_MILLIS);
    }
  }

  private long sequenceNumber() {
    byte[] data = file.fetch(SEQUENCE_KEY);
    return data == null || data.length < RecordHeader.SIZE + 8
        ? 0
        : ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN).getLong(RecordHeader.SIZE);
  }

  private static byte[] le64(long value) {
    return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
  }
}
