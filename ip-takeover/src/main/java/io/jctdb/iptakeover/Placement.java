package io.jctdb.iptakeover;

import java.net.InetAddress;

/**
 * Where one public address shall be.
 *
 * @param pnn {@link #NOBODY} if no node can host it
 */
public record Placement(InetAddress address, int pnn) {
  public static final int NOBODY = -1;
}
