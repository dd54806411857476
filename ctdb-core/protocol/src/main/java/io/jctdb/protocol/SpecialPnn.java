package io.jctdb.protocol;

/** Destinations that are not a node number (client-protocol.md 1.5). */
public final class SpecialPnn {
  /** The daemon that is asked. */
  public static final int CURRENT_NODE = 0xF000_0001;

  /** Every node that is not deleted. */
  public static final int BROADCAST_ALL = 0xF000_0002;

  /** Every node without an inactive flag. */
  public static final int BROADCAST_ACTIVE = 0xF000_0003;

  /** Every node that is neither deleted nor disconnected, the sender's included. */
  public static final int BROADCAST_CONNECTED = 0xF000_0004;

  /** Not usable by clients. */
  public static final int MULTICAST = 0xF000_0005;

  /** No node: an address without holder, no leader. */
  public static final int UNKNOWN = 0xFFFF_FFFF;

  private SpecialPnn() {}

  public static boolean isBroadcast(int pnn) {
    return pnn == BROADCAST_ALL || pnn == BROADCAST_ACTIVE || pnn == BROADCAST_CONNECTED;
  }
}
