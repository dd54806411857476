package io.jctdb.cli;

import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.NodeMap;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;

/** The files of the machine on which a transcript was made. */
final class ReplayFixture {
  private final Transcript transcript;

  ReplayFixture(Transcript transcript) {
    this.transcript = transcript;
  }

  void provide(Map<String, byte[]> files) {
    if (!transcript.name().equals("no-daemon-no-nodes-file")) {
      files.put("/etc/ctdb/nodes", text(nodes()));
    }
    files.put(
        "/root/cb/nodes",
        text(
            transcript.name().contains("hostname")
                ? "host.example\n"
                : "192.0.2.11\n\n # 192.0.2.12\n  192.0.2.13 \n\n2001:db8::5\n"));
    files.put("/root/empty.bak", new byte[0]);
    files.put("/etc/ctdb/functions", text("# Hey Emacs, this is not a backup"));
    if (!transcript.name().endsWith("-vol")) {
      files.put("/root/b.bak", backup());
    }
  }

  private String nodes() {
    for (Transcript.Line line : transcript.trace()) {
      if (!line.fromTool() && line.word(1).equals("GET_NODES_FILE")) {
        StringBuilder nodes = new StringBuilder();
        for (NodeMap.Node node : NodeMap.decode(line.data()).nodes()) {
          String hash = node.has(NodeFlags.DELETED) ? "#" : "";
          nodes.append(hash).append(node.address().host()).append('\n');
        }
        return nodes.toString();
      }
    }
    String three = "192.0.2.11\n192.0.2.12\n192.0.2.13\n";
    return switch (transcript.state()) {
      case "n3-new-down" -> three + "192.0.2.14\n";
      case "n3-deleted" -> three + "#192.0.2.14\n";
      default -> three;
    };
  }

  /** The backup of the transcripts, from its hexadecimal dump. */
  private static byte[] backup() {
    try {
      byte[] dump = Objects.requireNonNull(Transcript.files().get("backupdb.hexdump"));
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      for (String line : new String(dump, StandardCharsets.US_ASCII).split("\n")) {
        if (line.length() > 50) {
          String hex = line.substring(10, 50).replace(" ", "");
          bytes.writeBytes(HexFormat.of().parseHex(hex));
        }
      }
      return bytes.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
