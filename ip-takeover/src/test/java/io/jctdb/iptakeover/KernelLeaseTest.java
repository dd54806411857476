package io.jctdb.iptakeover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The lifetimes of addresses in a real kernel, in a network namespace of its own. */
class KernelLeaseTest {
  @Test
  void anHourOfRenewalsDisturbsNoConnectionAndWithoutThemTheAddressesExpire() throws Exception {
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
                KernelLeaseScenario.class.getName())
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
