package io.jctdb.daemon.addresses;

import io.jctdb.iptakeover.AddressEvents;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notes in a file every public address that this process may have put on an interface, before the
 * event script does so: lines {@code ADDRESS/BITS INTERFACE}. Should the process die, its launcher
 * removes those that are there. An address that has been released stays noted: removing what is not
 * there costs nothing, and forgetting one that is costs everything.
 *
 * <p>Owner thread only.
 */
public final class HeldAddresses implements AddressEvents {
  private static final Logger log = LoggerFactory.getLogger(HeldAddresses.class);

  private final Path path;
  private final FileChannel file;
  private final Set<String> noted = new HashSet<>();
  private final AddressEvents events;
  private final Runnable unwritable;

  /**
   * @param events runs the events
   * @param unwritable called when the file does not tell the truth any more
   */
  public HeldAddresses(Path path, AddressEvents events, Runnable unwritable) throws IOException {
    this.path = path;
    this.events = events;
    this.unwritable = unwritable;
    this.file =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE);
  }

  @Override
  public void run(String event, List<String> arguments, IntConsumer status) {
    switch (event) {
      case "takeip" -> note(arguments.get(0), arguments.get(1), arguments.get(2));
      case "updateip" -> note(arguments.get(1), arguments.get(2), arguments.get(3));
      default -> {}
    }
    events.run(event, arguments, status);
  }

  private void note(String interfaceName, String address, String bits) {
    String line = address + "/" + bits + " " + interfaceName + "\n";
    if (!noted.add(line)) {
      return;
    }
    try {
      ByteBuffer bytes = ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        file.write(bytes);
      }
    } catch (IOException e) {
      log.error("{}: cannot be written: {}", path, e.toString());
      noted.remove(line);
      unwritable.run();
    }
  }
}
