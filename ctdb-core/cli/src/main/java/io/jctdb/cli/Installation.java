package io.jctdb.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where things are (events-and-config.md 1.1): Debian's places, or, with {@code CTDB_TEST_MODE}
 * set, everything below {@code CTDB_BASE}, so that several nodes can live on one host.
 */
final class Installation {
  private Installation() {}

  static Path daemonSocket(Host host) {
    String socket = host.env("CTDB_SOCKET");
    return socket != null ? Path.of(socket) : runDirectory(host).resolve("ctdbd.socket");
  }

  private static Path runDirectory(Host host) {
    String base = testBase(host);
    return base != null ? Path.of(base, "run") : Path.of("/run/ctdb");
  }

  /** The nodes file; {@code CTDB_BASE} moves it even outside test mode (cli.md 1.7). */
  static Path nodesFile(Host host) {
    String base = host.env("CTDB_BASE");
    return Path.of(base != null ? base : "/etc/ctdb", "nodes");
  }

  /** A helper program: from the environment, or beside the other helpers. */
  static String helper(Host host, String variable, String name) {
    String chosen = host.env(variable);
    if (chosen != null) {
      return chosen;
    }
    String home = System.getProperty("jctdb.home");
    return (home != null ? home : "/usr") + "/libexec/ctdb/" + name;
  }

  private static @Nullable String testBase(Host host) {
    if (host.env("CTDB_TEST_MODE") == null) {
      return null;
    }
    String base = host.env("CTDB_BASE");
    if (base == null) {
      host.err().line("CTDB_TEST_MODE is set, but CTDB_BASE is not");
      throw new ToolFailure(1);
    }
    return base;
  }
}
