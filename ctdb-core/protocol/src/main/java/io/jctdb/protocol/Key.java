package io.jctdb.protocol;

import java.util.Arrays;
import java.util.HexFormat;

/**
 * The key of a record: an immutable byte string that carries its {@link JenkinsHash}.
 *
 * <p>The hash is computed once because every access needs it at least twice (lmaster, hash map). An
 * empty key is legal. The byte array is shared, not copied: whoever hands one in, or takes one out,
 * must not change it.
 */
public final class Key {
  private final byte[] bytes;
  private final int hash;

  public Key(byte[] bytes) {
    this.bytes = bytes;
    this.hash = JenkinsHash.hash(bytes);
  }

  /** The key's bytes; not to be modified. */
  public byte[] bytes() {
    return bytes;
  }

  public int length() {
    return bytes.length;
  }

  /** The 32-bit jenkins hash, the one that lmaster and chain are computed from. */
  public int jenkinsHash() {
    return hash;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Key key && hash == key.hash && Arrays.equals(bytes, key.bytes);
  }

  @Override
  public int hashCode() {
    return hash;
  }

  @Override
  public String toString() {
    return HexFormat.of().formatHex(bytes, 0, Math.min(bytes.length, 32))
        + (bytes.length > 32 ? "…(" + bytes.length + ")" : "");
  }
}
