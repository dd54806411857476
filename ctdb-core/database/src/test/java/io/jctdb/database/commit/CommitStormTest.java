package io.jctdb.database.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;

import io.jctdb.database.commit.CommitWorld.Disk;
import io.jctdb.database.commit.CommitWorld.Machine;
import io.jctdb.store.TransactionStore.Update;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Transactions of clients that behave as smbd does, while nodes die at every moment of a commit,
 * come back with old files, leave, and links lose what is on them.
 *
 * <p>Every transaction replaces two records by one new value, whose predecessor it has read. So a
 * content is right when both are the same, and what was acknowledged must be among the ancestors of
 * what is there in the end.
 */
class CommitStormTest {
  /**
   * More for a longer search: {@code mvn test -Dtest=CommitStormTest -Dcommit.schedules=100000}.
   */
  private static final long SCHEDULES = Long.getLong("commit.schedules", 2_000);

  @Test
  void noScheduleLosesOrTearsATransaction() {
    Map<String, Long> totals = new TreeMap<>();
    for (long seed = 1; seed <= SCHEDULES; seed++) {
      try {
        new Storm(seed, null).run().forEach((what, n) -> totals.merge(what, n, Long::sum));
      } catch (AssertionError | RuntimeException e) {
        List<String> story = new ArrayList<>();
        try {
          new Storm(seed, story::add).run();
        } catch (AssertionError | RuntimeException again) {
          story.add(again.toString());
        }
        fail("seed " + seed + ":\n" + String.join("\n", story), e);
      }
    }
    assertThat(totals)
        .as("the rare things happened, too")
        .allSatisfy((what, times) -> assertThat(times).as(what).isGreaterThan(SCHEDULES / 50));
  }

  private static final class Storm {
    private final CommitWorld world;
    private final Map<String, String> parents = new HashMap<>();
    private final Set<String> acknowledged = new HashSet<>();
    private final Map<String, Long> counts = new TreeMap<>();
    private final int transactionsWanted;
    private boolean calm;
    private int transactions;
    private boolean lockHeld;
    private @Nullable Machine lockHolder;
    private int lockHolderLife;

    Storm(long seed, @Nullable Consumer<String> story) {
      this.world = new CommitWorld(seed, 2 + (int) (seed % 4), story);
      this.transactionsWanted = 3 + world.random.nextInt(12);
      if (seed % 3 == 0) {
        world.remote.add(world.machines.size() - 1);
      }
      parents.put("", "");
      for (String what : List.of("acknowledged", "failed", "crashes", "full disks")) {
        counts.put(what, 0L);
      }
      for (Machine machine : world.machines) {
        machine.onChange = () -> checkWhole(machine);
      }
    }

    Map<String, Long> run() {
      for (Machine machine : world.machines) {
        world.after(world.skewed(1, 5 * CommitWorld.MILLIS), machine::boot);
        world.after(world.skewed(CommitWorld.MILLIS, 30 * CommitWorld.MILLIS), this::client);
      }
      long storm = world.skewed(20 * CommitWorld.MILLIS, 400 * CommitWorld.MILLIS);
      int faults = world.random.nextInt(10);
      for (int i = 0; i < faults; i++) {
        world.after(world.random.nextLong(storm), this::fault);
      }
      world.runFor(storm);
      calm = true;
      for (Machine machine : world.machines) {
        machine.diskFull = false;
        if (!machine.alive) {
          machine.boot();
        } else if (!machine.joining) {
          machine.rejoin();
        }
      }
      long end = world.now() + 300 * CommitWorld.SECONDS;
      while (!isSettled() && world.step(end)) {
        // towards the end
      }
      world.runFor(15 * CommitWorld.SECONDS); // a copy that could not be written is replaced
      checkEnd();
      return counts;
    }

    private boolean isSettled() {
      return !lockHeld
          && transactions >= transactionsWanted
          && world.machines.stream().allMatch(Machine::isReady);
    }

    private void checkEnd() {
      assertThat(world.machines).as("ready").allMatch(Machine::isReady);
      assertThat(transactions).as("clients go on").isGreaterThanOrEqualTo(transactionsWanted);
      Disk first = world.machines.getFirst().disk;
      for (Machine machine : world.machines) {
        assertThat(machine.disk.content())
            .as("content of node " + machine.pnn)
            .isEqualTo(first.content());
      }
      Set<String> ancestors = new HashSet<>();
      for (String at = first.text("a"); !at.isEmpty(); at = parents.getOrDefault(at, "")) {
        ancestors.add(at);
      }
      assertThat(ancestors).as("acknowledged transactions").containsAll(acknowledged);
    }

    private void checkWhole(Machine machine) {
      Disk disk = machine.disk;
      assertThat(disk.text("b"))
          .as("both records of node " + machine.pnn)
          .isEqualTo(disk.text("a"));
    }

    // --- what goes wrong

    private void fault() {
      if (calm) {
        return;
      }
      Machine machine = world.machines.get(world.random.nextInt(world.machines.size()));
      switch (world.random.nextInt(6)) {
        case 0, 1, 2 -> {
          if (machine.alive) {
            count("crashes");
            machine.crash();
            world.after(
                world.skewed(CommitWorld.MILLIS, 100 * CommitWorld.MILLIS),
                () -> {
                  if (!machine.alive) {
                    machine.boot();
                  }
                });
          }
        }
        case 3 -> {
          if (machine.alive && machine.joining) {
            machine.leave();
            int life = machine.life;
            world.after(
                world.skewed(CommitWorld.MILLIS, 50 * CommitWorld.MILLIS),
                () -> {
                  if (machine.alive && machine.life == life && !machine.joining) {
                    machine.rejoin();
                  }
                });
          }
        }
        case 4 -> {
          Machine other = world.machines.get(world.random.nextInt(world.machines.size()));
          world.tell("link " + machine.pnn + " > " + other.pnn + " breaks");
          machine.cut(other.pnn);
        }
        default -> {
          count("full disks");
          world.tell("disk of " + machine.pnn + " is full");
          machine.diskFull = true;
          world.after(
              world.skewed(CommitWorld.MILLIS, 50 * CommitWorld.MILLIS),
              () -> machine.diskFull = false);
        }
      }
    }

    private void count(String what) {
      counts.merge(what, 1L, Long::sum);
    }

    // --- clients

    /**
     * Takes the global lock if it is free, on any node that serves clients. Some clients do
     * without: smbd and the stock tool do not see each other's locks (databases.md 6.4).
     */
    private void client() {
      if (transactions >= transactionsWanted && calm) {
        return;
      }
      Machine machine = world.machines.get(world.random.nextInt(world.machines.size()));
      if (machine.isReady() && (!lockHeld || world.oneIn(10))) {
        transact(machine, !lockHeld);
      }
      world.after(world.skewed(CommitWorld.MILLIS, 20 * CommitWorld.MILLIS), this::client);
    }

    private void transact(Machine machine, boolean locked) {
      String value = "v" + ++transactions;
      int life = machine.clientLife;
      if (locked) {
        lockHeld = true;
        lockHolder = machine;
        lockHolderLife = life;
        watch(machine, life);
      }
      Disk disk = machine.disk;
      long number = disk.sequenceNumber();
      String parent = disk.text("a");
      parents.put(value, parent);
      List<Update> updates =
          List.of(
              CommitWorld.update("a", disk.rsn("a") + 1, machine.pnn, value),
              CommitWorld.update("b", disk.rsn("b") + 1, machine.pnn, value),
              CommitWorld.update("node" + machine.pnn, transactions, machine.pnn, value),
              CommitWorld.sequence(
                  disk.records.isEmpty() ? 1 : number + 1, machine.pnn, number + 1));
      world.tell("client on " + machine.pnn + " wants " + parent + " -> " + value);
      commit(machine, life, locked, number, value, updates);
    }

    private void commit(
        Machine machine,
        int life,
        boolean locked,
        long number,
        String value,
        List<Update> updates) {
      machine
          .engine()
          .commit(
              CommitWorld.DATABASE.dbId(),
              updates,
              (status, error) -> {
                if (machine.clientLife != life) {
                  return; // nobody hears it
                }
                world.tell("client on " + machine.pnn + " hears " + status + " for " + value);
                long now = machine.disk.sequenceNumber();
                if (status == 0 || now == number + 1) {
                  count("acknowledged");
                  acknowledged.add(value);
                  unlock(locked);
                } else if (now == number) {
                  world.tell("again");
                  commit(machine, life, locked, number, value, updates);
                } else {
                  count("failed");
                  unlock(locked);
                }
              });
    }

    /** The lock of a dead client is broken when it is seen to be dead. */
    private void watch(Machine machine, int life) {
      world.after(
          CommitWorld.MILLIS,
          () -> {
            if (lockHeld && lockHolder == machine && lockHolderLife == life) {
              if (machine.clientLife == life) {
                watch(machine, life);
              } else {
                unlock(true);
              }
            }
          });
    }

    private void unlock(boolean locked) {
      if (locked) {
        lockHeld = false;
      }
    }
  }
}
