package io.jctdb.eventscripts;

import java.util.List;
import java.util.Optional;

/**
 * What became of one event.
 *
 * @param component the directory of scripts, {@code legacy} for ctdbd's events
 * @param event the event's name
 * @param errno 0 for success; 8 a script failed; 110 the time was up; 125 cancelled; 2 no such
 *     component; otherwise the error of reading the directory (events-and-config 1.5)
 * @param scripts the scripts that were reached, in order; the last one is the one that failed
 */
public record EventResult(String component, String event, int errno, List<ScriptResult> scripts) {
  public EventResult {
    scripts = List.copyOf(scripts);
  }

  /** Every script succeeded, or there was none. */
  public boolean success() {
    return errno == 0;
  }

  /** The deadline passed. */
  public boolean timedOut() {
    return errno == EventErrno.ETIMEDOUT;
  }

  /** Another event took precedence; says nothing about the node. */
  public boolean cancelled() {
    return errno == EventErrno.ECANCELED;
  }

  /** The script that ended the event. */
  public Optional<ScriptResult> failedScript() {
    return scripts.isEmpty() || ScriptSummary.continues(scripts.getLast().summary())
        ? Optional.empty()
        : Optional.of(scripts.getLast());
  }

  /** A sentence for the log. */
  @Override
  public String toString() {
    String outcome =
        switch (errno) {
          case 0 -> "succeeded";
          case EventErrno.ETIMEDOUT -> "timed out";
          case EventErrno.ECANCELED -> "was cancelled";
          case EventErrno.ENOENT -> "has no script directory";
          default -> "failed (error " + errno + ")";
        };
    String where = failedScript().map(script -> " in script " + script.name()).orElse("");
    return "event " + component + "/" + event + " " + outcome + where;
  }
}
