package io.jctdb.daemon.config;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Changes the one line of {@code ctdb.conf} that says at which site this node is. Everything else
 * stays as it is, comments and order included; the file is replaced in one step, or not at all.
 */
public final class SiteEditor {
  /** What is easy to type, and to read in a line of {@code ctdb status}. */
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");

  /** Looks at the configuration as it will be; throws if the daemon would not start with it. */
  @FunctionalInterface
  public interface Check {
    void check(CtdbConf conf) throws ConfigException;
  }

  private final Paths paths;

  public SiteEditor(Paths paths) {
    this.paths = paths;
  }

  /**
   * @return whether the file has been changed; not if it says so already
   * @throws ConfigException if the name or the configuration with it is no good; nothing has
   *     changed then
   * @throws IOException if the file cannot be written; the same
   */
  public boolean set(String site, Check check) throws ConfigException, IOException {
    if (!NAME.matcher(site).matches()) {
      throw new ConfigException(
          ConfigProblem.ofFile(
              paths.conf(),
              "\"" + site + "\" cannot be the name of a site",
              "take up to 63 letters, digits, dots, dashes and underlines"));
    }
    List<String> before = ConfigFile.readLines(paths.conf()).orElse(List.of());
    List<String> after = with(before, site);
    check.check(CtdbConf.of(paths, after));
    if (after.equals(before)) {
      return false;
    }
    replace(String.join("\n", after) + "\n");
    return true;
  }

  private List<String> with(List<String> lines, String site) throws ConfigException {
    IniFile ini = IniFile.parse(paths.conf(), lines);
    List<String> changed = new ArrayList<>(lines);
    boolean found = false;
    for (IniFile.Setting setting : ini.settings()) {
      if (ConfOption.find(setting.section(), setting.key()).orElse(null) == ConfOption.SITE) {
        String line = lines.get(setting.line() - 1);
        if (line.stripTrailing().endsWith("\\")) {
          throw new ConfigException(
              ConfigProblem.ofLine(
                  paths.conf(),
                  setting.line(),
                  line,
                  "goes on in the next line, and is not changed",
                  "write it in one line"));
        }
        if (!setting.value().equals(site)) {
          changed.set(setting.line() - 1, indentation(line) + "site = " + site);
        }
        found = true;
      }
    }
    if (!found) {
      add(ini, changed, site);
    }
    return changed;
  }

  private static void add(IniFile ini, List<String> lines, String site) {
    String section = ConfOption.SITE.section();
    for (IniFile.Section each : ini.sections()) {
      if (each.name().equals(section)) {
        lines.add(each.line(), "  site = " + site);
        return;
      }
    }
    if (!lines.isEmpty() && !lines.getLast().isBlank()) {
      lines.add("");
    }
    lines.add("[" + section + "]");
    lines.add("  site = " + site);
  }

  private static String indentation(String line) {
    return line.substring(0, line.length() - line.stripLeading().length());
  }

  /** With the owner and the permissions that it had. */
  private void replace(String text) throws IOException {
    Path file = Files.exists(paths.conf()) ? paths.conf().toRealPath() : paths.conf();
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    Files.deleteIfExists(fresh);
    try {
      write(fresh, text);
      if (Files.exists(file)) {
        PosixFileAttributes old = Files.readAttributes(file, PosixFileAttributes.class);
        PosixFileAttributeView view =
            Files.getFileAttributeView(fresh, PosixFileAttributeView.class);
        view.setPermissions(old.permissions());
        view.setOwner(old.owner());
        view.setGroup(old.group());
      }
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(fresh);
    }
    try (FileChannel folder = FileChannel.open(file.toAbsolutePath().getParent())) {
      folder.force(true);
    }
  }

  private static void write(Path file, String text) throws IOException {
    try (FileChannel out =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
      out.force(true);
    }
  }
}
