package io.jctdb.wanlink;

/**
 * What the links tell the daemon. Called on the link's event loop, never from within a call of
 * {@link LinkManager}.
 *
 * <p>For each peer {@code linkUp} and {@code linkDown} alternate, beginning with {@code linkUp},
 * and frames come only in between.
 */
public interface LinkListener {
  /**
   * Both directions to this peer work.
   *
   * @param incarnation the number that this run of the peer's daemon chose for itself; a different
   *     one than last time means that the peer restarted in between
   */
  void linkUp(int pnn, long incarnation);

  /**
   * The link is lost; frames sent since an unknown point are lost with it.
   *
   * @param reason a sentence for the log
   */
  void linkDown(int pnn, String reason);

  /** A frame in the order in which the peer sent it. The array belongs to the receiver. */
  void frame(int pnn, byte[] bytes);
}
