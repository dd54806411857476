package io.jctdb.daemon.config;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.Collectors;

/**
 * The tunables of this node, changed at run time by {@code ctdb setvar}. Values are 32 bits without
 * sign. Safe to read and set from any thread; every read sees the newest value of that tunable.
 */
public final class Tunables {

  /** What came of setting a tunable by name. */
  public enum SetResult {
    /** Set. */
    DONE,
    /** Set, but nothing looks at it: SET_TUNABLE answers status 1. */
    OBSOLETE,
    /** No such name: SET_TUNABLE answers -1, GET_TUNABLE -22. */
    UNKNOWN
  }

  private static final long U32_MAX = 0xffff_ffffL;

  private final AtomicIntegerArray values = new AtomicIntegerArray(Tunable.values().length);

  /** All tunables at their defaults. */
  public Tunables() {
    for (Tunable tunable : Tunable.values()) {
      set(tunable, tunable.defaultValue());
    }
  }

  /** The value of a tunable, 0..2³²-1. */
  public long get(Tunable tunable) {
    return Integer.toUnsignedLong(values.get(tunable.ordinal()));
  }

  /** The value as a length of time; only for tunables that count seconds or milliseconds. */
  public Duration duration(Tunable tunable) {
    return switch (tunable.unit()) {
      case SECONDS -> Duration.ofSeconds(get(tunable));
      case MILLISECONDS -> Duration.ofMillis(get(tunable));
      case BYTES, COUNT, SWITCH ->
          throw new IllegalArgumentException(tunable.fieldName() + " is no length of time");
    };
  }

  /** Whether the value is not 0. */
  public boolean on(Tunable tunable) {
    return get(tunable) != 0;
  }

  /** The value of a tunable by name, in any case, obsolete ones too. */
  public OptionalLong get(String name) {
    Optional<Tunable> tunable = Tunable.find(name);
    return tunable.isPresent() ? OptionalLong.of(get(tunable.get())) : OptionalLong.empty();
  }

  /** Sets a tunable; {@code value} is 0..2³²-1. */
  public void set(Tunable tunable, long value) {
    if (value < 0 || value > U32_MAX) {
      throw new IllegalArgumentException(
          tunable.fieldName() + " = " + value + " is no 32 bit number");
    }
    values.set(tunable.ordinal(), (int) value);
  }

  /** Sets a tunable by name, in any case. */
  public SetResult set(String name, long value) {
    Optional<Tunable> found = Tunable.find(name);
    if (found.isEmpty()) {
      return SetResult.UNKNOWN;
    }
    set(found.get(), value);
    return found.get().obsolete() ? SetResult.OBSOLETE : SetResult.DONE;
  }

  /** All 62 values in the order of GET_ALL_TUNABLES, each 32 bits without sign. */
  public int[] inMemoryOrder() {
    int[] all = new int[values.length()];
    for (int i = 0; i < all.length; i++) {
      all[i] = values.get(i);
    }
    return all;
  }

  /**
   * The names of the live tunables, a colon before each one, as LIST_TUNABLES of ctdbd 4.17 sends
   * them (without the NUL that ends the string on the wire).
   */
  public static String listString() {
    return Tunable.inListOrder().stream()
        .map(tunable -> ":" + tunable.fieldName())
        .collect(Collectors.joining());
  }

  /**
   * Applies {@code ctdb.tunables} and then {@code tunables.d/*.tunables}.
   *
   * <p>ctdbd starts with whatever lines it understands (events-and-config 4.4); a daemon that is
   * not tuned as it was written is found out months later, so here a bad line keeps it from
   * starting.
   *
   * @return names that ctdbd once knew and that have no effect, to be logged
   * @throws ConfigException lines that cannot be meant as they stand, all of them
   */
  public List<ConfigProblem> load(Paths paths) throws ConfigException {
    List<ConfigProblem> warnings = new ArrayList<>();
    List<ConfigProblem> problems = new ArrayList<>();
    loadFile(paths.tunables(), problems, warnings);
    if (Files.isDirectory(paths.tunablesDir())) {
      List<Path> more = new ArrayList<>();
      try (DirectoryStream<Path> files =
          Files.newDirectoryStream(paths.tunablesDir(), "*.tunables")) {
        files.forEach(more::add);
      } catch (IOException e) {
        problems.add(
            ConfigProblem.ofFile(
                paths.tunablesDir(), "cannot be listed: " + e.getMessage(), "check permissions"));
      }
      more.stream().sorted().forEach(file -> loadFile(file, problems, warnings));
    }
    if (!problems.isEmpty()) {
      throw new ConfigException(problems);
    }
    return warnings;
  }

  private void loadFile(Path file, List<ConfigProblem> problems, List<ConfigProblem> warnings) {
    try {
      Optional<List<String>> lines = ConfigFile.readLines(file);
      if (lines.isPresent()) {
        IniFile ini = IniFile.parse(file, lines.get());
        problems.addAll(ini.errors());
        problems.addAll(ini.warnings());
        ini.sections().forEach(s -> problems.add(section(file, s)));
        for (IniFile.Setting setting : ini.settings()) {
          boolean obsolete = Tunable.find(setting.key()).filter(Tunable::obsolete).isPresent();
          apply(file, setting).ifPresent(obsolete ? warnings::add : problems::add);
        }
      }
    } catch (ConfigException e) {
      problems.addAll(e.problems());
    }
  }

  private static ConfigProblem section(Path file, IniFile.Section section) {
    return ConfigProblem.ofLine(
        file,
        section.line(),
        "[" + section.name() + "]",
        "has no place here: tunables have no sections",
        "remove the line");
  }

  private Optional<ConfigProblem> apply(Path file, IniFile.Setting setting) {
    OptionalLong value = ConfNumber.parse(setting.value(), U32_MAX);
    if (value.isEmpty()) {
      return Optional.of(
          problem(
              file,
              setting,
              "must be a whole number from 0 to 4294967295",
              "write for example 20; 0x starts a hexadecimal, 0 an octal number"));
    }
    return switch (set(setting.key(), value.getAsLong())) {
      case DONE -> Optional.empty();
      case OBSOLETE ->
          Optional.of(problem(file, setting, "is obsolete and has no effect", "remove the line"));
      case UNKNOWN ->
          Optional.of(
              problem(
                  file,
                  setting,
                  "is not the name of a tunable",
                  "ctdb listvars shows the names; case does not matter"));
    };
  }

  private static ConfigProblem problem(
      Path file, IniFile.Setting setting, String rule, String remedy) {
    return new ConfigProblem(
        Optional.of(file), setting.line(), setting.key(), setting.value(), rule, remedy);
  }
}
