package io.jctdb.daemon.addresses;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.iptakeover.AddressLease;
import io.jctdb.recovery.MembershipConfig;
import org.junit.jupiter.api.Test;

/**
 * What the leader waits for is what the holders of addresses do: two modules, one pair of times.
 */
class AddressTimesTest {
  private static final MembershipConfig CONFIG = MembershipConfig.of(0, "10.0.0.1", "10.0.0.1:1");

  @Test
  void theLeaderKnowsTheLongestLifetime() {
    assertThat(CONFIG.addressLifetime()).isEqualTo(AddressLease.DEFAULT.lifetime());
    assertThat(AddressLease.FROM_A_SCRIPT.lifetime()).isLessThan(CONFIG.addressLifetime());
  }

  @Test
  void theLeaderKnowsHowLongAnAddressOutlivesALease() {
    assertThat(CONFIG.addressResidue()).isEqualTo(AddressLease.HAND_OVER_DELAY);
  }
}
