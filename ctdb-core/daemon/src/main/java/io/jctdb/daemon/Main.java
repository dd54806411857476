package io.jctdb.daemon;

import io.jctdb.daemon.config.ConfigException;
import io.jctdb.daemon.config.ConfigProblem;
import java.io.PrintStream;

/**
 * The {@code ctdbd} command. It needs no arguments; {@code -i} logs to standard error. It always
 * stays in the foreground: going to the background is the launcher script's work.
 */
public final class Main {
  private static final String USAGE =
      """
      Usage: ctdbd [OPTION]
        -i, --interactive   log to standard error
        -V, --version       print the version
        -?, --help          this text
      """;

  private Main() {}

  public static void main(String[] arguments) {
    System.exit(run(arguments, System.out, System.err));
  }

  static int run(String[] arguments, PrintStream out, PrintStream err) {
    boolean interactive = false;
    for (String argument : arguments) {
      switch (argument) {
        case "-i", "--interactive" -> interactive = true;
        case "-V", "--version" -> {
          out.println(Version.TEXT);
          return 0;
        }
        case "-?", "--help", "-h" -> {
          out.print(USAGE);
          return 0;
        }
        default -> {
          err.println("ctdbd: " + argument + ": unknown option");
          err.print(USAGE);
          return 1;
        }
      }
    }
    try {
      return Daemon.run(interactive);
    } catch (ConfigException e) {
      for (ConfigProblem problem : e.problems()) {
        err.println("ctdbd: " + problem);
      }
      return 1;
    } catch (StartException e) {
      err.println("ctdbd: " + e.getMessage());
      return 1;
    }
  }
}
