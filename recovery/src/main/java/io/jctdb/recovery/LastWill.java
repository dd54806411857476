package io.jctdb.recovery;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.HexFormat;

/**
 * A one-time secret with which the death of a process is proven. The process leaves it where only
 * its supervisor can read it, and publishes its hash in its membership record. The supervisor tells
 * the secret to the other nodes when the process is dead <em>and</em> nothing is left of what it
 * held: no public address, no local process that uses its databases. Whoever sees a secret that
 * fits the hash need not wait for a lease.
 *
 * <p>It belongs to the process, not to one incarnation: a registration that was still under way in
 * the network when its process died is covered, too. Knowing one lets nobody do anything but
 * declare dead a process that is dead, so it needs no protection once it has been sent.
 */
public final class LastWill {
  /** Of a process that left none. */
  public static final String NONE = "";

  public static final int SECRET_BYTES = 32;

  private LastWill() {}

  public static byte[] newSecret() {
    byte[] secret = new byte[SECRET_BYTES];
    new SecureRandom().nextBytes(secret);
    return secret;
  }

  /** What the membership record says: SHA-256 in hexadecimal digits. */
  public static String hashOf(byte[] secret) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(secret));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** Compares in a time that tells nothing of the published hash. */
  static boolean same(String published, String hash) {
    return !published.isEmpty()
        && MessageDigest.isEqual(
            published.getBytes(StandardCharsets.UTF_8), hash.getBytes(StandardCharsets.UTF_8));
  }
}
