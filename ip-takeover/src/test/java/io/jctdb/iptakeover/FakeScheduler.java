package io.jctdb.iptakeover;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Time that passes when the test says so. */
final class FakeScheduler implements Scheduler {
  private record Task(long due, long number, Runnable body) {}

  private final List<Task> tasks = new ArrayList<>();
  private long now = 1_000_000_000_000L;
  private long scheduled;

  @Override
  public long nowNanos() {
    return now;
  }

  @Override
  public Timer after(Duration delay, Runnable body) {
    Task task = new Task(now + delay.toNanos(), scheduled++, body);
    tasks.add(task);
    return () -> tasks.remove(task);
  }

  void advance(Duration time) {
    long end = now + time.toNanos();
    for (Optional<Task> next = next(end); next.isPresent(); next = next(end)) {
      Task task = next.get();
      tasks.remove(task);
      now = task.due;
      task.body.run();
    }
    now = end;
  }

  private Optional<Task> next(long end) {
    return tasks.stream()
        .filter(task -> task.due <= end)
        .min(Comparator.comparingLong(Task::due).thenComparingLong(Task::number));
  }
}
