package io.jctdb.cli;

/** {@code ctdb}. */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) {
    int status = Tool.run(new SystemHost(), RawArguments.restore(arguments));
    Runtime.getRuntime().halt(status);
  }
}
