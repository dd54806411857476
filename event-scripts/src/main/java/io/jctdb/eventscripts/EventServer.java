package io.jctdb.eventscripts;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Serves {@code eventd.socket}, so that {@code ctdb event run}, {@code ctdb event status} and
 * {@code ctdb scriptstatus} work, our own tool's and the stock one's (events-and-config 1.13).
 *
 * <p>Where ctdbd has a process of its own for this, here it is a few threads of the daemon; the pid
 * file names the daemon.
 */
public final class EventServer implements AutoCloseable {
  private static final int BACKLOG = 10;
  private static final Duration ACCEPT_PAUSE = Duration.ofSeconds(1);

  private final Path socket;
  private final Path pidFile;
  private final FileChannel pidChannel;
  private final ServerSocketChannel listener;
  private final EventRunner runner;
  private final Set<EventConnection> connections = ConcurrentHashMap.newKeySet();

  private EventServer(
      Path socket,
      Path pidFile,
      FileChannel pidChannel,
      ServerSocketChannel listener,
      EventRunner runner) {
    this.socket = socket;
    this.pidFile = pidFile;
    this.pidChannel = pidChannel;
    this.listener = listener;
    this.runner = runner;
  }

  /**
   * Locks and writes the pid file, replaces a stale socket and begins to accept.
   *
   * @throws IOException when another process holds the pid file's lock, or the socket cannot be
   *     made
   */
  public static EventServer start(Path socket, Path pidFile, EventRunner runner)
      throws IOException {
    FileChannel pidChannel = lockPidFile(pidFile);
    try {
      Files.deleteIfExists(socket);
      ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        listener.bind(UnixDomainSocketAddress.of(socket), BACKLOG);
        // Whoever may write to it may run scripts as root.
        Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rwx------"));
      } catch (IOException e) {
        listener.close();
        throw e;
      }
      EventServer server = new EventServer(socket, pidFile, pidChannel, listener, runner);
      Thread.ofVirtual().name("eventd-accept").start(server::accept);
      return server;
    } catch (IOException e) {
      pidChannel.close();
      throw new IOException("the event socket " + socket + " cannot be made: " + e.getMessage(), e);
    }
  }

  private static FileChannel lockPidFile(Path pidFile) throws IOException {
    FileChannel channel =
        FileChannel.open(pidFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    FileLock lock = null;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException _) {
      // Held by this very process, which is as bad.
    }
    if (lock == null) {
      channel.close();
      throw new IOException(
          pidFile + " is locked by another event daemon; stop it first (fuser " + pidFile + ")");
    }
    channel.truncate(0);
    String pid = ProcessHandle.current().pid() + "\n";
    int _ = channel.write(ByteBuffer.wrap(pid.getBytes(StandardCharsets.US_ASCII)));
    return channel;
  }

  private void accept() {
    while (listener.isOpen()) {
      try {
        SocketChannel channel = listener.accept();
        connections.removeIf(connection -> !connection.isOpen());
        EventConnection connection = new EventConnection(channel, runner);
        connections.add(connection);
        connection.start();
      } catch (IOException e) {
        if (listener.isOpen()) {
          ScriptLog.EVENTD.error("a client of {} could not be accepted: {}", socket, e.toString());
          pause();
        }
      }
    }
  }

  /** Out of descriptors, most likely: not a reason to fill the log. */
  private static void pause() {
    try {
      Thread.sleep(ACCEPT_PAUSE);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /** Stops accepting, cuts clients off, and removes socket and pid file. */
  @Override
  public void close() throws IOException {
    listener.close();
    connections.forEach(EventConnection::close);
    Files.deleteIfExists(socket);
    Files.deleteIfExists(pidFile);
    pidChannel.close();
  }
}
