package io.jctdb.recovery;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;

/**
 * The ZooKeeper servers with which this node has taken part in the cluster, on its disk: one line
 * below a comment. Written before the node is a member for the first time, and never changed by the
 * daemon afterwards; see {@link EnsembleRule}.
 */
public final class EnsembleRecord {
  private static final String COMMENT =
      "# The ZooKeeper servers that the cluster has agreed on. To change them: shut down the daemons"
          + " of all nodes,\n# remove this file on all nodes, then start them (operations guide,"
          + " \"Changing the nodes file\").\n";

  private final Path path;

  /**
   * @param directory of this node's ZooKeeper; need not exist yet
   */
  public EnsembleRecord(Path directory) {
    this.path = directory.resolve("ensemble");
  }

  public Path path() {
    return path;
  }

  /**
   * What stands there.
   *
   * @throws IOException the file is there and cannot be used; the message names it
   */
  public Optional<String> read() throws IOException {
    if (!Files.exists(path)) {
      return Optional.empty();
    }
    List<String> lines =
        Files.readAllLines(path, StandardCharsets.UTF_8).stream()
            .map(String::strip)
            .filter(line -> !line.isEmpty() && !line.startsWith("#"))
            .toList();
    if (lines.size() != 1) {
      throw new IOException(
          path
              + ": one line with the ZooKeeper servers is expected, not "
              + lines.size()
              + "; if another node of the cluster runs, remove the file, and this node asks it");
    }
    return Optional.of(lines.getFirst());
  }

  /** On disk when this returns. */
  public void write(String ensemble) throws IOException {
    Path directory = path.toAbsolutePath().getParent();
    Files.createDirectories(directory);
    Path fresh = path.resolveSibling(path.getFileName() + ".new");
    try (FileChannel file =
        FileChannel.open(
            fresh,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer bytes =
          ByteBuffer.wrap((COMMENT + ensemble + "\n").getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        file.write(bytes);
      }
      file.force(true);
    }
    Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE);
    try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
      names.force(true);
    }
  }
}
