package io.jctdb.cli;

import io.jctdb.protocol.MalformedPacketException;
import io.jctdb.protocol.MarshallBuffer;
import io.jctdb.protocol.RecordData;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A database in a file (cli.md 10.1), little-endian:
 *
 * <pre>
 *   0  u64 version, 3        8  u64 time, seconds      16  u64 flags
 *  24  u64 buffers          32  u64 records            40  char name[64]
 * 104  per buffer: u32 database id, u32 records, u64 length, then the records as in a marshall buffer
 * </pre>
 *
 * @param flags see {@link io.jctdb.protocol.DatabaseFlag}
 */
record BackupFile(long time, int flags, String name, List<MarshallBuffer> buffers) {
  static final int VERSION = 3;
  private static final int HEADER_SIZE = 104;
  private static final int NAME_SIZE = 64;
  private static final int BUFFER_HEADER_SIZE = 16;
  private static final int LONGEST_BUFFER = 1 << 28;

  /** It is not a backup, or one that cannot be read. */
  static final class BadBackup extends Exception {
    private static final long serialVersionUID = 1L;
    final int status;

    BadBackup(int status, String message) {
      super(message, null, false, false);
      this.status = status;
    }
  }

  int records() {
    int records = 0;
    for (MarshallBuffer buffer : buffers) {
      records += buffer.records().size();
    }
    return records;
  }

  void write(OutputStream out) throws IOException {
    ByteBuffer header = ByteBuffer.allocate(HEADER_SIZE).order(ByteOrder.LITTLE_ENDIAN);
    header.putLong(VERSION).putLong(time).putLong(flags).putLong(buffers.size());
    header.putLong(records());
    byte[] text = name.getBytes(StandardCharsets.UTF_8);
    header.put(text, 0, Math.min(text.length, NAME_SIZE - 1));
    out.write(header.array());
    for (MarshallBuffer buffer : buffers) {
      byte[] bytes = buffer.encode();
      int length = bytes.length - 8;
      ByteBuffer head = ByteBuffer.allocate(BUFFER_HEADER_SIZE).order(ByteOrder.LITTLE_ENDIAN);
      head.putInt(buffer.dbId()).putInt(buffer.records().size()).putLong(length);
      out.write(head.array());
      out.write(bytes, 8, length);
    }
  }

  static BackupFile read(Host host, Path file) throws BadBackup {
    try (DataInputStream in = new DataInputStream(host.read(file))) {
      return read(file, in);
    } catch (IOException e) {
      throw new BadBackup(2, "Failed to open file " + file + " for reading");
    }
  }

  private static BackupFile read(Path file, DataInputStream in) throws IOException, BadBackup {
    byte[] bytes = in.readNBytes(HEADER_SIZE);
    ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    long version = bytes.length >= 8 ? header.getLong() : 0;
    if (version != VERSION) {
      throw new BadBackup(
          ToolFailure.EINVAL,
          "Wrong version of backup file, expected "
              + VERSION
              + ", got "
              + Long.toUnsignedString(version));
    }
    if (bytes.length < HEADER_SIZE) {
      throw new BadBackup(5, "Failed to read db header from file " + file);
    }
    long time = header.getLong();
    int flags = (int) header.getLong();
    long count = header.getLong();
    String name = name(Arrays.copyOfRange(bytes, 40, HEADER_SIZE));
    List<MarshallBuffer> buffers = new ArrayList<>();
    for (long i = 0; i < count; i++) {
      try {
        buffers.add(buffer(in));
      } catch (EOFException | MalformedPacketException e) {
        throw new BadBackup(5, "Backup file " + file + " is damaged: " + e.getMessage());
      }
    }
    return new BackupFile(time, flags, name, buffers);
  }

  private static String name(byte[] field) {
    int end = 0;
    while (end < field.length && field[end] != 0) {
      end++;
    }
    return new String(field, 0, end, StandardCharsets.UTF_8);
  }

  private static MarshallBuffer buffer(DataInputStream in) throws IOException {
    byte[] head = in.readNBytes(BUFFER_HEADER_SIZE);
    if (head.length < BUFFER_HEADER_SIZE) {
      throw new EOFException("a record buffer is missing");
    }
    ByteBuffer header = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
    long length = header.getLong(8);
    if (length < 0 || length > LONGEST_BUFFER) {
      throw new EOFException("a record buffer of " + length + " bytes");
    }
    byte[] records = in.readNBytes((int) length);
    if (records.length < length) {
      throw new EOFException("a record buffer is cut short");
    }
    byte[] whole = new byte[8 + records.length];
    System.arraycopy(head, 0, whole, 0, 8);
    System.arraycopy(records, 0, whole, 8, records.length);
    return MarshallBuffer.decode(whole);
  }

  /** Collects records into buffers of moderate size. */
  static final class Collector {
    private static final int BUFFER_SIZE = 1_000_000;

    private final int dbId;
    private final List<MarshallBuffer> buffers = new ArrayList<>();
    private List<RecordData> records = new ArrayList<>();
    private int size;

    Collector(int dbId) {
      this.dbId = dbId;
    }

    void add(RecordData data) {
      if (!records.isEmpty() && size + data.size() > BUFFER_SIZE) {
        flush();
      }
      records.add(data);
      size += data.size();
    }

    List<MarshallBuffer> buffers() {
      if (!records.isEmpty()) {
        flush();
      }
      return buffers;
    }

    private void flush() {
      buffers.add(new MarshallBuffer(dbId, records));
      records = new ArrayList<>();
      size = 0;
    }
  }
}
