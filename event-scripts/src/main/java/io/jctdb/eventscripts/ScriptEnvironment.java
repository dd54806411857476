package io.jctdb.eventscripts;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The environment of event and notification scripts: the daemon's own plus what ctdbd adds
 * (events-and-config 1.4).
 *
 * @param etcDir {@code CTDB_BASE}; the scripts' configuration directory
 * @param variables everything a script sees
 */
public record ScriptEnvironment(Path etcDir, Map<String, String> variables) {
  public ScriptEnvironment {
    variables = Map.copyOf(variables);
  }

  /**
   * Builds the environment.
   *
   * @param inherited the daemon's environment
   * @param logging {@code [logging] location} as written
   * @param levelName ERROR, WARNING, NOTICE, INFO or DEBUG
   * @param interactive whether the daemon runs with {@code -i}
   * @param lockDebugScript {@code [database] lock debug script}, if configured
   */
  public static ScriptEnvironment of(
      Map<String, String> inherited,
      Path etcDir,
      String logging,
      String levelName,
      boolean interactive,
      Optional<Path> lockDebugScript) {
    Map<String, String> variables = new TreeMap<>(inherited);
    variables.put("CTDB_BASE", etcDir.toString());
    variables.put("CTDB_LOGGING", interactive ? "file:" : logging);
    variables.put("CTDB_DEBUGLEVEL", levelName);
    if (interactive) {
      variables.put("CTDB_INTERACTIVE", "true");
    }
    lockDebugScript.ifPresent(script -> variables.put("CTDB_DEBUG_LOCKS", script.toString()));
    return new ScriptEnvironment(etcDir, variables);
  }

  /** The same with one more variable, such as a lifetime that our own scripts understand. */
  public ScriptEnvironment with(String name, String value) {
    Map<String, String> more = new TreeMap<>(variables);
    more.put(name, value);
    return new ScriptEnvironment(etcDir, more);
  }

  /** Where a component's scripts are. */
  Path directory(String component) {
    return etcDir.resolve("events").resolve(component);
  }
}
