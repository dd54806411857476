package io.jctdb.daemon.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.daemon.addresses.AddressMeters;
import io.jctdb.daemon.catalog.CopyHealth;
import io.jctdb.daemon.cluster.SilentMembers;
import io.jctdb.daemon.lifecycle.EnsembleStatus;
import io.jctdb.daemon.lifecycle.FencingStatus;
import io.jctdb.database.message.KeeperMessage;
import io.jctdb.database.record.RecordStatistics;
import io.jctdb.iptakeover.AddressFigures;
import io.jctdb.iptakeover.LeaderFigures;
import io.jctdb.protocol.LinkReport;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.NodeMap;
import io.jctdb.protocol.NodeStory;
import io.jctdb.protocol.PublicIp;
import io.jctdb.protocol.RunState;
import io.jctdb.protocol.SockAddr;
import io.jctdb.protocol.SpecialPnn;
import io.jctdb.protocol.Statistics;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MetricsServerTest {
  private final HttpClient http = HttpClient.newHttpClient();
  private static final FencingStatus WELL =
      new FencingStatus(
          Optional.of(Duration.ofMillis(80)),
          4_711,
          Optional.empty(),
          false,
          0,
          0,
          "",
          2,
          3,
          Duration.ofMillis(900),
          1,
          0,
          Optional.empty(),
          Optional.empty());
  private static final FencingStatus UNWELL =
      new FencingStatus(
          Optional.of(Duration.ofSeconds(4)),
          4_712,
          Optional.of(Duration.ofSeconds(12)),
          true,
          2,
          1,
          "the lease has run out",
          0,
          0,
          Duration.ZERO,
          0,
          3,
          Optional.of(new FencingStatus.Ban("the disk is full", Duration.ofSeconds(42))),
          Optional.of("contention"));

  private volatile CompletableFuture<NodeStatus> owner =
      CompletableFuture.completedFuture(status(0, RunState.RUNNING, 7));
  private MetricsServer server;

  @BeforeEach
  void start() throws Exception {
    server =
        MetricsServer.start(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), owner.get(), () -> owner);
  }

  @AfterEach
  void stop() {
    server.close();
    http.close();
  }

  private static final LinkReport.Link BRANCH =
      new LinkReport.Link(
          1,
          true,
          true,
          true,
          "branch",
          201_500,
          200_100,
          12_000,
          3000,
          500,
          new LinkReport.Traffic(10, 1000, 300),
          new LinkReport.Traffic(20, 2000, 600),
          3,
          "silent for PT5S");

  private static NodeStatus status(int ownFlags, RunState state, long epoch) {
    return status(ownFlags, state, epoch, WELL);
  }

  private static NodeStatus status(
      int ownFlags, RunState state, long epoch, FencingStatus fencing) {
    return status(ownFlags, state, epoch, fencing, new CopyHealth(List.of(), List.of()));
  }

  private static NodeStatus status(
      int ownFlags, RunState state, long epoch, FencingStatus fencing, CopyHealth copies) {
    try {
      NodeMap nodes =
          new NodeMap(
              List.of(
                  new NodeMap.Node(
                      0, ownFlags, new SockAddr(InetAddress.getByName("10.0.0.1"), 4379)),
                  new NodeMap.Node(
                      1,
                      NodeFlags.DISCONNECTED | NodeFlags.UNHEALTHY,
                      new SockAddr(InetAddress.getByName("10.0.0.2"), 4379))));
      return new NodeStatus(
          0,
          nodes,
          0,
          epoch,
          new TreeSet<>(List.of(0)),
          state,
          false,
          1_500_000_000L,
          fencing,
          EnsembleStatus.well("0@10.0.0.1 ports 4380,4381,4382"),
          copies,
          new SilentMembers.Figures(
              2,
              KeeperMessage.NOBODY,
              new RecordStatistics(
                  0,
                  0,
                  0,
                  0,
                  0,
                  0,
                  0,
                  0,
                  0,
                  0,
                  0,
                  0,
                  0,
                  0,
                  0,
                  0,
                  0,
                  2,
                  3,
                  0,
                  0,
                  0,
                  0,
                  70,
                  true,
                  60,
                  true,
                  12_000_000,
                  0,
                  0,
                  true,
                  0,
                  8,
                  9,
                  4,
                  1)),
          List.of(
              new PublicIp(0, new SockAddr(InetAddress.getByName("10.1.0.1"), 0)),
              new PublicIp(
                  SpecialPnn.UNKNOWN, new SockAddr(InetAddress.getByName("2001:db8::2"), 0))),
          new AddressMeters(
              List.of(
                  new AddressFigures(
                      InetAddress.getByName("10.1.0.1"), 0, 3, 2, 1, 0, Duration.ofMillis(40))),
              new LeaderFigures(
                  9,
                  1,
                  Map.of(
                      InetAddress.getByName("10.1.0.1"),
                      new LeaderFigures.HandOvers(5, Duration.ofMillis(1_250))))),
          new LinkReport("main", "main", 0, 64 << 20, List.of(BRANCH)),
          Statistics.decode(new byte[Statistics.SIZE]));
    } catch (java.net.UnknownHostException e) {
      throw new AssertionError(e);
    }
  }

  private HttpResponse<String> get(String path) throws Exception {
    InetSocketAddress at = server.address();
    return http.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + at.getPort() + path)).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void prometheusReadsWhatTheNodeIs() throws Exception {
    assertThat(get("/metrics").body())
        .contains("jctdb_healthy 1.0")
        .contains("jctdb_epoch 7.0")
        .contains("jctdb_remote_notes_complete 1.0")
        .contains("jctdb_lease_seconds 1.5")
        .contains("jctdb_node_flag{flag=\"disconnected\",pnn=\"1\"} 1.0")
        .contains("jctdb_node_flag{flag=\"disconnected\",pnn=\"0\"} 0.0")
        .contains("jctdb_public_address_held{address=\"10.1.0.1\"} 1.0")
        .contains("jctdb_public_address_holder{address=\"10.1.0.1\"} 0.0")
        .contains("jctdb_public_address_takes{address=\"10.1.0.1\"} 3.0")
        .contains("jctdb_public_address_refusals{address=\"10.1.0.1\"} 1.0")
        .contains("jctdb_public_address_last_take_seconds{address=\"10.1.0.1\"} 0.04")
        .contains("jctdb_public_address_moves{address=\"10.1.0.1\"} 5.0")
        .contains("jctdb_public_address_last_move_seconds{address=\"10.1.0.1\"} 1.25")
        .contains("jctdb_takeover_runs_total 9.0")
        .contains("jctdb_takeover_runs_failed_total 1.0")
        .contains("jctdb_public_address_held{address=\"2001:db8::2\"} 0.0")
        .contains("jctdb_link_up{pnn=\"1\",site=\"branch\"} 1.0")
        .contains("jctdb_link_round_trip_seconds{pnn=\"1\",site=\"branch\"} 0.2015")
        .contains("jctdb_link_loss_ratio{pnn=\"1\",site=\"branch\"} 0.012")
        .contains("jctdb_link_backlog_bytes{pnn=\"1\",site=\"branch\"} 3500.0");
  }

  @Test
  void everyScrapeShowsTheNodeAsItIsThen() throws Exception {
    assertThat(get("/metrics").body()).contains("jctdb_epoch 7.0");

    owner = CompletableFuture.completedFuture(status(0, RunState.RUNNING, 8));

    assertThat(get("/metrics").body()).contains("jctdb_epoch 8.0").doesNotContain("epoch 7.0");
  }

  @Test
  void aProbeSeesWhetherTheNodeServes() throws Exception {
    assertThat(get("/health").statusCode()).isEqualTo(200);

    owner = CompletableFuture.completedFuture(status(NodeFlags.BANNED, RunState.RUNNING, 0));
    assertThat(get("/health").statusCode()).isEqualTo(503);

    owner = CompletableFuture.completedFuture(status(0, RunState.STARTUP, 7));
    assertThat(get("/health").statusCode()).isEqualTo(503);
  }

  @Test
  void aProbeHearsWhyNot() throws Exception {
    owner =
        CompletableFuture.completedFuture(status(NodeFlags.BANNED, RunState.RUNNING, 0, UNWELL));
    assertThat(get("/health").body())
        .contains("BANNED", "no member", "the disk is full", "ZooKeeper does not answer");

    owner = CompletableFuture.completedFuture(status(0, RunState.RUNNING, 7, UNWELL));
    assertThat(get("/health").statusCode()).as("failsafe serves").isEqualTo(200);
    assertThat(get("/health").body())
        .contains("failsafe", "no quorum")
        .contains("nobody leads: the cluster lock is not to be had: contention");
  }

  @Test
  void whatBefellTheMembershipIsCounted() throws Exception {
    assertThat(get("/metrics").body())
        .contains("jctdb_lease_renewed_seconds 0.08")
        .contains("jctdb_lease_renewals_total 4711.0")
        .contains("jctdb_expelled_total 2.0")
        .contains("jctdb_clock_stalls_total 3.0")
        .contains("jctdb_clock_stall_longest_seconds 0.9")
        .contains("jctdb_clock_jumps_total 1.0")
        .contains("jctdb_zookeeper_silent_seconds 0.0")
        .contains("jctdb_failsafe 0.0")
        .contains("jctdb_bans_total 0.0")
        .doesNotContain("jctdb_ban_seconds{");

    owner = CompletableFuture.completedFuture(status(0, RunState.RUNNING, 7, UNWELL));
    assertThat(get("/metrics").body())
        .contains("jctdb_zookeeper_silent_seconds 12.0")
        .contains("jctdb_failsafe 1.0")
        .contains("jctdb_failsafes_total 2.0")
        .contains("jctdb_fenced_total 1.0")
        .contains("jctdb_bans_total 3.0")
        .contains("jctdb_ban_seconds{reason=\"the disk is full\"} 42.0");
  }

  @Test
  void theStoryOfANodeIsToldInWords() {
    assertThat(
            StatusLines.of(status(0, RunState.RUNNING, 7)).lines().stream().map(Object::toString))
        .anyMatch(line -> line.contains("1.5 s left, renewed 0.1 s ago"))
        .anyMatch(line -> line.contains("answers"))
        .anyMatch(line -> line.contains("bans") && line.contains("none"));
    NodeStory unwell = StatusLines.of(status(0, RunState.RUNNING, 7, UNWELL));
    assertThat(unwell.lines().stream().map(Object::toString))
        .anyMatch(line -> line.contains("DOES NOT ANSWER for 12.0 s"))
        .anyMatch(line -> line.contains("YES") && line.contains("2 times"))
        .anyMatch(line -> line.contains("the cluster lock is not to be had: contention"))
        .anyMatch(line -> line.contains("once, the last time because the lease has run out"))
        .anyMatch(line -> line.contains("3 times, BANNED for another 42.0 s: the disk is full"));
    assertThat(NodeStory.decode(unwell.encode())).isEqualTo(unwell);
  }

  @Test
  void whatIsWrongWithCopiesOfDatabasesIsToldAndCounted() throws Exception {
    assertThat(get("/metrics").body())
        .contains("jctdb_copies_unwell 0.0")
        .contains("jctdb_copies_set_aside 0.0");
    assertThat(StatusLines.of(status(0, RunState.RUNNING, 7)).lines().getLast().text())
        .isEqualTo("well");

    Path aside = Path.of("/var/lib/ctdb/persistent/passdb.tdb.0.damaged-20261121T080226Z");
    NodeStatus unwell =
        status(
            0,
            RunState.RUNNING,
            7,
            WELL,
            new CopyHealth(List.of("secrets.tdb: the file is damaged"), List.of(aside)));
    owner = CompletableFuture.completedFuture(unwell);

    assertThat(get("/metrics").body())
        .contains("jctdb_copies_unwell 1.0")
        .contains("jctdb_copies_set_aside 1.0");
    assertThat(StatusLines.of(unwell).lines().getLast().text())
        .contains("secrets.tdb: the file is damaged", aside.toString());
  }

  @Test
  void aStuckOwnerThreadIsNotHealth() throws Exception {
    owner = new CompletableFuture<>();

    assertThat(get("/health").statusCode()).isEqualTo(503);
  }

  @Test
  void thePageIsForPeople() throws Exception {
    assertThat(get("/").body())
        .contains("node            0 (healthy)")
        .contains("DISCONNECTED|UNHEALTHY|INACTIVE")
        .contains("2001:db8::2")
        .contains("held by nobody");
  }

  @Test
  void aClientThatSaysNothingHoldsNobodyUp() throws Exception {
    try (Socket silent = new Socket("127.0.0.1", server.address().getPort())) {
      silent
          .getOutputStream()
          .write("GET /met".getBytes(java.nio.charset.StandardCharsets.US_ASCII));

      assertThat(get("/health").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void nothingCanBeChangedHere() throws Exception {
    HttpRequest post =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + server.address().getPort() + "/metrics"))
            .POST(HttpRequest.BodyPublishers.ofString("x"))
            .build();

    assertThat(http.send(post, HttpResponse.BodyHandlers.discarding()).statusCode()).isEqualTo(405);
    assertThat(get("/etc/passwd").statusCode()).isEqualTo(404);
  }
}
