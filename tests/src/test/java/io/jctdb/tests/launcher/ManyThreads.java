package io.jctdb.tests.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a daemon is to the kernel that buries it: many threads, and files under {@code /proc} that
 * have been looked at for each of them. Makes the file of its only argument, and waits to be
 * killed.
 */
final class ManyThreads {
  private ManyThreads() {}

  static void main(String... arguments) throws Exception {
    for (int i = 0; i < 400; i++) {
      Thread.ofPlatform().daemon().start(ManyThreads::sleep);
    }
    for (Path thread : list(Path.of("/proc/self/task"))) {
      for (Path file : list(thread)) {
        Files.exists(file);
      }
    }
    Files.createFile(Path.of(arguments[0]));
    sleep();
  }

  private static List<Path> list(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.toList();
    }
  }

  private static void sleep() {
    try {
      Thread.sleep(600_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
