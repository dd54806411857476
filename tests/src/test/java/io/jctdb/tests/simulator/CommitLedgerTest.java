package io.jctdb.tests.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.SequenceNumbers;
import io.jctdb.store.StoredRecord;
import io.jctdb.store.TransactionStore;
import io.jctdb.store.TransactionStore.Update;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What the simulator takes for lost, and which copies it lets a cluster begin from. */
class CommitLedgerTest {
  private final CommitLedger ledger = new CommitLedger();
  private final Map<Integer, SimulatedDisk> disks = new HashMap<>();

  /**
   * Seed 10234016: node 0 could not write number 6 and died; the client was not answered. Nodes 1
   * and 2 went on without it, and served what they had. Then all died, node 0 came back first and
   * alone, and committed another number 6, which lost against theirs.
   */
  @Test
  void aCopyThatLacksWhatALaterEpochServedIsNoBeginning() {
    for (int pnn = 0; pnn < 3; pnn++) {
      int owner = pnn;
      Set<Integer> all = Set.of(0, 1, 2);
      disks.put(
          pnn,
          new SimulatedDisk(
              pnn,
              (number, stamp) -> ledger.written(owner, disk(owner), number, stamp, all, disks)));
    }
    write(0, 5);
    write(1, 5);
    write(2, 5);
    write(1, 6);
    write(2, 6);
    assertThat(ledger.knowsAll(disk(0))).as("nobody has been told of 6").isTrue();
    ledger.served(1, Set.of(1, 2), disks);
    assertThat(ledger.knowsAll(disk(0))).as("who reads on 1 or 2 sees 6").isFalse();
    assertThat(ledger.knowsAll(disk(2))).isTrue();
  }

  /** Node 1 could not write number 6; the others could, and node 2, which follows them, has it. */
  @Test
  void aCopyThatLacksWhatAFollowerWasToldIsNoBeginning() {
    for (int pnn = 0; pnn < 3; pnn++) {
      disks.put(pnn, new SimulatedDisk(pnn, (number, stamp) -> {}));
    }
    write(0, 6);
    write(1, 5);
    write(2, 6);
    assertThat(ledger.knowsAll(disk(1))).isTrue();
    ledger.followed(6);
    assertThat(ledger.knowsAll(disk(1))).isFalse();
    assertThat(ledger.knowsAll(disk(0))).isTrue();
  }

  private SimulatedDisk disk(int pnn) {
    return Objects.requireNonNull(disks.get(pnn));
  }

  private void write(int pnn, long number) {
    disk(pnn)
        .apply(
            List.of(
                new Update(
                    TransactionStore.SEQUENCE_KEY,
                    new StoredRecord(
                        new RecordHeader(number, 0, 0), SequenceNumbers.data(number)))));
  }
}
