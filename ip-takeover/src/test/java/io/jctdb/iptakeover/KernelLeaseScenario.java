package io.jctdb.iptakeover;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.linux.LinkAddress;
import io.jctdb.linux.Netlink;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What {@link KernelLeaseTest} runs in a JVM and a network namespace of its own: an hour's worth of
 * renewals, one after the other, while data flows over connections to the addresses.
 */
final class KernelLeaseScenario {
  private static final List<InetAddress> ADDRESSES =
      List.of(
          InetAddress.ofLiteral("10.77.1.101"),
          InetAddress.ofLiteral("10.77.1.102"),
          InetAddress.ofLiteral("fd00:77::101"));
  private static final long RENEWALS_AN_HOUR =
      Duration.ofHours(1).dividedBy(AddressLease.RENEWAL_INTERVAL);
  private static final long LEASE_NANOS = Duration.ofMillis(1_900).toNanos();

  private KernelLeaseScenario() {}

  public static void main(String[] arguments) throws Exception {
    run("ip link add node type veth peer name peer");
    run("ip link set node up");
    run("ip link set peer up");
    try (Netlink netlink = Netlink.open()) {
      NetlinkAddresses kernel = new NetlinkAddresses(netlink);
      kernel.prepare("node");
      run("ip addr add 10.77.1.101/24 brd + dev node");
      run("ip addr add 10.77.1.102/24 brd + dev node");
      run("ip addr add fd00:77::101/64 dev node nodad");
      anHour(kernel);
      theEnd(kernel);
    }
  }

  private static void anHour(NetlinkAddresses kernel) throws Exception {
    List<Flow> flows = ADDRESSES.stream().map(Flow::new).toList();
    try (AddressLeases leases =
        new AddressLeases(kernel, AddressLease.DEFAULT, () -> LEASE_NANOS, () -> {})) {
      ADDRESSES.forEach(leases::hold);
      flows.forEach(Flow::start);
      for (long renewal = 0; renewal < RENEWALS_AN_HOUR; renewal++) {
        leases.renewAll();
      }
      for (Flow flow : flows) {
        flow.finish();
        assertThat(flow.problem).as("the connection to " + flow.address).isNull();
        assertThat(flow.answers).as("what went over it").isGreaterThan(100);
      }
    }
    for (InetAddress address : ADDRESSES) {
      LinkAddress one = kernel.find(address).getFirst();
      assertThat(one.validSeconds()).as("the lifetime of " + address).isBetween(0L, 1L);
      assertThat(one.isTentative()).isFalse();
    }
  }

  /** Nobody renews any more. */
  private static void theEnd(NetlinkAddresses kernel) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (ADDRESSES.stream().anyMatch(address -> isThere(kernel, address))) {
      assertThat(System.nanoTime()).as("the kernel removes them by itself").isLessThan(end);
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  private static boolean isThere(NetlinkAddresses kernel, InetAddress address) {
    try {
      return !kernel.find(address).isEmpty();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Numbers that go to an address and come back, until it is finished. */
  private static final class Flow extends Thread {
    private final InetAddress address;
    private final Socket client;
    private volatile boolean finished;
    private volatile @Nullable Throwable problem;
    private volatile long answers;

    Flow(InetAddress address) {
      this.address = address;
      try {
        ServerSocket listener = new ServerSocket(0, 1, address);
        client = new Socket(address, listener.getLocalPort());
        Socket server = listener.accept();
        Thread.ofPlatform().daemon().start(() -> echo(server));
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }

    private static void echo(Socket server) {
      try (InputStream in = server.getInputStream()) {
        in.transferTo(server.getOutputStream());
      } catch (IOException e) {
        // The client sees it, too.
      }
    }

    @Override
    public void run() {
      try {
        DataInputStream in = new DataInputStream(client.getInputStream());
        DataOutputStream out = new DataOutputStream(client.getOutputStream());
        client.setSoTimeout(10_000);
        while (!finished) {
          out.writeLong(answers);
          assertThat(in.readLong()).isEqualTo(answers);
          answers++;
          TimeUnit.MILLISECONDS.sleep(1);
        }
      } catch (IOException | InterruptedException | AssertionError e) {
        problem = e;
      }
    }

    void finish() throws InterruptedException {
      finished = true;
      join();
    }
  }

  private static void run(String command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command.split(" ")).inheritIO().start();
    assertThat(process.waitFor()).as(command).isZero();
  }
}
