package io.jctdb.store.tdb;

import io.jctdb.protocol.Key;
import io.jctdb.store.RecordSection;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/** The sections that wait for one chain, in the order of their arrival. Owner thread only. */
final class ContendedChain {
  private final int chain;
  private final byte[] lockKey;
  private final Queue<Waiting> sections = new ArrayDeque<>();

  /** The thread that waits for the chain on their behalf, if any. */
  @Nullable LockVisit visit;

  ContendedChain(int chain) {
    this.chain = chain;
    this.lockKey = ChainKeys.of(chain);
  }

  int chain() {
    return chain;
  }

  /** A key of this chain, to lock or mark it by. */
  byte[] lockKey() {
    return lockKey;
  }

  Queue<Waiting> sections() {
    return sections;
  }

  record Waiting(Key key, RecordSection section) {}
}
