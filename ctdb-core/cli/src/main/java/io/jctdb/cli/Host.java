package io.jctdb.cli;

import io.jctdb.protocol.Connection;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything outside the tool that a command touches. One implementation is the real system; tests
 * have another, in which time passes at once and the daemon is a transcript.
 */
interface Host {
  @Nullable String env(String name);

  Output out();

  Output err();

  InputStream in();

  int pid();

  /** Monotonic time. */
  long nanoTime();

  void sleep(long millis);

  /** Sleeping and waiting beyond this point of {@link #nanoTime} throws {@link ToolFailure}. */
  void setDeadline(long nanoTime);

  Wire connect(Path socket) throws ConnectFailure;

  InputStream read(Path file) throws IOException;

  /** Whether this address belongs to this machine. */
  boolean isLocalAddress(InetAddress address);

  /**
   * Runs a helper on our standard streams.
   *
   * @return 0–255 its exit status, or 256 + the signal that ended it; 64 + errno if it cannot be
   *     run
   */
  int run(List<String> command);

  /** Sends one TCP ACK that provokes a challenge; false after saying why not on stderr. */
  boolean sendTickle(Connection connection);

  /** Opens a TDB file; {@code tdbFlags} as libtdb defines them. */
  RecordFile open(Path file, int tdbFlags, boolean writable);

  /** No connection to the daemon; {@code errno} as connect(2) gives it. */
  final class ConnectFailure extends Exception {
    private static final long serialVersionUID = 1L;
    final int errno;

    ConnectFailure(int errno) {
      super("errno " + errno, null, false, false);
      this.errno = errno;
    }
  }
}
