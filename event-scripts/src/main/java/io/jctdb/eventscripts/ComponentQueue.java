package io.jctdb.eventscripts;

import io.jctdb.linux.ChildExit;
import io.jctdb.linux.ChildProcess;
import io.jctdb.linux.SpawnException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;

/**
 * The events of one component, in the order asked for (events-and-config 1.6).
 *
 * <p>Events of different addresses ({@code takeip}, {@code releaseip}, {@code updateip}) run at the
 * same time, up to a limit; those of one address, and all other events, wait for whatever was asked
 * for before them. In ctdbd they all wait for each other, so that one slow address delays the
 * others; and its deadline runs while an event waits, here only while it runs.
 *
 * <p>A monitor event makes way: it is killed when any other event is asked for, and refused while
 * one runs. Both are answered "cancelled", which says nothing about the node's health.
 */
final class ComponentQueue {
  private static final String MONITOR = "monitor";
  private static final int SIGKILL = 9;

  /** Event names are free words; so many different ones are remembered, the oldest forgotten. */
  private static final int STORED_EVENTS_MAX = 256;

  /** As many scripts of address events at once: more would only make each of them slower. */
  private static final int PARALLEL_MAX = 8;

  /** More than any takeover run asks for; a requester that asks for more is told so. */
  private static final int QUEUE_MAX = 10_000;

  /** One request. */
  private static final class Run {
    final String event;
    final List<String> arguments;
    final Duration timeout;
    final Consumer<EventResult> done;

    /** Which address it is about; empty: about all, so that it runs alone. */
    final Optional<String> address;

    private long startNanos;
    private boolean cancelled;
    private @Nullable ChildProcess child;

    Run(String event, List<String> arguments, Duration timeout, Consumer<EventResult> done) {
      this.event = event;
      this.arguments = arguments;
      this.timeout = timeout;
      this.done = done;
      this.address = AddressEvent.addressOf(event, arguments);
    }

    /** Its time begins. */
    void begin() {
      startNanos = System.nanoTime();
    }

    Duration left() {
      return timeout.minusNanos(System.nanoTime() - startNanos);
    }

    boolean mayRunBeside(Run other) {
      return address.isPresent() && other.address.isPresent() && !address.equals(other.address);
    }

    synchronized void cancel() {
      cancelled = true;
      if (child != null) {
        child.signalGroup(SIGKILL);
      }
    }

    synchronized boolean cancelled() {
      return cancelled;
    }

    /** From now on {@link #cancel} kills this child; at once if it came earlier. */
    synchronized void running(@Nullable ChildProcess started) {
      child = started;
      if (cancelled && started != null) {
        started.signalGroup(SIGKILL);
      }
    }
  }

  private final String component;
  private final ScriptEnvironment environment;
  private final HungScripts hungScripts;

  private final ExecutorService workers;

  // Guarded by this.
  private final List<Run> waiting = new ArrayList<>();
  private final List<Run> running = new ArrayList<>();
  private boolean closed;
  private final Map<String, EventStatus> stored =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, EventStatus> eldest) {
          return size() > STORED_EVENTS_MAX;
        }
      };

  ComponentQueue(String component, ScriptEnvironment environment, HungScripts hungScripts) {
    this.component = component;
    this.environment = environment;
    this.hungScripts = hungScripts;
    // A platform thread each: waiting for a child blocks in the kernel.
    this.workers =
        Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("events-" + component + "-", 0).factory());
  }

  void submit(String event, List<String> arguments, Duration timeout, Consumer<EventResult> done) {
    Run run = new Run(event, arguments, timeout, done);
    if (ScriptDirectory.isOptional(event)) {
      workers.execute(() -> submitIfHandled(run));
    } else {
      submit(run);
    }
  }

  /** An event that concerns no script is over, without a monitor event being cancelled for it. */
  private void submitIfHandled(Run run) {
    try {
      if (ScriptDirectory.list(environment.directory(component)).stream()
          .noneMatch(script -> script.enabled() && script.handles(run.event))) {
        tell(run, 0, List.of());
        return;
      }
    } catch (IOException _) {
      // Told when it is tried again to run it.
    }
    submit(run);
  }

  private void submit(Run run) {
    if (!enqueue(run)) {
      tell(run, EventErrno.ECANCELED, List.of());
    }
  }

  private synchronized boolean enqueue(Run run) {
    if (closed || waiting.size() >= QUEUE_MAX) {
      return false;
    }
    boolean monitorRuns = running.stream().anyMatch(one -> one.event.equals(MONITOR));
    if (run.event.equals(MONITOR) && !running.isEmpty() && !monitorRuns) {
      return false;
    }
    if (monitorRuns) {
      running.forEach(Run::cancel); // a monitor event runs alone
    }
    waiting.add(run);
    startWhatMayRun();
    return true;
  }

  /** Each that is in nobody's way: neither of one that runs, nor of one that has waited longer. */
  private void startWhatMayRun() {
    List<Run> before = new ArrayList<>(running);
    for (Iterator<Run> all = waiting.iterator(); all.hasNext() && running.size() < PARALLEL_MAX; ) {
      Run run = all.next();
      if (before.stream().allMatch(run::mayRunBeside)) {
        all.remove();
        running.add(run);
        workers.execute(() -> perform(run));
      }
      before.add(run);
    }
  }

  synchronized Optional<EventStatus> status(String event) {
    return Optional.ofNullable(stored.get(event));
  }

  /** Kills what runs, cancels what waits, and ends the threads. */
  void close() {
    List<Run> cancelled;
    synchronized (this) {
      closed = true;
      cancelled = List.copyOf(waiting);
      waiting.clear();
      running.forEach(Run::cancel);
    }
    cancelled.forEach(run -> tell(run, EventErrno.ECANCELED, List.of()));
    workers.shutdown();
  }

  private void perform(Run run) {
    run.begin();
    List<ScriptDirectory.Script> scripts;
    try {
      scripts = ScriptDirectory.list(environment.directory(component));
    } catch (NoSuchFileException | NotDirectoryException _) {
      finish(run, EventErrno.ENOENT, List.of());
      return;
    } catch (IOException e) {
      ScriptLog.EVENTD.error("the scripts of {} cannot be listed: {}", component, e.toString());
      finish(run, EventErrno.EIO, List.of());
      return;
    }
    List<ScriptResult> results = new ArrayList<>();
    int summary = ScriptSummary.OK;
    for (ScriptDirectory.Script script : scripts) {
      ScriptResult result = runScript(script, run);
      results.add(result);
      ScriptLog.lines(ScriptLog.EVENTD, Level.ERROR, script.name() + ": ", result.output());
      if (!ScriptSummary.continues(result.summary())) {
        summary = result.summary();
        break;
      }
    }
    if (summary != ScriptSummary.CANCELLED) {
      store(run.event, new EventStatus(summary, results));
    }
    finish(run, ScriptSummary.toErrno(summary), results);
  }

  private synchronized void store(String event, EventStatus status) {
    stored.remove(event);
    stored.put(event, status);
  }

  private ScriptResult runScript(ScriptDirectory.Script script, Run run) {
    Instant begin = Instant.now();
    if (run.cancelled()) {
      return new ScriptResult(script.name(), begin, begin, ScriptSummary.CANCELLED, "");
    }
    if (!script.enabled()) {
      return new ScriptResult(script.name(), begin, begin, ScriptSummary.DISABLED, "");
    }
    if (!script.handles(run.event)) {
      return new ScriptResult(script.name(), begin, begin, ScriptSummary.OK, "");
    }
    if (!run.left().isPositive()) {
      ScriptLog.EVENTD.warn("{}: event {} timed out before it", script.name(), run.event);
      return new ScriptResult(script.name(), begin, begin, ScriptSummary.TIMED_OUT, "");
    }
    List<String> arguments = new ArrayList<>(run.arguments);
    arguments.addFirst(run.event);
    try {
      ChildProcess child =
          ChildProcess.start(script.path(), script.name(), arguments, environment.variables());
      return await(child, script, run, begin);
    } catch (SpawnException e) {
      return cannotStart(script, begin, e);
    }
  }

  private ScriptResult await(
      ChildProcess child, ScriptDirectory.Script script, Run run, Instant begin) {
    run.running(child);
    Optional<ChildExit> exit = child.await(run.left());
    run.running(null);
    String output = ScriptLog.text(child.output());
    if (exit.isPresent()) {
      child.close();
    } else {
      ScriptLog.EVENTD.warn("{}: event {} timed out", script.name(), run.event);
      hungScripts.takeOver(child, run.event);
    }
    int summary;
    if (run.cancelled()) {
      summary = ScriptSummary.CANCELLED;
    } else {
      summary = exit.map(ScriptSummary::of).orElse(ScriptSummary.TIMED_OUT);
    }
    return new ScriptResult(script.name(), begin, Instant.now(), summary, output);
  }

  private ScriptResult cannotStart(ScriptDirectory.Script script, Instant begin, SpawnException e) {
    boolean vanished = e.errno() == EventErrno.ENOENT && !Files.exists(script.path());
    int summary = vanished ? ScriptSummary.DISABLED : ScriptSummary.ofExecError(e.errno());
    if (!ScriptSummary.continues(summary)) {
      ScriptLog.EVENTD.error("{}: {}; check its first line (#!)", script.name(), e.getMessage());
    }
    return new ScriptResult(script.name(), begin, Instant.now(), summary, "");
  }

  private void finish(Run run, int errno, List<ScriptResult> scripts) {
    // Over before it is told: whoever asks for the next event because of it finds nothing running.
    synchronized (this) {
      running.remove(run);
      if (!closed) {
        startWhatMayRun();
      }
    }
    tell(run, errno, scripts);
  }

  private void tell(Run run, int errno, List<ScriptResult> scripts) {
    try {
      run.done.accept(new EventResult(component, run.event, errno, scripts));
    } catch (RuntimeException e) {
      // The next event must not suffer from what one requester does with its result.
      ScriptLog.EVENTD.error("the result of event {} could not be handled", run.event, e);
    }
  }
}
