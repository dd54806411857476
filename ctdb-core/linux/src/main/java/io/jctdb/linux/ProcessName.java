package io.jctdb.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How a message names a process. */
public final class ProcessName {
  private ProcessName() {}

  /** Its number and, while it lives, its program: {@code process 1234 (smbd)}. Threads, too. */
  public static String of(int pid) {
    try {
      String name = Files.readString(Path.of("/proc/" + pid + "/comm")).strip();
      return "process " + pid + " (" + name + ")";
    } catch (IOException e) {
      return "process " + pid + " (gone)";
    }
  }
}
