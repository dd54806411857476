package io.jctdb.daemon.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.database.message.NodeMessage;
import io.jctdb.database.message.NodePort;
import io.jctdb.store.StoreException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;

class SequenceNumberQuestionTest {
  private final Deque<Runnable> timers = new ArrayDeque<>();
  private final List<String> replies = new ArrayList<>();
  private final SequenceNumberQuestion question =
      new SequenceNumberQuestion(
          new Port(), 60_000_000_000L, (status, data, error) -> replies.add(status + " " + error));

  @Test
  void whileTheFileStaysLockedTheAskerIsToldSoInTheEndAndOnlyOnce() {
    timers.remove().run();
    assertThat(replies)
        .containsExactly("-1 timed out: another process keeps the database file locked");
    question.answered(7);
    assertThat(replies).hasSize(1);
  }

  @Test
  void theNumberIsTold() {
    question.answered(7);
    assertThat(replies).containsExactly("0 ");
    assertThat(timers).isEmpty();
  }

  @Test
  void aFileThatCannotBeReadIsToldAtOnce() {
    question.failed(new StoreException("damaged"));
    assertThat(replies).containsExactly("-1 damaged");
    assertThat(timers).isEmpty();
  }

  private final class Port implements NodePort {
    @Override
    public int self() {
      return 0;
    }

    @Override
    public void send(int pnn, NodeMessage message) {
      throw new AssertionError("sends nothing");
    }

    @Override
    public long nowNanos() {
      return 0;
    }

    @Override
    public Timer after(long delayNanos, Runnable task) {
      timers.add(task);
      return () -> timers.remove(task);
    }
  }
}
