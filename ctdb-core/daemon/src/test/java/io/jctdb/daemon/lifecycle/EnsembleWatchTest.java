package io.jctdb.daemon.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.daemon.control.ControlReply;
import io.jctdb.protocol.EnsembleNotice;
import io.jctdb.recovery.EnsembleRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The daemon of node 2, whose nodes file has three lines. */
class EnsembleWatchTest {
  private static final String ONE = "0@127.0.0.1 ports 4380,4381,4382";
  private static final String THREE = "0@127.0.0.1,1@127.0.0.2,2@127.0.0.3 ports 4380,4381,4382";

  @TempDir private Path directory;
  private EnsembleRecord disk;
  private final World world = new World();
  private long now;

  /** Everything around it, which remembers what it was asked to do. */
  private static final class World implements EnsembleWatch.Outside {
    final SortedSet<Integer> reached = new TreeSet<>();
    final Map<Integer, ControlReply> asked = new HashMap<>();
    final List<EnsembleNotice> told = new ArrayList<>();
    final List<String> done = new ArrayList<>();

    @Override
    public SortedSet<Integer> others() {
      return new TreeSet<>(List.of(0, 1));
    }

    @Override
    public boolean isReached(int pnn) {
      return reached.contains(pnn);
    }

    @Override
    public void ask(int pnn, byte[] notice, ControlReply reply) {
      asked.put(pnn, reply);
    }

    @Override
    public void tell(int pnn, byte[] notice) {
      told.add(EnsembleNotice.decode(notice));
    }

    @Override
    public void admitted() {
      done.add("admitted");
    }

    @Override
    public void standBack(String why) {
      done.add("stand back");
    }

    @Override
    public void startAnew(String why) {
      done.add("start anew");
    }

    void answers(int pnn, String ensemble, boolean firm, boolean acting) {
      reply(pnn).ok(new EnsembleNotice(ensemble, firm, acting).encode());
    }

    ControlReply reply(int pnn) {
      return Objects.requireNonNull(asked.get(pnn));
    }
  }

  @BeforeEach
  void newDisk() {
    disk = new EnsembleRecord(directory);
  }

  private EnsembleWatch starts() throws IOException {
    return new EnsembleWatch(disk, THREE, disk.read(), () -> now, world);
  }

  @Test
  void theThirdNodeOfTwoTakesOverTheirServerBeforeItStartsItsOwn() throws IOException {
    EnsembleWatch node = starts();
    node.linkUp(0);
    assertThat(node.settled()).isFalse();
    world.answers(0, ONE, true, true);
    assertThat(node.settled()).isTrue();
    assertThat(node.inForce()).isEqualTo(ONE);
    assertThat(disk.read()).contains(ONE);
    node.started();
    now += EnsembleWatch.ABSENT_NANOS;
    assertThat(node.admits()).isTrue();
  }

  @Test
  void aNodeThatHearsOfThemTooLateBeginsAgain() throws IOException {
    EnsembleWatch node = starts();
    node.started();
    node.linkUp(1);
    assertThat(node.admits()).as("not before it has answered").isFalse();
    world.answers(1, ONE, true, true);
    assertThat(world.done).contains("start anew");
    assertThat(node.admits()).isFalse();
    assertThat(starts().inForce()).isEqualTo(ONE);
  }

  @Test
  void whatTheDiskSaysComesBeforeTheNodesFile() throws IOException {
    disk.write(ONE);
    EnsembleWatch node = starts();
    assertThat(node.settled()).isTrue();
    assertThat(node.inForce()).isEqualTo(ONE);
    assertThat(node.status(THREE).outdated()).isTrue();
  }

  @Test
  void onAFirstStartAllWhoAreThereMustAgreeAndThenItIsOnDisk() throws IOException {
    EnsembleWatch node = starts();
    world.reached.add(0);
    node.linkUp(1);
    world.answers(1, THREE, false, false);
    node.started();
    assertThat(node.admits()).isFalse();
    assertThat(node.status(THREE).keptOut())
        .hasValueSatisfying(why -> assertThat(why).contains("[0]"));
    assertThat(disk.read()).isEmpty();
    now += 10 * EnsembleWatch.ABSENT_NANOS;
    node.consider();
    world.reached.clear();
    now += EnsembleWatch.ABSENT_NANOS - 1;
    node.consider();
    assertThat(world.done).as("a restart is no absence").isEmpty();
    now += 1;
    node.consider();
    assertThat(world.done).containsExactly("admitted");
    assertThat(node.admits()).isTrue();
    assertThat(disk.read()).contains(THREE);
    node.acting(true);
    assertThat(world.told)
        .containsExactly(
            new EnsembleNotice(THREE, true, false), new EnsembleNotice(THREE, true, true));
  }

  @Test
  void anOlderVersionIsAcceptedAndALostLinkIsNoAnswer() throws IOException {
    EnsembleWatch node = starts();
    node.linkUp(1);
    world.reply(1).fail();
    node.started();
    node.linkUp(0);
    world.reached.add(0);
    node.linkDown(0);
    world.reply(0).fail("node is disconnected");
    assertThat(node.admits()).isFalse();
    node.linkUp(0);
    world.reply(0).fail();
    assertThat(node.admits()).isTrue();
  }

  @Test
  void aMemberThatMeetsABiggerClusterLetsGoAndSaysWhatToDo() throws IOException {
    disk.write(ONE);
    EnsembleWatch node = starts();
    node.started();
    assertThat(node.admits()).isTrue();
    node.acting(true);
    world.done.clear();
    node.heard(1, new EnsembleNotice(THREE, true, true).encode());
    assertThat(world.done).containsExactly("stand back");
    assertThat(node.admits()).isFalse();
    assertThat(node.status(THREE).keptOut())
        .hasValueSatisfying(
            why -> assertThat(why).contains(ONE, THREE, "node 1", disk.path().toString()));
  }

  @Test
  void externalServersAreNotTakenOver() throws IOException {
    EnsembleWatch node = starts();
    node.linkUp(0);
    world.answers(0, EnsembleWatch.EXTERNAL, true, true);
    assertThat(node.settled()).isTrue();
    node.started();
    assertThat(node.admits()).isFalse();
    assertThat(node.inForce()).isEqualTo(THREE);
    assertThat(disk.read()).isEqualTo(Optional.empty());
  }
}
