package io.jctdb.cli;

/**
 * A line of the command table (cli.md 3).
 *
 * @param daemon whether it needs the daemon; if not, {@code -n} is refused
 * @param remote whether {@code -n} may name another node
 */
record Command(String name, String arguments, boolean daemon, boolean remote, String help) {
  /** As it stands in the usage text. */
  String usageLine() {
    return "  " + Text.left(name, 15) + " " + Text.left(arguments, 27) + "  " + help;
  }
}
