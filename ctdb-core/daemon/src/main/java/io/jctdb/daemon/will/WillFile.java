package io.jctdb.daemon.will;

import io.jctdb.recovery.LastWill;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file {@code will} in the run directory, readable by its owner alone: what the launcher needs
 * when this process has died, in lines {@code key value} (the launcher's own text names the keys).
 * Every change replaces it as a whole.
 *
 * <p>Threading: any thread.
 */
public final class WillFile {
  private static final Logger log = LoggerFactory.getLogger(WillFile.class);

  private final Path path;
  private final Content content;
  private final byte[] secret = LastWill.newSecret();
  private List<InetAddress> peers;
  private boolean written;
  private String end = "";

  /**
   * What does not change.
   *
   * @param port of the nodes, UDP
   * @param databases directory of the volatile databases
   * @param heldAddresses file of the public addresses that this node may hold
   * @param log where the launcher is to log, as in ctdb.conf
   */
  public record Content(int pnn, int port, Path databases, Path heldAddresses, String log) {}

  public WillFile(Path path, Content content, List<InetAddress> peers) {
    this.path = path;
    this.content = content;
    this.peers = List.copyOf(peers);
  }

  /** What this node's membership record is to say. */
  public String hash() {
    return LastWill.hashOf(secret);
  }

  /** Before this process becomes anything that others would have to wait for. */
  public synchronized void write() throws IOException {
    written = true;
    replace();
  }

  /** The other nodes are now these. */
  public synchronized void setPeers(List<InetAddress> now) {
    peers = List.copyOf(now);
    rewrite();
  }

  /** This daemon was told to end: whatever happens from now on, it is not to be started again. */
  public synchronized void ending() {
    end = "restart no\n";
    rewrite();
  }

  /** This daemon has left the cluster in good order. */
  public synchronized void left() {
    end = "restart no\nleft yes\n";
    rewrite();
  }

  /**
   * The launcher cannot know any more what this process holds, and must not say it holds nothing.
   */
  public synchronized void revoke() {
    written = false;
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      log.error("{}: cannot be removed: {}", path, e.toString());
    }
  }

  private void rewrite() {
    if (!written) {
      return;
    }
    try {
      replace();
    } catch (IOException e) {
      log.error("{}: cannot be written: {}", path, e.toString());
    }
  }

  private void replace() throws IOException {
    Path fresh = path.resolveSibling(path.getFileName() + ".new");
    Files.deleteIfExists(fresh);
    try (SeekableByteChannel channel =
        Files.newByteChannel(
            fresh,
            EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
      ByteBuffer bytes = ByteBuffer.wrap(text().getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    }
    Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE);
  }

  private String text() {
    StringBuilder text = new StringBuilder();
    line(text, "pid", ProcessHandle.current().pid());
    line(text, "pnn", content.pnn());
    line(text, "secret", HexFormat.of().formatHex(secret));
    line(text, "port", content.port());
    peers.forEach(peer -> line(text, "peer", peer.getHostAddress()));
    line(text, "databases", content.databases());
    line(text, "addresses", content.heldAddresses());
    line(text, "log", content.log());
    return text.append(end).toString();
  }

  private static void line(StringBuilder text, String key, Object value) {
    text.append(key).append(' ').append(value.toString().replace('\n', ' ')).append('\n');
  }
}
