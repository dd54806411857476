package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.ZooDefs;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With a real server; the test itself is the membership thread, so it chooses what comes first. */
class EnrolmentTest {
  @TempDir private Path directory;
  private final LinkedBlockingQueue<Runnable> thread = new LinkedBlockingQueue<>();
  private final List<Long> answered = new ArrayList<>();
  private final List<String> lost = new ArrayList<>();
  private EmbeddedZooKeeper server;
  private ZooKeeperSession session;
  private Enrolment enrolment;

  /** When the next heartbeat is due. */
  private long due;

  private boolean connected;
  private boolean registered;

  @BeforeEach
  void registers() throws Exception {
    Ensemble alone =
        Ensemble.of(
            new TreeMap<>(Map.of(0, InetAddress.ofLiteral("127.0.0.1"))),
            new EnsemblePorts(24640, 24641, 24642));
    server = EmbeddedZooKeeper.start(alone, 0, directory);
    MembershipConfig config = MembershipConfig.of(0, "127.0.0.1", alone.connectString(0));
    session = ZooKeeperSession.open(config, thread::add, new Connected());
    runUntil(() -> connected);
    Paths paths = new Paths(config.root());
    for (String path : paths.permanent()) {
      CompletableFuture<?> made =
          session.write(
              List.of(
                  Op.create(
                      path, new byte[0], ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT)));
      runUntil(made::isDone);
    }
    enrolment = new Enrolment(session, paths, config, Set.of(), false, answered::add, lost::add);
    enrolment.register(new OwnNode(config, 7).info(1500, 500), () -> registered = true);
    runUntil(() -> registered);
    due = answered.removeFirst() + config.timing().heartbeat().toNanos();
  }

  @AfterEach
  void close() {
    session.close().join();
    server.close();
  }

  @Test
  void aHeartbeatThatIsAnsweredRenewsTheLeaseFromItsSending() throws Exception {
    enrolment.tick(due);
    runUntil(() -> !answered.isEmpty());

    assertThat(answered).containsExactly(due);
  }

  @Test
  void whatIsAnsweredAfterTheEndOfALifeIsNotCountedForTheNextOne() throws Exception {
    enrolment.tick(due);
    enrolment.end();
    afterAllAnswers();

    assertThat(answered).isEmpty();
  }

  @Test
  void aRefusalAfterTheEndOfALifeDoesNotEndTheNextOne() throws Exception {
    Paths paths = new Paths("/jctdb");
    CompletableFuture<?> expelled = session.write(List.of(Op.delete(paths.beat(0), -1)));
    runUntil(expelled::isDone);

    enrolment.tick(due);
    enrolment.end();
    afterAllAnswers();

    assertThat(lost).isEmpty();
  }

  /** The server answers the questions of one session in their order. */
  private void afterAllAnswers() throws InterruptedException {
    CompletableFuture<?> later = session.read("/jctdb");
    runUntil(later::isDone);
  }

  private void runUntil(BooleanSupplier condition) throws InterruptedException {
    while (!condition.getAsBoolean()) {
      Runnable next = thread.poll(30, TimeUnit.SECONDS);
      assertThat(next).as("something happens").isNotNull();
      next.run();
    }
  }

  private final class Connected implements ZooKeeperSession.Watch {
    @Override
    public void connected(ZooKeeperSession in) {
      connected = true;
    }

    @Override
    public void suspended(ZooKeeperSession in) {}

    @Override
    public void reconnected(ZooKeeperSession in) {}

    @Override
    public void expired(ZooKeeperSession in) {}
  }
}
