package io.jctdb.cli;

import io.jctdb.protocol.NumericAddress;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The {@code nodes} file as the tool reads it (cli.md 4.7). */
final class NodesFile {
  private NodesFile() {}

  /** A line; without an address it is a deleted node, which keeps its number. */
  record Entry(int pnn, @Nullable InetAddress address) {}

  /** All entries, or null after saying on stderr why they cannot be read. */
  static @Nullable List<Entry> read(Host host) {
    Path file = Installation.nodesFile(host);
    List<Entry> entries = null;
    try (InputStream in = host.read(file)) {
      entries = parse(host, new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      // said below
    }
    if (entries == null) {
      host.err().line("Failed to read nodes file \"" + file + "\"");
    }
    return entries;
  }

  private static @Nullable List<Entry> parse(Host host, String content) {
    List<Entry> entries = new ArrayList<>();
    int start = 0;
    while (start < content.length()) {
      int newline = content.indexOf('\n', start);
      int end = newline < 0 ? content.length() : newline;
      String line = content.substring(start, end).strip();
      start = end + 1;
      if (line.isEmpty()) {
        continue; // does not consume a number
      }
      if (line.startsWith("#")) {
        entries.add(new Entry(entries.size(), null));
        continue;
      }
      InetAddress address = NumericAddress.parse(line);
      if (address == null) {
        host.err().line("Invalid IP address " + line);
        return null;
      }
      entries.add(new Entry(entries.size(), address));
    }
    return entries;
  }
}
