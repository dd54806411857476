package io.jctdb.daemon.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Splits the text of {@code ctdb.conf} and {@code ctdb.tunables} into sections and settings
 * (events-and-config 4.1).
 *
 * <p>Leading blanks are dropped, runs of blanks inside a line become one; a line that begins with
 * {@code #} or {@code ;} is a comment; a backslash at the end of a line, even with one blank after
 * it, joins the next line. Unlike ctdbd, which quietly stops reading and uses defaults, a line that
 * cannot be understood is a problem with a line number.
 */
final class IniFile {

  /** One {@code key = value}, with the section it stands in ("" before the first section). */
  record Setting(int line, String section, String key, String value) {}

  /** A {@code [section]} line. */
  record Section(int line, String name) {}

  private final Path file;
  private final List<Setting> settings = new ArrayList<>();
  private final List<Section> sections = new ArrayList<>();
  private final List<ConfigProblem> errors = new ArrayList<>();
  private final List<ConfigProblem> warnings = new ArrayList<>();
  private String section = "";

  private IniFile(Path file) {
    this.file = file;
  }

  static IniFile parse(Path file, List<String> lines) {
    IniFile ini = new IniFile(file);
    for (int i = 0; i < lines.size(); i++) {
      int first = i;
      StringBuilder logical = new StringBuilder(lines.get(i));
      while (endsWithBackslash(logical) && i + 1 < lines.size()) {
        logical.setLength(logical.lastIndexOf("\\"));
        logical.append(lines.get(++i));
      }
      ini.line(first + 1, logical.toString().strip().replaceAll("\\s+", " "));
    }
    return ini;
  }

  private static boolean endsWithBackslash(StringBuilder line) {
    int end = line.length();
    if (end > 0 && line.charAt(end - 1) == ' ') {
      end--;
    }
    return end > 0 && line.charAt(end - 1) == '\\';
  }

  private void line(int number, String text) {
    if (text.isEmpty() || text.startsWith("#") || text.startsWith(";")) {
      return;
    }
    if (text.startsWith("[")) {
      header(number, text);
      return;
    }
    int equals = text.indexOf('=');
    if (equals == 0) {
      errors.add(
          ConfigProblem.ofLine(
              file, number, text, "a key must stand before \"=\"", "write key = value"));
    } else if (equals < 0) {
      warnings.add(
          ConfigProblem.ofLine(
              file,
              number,
              text,
              "is neither [section], key = value nor a comment, and is ignored",
              "add the missing \"=\", or begin the line with #"));
    } else {
      settings.add(
          new Setting(
              number,
              section,
              text.substring(0, equals).strip(),
              text.substring(equals + 1).strip()));
    }
  }

  private void header(int number, String text) {
    if (!text.endsWith("]") || text.length() == 2) {
      errors.add(
          ConfigProblem.ofLine(
              file,
              number,
              text,
              "a section is a name between [ and ] on a line of its own",
              "write for example [cluster]"));
      return;
    }
    section = text.substring(1, text.length() - 1).strip();
    sections.add(new Section(number, section));
  }

  List<Setting> settings() {
    return settings;
  }

  List<Section> sections() {
    return sections;
  }

  List<ConfigProblem> errors() {
    return errors;
  }

  List<ConfigProblem> warnings() {
    return warnings;
  }
}
