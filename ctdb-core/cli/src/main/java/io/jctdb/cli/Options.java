package io.jctdb.cli;

import java.util.ArrayList;
import java.util.List;

/**
 * The options of {@code ctdb} in the grammar of popt: anywhere on the line, long with {@code =} or
 * a following word, short ones joined (cli.md 1.1). Hand-made, because texts and oddities are part
 * of the interface, and because an option library would double the start time.
 */
final class Options {
  int timeLimitSeconds = 10;
  int maxRuntimeSeconds;
  int node = -1;
  boolean machine;
  boolean verbose;
  boolean json;
  String separator = "|";
  final List<String> arguments = new ArrayList<>();

  /** What the line asked for. */
  enum Outcome {
    RUN,
    HELP,
    USAGE
  }

  /** An option that popt would refuse; the message is popt's. */
  static final class BadOption extends Exception {
    private static final long serialVersionUID = 1L;

    BadOption(String token, String reason) {
      super("Invalid option " + token + ": " + reason, null, false, false);
    }
  }

  private final String[] tokens;
  private int next;

  Options(String[] tokens) {
    this.tokens = tokens;
  }

  Outcome parse() throws BadOption {
    while (next < tokens.length) {
      String token = tokens[next++];
      if (token.equals("--")) {
        arguments.addAll(List.of(tokens).subList(next, tokens.length));
        return Outcome.RUN;
      }
      Outcome outcome;
      if (token.startsWith("--")) {
        outcome = longOption(token);
      } else if (token.length() > 1 && token.startsWith("-")) {
        outcome = shortOptions(token);
      } else {
        arguments.add(token);
        continue;
      }
      if (outcome != Outcome.RUN) {
        return outcome;
      }
    }
    return Outcome.RUN;
  }

  private Outcome longOption(String token) throws BadOption {
    int equals = token.indexOf('=');
    String name = equals < 0 ? token.substring(2) : token.substring(2, equals);
    char letter =
        switch (name) {
          case "debug" -> 'd';
          case "timelimit" -> 't';
          case "node" -> 'n';
          case "separator" -> 'x';
          case "maxruntime" -> 'T';
          case "verbose" -> 'v';
          case "json" -> 'j';
          case "help" -> '?';
          case "usage" -> 'u';
          default -> throw new BadOption(token, "unknown option");
        };
    if (takesArgument(letter)) {
      set(letter, equals < 0 ? following(token) : token.substring(equals + 1));
      return Outcome.RUN;
    }
    return letter == 'u' ? Outcome.USAGE : flag(letter, token);
  }

  private Outcome shortOptions(String token) throws BadOption {
    for (int i = 1; i < token.length(); i++) {
      char letter = token.charAt(i);
      if (takesArgument(letter)) {
        String rest = token.substring(i + 1);
        if (rest.startsWith("=")) {
          rest = rest.substring(1);
        }
        set(letter, rest.isEmpty() ? following(token) : rest);
        return Outcome.RUN;
      }
      if (flag(letter, token) == Outcome.HELP) {
        return Outcome.HELP;
      }
    }
    return Outcome.RUN;
  }

  private static boolean takesArgument(char letter) {
    return letter == 'd' || letter == 't' || letter == 'n' || letter == 'x' || letter == 'T';
  }

  private String following(String token) throws BadOption {
    if (next >= tokens.length) {
      throw new BadOption(token, "missing argument");
    }
    return tokens[next++];
  }

  private Outcome flag(char letter, String token) throws BadOption {
    switch (letter) {
      case 'X', 'Y' -> machine = true;
      case 'v' -> verbose = true;
      case 'j' -> json = true;
      case '?' -> {
        return Outcome.HELP;
      }
      default -> throw new BadOption(token, "unknown option");
    }
    return Outcome.RUN;
  }

  private void set(char letter, String value) throws BadOption {
    switch (letter) {
      case 't' -> timeLimitSeconds = number(value);
      case 'T' -> maxRuntimeSeconds = number(value);
      case 'n' -> node = number(value);
      case 'x' -> separator = value;
      default -> {} // -d: this tool has nothing to say below its errors
    }
  }

  private int number(String value) throws BadOption {
    try {
      long number = Numbers.isNumber(value) ? Numbers.parse(value) : Integer.decode(value);
      if (number != (int) number) {
        throw new BadOption(tokens[next - 1], "number too large or too small");
      }
      return (int) number;
    } catch (NumberFormatException e) {
      throw new BadOption(tokens[next - 1], "invalid numeric value");
    }
  }
}
