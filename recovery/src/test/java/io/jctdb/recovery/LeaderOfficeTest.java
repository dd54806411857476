package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jctdb.database.Epoch;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.ZooDefs;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two leaders meet at a real server. */
class LeaderOfficeTest {
  private static final Paths PATHS = new Paths("/cluster/one");

  @TempDir private Path directory;
  private final ExecutorService owner = Executors.newSingleThreadExecutor();
  private EmbeddedZooKeeper server;

  /** One contender with a session of its own. */
  private final class Contender {
    final List<LeaderEvent> events = new CopyOnWriteArrayList<>();
    final ZooKeeperSession session;
    final LeaderOffice office;

    Contender(int pnn) throws Exception {
      CompletableFuture<Void> connected = new CompletableFuture<>();
      session =
          ZooKeeperSession.open(
              MembershipConfig.of(pnn, "127.0.0.1", "127.0.0.1:24440"),
              owner,
              new ZooKeeperSession.Watch() {
                @Override
                public void connected(ZooKeeperSession session) {
                  connected.complete(null);
                }

                @Override
                public void suspended(ZooKeeperSession session) {}

                @Override
                public void reconnected(ZooKeeperSession session) {}

                @Override
                public void expired(ZooKeeperSession session) {}
              });
      connected.get(10, TimeUnit.SECONDS);
      ClusterView view = new ClusterView(session, PATHS, new Deaf());
      office = new LeaderOffice(session, PATHS, pnn, view, events::add);
    }

    void does(Runnable task) throws Exception {
      owner.submit(task).get(10, TimeUnit.SECONDS);
    }

    void becomesLeader() throws Exception {
      does(office::contend);
      await().atMost(Duration.ofSeconds(10)).until(() -> !events.isEmpty());
      assertThat(events.getFirst()).isInstanceOf(LeaderEvent.Elected.class);
    }
  }

  private static final class Deaf implements ClusterView.Reader {
    @Override
    public void members(Map<Integer, MemberInfo> members) {}

    @Override
    public void leader(Optional<ClusterView.Leader> leader) {}

    @Override
    public void epoch(CommittedEpoch epoch) {}
  }

  @BeforeEach
  void serve() throws Exception {
    TreeMap<Integer, InetAddress> alone = new TreeMap<>();
    alone.put(0, InetAddress.ofLiteral("127.0.0.1"));
    server =
        EmbeddedZooKeeper.start(
            Ensemble.of(alone, new EnsemblePorts(24440, 24441, 24442)), 0, directory);
  }

  @AfterEach
  void end() {
    server.close();
    owner.shutdownNow();
  }

  @Test
  void aStaleLeadersWritesAreRefused() throws Exception {
    Contender old = new Contender(0);
    for (String path : PATHS.permanent()) {
      old.session
          .write(
              List.of(
                  Op.create(path, new byte[0], ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT)))
          .get(10, TimeUnit.SECONDS);
    }
    old.becomesLeader();
    old.does(() -> old.office.reserve(1));
    await().until(() -> old.events.contains(new LeaderEvent.Reserved(1)));

    // The old leader does not notice that its record has gone, and another is elected.
    Contender young = new Contender(1);
    young.session.write(List.of(Op.delete(PATHS.leader(), -1))).get(10, TimeUnit.SECONDS);
    young.becomesLeader();
    assertThat(((LeaderEvent.Elected) young.events.getFirst()).reserved()).isEqualTo(1);

    old.does(() -> old.office.commit(epoch(1, 0)));
    await().until(() -> old.events.contains(new LeaderEvent.Deposed()));
    assertThat(read(young, PATHS.epoch())).isEmpty();

    young.does(() -> young.office.reserve(2));
    await().until(() -> young.events.contains(new LeaderEvent.Reserved(2)));
    young.does(() -> young.office.commit(epoch(2, 1)));
    await().until(() -> young.events.contains(new LeaderEvent.Committed(2)));
    assertThat(read(young, PATHS.epoch())).contains("number=2").contains("members=1:101");
    old.session.close().get(10, TimeUnit.SECONDS);
    young.session.close().get(10, TimeUnit.SECONDS);
  }

  private static String read(Contender contender, String path) throws Exception {
    byte[] data = contender.session.read(path).get(10, TimeUnit.SECONDS).data();
    return new String(data, StandardCharsets.UTF_8);
  }

  private static CommittedEpoch epoch(long number, int pnn) {
    return new CommittedEpoch(
        Epoch.of(number, Set.of(pnn)), new TreeMap<>(Map.of(pnn, 100L + pnn)), 1);
  }
}
