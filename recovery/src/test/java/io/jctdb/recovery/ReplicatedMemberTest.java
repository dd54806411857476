package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.apache.zookeeper.server.quorum.FastLeaderElection;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReplicatedMemberTest {

  @Test
  void aServerThatWasCutOffAsksForItsPlaceAboutEachSecondHoweverLongItWasAway(
      @TempDir Path directory) throws IOException {
    TreeMap<Integer, InetAddress> nodes =
        new TreeMap<>(
            Map.of(
                0, InetAddress.getByName("127.0.0.1"),
                1, InetAddress.getByName("127.0.0.2"),
                2, InetAddress.getByName("127.0.0.3")));
    new ReplicatedMember(Ensemble.of(nodes, EnsemblePorts.DEFAULT), 0, directory);

    assertThat(Integer.getInteger(FastLeaderElection.MAX_NOTIFICATION_INTERVAL)).isBetween(1, 1000);
  }

  /** Its own count until two say the same is 200 ms (finalizeWait), which cannot be set. */
  @Test
  void aVoteThatCameTooEarlyIsSaidAgainBeforeAnElectionCouldBeOver(@TempDir Path directory)
      throws IOException {
    new ReplicatedMember(
        Ensemble.of(
            new TreeMap<>(Map.of(0, InetAddress.getByName("127.0.0.1"))), EnsemblePorts.DEFAULT),
        0,
        directory);

    assertThat(Integer.getInteger(FastLeaderElection.MIN_NOTIFICATION_INTERVAL)).isBetween(50, 150);
  }

  /** A thread that waits for a server that is cut off has that long nothing to say to others. */
  @Test
  void serversThatCannotBeReachedDoNotKeepTheOthersFromSpeaking() {
    int unreachable = 2; // of five; with more there is no quorum to be found
    assertThat(unreachable * ZooKeeperSettings.CONNECT_MS)
        .isLessThan(ReplicatedMember.ASK_AT_LEAST_EACH_MS);
  }
}
