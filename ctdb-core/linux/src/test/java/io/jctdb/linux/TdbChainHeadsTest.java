package io.jctdb.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TdbChainHeadsTest {
  private static final int VOLATILE_MUTEX = 0x1C41;
  private static final int CHAINS = 5_003; // some pieces, and a part of one

  @TempDir private Path directory;

  @Test
  void anEmptyFileHasNoUsedChain() {
    try (Tdb tdb = open();
        TdbChainHeads heads = TdbChainHeads.of(tdb)) {
      assertThat(heads.nextUsed(0)).isEqualTo(CHAINS);
      assertThat(heads.nextUsed(CHAINS - 1)).isEqualTo(CHAINS);
      assertThat(heads.nextUsed(CHAINS)).isEqualTo(CHAINS);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 300, 20_000}) // of the last, chains are full
  void theNextUsedChainIsTheSameAsWhenEachIsLookedAt(int records) {
    try (Tdb tdb = open();
        TdbChainHeads heads = TdbChainHeads.of(tdb)) {
      for (int i = 0; i < records; i++) {
        tdb.store(("key " + i).getBytes(StandardCharsets.US_ASCII), new byte[8]);
      }
      int next = CHAINS;
      for (int from = CHAINS - 1; from >= 0; from--) {
        if (!heads.isEmpty(from)) {
          next = from;
        }
        assertThat(heads.nextUsed(from)).as("from %d", from).isEqualTo(next);
      }
      assertThat(next).isLessThan(CHAINS);
    }
  }

  private Tdb open() {
    Path path = directory.resolve("test.tdb.0");
    return Tdb.open(path, CHAINS, VOLATILE_MUTEX, Tdb.O_CREAT | Tdb.O_RDWR, 0600);
  }
}
