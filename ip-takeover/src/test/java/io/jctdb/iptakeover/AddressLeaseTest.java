package io.jctdb.iptakeover;

import static io.jctdb.iptakeover.Addresses.ip;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jctdb.linux.LinkAddress;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** How long the kernel keeps an address, and how little it outlives the lease. */
class AddressLeaseTest {
  private static final InetAddress A = ip("10.77.1.101");
  private static final InetAddress B = ip("fd00::1");
  private static final long SECOND = 1_000_000_000L;

  private final FakeKernel kernel = new FakeKernel();
  private final AtomicInteger missing = new AtomicInteger();
  private final AtomicLong leaseLeft = new AtomicLong(Long.MAX_VALUE);
  private final AddressLeases leases =
      new AddressLeases(kernel, AddressLease.DEFAULT, leaseLeft::get, missing::incrementAndGet);

  @Test
  void wholeSecondsRoundedDownAndNeverLongerThanTheLifetime() {
    AddressLease lease = new AddressLease(Duration.ofSeconds(3));
    assertThat(lease.validSeconds(Long.MAX_VALUE)).isEqualTo(3);
    assertThat(lease.validSeconds(3 * SECOND)).isEqualTo(3);
    assertThat(lease.validSeconds(2 * SECOND - 1)).isEqualTo(1);
    assertThat(lease.validSeconds(SECOND)).isEqualTo(1);
    assertThat(lease.validSeconds(SECOND - 1)).isZero();
    assertThat(lease.validSeconds(0)).isZero();
    assertThat(lease.validSeconds(Long.MIN_VALUE / 2)).isZero();
  }

  @Test
  void noAddressOutlivesTheLeaseByMoreThanTheHandOverDelay() {
    for (long left = SECOND; left < 20 * SECOND; left += 7_654_321) {
      long goneAfter =
          AddressLease.DEFAULT.validSeconds(left) * SECOND + AddressLease.KERNEL_LATENESS.toNanos();
      assertThat(goneAfter - left).isLessThan(AddressLease.HAND_OVER_DELAY.toNanos());
    }
  }

  /** Many lives of one daemon that pauses at random, and a kernel that is as late as it may be. */
  @Test
  void aLiveDaemonKeepsItsAddressOverShortPausesAndADeadOneLosesItInTime() {
    Random random = new Random(11);
    for (int life = 0; life < 2_000; life++) {
      long leaseLength = SECOND * 3 / 2 + random.nextLong(4 * SECOND);
      long now = 0;
      long leaseEnd = 0;
      long kernelEnd = Long.MAX_VALUE;
      for (int turn = 0; turn < 50; turn++) {
        // The lease is renewed every 0.1 s and counts from the sending of the heartbeat.
        leaseEnd = now - random.nextLong(SECOND / 10) - 5_000_000 + leaseLength;
        long seconds = AddressLease.DEFAULT.validSeconds(leaseEnd - now);
        assertThat(seconds).isPositive();
        kernelEnd = now + seconds * SECOND;
        long pause = random.nextInt(10) == 0 ? random.nextLong(SECOND * 4 / 5) : 0;
        now += AddressLease.RENEWAL_INTERVAL.toNanos() + pause;
        assertThat(kernelEnd).as("still there after a pause").isGreaterThanOrEqualTo(now);
      }
      long gone = kernelEnd + AddressLease.KERNEL_LATENESS.toNanos();
      assertThat(gone).isLessThan(leaseEnd + AddressLease.HAND_OVER_DELAY.toNanos());
    }
  }

  @Test
  void aLifetimeIsWholeSeconds() {
    assertThatThrownBy(() -> new AddressLease(Duration.ofMillis(500)))
        .hasMessageContaining("1 to 3600");
    assertThatThrownBy(() -> new AddressLease(Duration.ofMillis(2_500)))
        .hasMessageContaining("whole seconds");
  }

  @Test
  void whatIsHeldAndNotThereIsReportedWhileTheLeaseIsGood() {
    leases.hold(A);
    leases.renewAll();
    assertThat(missing).hasValue(1);
    kernel.add(A);
    leases.renewAll();
    assertThat(missing).hasValue(1);
    kernel.addresses.clear();
    leaseLeft.set(SECOND / 2);
    leases.renewAll();
    assertThat(missing).as("it has expired with the lease").hasValue(1);
  }

  @Test
  void whatIsHeldIsRenewedWhenItIsThereAndOnlyThen() {
    leases.hold(A);
    assertThat(kernel.addresses).as("not there yet, and not put there").isEmpty();
    kernel.add(A);
    kernel.add(B);
    leases.renewAll();
    assertThat(valid(A)).isEqualTo(2);
    assertThat(valid(B)).as("not ours").isEqualTo(LinkAddress.FOREVER);
  }

  @Test
  void withoutALeaseNothingIsRenewed() {
    kernel.add(A);
    leases.hold(A);
    kernel.setLifetime(present(A), 2);
    leaseLeft.set(0);
    leases.renewAll();
    assertThat(valid(A)).isEqualTo(2);
  }

  @Test
  void whatAScriptAddsAfterTheLeaseHasRunOutDoesNotStay() {
    leaseLeft.set(0);
    leases.hold(A);
    kernel.add(A);
    leases.renewAll();
    assertThat(valid(A)).isEqualTo(1);
  }

  @Test
  void fencingRemovesAllThatIsHeldAndNothingElse() {
    kernel.add(A);
    kernel.add(B);
    leases.hold(A);
    leases.releaseAllNow();
    assertThat(kernel.addresses).containsOnlyKeys(B);
    kernel.add(A);
    leases.renewAll();
    assertThat(valid(A)).as("not held any more").isEqualTo(LinkAddress.FOREVER);
  }

  @Test
  void anAddressLetGoIsLeftAlone() {
    kernel.add(A);
    leases.hold(A);
    leases.letGo(A);
    kernel.setLifetime(present(A), 1);
    leases.renewAll();
    assertThat(valid(A)).isEqualTo(1);
  }

  private long valid(InetAddress address) {
    return present(address).validSeconds();
  }

  private LinkAddress present(InetAddress address) {
    return Objects.requireNonNull(kernel.addresses.get(address));
  }
}
