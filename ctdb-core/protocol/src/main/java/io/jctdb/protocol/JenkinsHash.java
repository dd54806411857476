package io.jctdb.protocol;

/**
 * Bob Jenkins' public-domain lookup3 {@code hashlittle} with initial value 0.
 *
 * <p>It decides three things that Samba and we must agree on: the database id (over the name with
 * its NUL), the lmaster of a record, and the hash chain of a volatile TDB file. Source:
 * databases.md 1.2; the test vectors there are in {@code JenkinsHashTest}.
 */
public final class JenkinsHash {
  private JenkinsHash() {}

  /** Returns the unsigned 32-bit hash of {@code bytes}, as an int bit pattern. */
  public static int hash(byte[] bytes) {
    int length = bytes.length;
    int a = 0xDEADBEEF + length;
    int b = a;
    int c = a;
    int at = 0;
    while (length > 12) {
      a += word(bytes, at);
      b += word(bytes, at + 4);
      c += word(bytes, at + 8);
      a -= c;
      a ^= Integer.rotateLeft(c, 4);
      c += b;
      b -= a;
      b ^= Integer.rotateLeft(a, 6);
      a += c;
      c -= b;
      c ^= Integer.rotateLeft(b, 8);
      b += a;
      a -= c;
      a ^= Integer.rotateLeft(c, 16);
      c += b;
      b -= a;
      b ^= Integer.rotateLeft(a, 19);
      a += c;
      c -= b;
      c ^= Integer.rotateLeft(b, 4);
      b += a;
      at += 12;
      length -= 12;
    }
    if (length == 0) {
      return c;
    }
    a += tail(bytes, at);
    b += tail(bytes, at + 4);
    c += tail(bytes, at + 8);
    c ^= b;
    c -= Integer.rotateLeft(b, 14);
    a ^= c;
    a -= Integer.rotateLeft(c, 11);
    b ^= a;
    b -= Integer.rotateLeft(a, 25);
    c ^= b;
    c -= Integer.rotateLeft(b, 16);
    a ^= c;
    a -= Integer.rotateLeft(c, 4);
    b ^= a;
    b -= Integer.rotateLeft(a, 14);
    c ^= b;
    c -= Integer.rotateLeft(b, 24);
    return c;
  }

  private static int word(byte[] bytes, int at) {
    return (bytes[at] & 0xFF)
        | (bytes[at + 1] & 0xFF) << 8
        | (bytes[at + 2] & 0xFF) << 16
        | bytes[at + 3] << 24;
  }

  /** The little-endian word at {@code at}, with zeros past the end. */
  private static int tail(byte[] bytes, int at) {
    int word = 0;
    for (int i = 0; i < 4 && at + i < bytes.length; i++) {
      word |= (bytes[at + i] & 0xFF) << (8 * i);
    }
    return word;
  }
}
