package io.jctdb.daemon.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Reads the lines of a small text file; bytes that are no UTF-8 become replacement characters. */
final class ConfigFile {
  /** No configuration file is near this size; a larger one is a mistake (a log, a device). */
  private static final int BYTES_MAX = 1 << 20;

  private ConfigFile() {}

  /** The lines of the file, or nothing when there is no such file. */
  static Optional<List<String>> readLines(Path file) throws ConfigException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(BYTES_MAX + 1);
      if (bytes.length > BYTES_MAX) {
        throw new ConfigException(
            ConfigProblem.ofFile(
                file, "is larger than 1 MiB", "check that this is the right file"));
      }
      return Optional.of(new String(bytes, StandardCharsets.UTF_8).lines().toList());
    } catch (NoSuchFileException _) {
      return Optional.empty();
    } catch (IOException e) {
      throw new ConfigException(
          ConfigProblem.ofFile(
              file, "cannot be read: " + e.getMessage(), "check its type and permissions"));
    }
  }
}
