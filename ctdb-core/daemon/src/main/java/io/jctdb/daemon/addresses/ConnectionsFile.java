package io.jctdb.daemon.addresses;

import io.jctdb.iptakeover.ConnectionKeeper;
import io.jctdb.protocol.Connection;
import io.jctdb.protocol.NumericAddress;
import io.jctdb.protocol.SockAddr;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@link ConnectionKeeper} in a text file, one connection a line, client first, as {@code ctdb
 * addtickle} reads them: {@code 10.0.0.9:50000 10.0.0.101:445}. Not forced to the disk: what a
 * power cut leaves is as good as what was known some seconds before. A line that makes no sense is
 * passed over.
 *
 * <p>Written by a thread of its own, because the owner thread must not wait for a disk; when that
 * is slow, what is newer takes the place of what waits.
 */
public final class ConnectionsFile implements ConnectionKeeper, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ConnectionsFile.class);

  private final Path file;
  private final ThreadPoolExecutor writer =
      new ThreadPoolExecutor(
          1,
          1,
          0,
          TimeUnit.SECONDS,
          new ArrayBlockingQueue<>(1),
          Thread.ofPlatform().name("connections-file").daemon().factory(),
          new ThreadPoolExecutor.DiscardOldestPolicy());
  private boolean complained;

  public ConnectionsFile(Path file) {
    this.file = file;
  }

  @Override
  public List<Connection> read() {
    List<Connection> connections = new ArrayList<>();
    try {
      for (String line : Files.readAllLines(file, StandardCharsets.ISO_8859_1)) {
        String[] ends = line.split(" ", -1);
        SockAddr source = ends.length == 2 ? parse(ends[0]) : null;
        SockAddr destination = ends.length == 2 ? parse(ends[1]) : null;
        if (source != null && destination != null && source.isIpv4() == destination.isIpv4()) {
          connections.add(new Connection(source, destination));
        }
      }
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      log.warn("{}: clients of an earlier life are not known: {}", file, e.toString());
    }
    return connections;
  }

  /** {@code 10.0.0.1:445} or {@code [fd00::1]:445}; null for anything else. */
  private static @Nullable SockAddr parse(String text) {
    int colon = text.lastIndexOf(':');
    if (colon < 0 || !text.substring(colon + 1).matches("[0-9]{1,5}")) {
      return null;
    }
    int port = Integer.parseInt(text.substring(colon + 1));
    String host = text.substring(0, colon);
    boolean bracketed = host.startsWith("[") && host.endsWith("]") && host.length() > 2;
    InetAddress address =
        NumericAddress.parse(bracketed ? host.substring(1, host.length() - 1) : host);
    return address == null || port > 0xFFFF ? null : new SockAddr(address, port);
  }

  @Override
  public void write(List<Connection> connections) {
    writer.execute(() -> replace(connections));
  }

  private void replace(List<Connection> connections) {
    try {
      Path next = file.resolveSibling(file.getFileName() + ".new");
      Files.write(
          next,
          connections.stream().map(one -> one.source() + " " + one.destination()).toList(),
          StandardCharsets.ISO_8859_1);
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      if (!complained) {
        log.warn("{}: the clients of public addresses are not kept: {}", file, e.toString());
        complained = true;
      }
    }
  }

  /** Writes what waits. */
  @Override
  public void close() {
    writer.shutdown();
    try {
      if (!writer.awaitTermination(1, TimeUnit.SECONDS)) {
        log.warn("{}: the last clients of public addresses are not written yet", file);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
