package io.jctdb.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The kernel's network in a namespace made for each test; nothing outside is touched. */
class NetworkTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "interfaces",
        "lifetimes",
        "removal",
        "secondaries",
        "announcements",
        "tickles",
        "resets"
      })
  void inANetworkNamespace(String scenario) throws Exception {
    assumeTrue(
        canUnshare(), "needs root to make a network namespace (unshare -n); nothing was tested");
    Process process =
        new ProcessBuilder(
                "unshare",
                "-n",
                // Java has IPv6 only if some interface has an IPv6 address when it starts.
                "sh",
                "-c",
                "ip link set lo up && exec \"$@\"",
                "sh",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                NetworkScenario.class.getName(),
                scenario)
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }

  private static boolean canUnshare() throws InterruptedException {
    try {
      return new ProcessBuilder("unshare", "-n", "true").start().waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }
}
