package io.jctdb.eventscripts;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Lists, enables and disables scripts on the file system alone, without a daemon (events-and-config
 * 1.3): a stock script is enabled by a link to it, a local one by its execute bits.
 *
 * @param stock {@code <share>/events/<component>}
 * @param enabled {@code <etc>/events/<component>}
 */
record ScriptFiles(Path stock, Path enabled, String component, PrintStream out) {

  /** Stock scripts first, then those that exist only here; a star for the enabled ones. */
  int list() throws IOException {
    if (!Files.isDirectory(stock)) {
      return EventErrno.ENOENT;
    }
    List<String> stockNames = names(stock);
    stockNames.forEach(name -> out.println(mark(isLinked(name)) + name));
    TreeSet<String> local =
        Files.isDirectory(enabled)
            ? names(enabled).stream()
                .filter(name -> !(stockNames.contains(name) && isLinked(name)))
                .collect(Collectors.toCollection(TreeSet::new))
            : new TreeSet<>();
    if (!local.isEmpty()) {
      out.println();
      local.forEach(name -> out.println(mark(Files.isExecutable(file(enabled, name))) + name));
    }
    return 0;
  }

  private static String mark(boolean isEnabled) {
    return isEnabled ? "* " : "  ";
  }

  private static List<String> names(Path directory) throws IOException {
    return ScriptDirectory.list(directory).stream().map(ScriptDirectory.Script::name).toList();
  }

  /** Whether the entry is a link whose text is exactly the stock script's real path. */
  private boolean isLinked(String name) {
    Path link = file(enabled, name);
    try {
      return Files.isSymbolicLink(link)
          && Files.readSymbolicLink(link).equals(file(stock, name).toRealPath());
    } catch (IOException _) {
      return false;
    }
  }

  int enable(String name) throws IOException {
    Path file = file(enabled, name);
    if (!isName(name)) {
      return missing(name);
    }
    if (Files.isSymbolicLink(file)) {
      return 0;
    }
    if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      return setBits(name, true);
    }
    Path original = file(stock, name);
    if (!Files.exists(original)) {
      return missing(name);
    }
    try {
      Path _ = Files.createSymbolicLink(file, original.toRealPath());
      return 0;
    } catch (IOException e) {
      out.println("Failed to create symlink " + file + ": " + e.getMessage());
      return EventErrno.EIO;
    }
  }

  int disable(String name) throws IOException {
    Path file = file(enabled, name);
    if (!isName(name) || !Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      return 0;
    }
    if (Files.isSymbolicLink(file)) {
      Files.delete(file);
      return 0;
    }
    return setBits(name, false);
  }

  private int setBits(String name, boolean enable) {
    int result = ScriptSwitch.set(enabled, name, enable);
    if (result == EventErrno.EINVAL) {
      out.println("Script " + name + " is not a file or a link");
    }
    return result;
  }

  private int missing(String name) {
    out.println("Script " + name + " does not exist in " + component);
    return EventErrno.ENOENT;
  }

  private static boolean isName(String name) {
    return ScriptDirectory.isScriptFile(name + ScriptDirectory.SUFFIX);
  }

  private static Path file(Path directory, String name) {
    return directory.resolve(name + ScriptDirectory.SUFFIX);
  }
}
