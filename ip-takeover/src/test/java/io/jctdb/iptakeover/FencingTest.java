package io.jctdb.iptakeover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A daemon that is stopped in its tracks loses its addresses all the same. */
class FencingTest {
  /** Runs in a network namespace of its own; $@ is the command that holds the addresses. */
  private static final String SCRIPT =
      """
      set -e
      ip link add node type veth peer name peer
      ip link set node up; ip link set peer up
      ip addr add 10.77.1.101/24 dev node
      ip addr add fd00:77::101/64 dev node nodad
      has() { ip -o addr show dev node to "$1" | grep -q . ; }
      "$@" & holder=$!
      trap 'kill -9 $holder' EXIT
      for i in $(seq 100); do
        if ip -o addr show dev node | grep -q 'fd00:77::101.* valid_lft [12]sec'; then break; fi
        sleep 0.1
      done
      sleep 3
      has 10.77.1.101 && has fd00:77::101 && echo "kept alive beyond its lifetime"
      kill -STOP $holder
      for i in $(seq 200); do
        if ! has 10.77.1.101 && ! has fd00:77::101; then echo "gone"; exit 0; fi
        sleep 0.1
      done
      exit 1
      """;

  @Test
  void theKernelTakesTheAddressesOfAFrozenDaemon() throws Exception {
    assumeTrue(
        canUnshare(), "needs root to make a network namespace (unshare -n); nothing was tested");
    List<String> holder =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            AddressHolder.class.getName());
    List<String> command = new java.util.ArrayList<>(List.of("unshare", "-n"));
    command.addAll(List.of("bash", "-c", SCRIPT, "fencing"));
    command.addAll(holder);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    assertThat(output).contains("kept alive beyond its lifetime").contains("gone");
  }

  private static boolean canUnshare() throws InterruptedException {
    try {
      return new ProcessBuilder("unshare", "-n", "true").start().waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }
}
