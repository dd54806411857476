package io.jctdb.eventscripts;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
   */
  record Script(String name, Path path, boolean enabled) {}

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
    return new Script(name, file, enabled(file));
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
