package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.lang.reflect.Field;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.server.persistence.FileTxnSnapLog;
import org.apache.zookeeper.server.quorum.QuorumPeer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two real servers of three; the disk of one stands still while it has something to write. */
class SlowDiskTest {
  private static final int PORT = 24420;

  @TempDir private Path dir;
  private final List<ReplicatedMember> members = new ArrayList<>();

  @AfterEach
  void end() {
    members.forEach(ReplicatedMember::close);
  }

  @Test
  void aFollowerWhoseDiskIsSlowCostsNoElection() throws Exception {
    Ensemble three = ensemble();
    ReplicatedMember first = start(three, 0);
    ReplicatedMember second = start(three, 1);
    await().atMost(Duration.ofSeconds(20)).until(() -> first.serving() && second.serving());
    boolean firstLeads = peer(first).getPeerState() == QuorumPeer.ServerState.LEADING;
    ReplicatedMember leader = firstLeads ? first : second;
    ReplicatedMember follower = firstLeads ? second : first;

    try (ZooKeeper client =
        new ZooKeeper("127.0.0." + (firstLeads ? 1 : 2) + ":" + PORT, 20_000, event -> {})) {
      CompletableFuture<Integer> written = new CompletableFuture<>();
      boolean lostQuorum = false;
      synchronized (log(follower)) { // what a flush holds while it lasts
        create(client, written);
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(1500);
        while (System.nanoTime() < end) {
          lostQuorum |= !leader.serving() || !follower.serving();
          Thread.sleep(20);
        }
        assertThat(lostQuorum).isFalse();
        assertThat(written).isNotDone();
      }
      assertThat(written.get(20, TimeUnit.SECONDS)).isZero();
    }
  }

  private static void create(ZooKeeper client, CompletableFuture<Integer> written) {
    client.create(
        "/slow",
        new byte[0],
        ZooDefs.Ids.OPEN_ACL_UNSAFE,
        CreateMode.PERSISTENT,
        (result, path, context, name) -> written.complete(result),
        null);
  }

  private ReplicatedMember start(Ensemble ensemble, int pnn) throws Exception {
    Path directory = Files.createDirectories(dir.resolve(Integer.toString(pnn)));
    ReplicatedMember member = new ReplicatedMember(ensemble, pnn, directory);
    Thread.ofPlatform()
        .daemon()
        .start(
            () -> {
              try {
                member.run();
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            });
    members.add(member);
    member.listening().get(20, TimeUnit.SECONDS);
    return member;
  }

  /** The lock under which ZooKeeper appends to its log and flushes it. */
  private static Object log(ReplicatedMember member) throws ReflectiveOperationException {
    Field log = FileTxnSnapLog.class.getDeclaredField("txnLog");
    log.setAccessible(true);
    return log.get(peer(member).getTxnFactory());
  }

  private static QuorumPeer peer(ReplicatedMember member) throws ReflectiveOperationException {
    Field peer = ReplicatedMember.class.getDeclaredField("peer");
    peer.setAccessible(true);
    return (QuorumPeer) peer.get(member);
  }

  private static Ensemble ensemble() {
    SortedMap<Integer, InetAddress> nodes = new TreeMap<>();
    for (int pnn = 0; pnn < 3; pnn++) {
      nodes.put(pnn, InetAddress.ofLiteral("127.0.0." + (pnn + 1)));
    }
    return Ensemble.of(nodes, new EnsemblePorts(PORT, PORT + 1, PORT + 2));
  }
}
