package io.jctdb.eventscripts;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * Runs the scripts of {@code <etc>/events/<component>/} for events (events-and-config 1.2 to 1.8).
 *
 * <p>Scripts of an event run one after another; the first that fails ends it. Events of a component
 * run one after another, but those of different addresses side by side. The deadline counts the
 * event's own time, not its wait for others. A monitor event is cancelled in favour of any other.
 *
 * <p>Safe for use by many threads; no method waits for a script. Results are delivered on a thread
 * of the component (or, for a request refused at once, on the caller's): a consumer hands them on
 * and does not block.
 */
public final class EventRunner implements AutoCloseable {
  /** The component of ctdbd's own events. */
  public static final String LEGACY = "legacy";

  private final ScriptEnvironment environment;
  private final HungScripts hungScripts;
  private final Map<String, ComponentQueue> queues = new ConcurrentHashMap<>();

  /**
   * A runner without threads yet.
   *
   * @param environment what scripts see, and where they are
   * @param debugScript {@code [event] debug script}: run on scripts whose time was up
   */
  public EventRunner(ScriptEnvironment environment, Optional<Path> debugScript) {
    this.environment = environment;
    this.hungScripts = new HungScripts(debugScript, environment.variables());
  }

  /**
   * Runs an event; returns at once.
   *
   * @param component a directory below {@code <etc>/events}
   * @param event the scripts' first argument
   * @param arguments the scripts' further arguments
   * @param timeoutSeconds for all scripts together, from the first one's start; 0 is over at once
   * @param done called exactly once
   */
  public void run(
      String component,
      String event,
      List<String> arguments,
      long timeoutSeconds,
      Consumer<EventResult> done) {
    if (hasNul(event) || arguments.stream().anyMatch(EventRunner::hasNul)) {
      done.accept(new EventResult(component, event, EventErrno.EINVAL, List.of()));
    } else if (!exists(component)) {
      done.accept(new EventResult(component, event, EventErrno.ENOENT, List.of()));
    } else {
      queues
          .computeIfAbsent(component, c -> new ComponentQueue(c, environment, hungScripts))
          .submit(event, List.copyOf(arguments), Duration.ofSeconds(timeoutSeconds), done);
    }
  }

  /** The same for the component {@link #LEGACY}, as a future. */
  public CompletableFuture<EventResult> run(
      String event, List<String> arguments, long timeoutSeconds) {
    CompletableFuture<EventResult> result = new CompletableFuture<>();
    run(LEGACY, event, arguments, timeoutSeconds, result::complete);
    return result;
  }

  /** The last completed run of an event; nothing when there was none since the start. */
  public Optional<EventStatus> status(String component, String event) {
    ComponentQueue queue = queues.get(component);
    return queue == null ? Optional.empty() : queue.status(event);
  }

  /** Whether the component has a directory of scripts. */
  boolean exists(String component) {
    return ScriptDirectory.isComponentName(component)
        && Files.isDirectory(environment.directory(component));
  }

  /** The directory of a component that {@link #exists}. */
  Path directory(String component) {
    return environment.directory(component);
  }

  private static boolean hasNul(String text) {
    return text.indexOf('\0') >= 0;
  }

  /** Kills every script that still runs; events that run or wait end as cancelled. */
  @Override
  public void close() {
    queues.values().forEach(ComponentQueue::close);
    hungScripts.killAll();
  }
}
