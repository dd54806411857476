package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** Nobody leads, and this node asks for the cluster lock every second; what the log says of it. */
class HeldConditionTest {
  private static final String CONTENTION = "the cluster lock is not to be had: contention";
  private static final String BROKEN =
      "the cluster lock is not to be had: /lock: no such directory";

  private final List<String> log = new ArrayList<>();
  private CompletionStage<Boolean> answer = CompletableFuture.completedFuture(false);
  private final HeldCondition condition =
      new HeldCondition(new Lock(), Runnable::run, () -> {}, log::add);
  private long now;

  private final class Lock implements LeadershipCondition {
    @Override
    public CompletionStage<Boolean> acquire(Runnable lost) {
      return answer;
    }

    @Override
    public void release() {}
  }

  private void askEverySecond(Duration time) {
    for (long second = 0; second < time.toSeconds(); second++) {
      condition.holdOrAsk(now);
      now += Duration.ofSeconds(1).toNanos();
    }
  }

  @Test
  void thatItIsNotToBeHadIsSaidOnceInTenMinutes() {
    askEverySecond(Duration.ofMinutes(9));
    assertThat(log).containsExactly(CONTENTION);
    askEverySecond(Duration.ofMinutes(9));
    assertThat(log).containsExactly(CONTENTION, CONTENTION);
  }

  @Test
  void anotherReasonIsSaidAtOnce() {
    askEverySecond(Duration.ofSeconds(5));
    answer = CompletableFuture.failedFuture(new IOException("/lock: no such directory"));
    askEverySecond(Duration.ofSeconds(5));
    answer = CompletableFuture.completedFuture(false);
    askEverySecond(Duration.ofSeconds(5));
    assertThat(log).containsExactly(CONTENTION, BROKEN, CONTENTION);
  }

  @Test
  void thatThereIsNoAnswerIsSaidAndTheAnswerIsWaitedFor() {
    CompletableFuture<Boolean> late = new CompletableFuture<>();
    answer = late;
    askEverySecond(Duration.ofSeconds(5));
    assertThat(log).isEmpty();
    askEverySecond(Duration.ofMinutes(1));
    assertThat(log).containsExactly("the cluster lock is not to be had: no answer yet");
    assertThat(condition.whyDenied()).contains("no answer yet");
    late.complete(true);
    assertThat(condition.holdOrAsk(now)).isTrue();
    assertThat(condition.whyDenied()).isEmpty();
  }

  @Test
  void whyItIsNotToBeHadIsKnownUntilSomebodyLeads() {
    assertThat(condition.whyDenied()).isEmpty();
    askEverySecond(Duration.ofSeconds(1));
    assertThat(condition.whyDenied()).contains("contention");
    condition.release();
    assertThat(condition.whyDenied()).isEmpty();
  }

  @Test
  void itIsSaidAgainWhenSomebodyHasLedMeanwhile() {
    askEverySecond(Duration.ofSeconds(5));
    condition.release();
    askEverySecond(Duration.ofSeconds(5));
    answer = CompletableFuture.completedFuture(true);
    askEverySecond(Duration.ofSeconds(5));
    condition.release();
    answer = CompletableFuture.completedFuture(false);
    askEverySecond(Duration.ofSeconds(5));
    assertThat(log).containsExactly(CONTENTION, CONTENTION, CONTENTION);
  }
}
