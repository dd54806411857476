package io.jctdb.tests.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jctdb.linux.Tdb;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.RecordHeader;
import java.io.IOException;
import java.util.Arrays;
import java.util.function.UnaryOperator;

/**
 * A database as smbd uses it (databases.md 5): attached through the daemon, then opened as a file
 * beside it. Belongs to one thread.
 */
final class SharedDatabase implements AutoCloseable {
  private final NodeClient node;
  private final int id;
  private final Tdb file;

  private SharedDatabase(NodeClient node, int id, Tdb file) {
    this.node = node;
    this.id = id;
    this.file = file;
  }

  static SharedDatabase attach(NodeClient node, String name, Control kind) throws IOException {
    int id = NodeClient.number(node.control(kind, 0, (name + "\0").getBytes(UTF_8)));
    byte[] path = node.control(Control.GETDBPATH, 0, NodeClient.number(id));
    int flags = node.control(Control.DB_OPEN_FLAGS, id);
    String text = new String(path, UTF_8);
    String clean = text.substring(0, text.indexOf('\0'));
    return new SharedDatabase(node, id, Tdb.open(node.local(clean), 0, flags, Tdb.O_RDWR, 0600));
  }

  int id() {
    return id;
  }

  NodeClient node() {
    return node;
  }

  /** The value without its header; empty when there is none. */
  byte[] read(byte[] key) {
    byte[] stored = file.fetch(key);
    return stored == null || stored.length <= RecordHeader.SIZE
        ? new byte[0]
        : Arrays.copyOfRange(stored, RecordHeader.SIZE, stored.length);
  }

  /** The record's sequence number here; 0 when there is none. */
  long rsn(byte[] key) {
    byte[] stored = file.fetch(key);
    return stored == null ? 0 : RecordHeader.read(stored, 0).rsn();
  }

  /**
   * smbd's way to change a record: lock its chain, look whether it is ours, else have it brought
   * here and look again.
   *
   * @return how often it had to be brought here
   */
  int change(byte[] key, UnaryOperator<byte[]> change) throws IOException {
    int migrations = 0;
    while (true) {
      file.chainLock(key);
      try {
        byte[] stored = file.fetch(key);
        if (stored != null && ours(stored)) {
          byte[] value = Arrays.copyOfRange(stored, RecordHeader.SIZE, stored.length);
          byte[] header = Arrays.copyOf(stored, RecordHeader.SIZE);
          file.store(key, header, change.apply(value));
          return migrations;
        }
      } finally {
        file.chainUnlock(key);
      }
      node.migrate(id, key);
      migrations++;
    }
  }

  private boolean ours(byte[] stored) {
    if (stored.length < RecordHeader.SIZE) {
      return false;
    }
    RecordHeader header = RecordHeader.read(stored, 0);
    return header.dmaster() == node.pnn()
        && (header.flags() & RecordHeader.RO_HAVE_DELEGATIONS) == 0;
  }

  @Override
  public void close() {
    file.close();
  }
}
