package io.jctdb.tests.simulator;

import java.util.Arrays;

/**
 * Simulated time: a heap of things to do. Equal times run in the order in which they were added, so
 * a schedule depends on nothing but its seed.
 */
final class EventQueue {
  static final class Event {
    private final long atNanos;
    private final long order;
    private final Runnable action;
    private boolean cancelled;

    private Event(long atNanos, long order, Runnable action) {
      this.atNanos = atNanos;
      this.order = order;
      this.action = action;
    }

    void cancel() {
      cancelled = true;
    }

    private boolean before(Event other) {
      return atNanos != other.atNanos ? atNanos < other.atNanos : order < other.order;
    }
  }

  private Event[] heap = new Event[256];
  private int size;
  private long orders;
  private long nowNanos;
  private long ran;

  long now() {
    return nowNanos;
  }

  long ran() {
    return ran;
  }

  Event at(long nanos, Runnable action) {
    Event event = new Event(Math.max(nanos, nowNanos), orders++, action);
    if (size == heap.length) {
      heap = Arrays.copyOf(heap, 2 * size);
    }
    heap[size] = event;
    up(size++);
    return event;
  }

  Event after(long delayNanos, Runnable action) {
    return at(nowNanos + delayNanos, action);
  }

  /** Runs the next event, if it is due before {@code endNanos}. */
  boolean step(long endNanos) {
    while (size > 0 && heap[0].cancelled) {
      take();
    }
    if (size == 0 || heap[0].atNanos >= endNanos) {
      return false;
    }
    Event event = take();
    nowNanos = event.atNanos;
    ran++;
    event.action.run();
    return true;
  }

  private Event take() {
    Event first = heap[0];
    Event last = heap[--size];
    heap[size] = first; // overwritten by the next one added
    if (size > 0) {
      heap[0] = last;
      down();
    }
    return first;
  }

  private void up(int at) {
    Event event = heap[at];
    while (at > 0 && event.before(heap[(at - 1) / 2])) {
      heap[at] = heap[(at - 1) / 2];
      at = (at - 1) / 2;
    }
    heap[at] = event;
  }

  private void down() {
    Event event = heap[0];
    int at = 0;
    while (true) {
      int child = 2 * at + 1;
      if (child >= size) {
        break;
      }
      if (child + 1 < size && heap[child + 1].before(heap[child])) {
        child++;
      }
      if (event.before(heap[child])) {
        break;
      }
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = event;
  }
}
