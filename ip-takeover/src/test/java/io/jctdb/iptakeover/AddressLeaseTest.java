package io.jctdb.iptakeover;

import static io.jctdb.iptakeover.Addresses.ip;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jctdb.linux.LinkAddress;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** How long the kernel keeps an address, and how little it outlives the lease. */
class AddressLeaseTest {
  private static final InetAddress A = ip("10.77.1.101");
  private static final InetAddress B = ip("fd00::1");
  private static final long SECOND = 1_000_000_000L;

  private final FakeKernel kernel = new FakeKernel();
  private final AtomicLong leaseLeft = new AtomicLong(Long.MAX_VALUE);
  private final AddressLeases leases =
      new AddressLeases(kernel, AddressLease.DEFAULT, leaseLeft::get);

  @Test
  void wholeSecondsRoundedUpAndNeverLongerThanTheLifetime() {
    AddressLease lease = new AddressLease(Duration.ofSeconds(3));
    assertThat(lease.validSeconds(Long.MAX_VALUE)).isEqualTo(3);
    assertThat(lease.validSeconds(3 * SECOND)).isEqualTo(3);
    assertThat(lease.validSeconds(SECOND + 1)).isEqualTo(2);
    assertThat(lease.validSeconds(SECOND)).isEqualTo(1);
    assertThat(lease.validSeconds(1)).isEqualTo(1);
    assertThat(lease.validSeconds(0)).isZero();
    assertThat(lease.validSeconds(-1)).isZero();
  }

  @Test
  void noAddressOutlivesTheLeaseByMoreThanTheHandOverDelay() {
    long kernelLatenessMax = 400_000_000L;
    for (long left = 1; left < 4 * SECOND; left += 7_654_321) {
      long goneAfter = AddressLease.DEFAULT.validSeconds(left) * SECOND + kernelLatenessMax;
      assertThat(goneAfter - left).isLessThan(AddressLease.HAND_OVER_DELAY.toNanos());
    }
  }

  @Test
  void aLifetimeMustSurviveAPause() {
    assertThatThrownBy(() -> new AddressLease(Duration.ofSeconds(1)))
        .hasMessageContaining("2 to 3600");
    assertThatThrownBy(() -> new AddressLease(Duration.ofMillis(2_500)))
        .hasMessageContaining("whole seconds");
  }

  @Test
  void whatIsHeldIsRenewedWhenItIsThereAndOnlyThen() {
    leases.hold(A);
    assertThat(kernel.addresses).as("not there yet, and not put there").isEmpty();
    kernel.add(A);
    kernel.add(B);
    leases.renewAll();
    assertThat(valid(A)).isEqualTo(3);
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
