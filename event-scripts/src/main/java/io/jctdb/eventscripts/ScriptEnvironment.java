package io.jctdb.eventscripts;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * The environment of event and notification scripts: the daemon's own plus what ctdbd adds
 * (events-and-config 1.4).
 *
 * @param etcDir {@code CTDB_BASE}; the scripts' configuration directory
 * @param variables everything a script sees
 */
public record ScriptEnvironment(
    Path etcDir, Map<String, String> fixed, Map<String, Supplier<String>> computed) {
  public ScriptEnvironment {
    fixed = Map.copyOf(fixed);
    computed = Map.copyOf(computed);
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
    return new ScriptEnvironment(etcDir, variables, Map.of());
  }

  /** The same with one more variable, such as a lifetime that our own scripts understand. */
  public ScriptEnvironment with(String name, String value) {
    Map<String, String> more = new TreeMap<>(fixed);
    more.put(name, value);
    return new ScriptEnvironment(etcDir, more, computed);
  }

  /**
   * The same with a variable whose value is asked for whenever a script starts.
   *
   * @param value asked on any thread
   */
  public ScriptEnvironment computing(String name, Supplier<String> value) {
    Map<String, Supplier<String>> more = new TreeMap<>(computed);
    more.put(name, value);
    return new ScriptEnvironment(etcDir, fixed, more);
  }

  /** What a script that starts now gets. */
  public Map<String, String> variables() {
    Map<String, String> all = new TreeMap<>(fixed);
    computed.forEach((name, value) -> all.put(name, value.get()));
    return all;
  }

  /** Where a component's scripts are. */
  Path directory(String component) {
    return etcDir.resolve("events").resolve(component);
  }
}
