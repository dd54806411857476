package io.jctdb.protocol;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/** The captured packets in src/test/resources/vectors, one scenario a file. */
final class Vectors {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private Vectors() {}

  /** One captured packet. */
  record Vector(String scenario, JsonNode entry) {
    byte[] bytes() {
      return HexFormat.of().parseHex(entry.get("hex").asText());
    }

    boolean isDecoded() {
      return entry.has("decoded");
    }

    JsonNode header() {
      return entry.get("decoded").get("header");
    }

    JsonNode body() {
      return entry.get("decoded").get("body");
    }

    /** {@code c2d}, {@code d2c} or {@code n2n}. */
    String direction() {
      return entry.get("dir").asText();
    }

    @Override
    public String toString() {
      return scenario + " #" + entry.get("n") + " " + entry.get("desc").asText();
    }
  }

  static List<Path> files() throws IOException, URISyntaxException {
    Path folder =
        Path.of(Objects.requireNonNull(Vectors.class.getResource("/vectors"), "vectors").toURI());
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  static List<Vector> read(Path file) {
    List<Vector> vectors = new ArrayList<>();
    try (var in = new GZIPInputStream(Files.newInputStream(file))) {
      JsonNode scenario = MAPPER.readTree(in);
      for (JsonNode entry : scenario.get("packets")) {
        if (entry.has("hex")) {
          vectors.add(new Vector(scenario.get("scenario").asText(), entry));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return vectors;
  }
}
