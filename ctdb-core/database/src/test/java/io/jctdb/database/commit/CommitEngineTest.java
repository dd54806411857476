package io.jctdb.database.commit;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.database.commit.CommitWorld.Disk;
import io.jctdb.database.commit.CommitWorld.Machine;
import io.jctdb.database.message.CommitMessage;
import io.jctdb.store.TransactionStore;
import io.jctdb.store.TransactionStore.Update;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What a transaction comes to, as its client sees it. */
class CommitEngineTest {
  private static final int DB = CommitWorld.DATABASE.dbId();

  @Test
  void aTransactionIsOnEveryNodeWhenItIsAnswered() {
    CommitWorld world = cluster(3);
    List<String> answers = new ArrayList<>();
    world
        .machines
        .get(1)
        .engine()
        .commit(
            DB,
            transaction(1, 1, "color", "red"),
            (status, error) -> {
              answers.add(status + error);
              for (Machine machine : world.machines) {
                assertThat(machine.disk.text("color")).isEqualTo("red");
                assertThat(machine.disk.sequenceNumber()).isEqualTo(1);
              }
            });
    world.runFor(CommitWorld.SECONDS);
    assertThat(answers).containsExactly("0");
  }

  @Test
  void aStaleRecordIsRefusedAndChangesNothing() {
    CommitWorld world = cluster(2);
    assertThat(commit(world, 0, transaction(1, 5, "color", "red"))).isEqualTo(0);
    String before = world.machines.get(1).disk.content();

    assertThat(commit(world, 1, transaction(2, 5, "color", "blue"))).isEqualTo(-1);

    assertThat(world.machines.get(0).disk.content()).isEqualTo(before);
    assertThat(world.machines.get(1).disk.content()).isEqualTo(before);
    assertThat(commit(world, 1, transaction(2, 5, "color", "red"))).isEqualTo(0);
  }

  @Test
  void whoIsRefusedNeverFindsTheSequenceNumberThatHeProposed() {
    CommitWorld world = cluster(2);
    List<String> answers = new ArrayList<>();
    for (int pnn = 0; pnn < 2; pnn++) {
      Machine machine = world.machines.get(pnn);
      machine
          .engine()
          .commit(
              DB,
              transaction(1, 1, "color", "of node " + pnn),
              (status, error) -> answers.add(status + " at " + machine.disk.sequenceNumber()));
    }
    world.runFor(CommitWorld.SECONDS);
    assertThat(answers).hasSize(2).contains("-1 at 2");
  }

  @Test
  void transactionsThatWaitAreWrittenTogether() {
    CommitWorld world = cluster(2);
    List<Integer> answers = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      world
          .machines
          .get(i % 2)
          .engine()
          .commit(
              DB,
              List.of(CommitWorld.update("key" + i, 1, 0, "value")),
              (status, error) -> answers.add(status));
    }
    world.runFor(CommitWorld.SECONDS);
    assertThat(answers).hasSize(50).containsOnly(0);
    assertThat(world.machines.getFirst().disk.sequenceNumber()).isLessThan(6);
  }

  @Test
  void aTransactionWithoutChangesIsAccepted() {
    assertThat(commit(cluster(2), 0, List.of())).isEqualTo(0);
  }

  @Test
  void anUnknownDatabaseIsRefused() {
    CommitWorld world = cluster(1);
    List<Integer> answers = new ArrayList<>();
    world.machines.getFirst().engine().commit(99, List.of(), (s, e) -> answers.add(s));
    world.runFor(CommitWorld.SECONDS);
    assertThat(answers).containsExactly(-1);
  }

  @Test
  void outsideTheClusterATransactionWaitsAndEndsWithTheTimeLimit() {
    CommitWorld world = cluster(2);
    world.machines.get(1).leave();
    List<String> answers = new ArrayList<>();
    world
        .machines
        .get(1)
        .engine()
        .commit(DB, transaction(1, 1, "a", "x"), (s, e) -> answers.add(s + " " + e));
    world.runFor(59 * CommitWorld.SECONDS);
    assertThat(answers).isEmpty();
    world.runFor(2 * CommitWorld.SECONDS);
    assertThat(answers).containsExactly("1 timeout in ctdb_persistent_state");
  }

  @Test
  void aNodeWithoutTheDatabaseGetsAllOfIt() {
    CommitWorld world = new CommitWorld(1, 2, null);
    Machine full = world.machines.get(0);
    for (int i = 0; i < 3_000; i++) {
      put(full, CommitWorld.update("key" + i, 1, 0, "x".repeat(300)));
    }
    put(full, CommitWorld.sequence(1, 0, 7));
    world.machines.get(1).attached = false;
    boot(world);
    assertThat(world.machines.get(1).disk.content()).isEqualTo(full.disk.content());
  }

  @Test
  void ofDifferentContentWithOneNumberTheLowestNodesWins() {
    CommitWorld world = new CommitWorld(1, 3, null);
    for (Machine machine : world.machines) {
      put(machine, CommitWorld.update("color", 4, 0, "of node " + machine.pnn));
      put(machine, CommitWorld.sequence(3, 0, 8));
    }
    boot(world);
    for (Machine machine : world.machines) {
      assertThat(machine.disk.text("color")).isEqualTo("of node 0");
    }
  }

  @Test
  void theHighestSequenceNumberWinsOverALowerNode() {
    CommitWorld world = new CommitWorld(1, 3, null);
    for (Machine machine : world.machines) {
      put(machine, CommitWorld.update("color", 4, 0, "of node " + machine.pnn));
      put(machine, CommitWorld.sequence(3, 0, 8 + machine.pnn));
    }
    boot(world);
    for (Machine machine : world.machines) {
      assertThat(machine.disk.text("color")).isEqualTo("of node 2");
    }
  }

  @Test
  void whatALaterEpochAnsweredWinsOverWhatAnEarlierOneLeftUnanswered() {
    CommitWorld world = new CommitWorld(1, 2, null);
    for (Machine machine : world.machines) {
      put(machine, CommitWorld.update("color", 4, 0, "of node " + machine.pnn));
      put(machine, CommitWorld.sequence(Stamp.of(5 + machine.pnn, 1).rsn(), 0, 8));
    }
    boot(world);
    assertThat(world.machines.get(0).disk.text("color")).isEqualTo("of node 1");
  }

  /**
   * Found by the simulator: what nobody had been answered had passed a number over, and won over
   * what a later epoch had answered.
   */
  @Test
  void whatALaterEpochAnsweredWinsOverAHigherNumberThatAnEarlierOneLeftUnanswered() {
    CommitWorld world = new CommitWorld(1, 2, null);
    diedWith(world, 0, 10, Stamp.of(5, 3)); // on top of number 7
    diedWith(world, 1, 8, Stamp.of(6, 1)); // too
    List<Long> numbers = new ArrayList<>();
    Disk loser = world.machines.get(0).disk;
    world.machines.get(0).onChange = () -> numbers.add(loser.sequenceNumber());
    boot(world);
    for (Machine machine : world.machines) {
      assertThat(machine.disk.text("color")).isEqualTo("of node 1");
    }
    assertThat(numbers).as("a number never goes back").containsExactly(11L);
  }

  @Test
  void ofOneNumberWithTwoContentsNeitherIsMetAgain() {
    CommitWorld world = new CommitWorld(1, 2, null);
    diedWith(world, 0, 8, Stamp.of(5, 1));
    diedWith(world, 1, 8, Stamp.of(6, 1));
    boot(world);
    assertThat(world.machines.get(0).disk.sequenceNumber()).isEqualTo(9);
    assertThat(commit(world, 0, transaction(9, 9, "color", "made from 8"))).isNotEqualTo(0);
  }

  @Test
  void anOldCopyThatWentOnAloneLosesAgainstALongerHistory() {
    CommitWorld world = new CommitWorld(1, 2, null);
    diedWith(world, 0, 10, Stamp.of(5, 1)); // all before it had been answered
    diedWith(world, 1, 8, Stamp.of(6, 1));
    boot(world);
    for (Machine machine : world.machines) {
      assertThat(machine.disk.text("color")).isEqualTo("of node 0");
      assertThat(machine.disk.sequenceNumber()).isEqualTo(10);
    }
  }

  @Test
  void theHighestNumberThatCtdbdWroteWins() {
    CommitWorld world = new CommitWorld(1, 2, null);
    diedWith(world, 0, 10, new Stamp(10));
    diedWith(world, 1, 8, Stamp.of(6, 1));
    boot(world);
    assertThat(world.machines.get(1).disk.text("color")).isEqualTo("of node 0");
  }

  @Test
  void whatIsBeingServedStaysWhenSomebodyReturnsWithWhatWasNeverAnswered() {
    for (int pnn = 0; pnn < 2; pnn++) {
      CommitWorld world = new CommitWorld(1, 2, null);
      Machine serving = world.machines.get(pnn);
      Machine returning = world.machines.get(1 - pnn);
      diedWith(world, pnn, 8, Stamp.of(5, 1));
      diedWith(world, 1 - pnn, 8, Stamp.of(6, 1));
      serving.boot();
      world.runFor(CommitWorld.SECONDS);
      assertThat(serving.isReady()).isTrue();
      returning.boot();
      world.runFor(5 * CommitWorld.SECONDS);
      for (Machine machine : world.machines) {
        assertThat(machine.disk.text("color")).isEqualTo("of node " + pnn);
      }
    }
  }

  @Test
  void aFullDiskKeepsTheBetterContentFromNobodyForLong() {
    CommitWorld world = new CommitWorld(1, 2, null);
    diedWith(world, 0, 10, Stamp.of(5, 3));
    diedWith(world, 1, 8, Stamp.of(6, 1));
    world.machines.get(1).diskFull = true;
    world.machines.forEach(Machine::boot);
    world.runFor(5 * CommitWorld.SECONDS);
    assertThat(world.machines.get(1).isReady()).as("it can be read").isTrue();
    assertThat(world.machines.get(0).disk.sequenceNumber()).isEqualTo(10);
    world.machines.get(1).diskFull = false;
    world.runFor(5 * CommitWorld.SECONDS);
    assertThat(world.machines.get(0).isReady()).isTrue();
    for (Machine machine : world.machines) {
      assertThat(machine.disk.text("color")).isEqualTo("of node 1");
      assertThat(machine.disk.sequenceNumber()).isGreaterThan(10);
    }
  }

  /** What a node had when it died. */
  private static void diedWith(CommitWorld world, int pnn, long number, Stamp stamp) {
    Machine machine = world.machines.get(pnn);
    world.lastEpoch = Math.max(world.lastEpoch, stamp.epoch());
    put(machine, CommitWorld.update("color", 4, 0, "of node " + machine.pnn));
    put(machine, CommitWorld.sequence(stamp.rsn(), 0, number));
  }

  @Test
  void aChangeIsNeverWrittenOnAnotherContentThanItWasMadeFor() {
    CommitWorld world = cluster(2);
    assertThat(commit(world, 0, transaction(1, 1, "color", "red"))).isEqualTo(0);
    assertThat(commit(world, 0, transaction(2, 2, "color", "blue"))).isEqualTo(0);
    List<String> told = new ArrayList<>();
    int sequencer = Math.floorMod(DB, 2);
    Machine victim = world.machines.get(1 - sequencer);
    victim.engine().onLeftBehind((database, problem) -> told.add(problem));
    put(victim, CommitWorld.sequence(1, 0, 1));

    List<Integer> answers = new ArrayList<>();
    world
        .machines
        .get(sequencer)
        .engine()
        .commit(DB, transaction(3, 1, "shape", "round"), (s, e) -> answers.add(s));
    world.runFor(CommitWorld.SECONDS);

    assertThat(answers).containsExactly(0);
    assertThat(victim.disk.text("shape")).isEmpty();
    assertThat(told)
        .containsExactly("this copy has sequence number 1 and cannot take a change from 2 to 3");
    world.runFor(30 * CommitWorld.SECONDS);
    assertThat(victim.disk.content()).isEqualTo(world.machines.get(sequencer).disk.content());
  }

  @Test
  void aNodeThatCannotWriteIsToldAndCaughtUpLater() {
    CommitWorld world = cluster(3);
    List<String> told = new ArrayList<>();
    Machine full = world.machines.get(2);
    full.engine().onLeftBehind((database, problem) -> told.add(database.name() + ": " + problem));
    full.diskFull = true;

    assertThat(commit(world, 0, transaction(1, 1, "color", "red"))).isEqualTo(0);
    assertThat(told).containsExactly("registry.tdb: no space left on the disk of node 2");
    assertThat(commit(world, 0, transaction(2, 2, "color", "blue"))).isEqualTo(0);
    assertThat(full.disk.text("color")).isEmpty();
    full.diskFull = false;
    world.runFor(30 * CommitWorld.SECONDS);

    assertThat(full.disk.content()).isEqualTo(world.machines.get(0).disk.content());
    assertThat(commit(world, 2, transaction(3, 3, "color", "green"))).isEqualTo(0);
    assertThat(full.disk.text("color")).isEqualTo("green");
  }

  @Test
  void whenNoDiskTakesItTheClientIsRefusedAndNobodyIsBehind() {
    CommitWorld world = cluster(2);
    world.machines.forEach(machine -> machine.diskFull = true);
    assertThat(commit(world, 0, transaction(1, 1, "color", "red"))).isEqualTo(-1);
    world.machines.forEach(machine -> machine.diskFull = false);
    assertThat(commit(world, 0, transaction(1, 1, "color", "red"))).isEqualTo(0);
    assertThat(world.machines.get(1).disk.text("color")).isEqualTo("red");
  }

  /** Found by the simulator: a node lost the batch that the others were writing. */
  @Test
  void aRepeatedPrepareDoesNotTakeThePlaceOfTheNextBatch() {
    CommitWorld world = cluster(2);
    Machine sequencer = world.machines.get(Math.floorMod(DB, 2));
    Machine other = world.machines.get(1 - Math.floorMod(DB, 2));
    List<String> told = new ArrayList<>();
    other.engine().onLeftBehind((database, problem) -> told.add(problem));
    repeatFirstPrepareBehindTheNext(sequencer, other);

    assertThat(commit(world, 0, transaction(1, 1, "color", "red"))).isEqualTo(0);
    assertThat(commit(world, 0, transaction(2, 2, "color", "blue"))).isEqualTo(0);

    assertThat(told).isEmpty();
    assertThat(other.disk.text("color")).isEqualTo("blue");
  }

  @Test
  void aBatchThatNoDiskTookIsNeverTakenForALaterOne() {
    CommitWorld world = cluster(2);
    Machine sequencer = world.machines.get(Math.floorMod(DB, 2));
    Machine other = world.machines.get(1 - Math.floorMod(DB, 2));
    repeatFirstPrepareBehindTheNext(sequencer, other);

    world.machines.forEach(machine -> machine.diskFull = true);
    assertThat(commit(world, 0, transaction(1, 1, "color", "red"))).isEqualTo(-1);
    world.machines.forEach(machine -> machine.diskFull = false);
    world.runFor(30 * CommitWorld.SECONDS);
    assertThat(commit(world, 0, transaction(1, 1, "color", "blue"))).isEqualTo(0);

    assertThat(other.disk.text("color")).isEqualTo("blue");
    assertThat(other.disk.content()).isEqualTo(sequencer.disk.content());
  }

  private static void repeatFirstPrepareBehindTheNext(Machine sequencer, Machine other) {
    List<CommitMessage.Prepare> first = new ArrayList<>();
    other.onMessage =
        message -> {
          if (message instanceof CommitMessage.Prepare prepare) {
            first.forEach(late -> other.engine().receive(sequencer.pnn, late));
            if (first.isEmpty()) {
              first.add(prepare);
            }
          }
        };
  }

  @Test
  void writersDoNotWaitForANodeThatCatchesUp() {
    CommitWorld world = new CommitWorld(1, 3, null);
    world.machines.get(0).boot();
    world.machines.get(1).boot();
    world.runFor(CommitWorld.SECONDS);
    Machine writer = world.machines.get(0);
    assertThat(commit(world, 0, bulk(1))).isEqualTo(0);

    Machine joiner = world.machines.get(2);
    joiner.slowNanos = CommitWorld.SECONDS; // its copy takes its time
    joiner.boot();
    world.runFor(CommitWorld.SECONDS);
    int written = 1;
    while (!joiner.isReady() && written < 500) {
      List<Integer> answers = new ArrayList<>();
      writer
          .engine()
          .commit(
              DB,
              transaction(++written, written, "color", "shade " + written),
              (status, error) -> answers.add(status));
      world.runFor(150 * CommitWorld.MILLIS);
      assertThat(answers).as("transaction %s, while a node copies", written).hasSize(1);
      if (written == 30) {
        joiner.slowNanos = 0;
      }
    }
    assertThat(joiner.isReady()).isTrue();
    assertThat(written).isGreaterThan(30);
    world.runFor(CommitWorld.SECONDS);
    assertThat(joiner.disk.content()).isEqualTo(writer.disk.content());
  }

  @Test
  void aPartThatWasLostWithALinkIsAskedForAgainPromptly() {
    CommitWorld world = new CommitWorld(1, 2, null);
    world.machines.get(0).boot();
    world.runFor(CommitWorld.SECONDS);
    assertThat(commit(world, 0, bulk(1))).isEqualTo(0);
    world.machines.get(1).boot();
    for (int i = 0; i < 20; i++) {
      world.runFor(5 * CommitWorld.MILLIS);
      world.machines.get(0).cut(1); // in the middle of one part or another
    }
    world.runFor(8 * CommitWorld.SECONDS);
    assertThat(world.machines.get(1).isReady()).isTrue();
    assertThat(world.machines.get(1).disk.content())
        .isEqualTo(world.machines.get(0).disk.content());
  }

  @Test
  void aNodeThatCannotOpenADatabaseDoesNotKeepItFromTheOthers() {
    int sequencer = Math.floorMod(DB, 3);
    CommitWorld world = new CommitWorld(1, 3, null);
    world.machines.get(sequencer).broken = true;
    boot(world);
    int other = (sequencer + 1) % 3;
    int another = (sequencer + 2) % 3;

    assertThat(commit(world, other, transaction(1, 1, "color", "red"))).isEqualTo(0);
    assertThat(commit(world, another, transaction(2, 2, "color", "blue"))).isEqualTo(0);

    assertThat(world.machines.get(other).disk.text("color")).isEqualTo("blue");
    assertThat(world.machines.get(another).disk.text("color")).isEqualTo("blue");
  }

  @Test
  void aCopyThatWaitsForContentGetsThatOfTheOthersEvenIfItHasNoNumber() {
    for (int awaiting = 0; awaiting < 3; awaiting++) {
      CommitWorld world = new CommitWorld(1, 3, null);
      for (Machine machine : world.machines) {
        if (machine.pnn == awaiting) {
          machine.awaited = true;
        } else {
          transaction(0, 1, "color", "red").stream()
              .filter(u -> !u.key().equals(TransactionStore.SEQUENCE_KEY))
              .forEach(u -> machine.disk.records.put(u.key(), u.record()));
        }
      }
      boot(world);
      world.runFor(10 * CommitWorld.SECONDS);
      Machine machine = world.machines.get(awaiting);
      assertThat(machine.isReady()).isTrue();
      assertThat(machine.awaited).isFalse();
      world.machines.forEach(m -> assertThat(m.disk.text("color")).isEqualTo("red"));
    }
  }

  @Test
  void copiesThatWaitForContentDoNotBecomeAnEmptyDatabase() {
    CommitWorld world = new CommitWorld(1, 3, null);
    world.machines.forEach(machine -> machine.awaited = true);
    world.machines.get(2).awaited = false;
    world.machines.get(2).attached = false; // has never had it, and is not told of it
    boot(world);
    world.runFor(10 * CommitWorld.SECONDS);
    assertThat(world.machines).allMatch(Machine::isReady);
    assertThat(world.machines.get(0).awaited).isTrue();
    assertThat(world.machines.get(1).awaited).isTrue();
    assertThat(world.machines.get(2).attached).isFalse();
    assertThat(commit(world, 0, transaction(1, 1, "color", "red"))).isNotEqualTo(0);
  }

  @Test
  void aNodeThatJoinsDoesNotMakeOthersWaitByBeingTheSequencer() {
    int sequencer = Math.floorMod(DB, 3);
    CommitWorld world = new CommitWorld(1, 3, null);
    for (Machine machine : world.machines) {
      if (machine.pnn != sequencer) {
        machine.boot();
      }
    }
    world.runFor(CommitWorld.SECONDS);
    int writer = (sequencer + 1) % 3;
    assertThat(commit(world, writer, bulk(1))).isEqualTo(0);
    Machine joiner = world.machines.get(sequencer);
    joiner.slowNanos = 5 * CommitWorld.SECONDS;
    joiner.boot();
    world.runFor(8 * CommitWorld.SECONDS);
    assertThat(joiner.isReady()).isFalse();

    assertThat(commit(world, writer, transaction(2, 2, "color", "red"))).isEqualTo(0);

    world.runFor(60 * CommitWorld.SECONDS);
    assertThat(joiner.isReady()).isTrue();
    assertThat(joiner.disk.text("color")).isEqualTo("red");
  }

  @Test
  void whoseTimeIsUpNeverFindsTheNumberThatHeProposedInAnothersTransaction() {
    CommitWorld world = cluster(2);
    Machine sequencer = world.machines.get(Math.floorMod(DB, 2));
    Machine other = world.machines.get(1 - Math.floorMod(DB, 2));
    other.cut(sequencer.pnn);
    List<String> answers = new ArrayList<>();
    other
        .engine()
        .commit(
            DB,
            transaction(1, 1, "color", "blue"),
            (status, error) -> answers.add(status + " at " + other.disk.sequenceNumber()));
    other.cut(sequencer.pnn); // lost on the way; it will be repeated
    assertThat(commit(world, sequencer.pnn, transaction(1, 1, "color", "red"))).isEqualTo(0);
    world.runFor(70 * CommitWorld.SECONDS);
    assertThat(answers).hasSize(1).doesNotContain("-1 at 1", "1 at 1");
    assertThat(other.disk.text("color")).isEqualTo("red");
  }

  /** A transaction that needs several parts to copy. */
  private static List<Update> bulk(long number) {
    List<Update> updates = new ArrayList<>();
    for (int i = 0; i < 3_000; i++) {
      updates.add(CommitWorld.update("key" + i, 1, 0, "x".repeat(300)));
    }
    updates.add(CommitWorld.sequence(number, 0, number));
    return updates;
  }

  private static CommitWorld cluster(int size) {
    CommitWorld world = new CommitWorld(1, size, null);
    boot(world);
    return world;
  }

  private static void boot(CommitWorld world) {
    world.machines.forEach(Machine::boot);
    world.runFor(5 * CommitWorld.SECONDS);
    assertThat(world.machines).allMatch(Machine::isReady);
  }

  private static void put(Machine machine, Update update) {
    machine.disk.records.put(update.key(), update.record());
  }

  private static List<Update> transaction(long number, long rsn, String key, String value) {
    return List.of(CommitWorld.update(key, rsn, 0, value), CommitWorld.sequence(number, 0, number));
  }

  private static int commit(CommitWorld world, int pnn, List<Update> updates) {
    List<Integer> answers = new ArrayList<>();
    world.machines.get(pnn).engine().commit(DB, updates, (status, error) -> answers.add(status));
    world.runFor(CommitWorld.SECONDS);
    assertThat(answers).hasSize(1);
    return answers.getFirst();
  }

  // Node 2 is at a remote site, 1 to 30 ms away.

  private static CommitWorld withBranch() {
    return withBranch(line -> {});
  }

  private static CommitWorld withBranch(Consumer<String> story) {
    CommitWorld world = new CommitWorld(1, 3, story);
    world.remote.add(2);
    world.machines.forEach(Machine::boot);
    world.runFor(5 * CommitWorld.SECONDS);
    assertThat(world.machines).allMatch(Machine::isReady);
    return world;
  }

  @Test
  void nobodyWaitsForTheBranchAndItGetsEverythingInTheEnd() {
    CommitWorld world = withBranch();
    List<Integer> answers = new ArrayList<>();
    world.machines.get(2).slowNanos = CommitWorld.SECONDS;
    world.machines.get(0).cut(2);
    world
        .machines
        .getFirst()
        .engine()
        .commit(DB, transaction(1, 1, "color", "red"), (status, error) -> answers.add(status));
    world.runFor(100 * CommitWorld.MILLIS);
    assertThat(answers).containsExactly(0);
    world.runFor(20 * CommitWorld.SECONDS);
    assertThat(world.machines.get(2).disk.content())
        .isEqualTo(world.machines.get(0).disk.content());
  }

  @Test
  void theBranchDoesNotReportEachTransactionAndIsNotSentACopyForThat() {
    List<String> fromBranch = new ArrayList<>();
    CommitWorld world =
        withBranch(
            line -> {
              if (line.contains(" 2 -> ")) {
                fromBranch.add(line);
              }
            });
    fromBranch.clear();
    Machine writer = world.machines.getFirst();
    int count = 200;
    for (int i = 1; i <= count; i++) {
      writer.engine().commit(DB, transaction(i, i, "color", "red" + i), (status, error) -> {});
      world.runFor(20 * CommitWorld.MILLIS);
    }
    world.runFor(5 * CommitWorld.SECONDS);
    assertThat(world.machines.get(2).disk.content()).isEqualTo(writer.disk.content());
    assertThat(fromBranch).noneMatch(line -> line.contains("AskPart"));
    List<String> reports = fromBranch.stream().filter(line -> line.contains("Applied")).toList();
    assertThat(reports).hasSizeBetween(2, count / 4);
    assertThat(reports.getLast()).contains("sequenceNumber=" + count);
  }

  @Test
  void aClientAtTheBranchFindsItsOwnTransactionWhenItIsAnswered() {
    CommitWorld world = withBranch();
    List<String> found = new ArrayList<>();
    Machine branch = world.machines.get(2);
    long before = world.now();
    long[] answered = {0};
    branch
        .engine()
        .commit(
            DB,
            transaction(1, 1, "color", "blue"),
            (status, error) -> {
              found.add(status + " " + branch.disk.text("color"));
              answered[0] = world.now() - before;
            });
    world.runFor(CommitWorld.SECONDS);
    assertThat(found).containsExactly("0 blue");
    assertThat(world.machines.get(0).disk.text("color")).isEqualTo("blue");
    assertThat(answered[0])
        .as("a round trip, and the writing")
        .isLessThan(100 * CommitWorld.MILLIS);
  }

  @Test
  void theMainSiteIsReadyWithoutTheBranch() {
    CommitWorld world = new CommitWorld(1, 3, null);
    world.remote.add(2);
    world.machines.get(2).slowNanos = 60 * CommitWorld.SECONDS;
    world.machines.forEach(Machine::boot);
    world.runFor(5 * CommitWorld.SECONDS);
    assertThat(world.machines.get(0).isReady()).isTrue();
    assertThat(world.machines.get(1).isReady()).isTrue();
    assertThat(world.machines.get(2).isReady()).as("its copy is not level yet").isFalse();
    assertThat(commit(world, 0, transaction(1, 1, "color", "red"))).isEqualTo(0);
  }

  @Test
  void whatTheBranchMissedWhileItWasAwayItGetsBeforeItIsReadyAgain() {
    CommitWorld world = withBranch();
    Machine branch = world.machines.get(2);
    branch.leave();
    world.runFor(CommitWorld.SECONDS);
    for (int i = 1; i <= 5; i++) {
      assertThat(commit(world, i % 2, transaction(i, i, "color", "red" + i))).isEqualTo(0);
    }
    List<String> atReady = new ArrayList<>();
    branch.engine().onReconciled(() -> atReady.add(branch.disk.text("color")));
    branch.rejoin();
    world.runFor(5 * CommitWorld.SECONDS);
    assertThat(atReady).isNotEmpty().containsOnly("red5");
  }

  /**
   * What some of the main site have written and others have not may be lost with all of them. Here
   * node 1 writes a second later than node 0, from whom the branch fetches its copy meanwhile.
   */
  @Test
  void theBranchNeverHasWhatNotAllOfTheMainSiteHaveWritten() {
    CommitWorld world = new CommitWorld(1, 4, null);
    world.remote.add(3);
    boot(world);
    List<Machine> mainSite = world.machines.subList(0, 3);
    Machine branch = world.machines.get(3);
    branch.leave();
    assertThat(commit(world, 0, transaction(1, 1, "color", "red1"))).isEqualTo(0);
    branch.onChange =
        () ->
            assertThat(mainSite)
                .allMatch(m -> m.disk.sequenceNumber() >= branch.disk.sequenceNumber());
    List<Integer> asked = new ArrayList<>();
    mainSite.forEach(
        machine -> {
          int[] prepared = {0};
          machine.onMessage =
              message -> {
                if (message instanceof CommitMessage.Prepared && ++prepared[0] == mainSite.size()) {
                  machine.cut(1); // APPLY is lost, and sent again after a second
                }
                if (message instanceof CommitMessage.AskPart) {
                  mainSite.forEach(m -> asked.add((int) m.disk.sequenceNumber()));
                }
              };
        });
    branch.rejoin();
    world.runFor(12 * CommitWorld.MILLIS);
    mainSite
        .getFirst()
        .engine()
        .commit(DB, transaction(2, 2, "color", "red2"), (status, error) -> {});
    world.runFor(5 * CommitWorld.SECONDS);
    assertThat(asked).as("the moment that is meant").containsExactly(2, 1, 2);
    assertThat(branch.disk.text("color")).isEqualTo("red2");
  }

  /** The branch has missed a transaction, and fetches a copy after a restore at the main site. */
  @Test
  void theBranchGetsWhatWasRestoredWhileItsCopyWasBehind() {
    CommitWorld world = withBranch();
    List<Machine> mainSite = world.machines.subList(0, 2);
    mainSite.forEach(
        machine ->
            machine.onMessage =
                message -> {
                  if (message instanceof CommitMessage.Applied) {
                    machine.cut(2); // FOLLOW is lost
                  }
                });
    Runnable restore =
        () ->
            mainSite.forEach(
                machine -> {
                  machine.onMessage = message -> {};
                  transaction(9, 1, "color", "of the backup").forEach(u -> put(machine, u));
                  machine.engine().contentReplaced(CommitWorld.DATABASE.dbId());
                });
    Machine writer = mainSite.getFirst();
    writer.engine().commit(DB, transaction(1, 1, "color", "red"), (status, error) -> restore.run());
    world.runFor(10 * CommitWorld.SECONDS);
    assertThat(world.machines.get(2).disk.text("color")).isEqualTo("of the backup");
  }

  /**
   * The transaction of a client at the branch was written on node 0 when the main site died. Node 1
   * went on without it, and died before anybody was answered; node 0 has told the client that it is
   * done.
   */
  @Test
  void whatAnEarlierEpochLeftIsNotLostAnyMoreOnceItIsAnswered() {
    CommitWorld world = new CommitWorld(1, 3, null);
    world.remote.add(2);
    Machine first = world.machines.get(0);
    Machine second = world.machines.get(1);
    diedWith(world, 0, 8, Stamp.of(5, 1));
    diedWith(world, 1, 8, Stamp.of(6, 1));
    Machine branch = world.machines.get(2);
    first.boot();
    branch.boot();
    world.runFor(5 * CommitWorld.SECONDS);
    assertThat(commit(world, 2, transaction(8, 4, "color", "of node 0"))).isEqualTo(0);
    assertThat(branch.disk.text("color")).isEqualTo("of node 0");
    first.crash();
    world.runFor(CommitWorld.SECONDS);
    first.boot();
    second.boot();
    world.runFor(5 * CommitWorld.SECONDS);
    assertThat(second.isReady()).isTrue();
    assertThat(second.disk.text("color")).isEqualTo("of node 0");
  }
}
