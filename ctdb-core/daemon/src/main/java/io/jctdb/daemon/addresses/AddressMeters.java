package io.jctdb.daemon.addresses;

import io.jctdb.iptakeover.AddressFigures;
import io.jctdb.iptakeover.LeaderFigures;
import java.util.List;
import java.util.Map;

/**
 * What has been done with public addresses since this daemon started; immutable.
 *
 * @param local by this node
 * @param leader by this node while it led
 */
public record AddressMeters(List<AddressFigures> local, LeaderFigures leader) {
  /** Of a node without public addresses that never led. */
  public static final AddressMeters NONE =
      new AddressMeters(List.of(), new LeaderFigures(0, 0, Map.of()));

  public AddressMeters {
    local = List.copyOf(local);
  }
}
