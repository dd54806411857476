package io.jctdb.iptakeover;

import static io.jctdb.iptakeover.Addresses.ip;

import io.jctdb.linux.Netlink;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;

/** What {@link FencingTest} runs: a process that holds two addresses, as the daemon does. */
final class AddressHolder {
  private AddressHolder() {}

  public static void main(String[] arguments) throws Exception {
    try (Netlink netlink = Netlink.open();
        AddressLeases leases =
            new AddressLeases(
                new NetlinkAddresses(netlink),
                new AddressLease(Duration.ofSeconds(2)),
                () -> Long.MAX_VALUE,
                () -> {})) {
      new NetlinkAddresses(netlink).prepare("node");
      leases.hold(ip("10.77.1.101"));
      leases.hold(ip("fd00:77::101"));
      leases.start();
      new CountDownLatch(1).await();
    }
  }
}
