package io.jctdb.tests.simulator;

import java.util.Locale;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs schedules for as long as one wants.
 *
 * <pre>
 * tests/simulate [--seed N] [--schedules N | --minutes M] [--trace] [--mutation NAME]
 * </pre>
 *
 * Seeds count up from N (default: the clock). Each failure is printed with the command that replays
 * it. The last line is a figure: {@code schedules=... events=... per_second=... failures=...}. Exit
 * status 1 if anything failed, 2 for a wrong command line.
 */
public final class SimulatorMain {
  private static final int FAILURES_MAX = 10;

  private long seed = System.nanoTime() & 0xFFFF_FFFFL;
  private long schedules = 10_000;
  private long endNanos = Long.MAX_VALUE;
  private boolean trace;
  private Mutation mutation = Mutation.NONE;

  private SimulatorMain() {}

  public static void main(String[] arguments) {
    SimulatorMain main = new SimulatorMain();
    try {
      main.parse(arguments);
    } catch (IllegalArgumentException e) {
      System.err.println(
          "usage: tests/simulate [--seed N] [--schedules N | --minutes M] [--trace]"
              + " [--mutation NAME]: "
              + e.getMessage());
      System.exit(2);
    }
    System.exit(main.run() == 0 ? 0 : 1);
  }

  private void parse(String[] arguments) {
    for (int i = 0; i < arguments.length; i++) {
      String option = arguments[i];
      if (option.equals("--trace")) {
        trace = true;
        continue;
      }
      if (i + 1 == arguments.length) {
        throw new IllegalArgumentException(option);
      }
      String value = arguments[++i];
      switch (option) {
        case "--seed" -> seed = Long.parseLong(value);
        case "--schedules" -> schedules = Long.parseLong(value);
        case "--minutes" -> {
          schedules = Long.MAX_VALUE;
          endNanos = System.nanoTime() + (long) (Double.parseDouble(value) * 60e9);
        }
        case "--mutation" -> mutation = Mutation.valueOf(value.toUpperCase(Locale.ROOT));
        default -> throw new IllegalArgumentException(option);
      }
    }
  }

  private int run() {
    long begun = System.nanoTime();
    long done = 0;
    Simulation.Result sum = new Simulation.Result(0, 0, new TreeMap<>());
    int failures = 0;
    while (done < schedules && System.nanoTime() < endNanos && failures < FAILURES_MAX) {
      long next = seed + done++;
      @Nullable Consumer<String> story = trace ? System.out::println : null;
      try {
        sum = sum.plus(new Simulation(next, mutation, story).run());
      } catch (RuntimeException e) {
        failures++;
        report(next, e);
      }
    }
    double seconds = (System.nanoTime() - begun) / 1e9;
    System.out.println("operations=" + sum.operations() + " " + sum.totals());
    System.out.printf(
        Locale.ROOT,
        "schedules=%d events=%d per_second=%.0f failures=%d%n",
        done,
        sum.events(),
        done / seconds,
        failures);
    return failures;
  }

  private void report(long failed, RuntimeException e) {
    System.out.println("seed " + failed + ": " + e);
    if (!(e instanceof Violation)) {
      e.printStackTrace(System.out);
    }
    System.out.println("  replay: " + replay(failed, mutation));
  }

  /** The command line that runs one schedule again and tells its story. */
  public static String replay(long seed, Mutation mutation) {
    return "tests/simulate --seed "
        + seed
        + " --schedules 1 --trace"
        + (mutation == Mutation.NONE ? "" : " --mutation " + mutation);
  }
}
