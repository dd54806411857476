package io.jctdb.eventscripts;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Which files of a component's directory are event scripts, in which order, enabled or not. */
final class ScriptDirectory {
  static final String SUFFIX = ".script";

  /** {@code [0-9][0-9].*.script}: editors' and packagers' left-overs do not match. */
  private static final Pattern NAME = Pattern.compile("[0-9][0-9]\\..*\\.script", Pattern.DOTALL);

  /**
   * One script.
   *
   * @param name file name without {@code .script}
   * @param enabled whether the file, links followed, has its owner's execute bit
   * @param events the only ones that it does anything for; empty: it does not say
   */
  record Script(String name, Path path, boolean enabled, Set<String> events) {
    Script {
      events = Set.copyOf(events);
    }

    /** Whether it must be run for this event. */
    boolean handles(String event) {
      return events.isEmpty() ? !isOptional(event) || mentions(event) : events.contains(event);
    }

    /** Whether the word is in it; also if nobody can tell. */
    private boolean mentions(String event) {
      try {
        return Files.readString(path, StandardCharsets.ISO_8859_1).contains(event);
      } catch (IOException _) {
        return true;
      }
    }
  }

  /**
   * Events that ctdb 4.17 does not have and that addresses wait for: a script that does not even
   * have the word is not started for them.
   */
  static boolean isOptional(String event) {
    return event.equals("startipreallocate");
  }

  /**
   * With such a line among its first a script says which events it handles, so that it need not be
   * started for the others: every start costs a move of an address milliseconds.
   */
  private static final String EVENTS = "# jctdb-events:";

  private static final int HEAD_BYTES = 512;

  private ScriptDirectory() {}

  /** Whether this word may be the name of a component: one directory, nothing hidden. */
  static boolean isComponentName(String component) {
    return !component.isEmpty()
        && component.indexOf('/') < 0
        && component.indexOf('\0') < 0
        && !component.startsWith(".");
  }

  static boolean isScriptFile(String fileName) {
    return NAME.matcher(fileName).matches() && fileName.indexOf('/') < 0;
  }

  /** Read anew for every event, so that enabling takes effect with the next one. */
  static List<Script> list(Path directory) throws IOException {
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      for (Path entry : entries) {
        if (isScriptFile(fileName(entry))) {
          files.add(entry);
        }
      }
    }
    files.sort((a, b) -> Arrays.compareUnsigned(bytes(a), bytes(b)));
    return files.stream().map(ScriptDirectory::script).toList();
  }

  private static Script script(Path file) {
    String fileName = fileName(file);
    String name = fileName.substring(0, fileName.length() - SUFFIX.length());
    boolean enabled = enabled(file);
    return new Script(name, file, enabled, enabled ? events(file) : Set.of());
  }

  private static Set<String> events(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      String head = new String(in.readNBytes(HEAD_BYTES), StandardCharsets.ISO_8859_1);
      for (String line : head.lines().limit(5).toList()) {
        if (line.startsWith(EVENTS)) {
          return Set.of(line.substring(EVENTS.length()).strip().split(" +"));
        }
      }
    } catch (IOException | IllegalArgumentException _) {
      // It cannot be read, or names an event twice: then it is run, and speaks for itself.
    }
    return Set.of();
  }

  private static boolean enabled(Path file) {
    try {
      return Files.getPosixFilePermissions(file).contains(PosixFilePermission.OWNER_EXECUTE);
    } catch (IOException _) {
      // A link to nowhere: nobody can have meant it to run.
      return false;
    }
  }

  private static String fileName(Path file) {
    Path name = file.getFileName();
    return name == null ? "" : name.toString();
  }

  private static byte[] bytes(Path file) {
    return fileName(file).getBytes(StandardCharsets.UTF_8);
  }
}
