package io.jctdb.daemon.will;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A launcher tells the last will of the daemon it has outlived. One datagram, one line of ASCII:
 *
 * <pre>JCTDB-WILL 1 PNN SECRET</pre>
 *
 * with the version of this format, the node number in decimal and the secret in 64 hexadecimal
 * digits, and a line feed or not.
 */
record WillMessage(int pnn, byte[] secret) {
  static final int BYTES_MAX = 96;

  private static final Pattern FORM =
      Pattern.compile("JCTDB-WILL 1 ([0-9]{1,9}) ([0-9a-f]{64})\n?");

  /** The message in a datagram; nothing if it is none. */
  static Optional<WillMessage> parse(byte[] datagram) {
    if (datagram.length > BYTES_MAX) {
      return Optional.empty();
    }
    Matcher matcher = FORM.matcher(new String(datagram, StandardCharsets.US_ASCII));
    return matcher.matches()
        ? Optional.of(
            new WillMessage(
                Integer.parseInt(matcher.group(1)), HexFormat.of().parseHex(matcher.group(2))))
        : Optional.empty();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof WillMessage message
        && pnn == message.pnn
        && Arrays.equals(secret, message.secret);
  }

  @Override
  public int hashCode() {
    return 31 * pnn + Arrays.hashCode(secret);
  }

  /** The secret is nobody's business. */
  @Override
  public String toString() {
    return "last will of node " + pnn;
  }
}
