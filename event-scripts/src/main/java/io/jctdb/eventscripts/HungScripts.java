package io.jctdb.eventscripts;

import io.jctdb.linux.ChildExit;
import io.jctdb.linux.ChildProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.event.Level;

/**
 * Looks at scripts whose time was up, and ends them.
 *
 * <p>ctdbd leaves a hung script running when no debug script is configured; a late {@code ip addr
 * add} of an event long given up would put an address on two nodes. Here its process group always
 * gets SIGTERM and, two seconds later, SIGKILL, after the debug script has had its look.
 */
final class HungScripts {
  private static final int SIGTERM = 15;
  private static final int SIGKILL = 9;
  private static final Duration DEBUG_MAX = Duration.ofSeconds(60);
  private static final Duration TERM_GRACE = Duration.ofSeconds(2);

  private final Optional<Path> debugScript;
  private final Map<String, String> environment;
  private final AtomicBoolean debugging = new AtomicBoolean();
  private final Set<ChildProcess> hung = ConcurrentHashMap.newKeySet();

  HungScripts(Optional<Path> debugScript, Map<String, String> environment) {
    this.debugScript = debugScript;
    this.environment = environment;
  }

  /** Takes a child over; returns at once. */
  void takeOver(ChildProcess child, String event) {
    hung.add(child);
    Thread.ofPlatform().daemon().name("hung-script-" + child.pid()).start(() -> end(child, event));
  }

  private void end(ChildProcess child, String event) {
    try (child) {
      if (debugScript.isPresent() && debugging.compareAndSet(false, true)) {
        try {
          debug(debugScript.get(), child.pid(), event);
        } finally {
          debugging.set(false);
        }
      }
      child.signalGroup(SIGTERM);
      if (child.await(TERM_GRACE).isEmpty()) {
        child.signalGroup(SIGKILL);
        // A process in uninterruptible sleep outlives even SIGKILL; close() leaves it a reaper.
        Optional<ChildExit> _ = child.await(TERM_GRACE);
      }
    } finally {
      hung.remove(child);
    }
  }

  private void debug(Path script, int pid, String event) {
    String name = script.getFileName() == null ? "" : script.getFileName().toString();
    List<String> arguments = List.of(Integer.toString(pid), event);
    try (ChildProcess debugger = ChildProcess.start(script, name, arguments, environment)) {
      if (debugger.await(DEBUG_MAX).isEmpty()) {
        ScriptLog.EVENTD.error(
            "event_debug: {} itself hangs, killed after {} s", script, DEBUG_MAX.toSeconds());
        debugger.signalGroup(SIGKILL);
      }
      ScriptLog.lines(
          ScriptLog.EVENTD, Level.ERROR, "event_debug: ", ScriptLog.text(debugger.output()));
    } catch (IOException e) {
      ScriptLog.EVENTD.error("event_debug: {}", e.getMessage());
    }
  }

  /** Kills every hung script now. */
  void killAll() {
    hung.forEach(child -> child.signalGroup(SIGKILL));
  }
}
