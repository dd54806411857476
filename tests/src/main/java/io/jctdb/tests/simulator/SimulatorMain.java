package io.jctdb.tests.simulator;

import java.time.Duration;
import java.util.Locale;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs schedules for as long as one wants.
 *
 * <pre>
 * tests/simulate [--fencing] [--seed N] [--schedules N | --minutes M] [--trace] [--mutation NAME]
 * </pre>
 *
 * Seeds count up from N (default: the clock). Each failure is printed with the command that replays
 * it; how far it is goes to standard error every 10 s. The last line is a figure: {@code
 * schedules=... events=... per_second=... failures=...}. Exit status 1 if anything failed, 2 for a
 * wrong command line.
 */
public final class SimulatorMain {
  private static final int FAILURES_MAX = 10;
  private static final long PROGRESS_NANOS = Duration.ofSeconds(10).toNanos();

  private long seed = System.nanoTime() & 0xFFFF_FFFFL;
  private long schedules = 10_000;
  private long endNanos = Long.MAX_VALUE;
  private boolean trace;
  private Mutation mutation = Mutation.NONE;
  private FencingMutation fencingMutation = FencingMutation.NONE;
  private boolean fencing;

  private SimulatorMain() {}

  public static void main(String[] arguments) {
    SimulatorMain main = new SimulatorMain();
    try {
      main.parse(arguments);
    } catch (IllegalArgumentException e) {
      System.err.println(
          "usage: tests/simulate [--fencing] [--seed N] [--schedules N | --minutes M] [--trace]"
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
      if (option.equals("--fencing")) {
        fencing = true;
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
        case "--mutation" -> mutate(value.toUpperCase(Locale.ROOT));
        default -> throw new IllegalArgumentException(option);
      }
    }
  }

  private void mutate(String name) {
    if (fencing) {
      fencingMutation = FencingMutation.valueOf(name);
    } else {
      mutation = Mutation.valueOf(name);
    }
  }

  private Simulation.Result schedule(long number, @Nullable Consumer<String> story) {
    return fencing
        ? new FencingSimulation(number, fencingMutation, story).run()
        : new Simulation(number, mutation, story).run();
  }

  private int run() {
    long begun = System.nanoTime();
    long progressAt = begun + PROGRESS_NANOS;
    long done = 0;
    Simulation.Result sum = new Simulation.Result(0, 0, new TreeMap<>());
    int failures = 0;
    while (done < schedules && System.nanoTime() < endNanos && failures < FAILURES_MAX) {
      long next = seed + done++;
      @Nullable Consumer<String> story = trace ? System.out::println : null;
      try {
        sum = sum.plus(schedule(next, story));
      } catch (RuntimeException e) {
        failures++;
        report(next, e);
      }
      long now = System.nanoTime();
      if (now >= progressAt) {
        progressAt = now + PROGRESS_NANOS;
        System.err.printf(
            Locale.ROOT,
            "… %d schedules, %.0f a second, %d failures%n",
            done,
            done / ((now - begun) / 1e9),
            failures);
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
    System.out.println(
        "  replay: " + (fencing ? replay(failed, fencingMutation) : replay(failed, mutation)));
  }

  /** The command line that runs one schedule again and tells its story. */
  public static String replay(long seed, Mutation mutation) {
    return replay("", seed, mutation == Mutation.NONE ? "" : mutation.name());
  }

  /** The same for a schedule of fencing. */
  public static String replay(long seed, FencingMutation mutation) {
    return replay(" --fencing", seed, mutation == FencingMutation.NONE ? "" : mutation.name());
  }

  private static String replay(String kind, long seed, String mutation) {
    return "tests/simulate"
        + kind
        + " --seed "
        + seed
        + " --schedules 1 --trace"
        + (mutation.isEmpty() ? "" : " --mutation " + mutation);
  }
}
