package io.jctdb.store.tdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.protocol.JenkinsHash;
import org.junit.jupiter.api.Test;

class ChainKeysTest {
  @Test
  void theKeyOfAChainHashesToItsNumber() {
    for (int chain = 0; chain < 200_000; chain++) {
      assertThat(JenkinsHash.hash(ChainKeys.of(chain))).isEqualTo(chain);
    }
  }
}
