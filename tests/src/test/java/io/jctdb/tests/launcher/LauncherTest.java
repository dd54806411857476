package io.jctdb.tests.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The launcher script with a shell script in the daemon's place, which writes the will that a
 * daemon writes, and an {@code ip} and an {@code ss} that only note what they are told.
 */
@NullUnmarked // what a story has not started yet is not used by it
class LauncherTest {
  private static final Path LAUNCHER =
      Path.of("..", "conf/src/main/libexec/jctdb-launcher").toAbsolutePath().normalize();
  private static final String SECRET = "5ec7e7".repeat(11).substring(0, 64);

  @TempDir private Path run;
  private DatagramSocket otherNode;
  private Process launcher;

  @BeforeEach
  void prepare() throws IOException {
    otherNode = new DatagramSocket(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0));
    otherNode.setSoTimeout(20_000);
    Files.createDirectories(run.resolve("bin"));
    Files.createDirectories(run.resolve("volatile"));
    script(
        "bin/ip",
        "echo \"ip $*\" >>" + run + "/ip.log",
        "case \"$*\" in *batch*) cat >>"
            + run
            + "/ip.log ;; *) cat "
            + run
            + "/present 2>/dev/null ;; esac");
    script("bin/ss", "echo \"ss $*\" >>" + run + "/ip.log");
    Files.writeString(
        run.resolve("held"), "192.0.2.7/24 eth1\nfd00::7/64 eth1\n$(reboot)/24 eth1\n192.0.2");
  }

  @AfterEach
  void end() throws InterruptedException {
    otherNode.close();
    if (launcher != null && launcher.isAlive()) {
      launcher.destroy();
      if (!launcher.waitFor(20, TimeUnit.SECONDS)) {
        launcher.descendants().forEach(ProcessHandle::destroyForcibly);
        launcher.destroyForcibly();
      }
    }
  }

  // --- words of the stories
  // ------------------------------------------------------------------------

  private Path script(String name, String... lines) throws IOException {
    Path path = run.resolve(name);
    Files.writeString(path, "#!/bin/bash\n" + String.join("\n", lines) + "\n");
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
    return path;
  }

  /** The will of a daemon, and what else it does. */
  private Path daemon(String... lines) throws IOException {
    String will =
        String.join(
            "\n",
            "cat >" + run + "/will <<END",
            "pid $$",
            "pnn 3",
            "secret " + SECRET,
            "port " + otherNode.getLocalPort(),
            "peer 127.0.0.1",
            "databases " + run + "/volatile",
            "addresses " + run + "/held",
            "log file:" + run + "/log",
            "END",
            "echo $$ >>" + run + "/pids");
    return script("daemon", will, String.join("\n", lines));
  }

  private void launch(Path daemon, String... arguments) throws IOException {
    launchBy(List.of(), daemon, arguments);
  }

  private void launchBy(List<String> wrapper, Path daemon, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(wrapper);
    command.addAll(List.of(LAUNCHER.toString(), run.toString(), daemon.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().merge("PATH", "", (path, none) -> run.resolve("bin") + ":" + path);
    builder.redirectErrorStream(true).redirectOutput(run.resolve("out").toFile());
    launcher = builder.start();
  }

  private String read(String name) {
    try {
      return Files.exists(run.resolve(name)) ? Files.readString(run.resolve(name)) : "";
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The process id of the daemon that was started as the n-th. */
  private ProcessHandle daemonNumber(int n) {
    await().atMost(Duration.ofSeconds(20)).until(() -> read("pids").lines().count() >= n);
    long pid = Long.parseLong(read("pids").lines().toList().get(n - 1));
    return ProcessHandle.of(pid).orElseThrow();
  }

  private String heardByOtherNode() throws IOException {
    DatagramPacket packet = new DatagramPacket(new byte[200], 200);
    otherNode.receive(packet);
    return new String(packet.getData(), 0, packet.getLength(), StandardCharsets.US_ASCII);
  }

  private int exitStatus() throws InterruptedException {
    assertThat(launcher.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return launcher.exitValue();
  }

  private static final String WAIT = "sleep 600 & wait";

  // --- stories
  // -------------------------------------------------------------------------------------

  @Test
  void aDaemonThatIsKilledIsWoundUpReportedAndStartedAgain() throws IOException {
    launch(daemon(WAIT));
    ProcessHandle first = daemonNumber(1);
    first.destroyForcibly();
    assertThat(heardByOtherNode()).isEqualTo("JCTDB-WILL 1 3 " + SECRET + "\n");
    assertThat(read("ip.log"))
        .contains("address del 192.0.2.7/24 dev eth1\naddress del fd00::7/64 dev eth1\n")
        .doesNotContain("reboot");
    ProcessHandle second = daemonNumber(2);
    assertThat(second.pid()).isNotEqualTo(first.pid());
    assertThat(read("log"))
        .contains("process " + first.pid() + ", has died: killed by SIGKILL")
        .contains("starting the daemon again in 1 s");
  }

  /**
   * Seen in the lab: the launcher, at real-time priority, took the only processor from the last
   * thread of the daemon, and waited for it in the kernel for half a second, turning.
   */
  @Test
  void itDoesNotKeepTheDaemonFromEndingOnTheOnlyProcessor() throws IOException {
    String processors = Files.readString(Path.of("/proc/self/status"));
    String processor = processors.replaceFirst("(?s).*Cpus_allowed_list:\\s*(\\d+).*", "$1");
    Path ready = run.resolve("ready");
    String java = Path.of(System.getProperty("java.home"), "bin/java").toString();
    Path daemon =
        daemon(
            "rm -f " + ready,
            String.join(
                " ",
                "exec",
                java,
                "-cp",
                System.getProperty("java.class.path"),
                ManyThreads.class.getName(),
                ready.toString()));
    launchBy(List.of("taskset", "-c", processor), daemon);
    for (int number = 1; number <= 3; number++) {
      ProcessHandle victim = daemonNumber(number);
      await().atMost(Duration.ofSeconds(20)).until(() -> Files.exists(ready));
      Files.delete(ready);
      victim.destroyForcibly();
      await().atMost(Duration.ofSeconds(20)).until(() -> !Files.exists(run.resolve("will")));
    }
    // A few hundredths of a second for each of them; at real-time priority it was nearly one.
    assertThat(launcher.info().totalCpuDuration().orElseThrow()).isLessThan(Duration.ofMillis(500));
  }

  @Test
  void connectionsAreResetWhileTheirAddressIsStillThere() throws IOException {
    launch(daemon(WAIT));
    daemonNumber(1).destroyForcibly();
    heardByOtherNode();
    assertThat(read("ip.log").lines().findFirst().orElseThrow())
        .startsWith("ss --kill --tcp ")
        .containsPattern("\\( src .* or src .* \\)$")
        .contains("src 192.0.2.7", "src [fd00::7]")
        .doesNotContain("reboot");
  }

  @Test
  void servicesThatWriteToSharedStorageEndWithTheDaemon() throws Exception {
    Process service = new ProcessBuilder("sleep", "600").start();
    Process other = new ProcessBuilder("sleep", "600").start();
    Files.createDirectories(run.resolve("end-with-daemon"));
    Files.writeString(
        run.resolve("end-with-daemon/tgtd"),
        service.pid() + " sleep\n" + other.pid() + " tgtd\nnonsense\n1\n");
    launch(daemon(WAIT));
    daemonNumber(1).destroyForcibly();

    assertThat(heardByOtherNode()).startsWith("JCTDB-WILL");
    assertThat(service.waitFor(1, TimeUnit.SECONDS)).as("before the others are told").isTrue();
    assertThat(other.isAlive()).as("its name has changed").isTrue();
    other.destroyForcibly();
  }

  @Test
  void whatTheDaemonRanDoesNotOutliveIt() throws IOException {
    // An event script in its own process group, and an smbd that does not notice.
    Path smbd = run.resolve("volatile").resolve("locking.tdb.3");
    Files.copy(Path.of("/bin/sleep").toRealPath(), smbd);
    Files.setPosixFilePermissions(smbd, PosixFilePermissions.fromString("rwxr-xr-x"));
    launch(
        daemon(
            "set -m",
            "sleep 601 & echo $! >" + run + "/script.pid",
            "set +m",
            "setsid " + smbd + " 602 & echo $! >" + run + "/smbd.pid",
            WAIT));
    await().atMost(Duration.ofSeconds(20)).until(() -> !read("smbd.pid").isBlank());
    ProcessHandle daemon = daemonNumber(1);
    String script = read("script.pid").strip();
    String user = read("smbd.pid").strip();
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> Files.readString(Path.of("/proc", user, "maps")).contains("locking.tdb.3"));
    daemon.destroyForcibly();
    heardByOtherNode();
    assertThat(runs(script)).isFalse();
    assertThat(runs(user)).isFalse();
  }

  /** Whether it is there and more than an entry that nobody has asked for yet. */
  private static boolean runs(String pid) {
    try {
      return !Files.readString(Path.of("/proc", pid, "stat")).matches("(?s).*\\) [ZX] .*");
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void anAddressThatStaysOnItsInterfaceIsNotSaidToHaveGone() throws IOException {
    Files.writeString(run.resolve("present"), "3: eth1    inet 192.0.2.7/32 scope global eth1\n");
    launch(daemon(WAIT));
    daemonNumber(1).destroyForcibly();
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> read("ip.log").contains("address del 192.0.2.7/32 dev eth1"));
    otherNode.setSoTimeout(300);
    assertThatThrownBy(this::heardByOtherNode).isInstanceOf(SocketTimeoutException.class);
    otherNode.setSoTimeout(20_000);
    Files.delete(run.resolve("present"));
    assertThat(heardByOtherNode()).startsWith("JCTDB-WILL 1 3 ");
  }

  @Test
  void sigtermEndsBothInOrder() throws Exception {
    launch(daemon("trap 'echo left yes >>" + run + "/will; exit 143' TERM", WAIT));
    ProcessHandle daemon = daemonNumber(1);
    launcher.destroy();
    assertThat(exitStatus()).isZero();
    assertThat(daemon.isAlive()).isFalse();
    assertThat(run.resolve("will")).doesNotExist();
    assertThat(read("ip.log")).isEmpty();
  }

  @Test
  void soDoesCtdbShutdown() throws Exception {
    launch(daemon("trap 'echo left yes >>" + run + "/will; exit 0' USR1", WAIT));
    ProcessHandle daemon = daemonNumber(1);
    new ProcessBuilder("kill", "-USR1", "" + daemon.pid()).start().waitFor();
    assertThat(exitStatus()).isZero();
    assertThat(read("pids").lines()).hasSize(1);
  }

  @Test
  void aDaemonThatDiesWhileItEndsIsWoundUpButNotStartedAgain() throws Exception {
    launch(daemon("trap 'echo restart no >>" + run + "/will; kill -9 $$' USR1", WAIT));
    ProcessHandle daemon = daemonNumber(1);
    new ProcessBuilder("kill", "-USR1", "" + daemon.pid()).start().waitFor();
    assertThat(heardByOtherNode()).startsWith("JCTDB-WILL 1 3 ");
    assertThat(exitStatus()).isEqualTo(137);
    assertThat(read("pids").lines()).hasSize(1);
  }

  @Test
  void aDaemonThatCannotStartIsReportedAndNotTriedAgain() throws Exception {
    launch(script("daemon", "echo \"ctdbd: no nodes file $*\" >&2", "exit 1"), "-i");
    assertThat(exitStatus()).isEqualTo(1);
    assertThat(read("out")).isEqualTo("ctdbd: no nodes file -i\n");
    assertThat(read("ip.log")).isEmpty();
  }

  @Test
  void aSecondDaemonThatFindsAnotherRunningDoesNotGiveAwayItsSecret() throws Exception {
    daemon(WAIT);
    Files.writeString(
        run.resolve("will"),
        "pid 1\npnn 3\nsecret "
            + SECRET
            + "\nport "
            + otherNode.getLocalPort()
            + "\npeer 127.0.0.1\naddresses "
            + run
            + "/held\n");
    launch(script("daemon", "exit 1"));
    assertThat(exitStatus()).isEqualTo(1);
    assertThat(read("ip.log")).isEmpty();
    assertThat(read("will")).contains(SECRET);
    otherNode.setSoTimeout(200);
    assertThatThrownBy(this::heardByOtherNode).isInstanceOf(SocketTimeoutException.class);
  }

  @Test
  void aMissingOrDamagedWillHarmsNobody() throws Exception {
    launch(
        daemon("echo 'databases ' >>" + run + "/will", "echo secret x >>" + run + "/will", WAIT));
    daemonNumber(1).destroyForcibly();
    daemonNumber(2);
    assertThat(launcher.isAlive()).isTrue();
    otherNode.setSoTimeout(200);
    assertThatThrownBy(this::heardByOtherNode).isInstanceOf(SocketTimeoutException.class);
  }
}
