package io.jctdb.database.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A set of hashes beside the one of the library, through many additions and removals. */
class FingerprintsTest {
  @Test
  void itHoldsWhatASetHolds() {
    Random random = new Random(5);
    Fingerprints set = new Fingerprints();
    Set<Long> expected = new HashSet<>();
    for (int i = 0; i < 200_000; i++) {
      // Few different low bits: entries that lie far from home.
      long fingerprint = 1 + random.nextInt(3_000) * 64L + random.nextInt(3);
      if (random.nextInt(5) < 3) {
        set.add(fingerprint);
        expected.add(fingerprint);
      } else {
        set.remove(fingerprint);
        expected.remove(fingerprint);
      }
      assertThat(set.size()).isEqualTo(expected.size());
    }
    for (long low = 0; low < 3; low++) {
      for (long high = 0; high < 3_000; high++) {
        long fingerprint = 1 + high * 64 + low;
        assertThat(set.contains(fingerprint)).isEqualTo(expected.contains(fingerprint));
      }
    }
  }

  @Test
  void aKeyInAnotherDatabaseIsAnotherRecord() {
    assertThat(Fingerprints.of(1, LittleCluster.key("a")))
        .isNotEqualTo(Fingerprints.of(2, LittleCluster.key("a")))
        .isNotEqualTo(Fingerprints.of(1, LittleCluster.key("b")));
  }

  @Test
  void whatIsToldInTheOrderOfOneSetIsFoundQuicklyInAnother() {
    Fingerprints told = new Fingerprints();
    for (int i = 0; i < 333_000; i++) {
      told.add(Fingerprints.of(7, LittleCluster.key("record " + i)));
    }
    Fingerprints noted = new Fingerprints(true);
    long[] all = told.toArray();
    for (int i = 0; i < 190_000; i++) { // just before it grows
      noted.add(all[i]);
    }
    assertThat(noted.longestSearch()).isLessThan(1_000);
    Fingerprints sameOrder = new Fingerprints();
    for (int i = 0; i < 190_000; i++) {
      sameOrder.add(all[i]);
    }
    assertThat(sameOrder.longestSearch()).as("what is avoided").isGreaterThan(10_000);
  }
}
