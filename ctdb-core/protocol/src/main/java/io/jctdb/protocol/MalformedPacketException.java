package io.jctdb.protocol;

/**
 * Bytes that are not the structure they were said to be: wrong size, a count beyond the data, an
 * unknown address family.
 *
 * <p>Thrown by every {@code decode} of a data structure; whoever decodes what a peer sent must
 * catch it (towards a client the answer is status -1, client-protocol.md 3.1).
 */
public final class MalformedPacketException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public MalformedPacketException(String message) {
    super(message);
  }
}
