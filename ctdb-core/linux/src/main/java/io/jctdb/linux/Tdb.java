package io.jctdb.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * One open TDB file: a libtdb context.
 *
 * <p><b>Threading.</b> A context is not thread-safe, not even for reading: at most one thread at a
 * time may be inside, and that includes the whole span between a lock and its unlock (locks are
 * counted per context, so a second thread would be let into the first one's lock). In files with
 * mutexes, lock and unlock must happen on the same platform thread. It need not always be the same
 * thread otherwise.
 *
 * <p><b>One descriptor.</b> A process has at most one context per file (a second open fails with
 * {@code EBUSY}) and must never open the file in any other way: closing any descriptor of it drops
 * all locks of the process, and the next opener with {@link #CLEAR_IF_FIRST} then empties the file
 * under everybody's feet.
 *
 * <p>Keys and values are copied into native buffers that this object keeps; the only garbage of an
 * operation is what it returns. Source: databases.md 1.9 and 1.10.
 */
public final class Tdb implements AutoCloseable {
  /** Flag: empty the file when nobody else has it open. */
  public static final int CLEAR_IF_FIRST = 1;

  /** Flag: no locks at all. */
  public static final int NOLOCK = 4;

  public static final int NOMMAP = 8;

  /** Flag: no fsync; safe against the death of a process, not against loss of power. */
  public static final int NOSYNC = 64;

  /** Flag: count changes in the file's sequence number. */
  public static final int SEQNUM = 128;

  public static final int DISALLOW_NESTING = 1024;

  /** Flag: jenkins hash instead of the old one. */
  public static final int INCOMPATIBLE_HASH = 2048;

  /** Flag: robust process-shared mutexes instead of fcntl locks for chains; implies jenkins. */
  public static final int MUTEX_LOCKING = 4096;

  /** Open flag (octal in C): for reading only. */
  public static final int O_RDONLY = 0;

  public static final int O_RDWR = 2;
  public static final int O_CREAT = 0100;
  public static final int O_EXCL = 0200;

  private static final int INITIAL_BUFFER_BYTES = 4096;

  private final Path path;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment errno = CLibrary.newErrno(arena);
  private final MemorySegment keyStruct = arena.allocate(LibTdb.TDB_DATA);
  private final MemorySegment valueStruct = arena.allocate(LibTdb.TDB_DATA);
  private final MemorySegment resultStruct = arena.allocate(LibTdb.TDB_DATA);
  private final SegmentAllocator resultAllocator = (size, alignment) -> resultStruct;
  private final NativeBuffer keyBuffer = new NativeBuffer(INITIAL_BUFFER_BYTES);
  private final NativeBuffer valueBuffer = new NativeBuffer(INITIAL_BUFFER_BYTES);
  private @Nullable MemorySegment traverseStub;
  private @Nullable TdbVisitor traverseVisitor;
  private @Nullable Throwable traverseFailure;

  /** Null after {@link #close}. */
  private @Nullable MemorySegment context;

  private Tdb(Path path) {
    this.path = path;
  }

  /**
   * Opens, and with {@link #O_CREAT} creates, a file. Waits for the file's open lock, which others
   * hold for short times only.
   *
   * @param hashSize number of chains, effective only when the file is created; 0 means 131
   * @param tdbFlags the flags above, or-ed
   * @param openFlags as for open(2); {@code O_CLOEXEC} is always added
   * @param mode permission bits of a new file, such as 0600 (octal)
   * @throws TdbException with the errno of the failure: {@code EBUSY} if this process has it open
   *     already, {@code EINVAL} if the file has mutexes and the flags have not
   */
  public static Tdb open(Path path, int hashSize, int tdbFlags, int openFlags, int mode) {
    Tdb tdb = new Tdb(path);
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment name = scratch.allocateFrom(path.toString());
      MemorySegment context =
          (MemorySegment)
              LibTdb.OPEN.invokeExact(tdb.errno, name, hashSize, tdbFlags, openFlags, mode);
      if (context.address() == 0) {
        int error = CLibrary.errno(tdb.errno);
        tdb.free();
        throw new TdbException(path, "open", TdbError.NONE, error);
      }
      tdb.context = context;
      return tdb;
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }

  /**
   * Whether robust process-shared mutexes work here. Costs a fork the first time in a process (some
   * 8 ms).
   */
  public static boolean robustMutexesWork() {
    try {
      return (boolean) LibTdb.ROBUST_MUTEXES.invokeExact();
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }

  public Path path() {
    return path;
  }

  public boolean isOpen() {
    return context != null;
  }

  /** Closes the file's only descriptor; every lock of this process on it is gone. */
  @Override
  public void close() {
    if (context == null) {
      return;
    }
    int result = call(LibTdb.CLOSE);
    int error = CLibrary.errno(errno);
    context = null;
    free();
    if (result != 0) {
      throw new TdbException(path, "close", TdbError.NONE, error);
    }
  }

  private void free() {
    keyBuffer.close();
    valueBuffer.close();
    arena.close();
  }

  // ---- records

  /** The value of {@code key}, or null if there is none. */
  public byte @Nullable [] fetch(byte[] key) {
    return read(key, value -> value.toArray(JAVA_BYTE));
  }

  /**
   * Like {@link #fetch}, but the reader picks from libtdb's copy of the value what it wants; the
   * segment is valid only while the reader runs.
   */
  public <T> @Nullable T read(byte[] key, TdbValueReader<T> reader) {
    setKey(key);
    MemorySegment value;
    try {
      value =
          (MemorySegment) LibTdb.FETCH.invokeExact(resultAllocator, errno, context(), keyStruct);
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
    MemorySegment bytes = LibTdb.bytes(value);
    if (bytes.address() == 0) {
      TdbError error = error();
      if (error == TdbError.NO_RECORD || error == TdbError.NONE) {
        return null;
      }
      throw failure("fetch", error);
    }
    try {
      return reader.read(bytes);
    } finally {
      freeNative(bytes);
    }
  }

  /** Creates or replaces a record. */
  public void store(byte[] key, byte[] value) {
    valueBuffer.set(value);
    storeBuffer(key, StoreMode.REPLACE);
  }

  /** Creates or replaces a record whose value is {@code head} followed by {@code tail}. */
  public void store(byte[] key, byte[] head, byte[] tail) {
    valueBuffer.set(head, tail);
    storeBuffer(key, StoreMode.REPLACE);
  }

  /**
   * Stores according to {@code mode}.
   *
   * @return false if the mode forbade it: insert and the record exists, modify and it does not
   */
  public boolean store(byte[] key, byte[] value, StoreMode mode) {
    valueBuffer.set(value);
    return storeBuffer(key, mode);
  }

  private boolean storeBuffer(byte[] key, StoreMode mode) {
    setKey(key);
    valueBuffer.describe(valueStruct);
    int result;
    try {
      result = (int) LibTdb.STORE.invokeExact(errno, context(), keyStruct, valueStruct, mode.flag);
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
    if (result == 0) {
      return true;
    }
    TdbError error = error();
    boolean forbidden =
        (mode == StoreMode.INSERT && error == TdbError.EXISTS)
            || (mode == StoreMode.MODIFY && error == TdbError.NO_RECORD);
    if (forbidden) {
      return false;
    }
    throw failure("store", error);
  }

  /** Removes a record; false if there was none. */
  public boolean delete(byte[] key) {
    setKey(key);
    if (callWithKey(LibTdb.DELETE) == 0) {
      return true;
    }
    TdbError error = error();
    if (error == TdbError.NO_RECORD) {
      return false;
    }
    throw failure("delete", error);
  }

  // ---- chain locks

  /** Takes the write lock of the key's chain, waiting as long as it takes. Nests. */
  public void chainLock(byte[] key) {
    setKey(key);
    require("chainlock", callWithKey(LibTdb.CHAINLOCK));
  }

  /** Takes the lock if nobody else holds it; false if somebody does. */
  public boolean tryChainLock(byte[] key) {
    setKey(key);
    return granted("chainlock_nonblock", callWithKey(LibTdb.CHAINLOCK_NONBLOCK));
  }

  public void chainUnlock(byte[] key) {
    setKey(key);
    require("chainunlock", callWithKey(LibTdb.CHAINUNLOCK));
  }

  /**
   * Makes this context believe that it holds the chain's write lock. For when somebody else,
   * another thread outside the context or another process, holds the real lock on its behalf.
   */
  public void markChainLock(byte[] key) {
    setKey(key);
    require("chainlock_mark", callWithKey(LibTdb.CHAINLOCK_MARK));
  }

  public void unmarkChainLock(byte[] key) {
    setKey(key);
    require("chainlock_unmark", callWithKey(LibTdb.CHAINLOCK_UNMARK));
  }

  // ---- the lock of everything

  public void lockAll() {
    require("lockall", call(LibTdb.LOCKALL));
  }

  public boolean tryLockAll() {
    return granted("lockall_nonblock", call(LibTdb.LOCKALL_NONBLOCK));
  }

  public void unlockAll() {
    require("unlockall", call(LibTdb.UNLOCKALL));
  }

  /** Bookkeeping only, like {@link #markChainLock}, for every chain at once. */
  public void markLockAll() {
    require("lockall_mark", call(LibTdb.LOCKALL_MARK));
  }

  public void unmarkLockAll() {
    require("lockall_unmark", call(LibTdb.LOCKALL_UNMARK));
  }

  // ---- transactions

  /** Waits for other transactions and readers. */
  public void transactionStart() {
    require("transaction_start", call(LibTdb.TRANSACTION_START));
  }

  /** After this only a crash of the machine or a failing disk can make the commit fail. */
  public void transactionPrepare() {
    require("transaction_prepare_commit", call(LibTdb.TRANSACTION_PREPARE));
  }

  /** On disk when this returns, unless the file was opened with {@link #NOSYNC}. */
  public void transactionCommit() {
    require("transaction_commit", call(LibTdb.TRANSACTION_COMMIT));
  }

  public void transactionCancel() {
    require("transaction_cancel", call(LibTdb.TRANSACTION_CANCEL));
  }

  public boolean transactionActive() {
    try {
      return (boolean) LibTdb.TRANSACTION_ACTIVE.invokeExact(context());
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }

  // ---- walking

  /**
   * Visits every record. The chain lock is not held during a visit, so records may change
   * meanwhile; the context is read-only until the walk has ended.
   *
   * @return the number of records visited
   */
  public int traverseRead(TdbVisitor visitor) {
    MemorySegment stub = beginTraverse(visitor);
    int result;
    try {
      result = (int) LibTdb.TRAVERSE_READ.invokeExact(errno, context(), stub, MemorySegment.NULL);
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
    return endTraverse("traverse_read", result);
  }

  /**
   * Visits the records of one chain under its read lock. The visitor must not call this context.
   *
   * @param chain 0 … {@link #hashSize()}−1
   * @return the number of records visited
   */
  public int traverseChain(int chain, TdbVisitor visitor) {
    MemorySegment stub = beginTraverse(visitor);
    int result;
    try {
      result =
          (int)
              LibTdb.TRAVERSE_CHAIN.invokeExact(errno, context(), chain, stub, MemorySegment.NULL);
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
    return endTraverse("traverse_chain", result);
  }

  private MemorySegment beginTraverse(TdbVisitor visitor) {
    if (traverseVisitor != null) {
      throw new IllegalStateException(path + ": a traverse inside a traverse");
    }
    MemorySegment stub = traverseStub;
    if (stub == null) {
      stub = newTraverseStub();
      traverseStub = stub;
    }
    traverseVisitor = visitor;
    return stub;
  }

  private int endTraverse(String operation, int result) {
    Throwable failure = traverseFailure;
    traverseVisitor = null;
    traverseFailure = null;
    if (failure != null) {
      throw CLibrary.unexpected(failure);
    }
    if (result < 0) {
      throw failure(operation, error());
    }
    return result;
  }

  private MemorySegment newTraverseStub() {
    try {
      MethodHandle visit =
          MethodHandles.lookup()
              .bind(
                  this,
                  "visit",
                  MethodType.methodType(
                      int.class,
                      MemorySegment.class,
                      MemorySegment.class,
                      MemorySegment.class,
                      MemorySegment.class));
      return Linker.nativeLinker().upcallStub(visit, LibTdb.TRAVERSE_CALLBACK, arena);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Called by libtdb. An exception must not reach it: that would end the process. */
  @SuppressWarnings({"unused", "UnusedMethod", "UnusedVariable"}) // reached through a method handle
  private int visit(MemorySegment ctx, MemorySegment key, MemorySegment data, MemorySegment p) {
    TdbVisitor visitor = traverseVisitor;
    if (visitor == null) {
      return 1;
    }
    try {
      boolean more =
          visitor.visit(
              LibTdb.bytes(key).toArray(JAVA_BYTE), LibTdb.bytes(data).toArray(JAVA_BYTE));
      return more ? 0 : 1;
    } catch (Throwable e) {
      traverseFailure = e;
      return 1;
    }
  }

  // ---- the file as a whole

  /** Removes every record under the lock of everything. */
  public void wipeAll() {
    require("wipe_all", call(LibTdb.WIPE_ALL));
  }

  /** Reads the whole file; false if it is damaged. */
  public boolean check() {
    int result;
    try {
      result =
          (int) LibTdb.CHECK.invokeExact(errno, context(), MemorySegment.NULL, MemorySegment.NULL);
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
    if (result == 0) {
      return true;
    }
    TdbError error = error();
    if (error == TdbError.LOCK || error == TdbError.OUT_OF_MEMORY) {
      throw failure("check", error);
    }
    return false;
  }

  /** Writes the file anew without holes; everybody else waits meanwhile. */
  public void repack() {
    require("repack", call(LibTdb.REPACK));
  }

  /** The number of free pieces, merging neighbours as a side effect. */
  public int freeListSize() {
    int size = call(LibTdb.FREELIST_SIZE);
    if (size < 0) {
      throw failure("freelist_size", error());
    }
    return size;
  }

  /** The flags in force, including those that libtdb added itself. */
  public int flags() {
    return plain(LibTdb.GET_FLAGS);
  }

  public void addFlags(int flags) {
    changeFlags(LibTdb.ADD_FLAGS, flags);
  }

  public void removeFlags(int flags) {
    changeFlags(LibTdb.REMOVE_FLAGS, flags);
  }

  /** Adds {@link #SEQNUM}: from now on this context counts its changes. */
  public void enableSequenceNumber() {
    plainVoid(LibTdb.ENABLE_SEQNUM);
  }

  /** The "something changed" counter in the file's header; wraps at 32 bits. */
  public int sequenceNumber() {
    return plain(LibTdb.GET_SEQNUM);
  }

  /** Adds one, if this context counts at all. */
  public void incrementSequenceNumber() {
    plainVoid(LibTdb.INCREMENT_SEQNUM);
  }

  /** How many dead records a chain may keep for quick reuse; of this context only. */
  public void setMaxDead(int maxDead) {
    changeFlags(LibTdb.SET_MAX_DEAD, maxDead);
  }

  /** The number of chains. */
  public int hashSize() {
    return plain(LibTdb.HASH_SIZE);
  }

  /** Size of the mapping in bytes, without the mutex area. */
  public long mapSize() {
    try {
      return (long) LibTdb.MAP_SIZE.invokeExact(context());
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }

  /** The file's only descriptor. Not to be closed, duplicated or given to anybody who might. */
  public int fd() {
    return plain(LibTdb.FD);
  }

  // ---- calls

  private MemorySegment context() {
    MemorySegment open = context;
    if (open == null) {
      throw new IllegalStateException(path + " is closed");
    }
    return open;
  }

  private void setKey(byte[] key) {
    keyBuffer.set(key);
    keyBuffer.describe(keyStruct);
  }

  private int call(MethodHandle function) {
    try {
      return (int) function.invokeExact(errno, context());
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }

  private int callWithKey(MethodHandle function) {
    try {
      return (int) function.invokeExact(errno, context(), keyStruct);
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }

  private int plain(MethodHandle function) {
    try {
      return (int) function.invokeExact(context());
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }

  private void plainVoid(MethodHandle function) {
    try {
      function.invokeExact(context());
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }

  private void changeFlags(MethodHandle function, int value) {
    try {
      function.invokeExact(context(), value);
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }

  private static void freeNative(MemorySegment bytes) {
    try {
      LibTdb.FREE.invokeExact(bytes);
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }

  private TdbError error() {
    return TdbError.of(plain(LibTdb.ERROR));
  }

  private void require(String operation, int result) {
    if (result != 0) {
      throw failure(operation, error());
    }
  }

  /** Whether a non-blocking lock was granted; every way the kernel says "taken" is false. */
  private boolean granted(String operation, int result) {
    if (result == 0) {
      return true;
    }
    return switch (CLibrary.errno(errno)) {
      case Errno.EAGAIN, Errno.EACCES, Errno.EDEADLK, Errno.EINTR -> false;
      default -> throw failure(operation, error());
    };
  }

  private TdbException failure(String operation, TdbError error) {
    return new TdbException(path, operation, error, CLibrary.errno(errno));
  }

  /** What {@link #store(byte[], byte[], StoreMode)} does about an existing record. */
  public enum StoreMode {
    REPLACE(1),
    INSERT(2),
    MODIFY(3);

    private final int flag;

    StoreMode(int flag) {
      this.flag = flag;
    }
  }
}
