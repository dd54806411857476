package io.jctdb.cli;

import io.jctdb.linux.Errno;
import io.jctdb.linux.NetworkException;
import io.jctdb.linux.TdbException;
import io.jctdb.linux.TickleSocket;
import io.jctdb.protocol.Connection;
import io.jctdb.protocol.SockAddr;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** This machine. */
final class SystemHost implements Host {
  private static final int ENOENT = 2;
  private static final int EACCES = 13;
  private static final int EXEC_FAILED = 64;
  private static final int SIGNALLED = 128;

  private final Output out = new Output(new FileOutputStream(FileDescriptor.out));
  private final Output err = new Output(new FileOutputStream(FileDescriptor.err));

  @Override
  public @Nullable String env(String name) {
    return System.getenv(name);
  }

  @Override
  public Output out() {
    return out;
  }

  @Override
  public Output err() {
    return err;
  }

  @Override
  public InputStream in() {
    return new FileInputStream(FileDescriptor.in);
  }

  @Override
  public int pid() {
    return (int) ProcessHandle.current().pid();
  }

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }

  @Override
  public void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ToolFailure(1);
    }
  }

  /** A thread, because nothing else ends a wait for a lock or for a helper. */
  @Override
  public void setDeadline(long deadline) {
    Thread alarm = new Thread(new Alarm(deadline), "maximum runtime");
    alarm.setDaemon(true);
    alarm.start();
  }

  private final class Alarm implements Runnable {
    private final long deadline;

    Alarm(long deadline) {
      this.deadline = deadline;
    }

    @Override
    public void run() {
      long left = deadline - System.nanoTime();
      while (left > 0) {
        sleep(left / 1_000_000 + 1);
        left = deadline - System.nanoTime();
      }
      err.line("Maximum runtime exceeded - exiting");
      Runtime.getRuntime().halt(1);
    }
  }

  @Override
  public Wire connect(Path socket) throws ConnectFailure {
    return UnixWire.connect(socket);
  }

  @Override
  public InputStream read(Path file) throws IOException {
    return Files.newInputStream(file);
  }

  @Override
  public boolean isLocalAddress(InetAddress address) {
    try (DatagramSocket probe = new DatagramSocket(new InetSocketAddress(address, 0))) {
      return probe.isBound();
    } catch (SocketException e) {
      return false;
    }
  }

  @Override
  public int run(List<String> command) {
    Path program = Path.of(command.getFirst());
    if (!Files.exists(program)) {
      return EXEC_FAILED + ENOENT;
    }
    try {
      int status = new ProcessBuilder(command).inheritIO().start().waitFor();
      // The JDK reports a signal s as 128 + s.
      return status > SIGNALLED && status <= SIGNALLED + 64 && status != 255
          ? 256 + status - SIGNALLED
          : status;
    } catch (IOException e) {
      return EXEC_FAILED + (Files.isExecutable(program) ? ENOENT : EACCES);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ToolFailure(1);
    }
  }

  @Override
  public boolean sendTickle(Connection connection) {
    InetSocketAddress from = socketAddress(connection.source());
    InetSocketAddress to = socketAddress(connection.destination());
    try (TickleSocket socket = TickleSocket.open()) {
      socket.tickle(from, to);
      return true;
    } catch (NetworkException e) {
      err.line("Failed sendto (" + Errno.text(e.errno()) + ")");
      return false;
    }
  }

  private static InetSocketAddress socketAddress(SockAddr address) {
    return new InetSocketAddress(address.address(), address.port());
  }

  @Override
  public RecordFile open(Path file, int tdbFlags, boolean writable) {
    try {
      return new TdbRecordFile(file, tdbFlags, writable);
    } catch (TdbException e) {
      err.line("Failed to open TDB file " + file);
      throw new ToolFailure(1);
    }
  }
}
