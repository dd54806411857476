package io.jctdb.daemon.config;

import java.io.PrintStream;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;

/**
 * {@code ctdb-config}: shows {@code ctdb.conf} as the daemon reads it, to scripts and people
 * (events-and-config 4.2). Does not need a daemon.
 */
public final class ConfigTool {
  private static final String USAGE =
      """
      Usage: ctdb-config <command> [<args>]

      Commands:
        dump                    show all options; those at their default after a #
        get <section> <key>     show the value of one option
        validate                check the file; unknown names are errors here
      """;

  private static final int ENOENT = 2;
  private static final int EINVAL = 22;

  private final Paths paths;
  private final PrintStream out;
  private final PrintStream err;

  ConfigTool(Paths paths, PrintStream out, PrintStream err) {
    this.paths = paths;
    this.out = out;
    this.err = err;
  }

  /** Exits 0, 1 (usage), 2 (no such option or file) or 22 (the file is wrong). */
  public static void main(String[] words) {
    int status;
    try {
      status = new ConfigTool(Paths.ofProcess(), System.out, System.err).run(List.of(words));
    } catch (ConfigException e) {
      System.err.println(e.getMessage());
      status = EINVAL;
    }
    System.out.flush();
    System.exit(status);
  }

  int run(List<String> words) {
    try {
      return switch (words.isEmpty() ? "" : words.getFirst()) {
        case "dump" -> dump();
        case "get" -> get(words);
        case "validate" -> validate();
        default -> usage(1);
      };
    } catch (ConfigException e) {
      err.println(e.getMessage());
      return EINVAL;
    }
  }

  private int usage(int status) {
    out.print(USAGE);
    return status;
  }

  private int dump() throws ConfigException {
    out.print(CtdbConf.read(paths).dump());
    return 0;
  }

  private int get(List<String> words) throws ConfigException {
    if (words.size() != 3) {
      return usage(EINVAL);
    }
    Optional<String> value = CtdbConf.read(paths).get(words.get(1), words.get(2));
    if (value.isEmpty()) {
      err.println(
          "Configuration option [%s] -> \"%s\" not defined".formatted(words.get(1), words.get(2)));
      return ENOENT;
    }
    out.println(value.get());
    return 0;
  }

  private int validate() throws ConfigException {
    if (!Files.exists(paths.conf())) {
      err.println(paths.conf() + ": does not exist");
      return ENOENT;
    }
    CtdbConf conf = CtdbConf.read(paths);
    conf.warnings().forEach(err::println);
    return conf.warnings().isEmpty() ? 0 : EINVAL;
  }
}
