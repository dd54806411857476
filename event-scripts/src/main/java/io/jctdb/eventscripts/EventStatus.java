package io.jctdb.eventscripts;

import java.util.List;

/**
 * The stored outcome of the last completed run of an event, as {@code ctdb event status} shows it.
 *
 * @param summary 0, or the summary of the script that failed
 * @param scripts the scripts that were reached, in order
 */
public record EventStatus(int summary, List<ScriptResult> scripts) {
  public EventStatus {
    scripts = List.copyOf(scripts);
  }
}
