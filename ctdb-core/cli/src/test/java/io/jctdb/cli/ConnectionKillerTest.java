package io.jctdb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.linux.TcpCapture;
import io.jctdb.protocol.Connection;
import io.jctdb.protocol.SockAddr;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ConnectionKillerTest {
  private static final String SERVER = "10.77.1.101";
  private static final String CLIENT = "10.77.1.250";

  @Test
  void theAnswerToATickleTellsTheNumbersOfTheReset() {
    Connection connection = connection(50_000);
    ConnectionKiller killer = new ConnectionKiller(List.of(connection));
    assertThat(killer.nextRound()).containsExactly(connection);
    assertThat(killer.seen(segment(SERVER, 2049, CLIENT, 50_000, 1_000, 4_000_000_000L)))
        .contains(new ConnectionKiller.Reset(connection, 4_000_000_000L, 1_000));
    assertThat(killer.isDone()).isTrue();
  }

  @Test
  void nothingElseIsTakenForAnAnswer() {
    ConnectionKiller killer = new ConnectionKiller(List.of(connection(50_000)));
    TcpCapture.Segment answer = segment(SERVER, 2049, CLIENT, 50_000, 1, 2);
    assertThat(killer.seen(answer)).as("nobody has been asked yet").isEmpty();
    killer.nextRound();
    assertThat(killer.seen(segment(SERVER, 2049, CLIENT, 50_001, 1, 2))).isEmpty();
    assertThat(killer.seen(segment(CLIENT, 50_000, SERVER, 2049, 0, 0))).as("a tickle").isEmpty();
    assertThat(
            killer.seen(
                new TcpCapture.Segment(answer.from(), answer.to(), 1, 2, true, /* reset= */ true)))
        .isEmpty();
    assertThat(killer.seen(answer)).isPresent();
    assertThat(killer.seen(answer)).as("once is enough").isEqualTo(Optional.empty());
  }

  @Test
  void manyTakeTurnsAndTheRoundsComeToAnEnd() {
    List<Connection> many = new ArrayList<>();
    for (int port = 1; port <= ConnectionKiller.BATCH + 10; port++) {
      many.add(connection(port));
    }
    ConnectionKiller killer = new ConnectionKiller(many);
    assertThat(killer.nextRound()).isEqualTo(many.subList(0, ConnectionKiller.BATCH));
    assertThat(killer.nextRound())
        .hasSize(ConnectionKiller.BATCH)
        .startsWith(many.getLast().equals(connection(310)) ? connection(301) : many.getLast());
    for (int round = 2; round < ConnectionKiller.ROUNDS; round++) {
      assertThat(killer.isDone()).isFalse();
      killer.nextRound();
    }
    assertThat(killer.isDone()).isTrue();
  }

  @Test
  void whatMakesNoSenseIsRefusedAsTheStockToolDoes() {
    OneNode host = new OneNode();
    assertThat(KillTcp.run(host, List.of("eth0", "foo", "10.0.0.1:5"))).isEqualTo(255);
    assertThat(KillTcp.run(host, List.of())).isEqualTo(1);
    assertThat(KillTcp.run(host, List.of("eth0"))).as("nothing on standard input").isZero();
  }

  private static Connection connection(int clientPort) {
    return new Connection(
        new SockAddr(InetAddress.ofLiteral(CLIENT), clientPort),
        new SockAddr(InetAddress.ofLiteral(SERVER), 2049));
  }

  private static TcpCapture.Segment segment(
      String from, int fromPort, String to, int toPort, long sequence, long acknowledgement) {
    return new TcpCapture.Segment(
        new InetSocketAddress(InetAddress.ofLiteral(from), fromPort),
        new InetSocketAddress(InetAddress.ofLiteral(to), toPort),
        sequence,
        acknowledgement,
        true,
        false);
  }
}
