package io.jctdb.eventscripts;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Services that write to shared storage without asking the daemon, such as tgtd: when this node may
 * no longer serve, they must not go on until some event tells them. Event scripts note them in
 * {@code RUN-DIRECTORY/end-with-daemon/}, one process a line: {@code PID NAME}.
 *
 * @param directory need not exist
 */
public record BoundServices(Path directory) {

  /**
   * Kills them; any thread. A line that makes no sense, and a number that now belongs to a process
   * of another name, are passed over.
   */
  public void kill() {
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        for (String line : Files.readAllLines(file)) {
          kill(line);
        }
      }
    } catch (IOException e) {
      ScriptLog.EVENTD.error("services that must end are not known: {}", e.toString());
    }
  }

  private static void kill(String line) {
    String[] words = line.strip().split(" +", 2);
    if (words.length != 2 || !words[0].matches("[0-9]{1,9}")) {
      return;
    }
    long pid = Long.parseLong(words[0]);
    try {
      if (!Files.readString(Path.of("/proc/" + pid + "/comm")).strip().equals(words[1])) {
        return;
      }
    } catch (IOException _) {
      return; // it has ended
    }
    ProcessHandle.of(pid)
        .ifPresent(
            process -> {
              if (process.destroyForcibly()) {
                ScriptLog.EVENTD.warn("killed {}, which must not outlast our addresses", line);
              }
            });
  }
}
