package io.jctdb.iptakeover;

import java.net.InetAddress;

/** Keeps the addresses of this node alive in the kernel. Port of {@link LocalAddresses}. */
public interface AddressKeeper {
  /** Whether the lease of this node is long enough for an address to be added now. */
  boolean mayTake();

  /**
   * From now on this address is renewed, wherever the kernel has it; at once if it already has. It
   * need not be there yet: so nothing is missed between an event script's adding it and its end.
   */
  void hold(InetAddress address);

  /** After this returns, the address is not renewed any more: it can be removed and stays so. */
  void letGo(InetAddress address);

  /** Fencing: lets go of every address and removes all of them from the kernel, without scripts. */
  void releaseAllNow();
}
