package io.jctdb.store.tdb;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * For every chain a key that hashes to it, because libtdb locks chains by key only.
 *
 * <p>The jenkins hash of a 12-byte key starts from a fixed state, adds the three words of the key,
 * and stirs with reversible steps (databases.md 1.2). So instead of trying keys, the steps are run
 * backwards from the hash that is wanted: the chain's own number.
 */
final class ChainKeys {
  private static final int LENGTH = 12;
  private static final int START = 0xDEADBEEF + LENGTH;

  private ChainKeys() {}

  /** A key whose jenkins hash is {@code chain}; the same array is never handed out twice. */
  static byte[] of(int chain) {
    int a = 0;
    int b = 0;
    int c = chain;
    c = (c + Integer.rotateLeft(b, 24)) ^ b;
    b = (b + Integer.rotateLeft(a, 14)) ^ a;
    a = (a + Integer.rotateLeft(c, 4)) ^ c;
    c = (c + Integer.rotateLeft(b, 16)) ^ b;
    b = (b + Integer.rotateLeft(a, 25)) ^ a;
    a = (a + Integer.rotateLeft(c, 11)) ^ c;
    c = (c + Integer.rotateLeft(b, 14)) ^ b;
    return ByteBuffer.allocate(LENGTH)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(a - START)
        .putInt(b - START)
        .putInt(c - START)
        .array();
  }
}
