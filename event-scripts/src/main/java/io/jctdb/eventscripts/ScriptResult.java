package io.jctdb.eventscripts;

import java.time.Duration;
import java.time.Instant;

/**
 * What became of one script in one event.
 *
 * @param name file name without {@code .script}
 * @param begin when it was reached
 * @param end when it ended, or was given up
 * @param summary 0, the script's exit status, or a negative error number; see {@link #state()}
 * @param output standard output and error together, as UTF-8
 */
public record ScriptResult(String name, Instant begin, Instant end, int summary, String output) {

  /** The words of {@code ctdb scriptstatus}. */
  public enum State {
    OK,
    ERROR,
    TIMEDOUT,
    DISABLED,
    CANNOT_RUN
  }

  /** What the summary means. */
  public State state() {
    return switch (summary) {
      case ScriptSummary.OK -> State.OK;
      case ScriptSummary.TIMED_OUT -> State.TIMEDOUT;
      case ScriptSummary.DISABLED -> State.DISABLED;
      default -> summary > 0 ? State.ERROR : State.CANNOT_RUN;
    };
  }

  /** How long it ran. */
  public Duration duration() {
    return Duration.between(begin, end);
  }
}
