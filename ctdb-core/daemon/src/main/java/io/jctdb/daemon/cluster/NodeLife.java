package io.jctdb.daemon.cluster;

import io.jctdb.protocol.RunState;
import io.jctdb.protocol.TimeVal;
import io.jctdb.protocol.Uptime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Where this daemon is in its life, and when it last changed epoch. Owner thread only. */
public final class NodeLife {
  private final Instant started = Instant.now();
  private final List<Consumer<RunState>> listeners = new ArrayList<>();
  private RunState runState = RunState.INIT;
  private Instant recoveryStarted = Instant.EPOCH;
  private Instant recoveryFinished = Instant.EPOCH;
  private boolean recovering = true;
  private int recoveries;

  public RunState runState() {
    return runState;
  }

  /** Run states only ever increase. */
  public void enter(RunState next) {
    if (next.ordinal() <= runState.ordinal()) {
      throw new IllegalStateException("run state " + runState + " cannot become " + next);
    }
    runState = next;
    listeners.forEach(l -> l.accept(next));
  }

  public boolean isAtLeast(RunState state) {
    return runState.ordinal() >= state.ordinal();
  }

  public void onRunState(Consumer<RunState> listener) {
    listeners.add(listener);
  }

  /** From leaving one epoch until the databases of the next are ready. */
  public boolean isRecovering() {
    return recovering;
  }

  public void recoveryStarted() {
    if (!recovering || recoveryStarted.equals(Instant.EPOCH)) {
      recoveryStarted = Instant.now();
    }
    recovering = true;
  }

  public void recoveryFinished() {
    if (recovering) {
      recoveryFinished = Instant.now();
      recoveries++;
    }
    recovering = false;
  }

  public int recoveries() {
    return recoveries;
  }

  public Uptime uptime() {
    return new Uptime(
        timeVal(Instant.now()),
        timeVal(started),
        timeVal(recoveryStarted),
        timeVal(recoveryFinished));
  }

  private static TimeVal timeVal(Instant instant) {
    return new TimeVal(instant.getEpochSecond(), instant.getNano() / 1_000);
  }
}
