package io.jctdb.database;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.database.CommitWorld.Machine;
import io.jctdb.store.TransactionStore.Update;
import java.util.ArrayList;
import java.util.List;
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
      put(machine, CommitWorld.sequence(CommitSequencer.stamp(5 + machine.pnn), 0, 8));
    }
    boot(world);
    assertThat(world.machines.get(0).disk.text("color")).isEqualTo("of node 1");
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
}
