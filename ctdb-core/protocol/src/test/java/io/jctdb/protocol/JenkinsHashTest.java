package io.jctdb.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class JenkinsHashTest {
  @Test
  void databaseIdsAreThoseOfTheCaptures() {
    assertThat(DatabaseId.of("defer.tdb")).isEqualTo(0xfcc81df2);
    assertThat(DatabaseId.of("g_lock.tdb")).isEqualTo(0x4d2a432b);
    assertThat(DatabaseId.of("secrets.tdb")).isEqualTo(0x7132c184);
    assertThat(DatabaseId.of("locking.tdb")).isEqualTo(0x7a19d84d);
  }
}
