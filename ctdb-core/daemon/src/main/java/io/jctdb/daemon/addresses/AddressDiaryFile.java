package io.jctdb.daemon.addresses;

import io.jctdb.iptakeover.AddressDiary;
import io.jctdb.protocol.AddressStory;
import io.jctdb.protocol.NumericAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@link AddressDiary} in a text file, one event a line: milliseconds since 1970, {@code leader} or
 * {@code node}, the address and what happened, with tabs between. It is for people to read, and
 * nothing depends on it: a line that makes no sense is passed over, a disk that does not write
 * costs lines and nothing else, and only the newest {@link #LINES_MAX} lines outlive a restart.
 *
 * <p>Written by a thread of its own, because the owner thread must not wait for a disk.
 */
public final class AddressDiaryFile implements AddressDiary, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(AddressDiaryFile.class);
  static final int LINES_MAX = 20_000;

  /** So many lines may wait for the disk. */
  private static final int WAITING_MAX = 1_000;

  private final Path file;
  private final List<String> earlier;
  private final ThreadPoolExecutor writer =
      new ThreadPoolExecutor(
          1,
          1,
          0,
          TimeUnit.SECONDS,
          new ArrayBlockingQueue<>(WAITING_MAX),
          Thread.ofPlatform().name("address-diary").daemon().factory(),
          new ThreadPoolExecutor.DiscardPolicy());
  private long written;
  private boolean complained;

  private record Line(InetAddress address, AddressStory.Event event) {}

  /** Reads what is there. */
  public AddressDiaryFile(Path file) {
    this.file = file;
    this.earlier = newest(lines());
    writer.execute(this::shorten);
  }

  private List<String> lines() {
    try {
      return Files.readAllLines(file, StandardCharsets.ISO_8859_1);
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      log.warn("{}: what happened to public addresses before is not known: {}", file, e.toString());
      return List.of();
    }
  }

  private static List<String> newest(List<String> lines) {
    return lines.subList(Math.max(0, lines.size() - LINES_MAX / 2), lines.size());
  }

  @Override
  public void read(BiConsumer<InetAddress, AddressStory.Event> reader) {
    for (String text : earlier) {
      Line line = parse(text);
      if (line != null) {
        reader.accept(line.address, line.event);
      }
    }
  }

  private static @Nullable Line parse(String text) {
    String[] words = text.split("\t", 4);
    if (words.length < 4 || !words[0].matches("[0-9]{1,18}")) {
      return null;
    }
    InetAddress address = NumericAddress.parse(words[2]);
    return address == null
        ? null
        : new Line(
            address,
            new AddressStory.Event(Long.parseLong(words[0]), words[1].equals("leader"), words[3]));
  }

  @Override
  public void write(InetAddress address, AddressStory.Event event) {
    String line =
        event.epochMillis()
            + (event.byLeader() ? "\tleader\t" : "\tnode\t")
            + NumericAddress.toString(address)
            + "\t"
            + event.text().replaceAll("\\p{Cntrl}", " ")
            + "\n";
    writer.execute(() -> append(line));
  }

  private void append(String line) {
    try {
      if (++written % (LINES_MAX / 2) == 0) {
        shorten();
      }
      Files.writeString(
          file,
          line,
          StandardCharsets.ISO_8859_1,
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      complain(e);
    }
  }

  /** Leaves the newest lines. */
  private void shorten() {
    try {
      List<String> lines = new ArrayList<>(lines());
      if (lines.size() > LINES_MAX / 2) {
        Path shorter = file.resolveSibling(file.getFileName() + ".new");
        Files.write(shorter, newest(lines), StandardCharsets.ISO_8859_1);
        Files.move(shorter, file, StandardCopyOption.ATOMIC_MOVE);
      }
    } catch (IOException e) {
      complain(e);
    }
  }

  private void complain(IOException e) {
    if (!complained) {
      log.warn("{}: what happens to public addresses is not kept: {}", file, e.toString());
      complained = true;
    }
  }

  /** Writes what waits. */
  @Override
  public void close() {
    writer.shutdown();
    try {
      if (!writer.awaitTermination(1, TimeUnit.SECONDS)) {
        log.warn("{}: the last lines are not written yet", file);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
