package io.jctdb.database.epoch;

import io.jctdb.database.message.NodeMessage;
import io.jctdb.database.message.NodePort;
import java.util.ArrayList;
import java.util.List;

/** A port whose messages are noted down and whose clock is moved by hand. */
final class HandPort implements NodePort {
  private static final class Alarm {
    long atNanos;
    Runnable task = () -> {};
    boolean over;
  }

  private final int pnn;
  private final List<String> said = new ArrayList<>();
  private final List<Alarm> alarms = new ArrayList<>();
  private long nowNanos;

  HandPort(int pnn) {
    this.pnn = pnn;
  }

  List<String> said() {
    List<String> all = List.copyOf(said);
    said.clear();
    return all;
  }

  void pass(long nanos) {
    nowNanos += nanos;
    for (Alarm alarm : List.copyOf(alarms)) {
      if (!alarm.over && alarm.atNanos <= nowNanos) {
        alarm.over = true;
        alarm.task.run();
      }
    }
  }

  @Override
  public int self() {
    return pnn;
  }

  @Override
  public void send(int to, NodeMessage message) {
    said.add(to + ": " + message);
  }

  @Override
  public long nowNanos() {
    return nowNanos;
  }

  @Override
  public Timer after(long delayNanos, Runnable task) {
    Alarm alarm = new Alarm();
    alarm.atNanos = nowNanos + delayNanos;
    alarm.task = task;
    alarms.add(alarm);
    return () -> alarm.over = true;
  }
}
