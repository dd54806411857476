package io.jctdb.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/**
 * The functions of {@code libtdb.so.1} (1.4.8 was observed), as method handles.
 *
 * <p>{@code TDB_DATA} is {@code struct {void *dptr; size_t dsize;}}, 16 bytes, passed and returned
 * by value. Source of names and meanings: databases.md 1.9.
 */
final class LibTdb {
  static final StructLayout TDB_DATA =
      MemoryLayout.structLayout(ADDRESS.withName("dptr"), JAVA_LONG.withName("dsize"));

  private static final SymbolLookup LIBRARY = load();

  private static final FunctionDescriptor INT_CTX = FunctionDescriptor.of(JAVA_INT, ADDRESS);
  private static final FunctionDescriptor INT_CTX_KEY =
      FunctionDescriptor.of(JAVA_INT, ADDRESS, TDB_DATA);
  private static final FunctionDescriptor VOID_CTX = FunctionDescriptor.ofVoid(ADDRESS);
  private static final FunctionDescriptor VOID_CTX_INT =
      FunctionDescriptor.ofVoid(ADDRESS, JAVA_INT);

  /** {@code int fn(ctx, TDB_DATA key, TDB_DATA data, void *p)}; non-zero stops a traverse. */
  static final FunctionDescriptor TRAVERSE_CALLBACK =
      FunctionDescriptor.of(JAVA_INT, ADDRESS, TDB_DATA, TDB_DATA, ADDRESS);

  static final MethodHandle OPEN =
      errno(
          "tdb_open",
          FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
  static final MethodHandle CLOSE = errno("tdb_close", INT_CTX);
  static final MethodHandle ERROR = plain("tdb_error", INT_CTX);

  static final MethodHandle FETCH =
      errno("tdb_fetch", FunctionDescriptor.of(TDB_DATA, ADDRESS, TDB_DATA));
  static final MethodHandle STORE =
      errno("tdb_store", FunctionDescriptor.of(JAVA_INT, ADDRESS, TDB_DATA, TDB_DATA, JAVA_INT));
  static final MethodHandle DELETE = errno("tdb_delete", INT_CTX_KEY);

  static final MethodHandle CHAINLOCK = errno("tdb_chainlock", INT_CTX_KEY);
  static final MethodHandle CHAINLOCK_NONBLOCK = errno("tdb_chainlock_nonblock", INT_CTX_KEY);
  static final MethodHandle CHAINUNLOCK = errno("tdb_chainunlock", INT_CTX_KEY);
  static final MethodHandle CHAINLOCK_MARK = errno("tdb_chainlock_mark", INT_CTX_KEY);
  static final MethodHandle CHAINLOCK_UNMARK = errno("tdb_chainlock_unmark", INT_CTX_KEY);

  static final MethodHandle LOCKALL = errno("tdb_lockall", INT_CTX);
  static final MethodHandle LOCKALL_NONBLOCK = errno("tdb_lockall_nonblock", INT_CTX);
  static final MethodHandle UNLOCKALL = errno("tdb_unlockall", INT_CTX);
  static final MethodHandle LOCKALL_MARK = errno("tdb_lockall_mark", INT_CTX);
  static final MethodHandle LOCKALL_UNMARK = errno("tdb_lockall_unmark", INT_CTX);

  static final MethodHandle TRANSACTION_START = errno("tdb_transaction_start", INT_CTX);
  static final MethodHandle TRANSACTION_PREPARE = errno("tdb_transaction_prepare_commit", INT_CTX);
  static final MethodHandle TRANSACTION_COMMIT = errno("tdb_transaction_commit", INT_CTX);
  static final MethodHandle TRANSACTION_CANCEL = errno("tdb_transaction_cancel", INT_CTX);
  static final MethodHandle TRANSACTION_ACTIVE =
      plain("tdb_transaction_active", FunctionDescriptor.of(JAVA_BOOLEAN, ADDRESS));

  static final MethodHandle TRAVERSE_READ =
      errno("tdb_traverse_read", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS));
  static final MethodHandle TRAVERSE_CHAIN =
      errno(
          "tdb_traverse_chain",
          FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, ADDRESS));
  static final MethodHandle WIPE_ALL = errno("tdb_wipe_all", INT_CTX);
  static final MethodHandle CHECK =
      errno("tdb_check", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS));
  static final MethodHandle REPACK = errno("tdb_repack", INT_CTX);
  static final MethodHandle FREELIST_SIZE = errno("tdb_freelist_size", INT_CTX);

  static final MethodHandle ADD_FLAGS = plain("tdb_add_flags", VOID_CTX_INT);
  static final MethodHandle REMOVE_FLAGS = plain("tdb_remove_flags", VOID_CTX_INT);
  static final MethodHandle GET_FLAGS = plain("tdb_get_flags", INT_CTX);
  static final MethodHandle ENABLE_SEQNUM = plain("tdb_enable_seqnum", VOID_CTX);
  static final MethodHandle GET_SEQNUM = plain("tdb_get_seqnum", INT_CTX);
  static final MethodHandle INCREMENT_SEQNUM = plain("tdb_increment_seqnum_nonblock", VOID_CTX);
  static final MethodHandle SET_MAX_DEAD = plain("tdb_set_max_dead", VOID_CTX_INT);
  static final MethodHandle HASH_SIZE = plain("tdb_hash_size", INT_CTX);
  static final MethodHandle MAP_SIZE =
      plain("tdb_map_size", FunctionDescriptor.of(JAVA_LONG, ADDRESS));
  static final MethodHandle FD = plain("tdb_fd", INT_CTX);
  static final MethodHandle ROBUST_MUTEXES =
      plain("tdb_runtime_check_for_robust_mutexes", FunctionDescriptor.of(JAVA_BOOLEAN));

  /** libc {@code free}, for what {@code tdb_fetch} returns. */
  static final MethodHandle FREE = CLibrary.plain("free", FunctionDescriptor.ofVoid(ADDRESS));

  private LibTdb() {}

  private static MethodHandle errno(String function, FunctionDescriptor descriptor) {
    return CLibrary.withErrno(LIBRARY, function, descriptor);
  }

  private static MethodHandle plain(String function, FunctionDescriptor descriptor) {
    return CLibrary.plain(LIBRARY, function, descriptor);
  }

  private static SymbolLookup load() {
    try {
      return SymbolLookup.libraryLookup("libtdb.so.1", Arena.global());
    } catch (IllegalArgumentException e) {
      UnsatisfiedLinkError error =
          new UnsatisfiedLinkError(
              "the library libtdb.so.1 cannot be loaded; install it (Debian: apt install libtdb1)");
      error.initCause(e);
      throw error;
    }
  }

  /** Writes a {@code TDB_DATA} into its 16 bytes. */
  static void set(MemorySegment struct, MemorySegment pointer, long size) {
    struct.set(ADDRESS, 0, pointer);
    struct.set(JAVA_LONG, 8, size);
  }

  /** The bytes that a {@code TDB_DATA} points to, as long as libtdb keeps them there. */
  static MemorySegment bytes(MemorySegment struct) {
    return struct.get(ADDRESS, 0).reinterpret(struct.get(JAVA_LONG, 8));
  }
}
