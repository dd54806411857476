package io.jctdb.cli;

import io.jctdb.protocol.Control;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.PidSrvid;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The cluster-wide lock that a transaction on a persistent database holds: a record of {@code
 * g_lock.tdb}.
 *
 * <p>Written in smbd's layout, so that smbd, winbindd and net keep out (the stock tool has another
 * layout and takes their lock away, cli.md 9.2):
 *
 * <pre>
 * u32 number of waiters, waiters × {server id 24, u64 instance}
 * server id 24 of the exclusive holder, u64 lock epoch, u64 data epoch,
 * u32 number of shared holders, holders × server id 24
 * </pre>
 *
 * The holder's unique id says that it cannot be verified: then Samba takes a process of this node
 * for alive if it exists, and one of another node if it is connected to its daemon. (Any other
 * unique id would be looked for among Samba's own processes, and the lock taken away.) Waiters are
 * left in the record: they look again by themselves within seconds.
 */
final class GlobalLock implements AutoCloseable {
  private static final int SERVER_ID_SIZE = 24;
  private static final int WAITER_SIZE = SERVER_ID_SIZE + 8;
  private static final long NOT_TO_VERIFY = -1L;
  private static final long RETRY_MILLIS = 50;

  private final Tool tool;
  private final Attachment attachment;
  private final RecordFile file;
  private final byte[] key;

  /** The lock record of this database, which {@link #acquire} takes. */
  GlobalLock(Tool tool, int dbId) {
    this.tool = tool;
    this.attachment = Attachment.attach(tool, "g_lock.tdb", 0);
    this.file = attachment.open();
    this.key = ("transaction_db_" + Text.id(dbId) + "\0").getBytes(StandardCharsets.US_ASCII);
  }

  /** Waits, without a limit of its own, until this process holds the lock. */
  void acquire() {
    while (!tryAcquire()) {
      tool.host().sleep(RETRY_MILLIS);
    }
  }

  private boolean tryAcquire() {
    try (OwnedRecord record = OwnedRecord.take(attachment, file, key, false)) {
      byte[] waiters = waiters(record.value());
      if (waiters.length < record.value().length && held(record.value(), waiters.length)) {
        return false;
      }
      byte[] lock = new byte[waiters.length + SERVER_ID_SIZE + 20];
      ByteBuffer out = ByteBuffer.wrap(lock).order(ByteOrder.LITTLE_ENDIAN).put(waiters);
      out.putLong(tool.host().pid()).putInt(0).putInt(tool.client().pnn()).putLong(NOT_TO_VERIFY);
      // epochs and number of shared holders stay 0
      record.store(lock);
      return true;
    }
  }

  /** Whether a living process holds it; shared holders keep a writer out as well. */
  private boolean held(byte[] value, int from) {
    try {
      ByteBuffer in = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN).position(from);
      if (readHolderIsAlive(in)) {
        return true;
      }
      in.getLong();
      in.getLong();
      int shared = in.getInt();
      for (int i = 0; i < shared; i++) {
        if (readHolderIsAlive(in)) {
          return true;
        }
      }
      return false;
    } catch (BufferUnderflowException e) {
      throw tool.fail(5, "The lock record has an unknown layout; the database stays untouched");
    }
  }

  private boolean readHolderIsAlive(ByteBuffer in) {
    int pid = (int) in.getLong();
    in.getInt();
    int node = in.getInt();
    long unique = in.getLong();
    if (pid == 0) {
      return false;
    }
    DaemonClient client = tool.client();
    DaemonClient.Reply reply =
        unique == NOT_TO_VERIFY
            ? client.ask(node, Control.PROCESS_EXISTS, Payload.ofU32(pid))
            : client.ask(node, Control.CHECK_PID_SRVID, new PidSrvid(pid, unique).encode());
    // No answer is no proof of death.
    return reply.timedOut() || reply.status() == 0;
  }

  /** The head of the record that belongs to the waiters, their number included. */
  private byte[] waiters(byte[] value) {
    if (value.length == 0) {
      return new byte[4];
    }
    long count = value.length < 4 ? -1 : buffer(value).getInt() & 0xFFFF_FFFFL;
    long size = 4 + count * WAITER_SIZE;
    if (count < 0 || size > value.length) {
      throw tool.fail(5, "The lock record has an unknown layout; the database stays untouched");
    }
    return Arrays.copyOf(value, (int) size);
  }

  private static ByteBuffer buffer(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Gives the lock back, and the record too if nobody waits for it. */
  void release() {
    try (OwnedRecord record = OwnedRecord.take(attachment, file, key, false)) {
      byte[] waiters = waiters(record.value());
      if (waiters.length == 4) {
        record.delete();
        return;
      }
      record.store(Arrays.copyOf(waiters, waiters.length + SERVER_ID_SIZE + 20));
    }
  }

  @Override
  public void close() {
    file.close();
  }
}
