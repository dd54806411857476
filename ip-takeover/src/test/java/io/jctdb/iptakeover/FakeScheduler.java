package io.jctdb.iptakeover;

import java.time.Duration;
import java.util.Comparator;
import java.util.NavigableSet;
import java.util.TreeSet;

/** Time that passes when the test says so. */
final class FakeScheduler implements Scheduler {
  private record Task(long due, long number, Runnable body) {}

  private final NavigableSet<Task> tasks =
      new TreeSet<>(Comparator.comparingLong(Task::due).thenComparingLong(Task::number));
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
    while (!tasks.isEmpty() && tasks.first().due <= end) {
      Task task = tasks.removeFirst();
      now = task.due;
      task.body.run();
    }
    now = end;
  }
}
