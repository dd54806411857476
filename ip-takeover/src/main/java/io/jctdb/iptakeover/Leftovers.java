package io.jctdb.iptakeover;

import io.jctdb.linux.LinkAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Removes what a daemon that died left on the interfaces: its parent calls this at once, and the
 * daemon itself before it joins.
 */
public final class Leftovers {
  private Leftovers() {}

  /**
   * Removes every one of these addresses from whatever interface has it.
   *
   * @return what was removed
   * @throws IOException if one could not be removed; the others are removed nevertheless
   */
  public static List<InetAddress> remove(Set<InetAddress> addresses, KernelAddresses kernel)
      throws IOException {
    List<InetAddress> removed = new ArrayList<>();
    IOException failure = null;
    for (LinkAddress present : kernel.list()) {
      if (!addresses.contains(present.address())) {
        continue;
      }
      try {
        kernel.delete(present);
        removed.add(present.address());
      } catch (IOException e) {
        failure = e;
      }
    }
    if (failure != null) {
      throw failure;
    }
    return removed;
  }
}
