package io.jctdb.tests.live;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;

/**
 * A cluster of one: the daemon as a process of its own, with everything below one directory, on a
 * loopback address and ports that nobody else uses.
 */
@NullUnmarked // what a story has not started yet is not used by it
final class LiveDaemon implements AutoCloseable {
  static final int START_SECONDS_MAX = 60;

  private final Path base;
  private final String address;
  private List<String> prefix = List.of();
  private Process process;

  private LiveDaemon(Path base, String address) {
    this.base = base;
    this.address = address;
  }

  /** Lays out the directory; starts nothing. */
  static LiveDaemon in(Path base) throws IOException {
    // Runs of this test on one machine do not meet: the process id chooses the address.
    long pid = ProcessHandle.current().pid();
    String address =
        "127." + (64 + pid / 62_500 % 64) + "." + pid / 250 % 250 + "." + (1 + pid % 250);
    LiveDaemon daemon = new LiveDaemon(base, address);
    for (String directory :
        List.of(
            "run",
            "share/events/legacy",
            "events/legacy",
            "var/log",
            "var/volatile",
            "var/persistent",
            "var/state")) {
      Files.createDirectories(base.resolve(directory));
    }
    daemon.write("nodes", address + "\n");
    daemon.configure("");
    return daemon;
  }

  /** The configuration, with {@code more} at the end of its section {@code [jctdb]}. */
  void configure(String more) throws IOException {
    write(
        "ctdb.conf",
        """
        [logging]
          location = file:%s
          log level = INFO
        [jctdb]
          transport security = plaintext
          node port = %d
          zookeeper port = %d
        %s"""
            .formatted(logFile(), freePort(), freePort(), more));
  }

  /**
   * From the next start on, persistent databases are in a file system of that size, which lives and
   * dies with the daemon's process. Only root can do this.
   */
  void limitPersistentSpace(String size) {
    prefix =
        List.of(
            "unshare",
            "--mount",
            "sh",
            "-c",
            "mount -t tmpfs -o size=" + size + " limited \"$0\" && exec \"$@\"",
            base.resolve("var/persistent").toString());
  }

  private int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName(address))) {
      return socket.getLocalPort();
    }
  }

  void write(String name, String text) throws IOException {
    Files.writeString(base.resolve(name), text);
  }

  Path base() {
    return base;
  }

  String address() {
    return address;
  }

  Path socket() {
    return base.resolve("run/ctdbd.socket");
  }

  Path logFile() {
    return base.resolve("var/log/log.ctdb");
  }

  String log() throws IOException {
    return Files.exists(logFile()) ? Files.readString(logFile()) : "";
  }

  /** Starts it, and waits until its node is up and healthy. */
  LiveDaemon start() throws IOException, InterruptedException {
    process = launch();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS_MAX);
    while (!isHealthy()) {
      if (!process.isAlive() || System.nanoTime() > end) {
        throw new IOException("the daemon did not start: " + output() + log());
      }
      TimeUnit.MILLISECONDS.sleep(50);
    }
    return this;
  }

  private boolean isHealthy() {
    try (Client client = new Client(socket())) {
      return client.isHealthy();
    } catch (IOException e) {
      return false; // not yet
    }
  }

  /** Starts one that is expected to end by itself. */
  Process launch() throws IOException {
    List<String> command = new ArrayList<>(prefix);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            System.getProperty("java.class.path"),
            "io.jctdb.daemon.Main"));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.redirectOutput(ProcessBuilder.Redirect.to(base.resolve("output").toFile()));
    Map<String, String> environment = builder.environment();
    environment.put("CTDB_TEST_MODE", "1");
    environment.put("CTDB_BASE", base.toString());
    environment.remove("CTDB_SOCKET");
    return builder.start();
  }

  /** What it wrote to its standard output and error. */
  String output() throws IOException {
    return Files.readString(base.resolve("output"));
  }

  boolean isRunning() {
    return process.isAlive();
  }

  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  Client connect() throws IOException {
    return new Client(socket());
  }

  @Override
  public void close() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(20, TimeUnit.SECONDS)) {
      kill();
    }
  }
}
