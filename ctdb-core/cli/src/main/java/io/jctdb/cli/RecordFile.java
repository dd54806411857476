package io.jctdb.cli;

import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** A database file on this node, as the record commands use it. */
interface RecordFile extends AutoCloseable {
  /** Waits for the lock that protects this key from smbd, the daemon and other tools. */
  void lock(byte[] key);

  void unlock(byte[] key);

  /** Header and value, or null. */
  byte @Nullable [] fetch(byte[] key);

  void store(byte[] key, byte[] value);

  /** Every record: key, and header with value. */
  void forEach(BiConsumer<byte[], byte[]> visitor);

  @Override
  void close();
}
