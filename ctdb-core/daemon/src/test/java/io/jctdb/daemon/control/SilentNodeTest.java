package io.jctdb.daemon.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.database.message.ClusterMessage;
import io.jctdb.database.message.NodeMessage;
import io.jctdb.database.message.NodePort;
import io.jctdb.protocol.Control;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** An administrator asks about a node at another site, whose line hangs. */
class SilentNodeTest {
  private final Set<Integer> quiet = new HashSet<>();
  private final List<String> answers = new ArrayList<>();
  private final Deque<Runnable> timers = new ArrayDeque<>();
  private final RemoteControls remote = new RemoteControls(new Port(), () -> 0, quiet::contains);

  @Test
  void aQuestionToOneThatIsNotHeardIsAnsweredAtOnce() {
    quiet.add(3);
    ask(3);
    assertThat(answers).containsExactly("-1 nothing is heard from the node");
    assertThat(timers).isEmpty();
  }

  @Test
  void aQuestionThatWaitsEndsWhenTheNodeFallsSilent() {
    ask(3);
    look();
    assertThat(answers).isEmpty();
    quiet.add(3);
    look();
    assertThat(answers).containsExactly("-1 nothing is heard from the node");
    remote.received(3, new ClusterMessage.ControlReply(1, 0, new byte[0], ""));
    assertThat(answers).as("the answer comes too late").hasSize(1);
  }

  @Test
  void whatIsAnsweredIsNotLookedAtAgain() {
    ask(3);
    remote.received(3, new ClusterMessage.ControlReply(1, 0, new byte[0], ""));
    look();
    assertThat(answers).containsExactly("0 ");
    assertThat(timers).isEmpty();
  }

  @Test
  void anOrderWaitsForItsAnswer() {
    quiet.add(3);
    remote.call(3, Control.SHUTDOWN.opcode(), 0, 0, new byte[0], this::answered);
    assertThat(answers).isEmpty();
    assertThat(Questions.include(Control.SHUTDOWN.opcode())).isFalse();
    assertThat(Questions.include(Control.GET_IFACES.opcode())).isTrue();
  }

  private void ask(int pnn) {
    remote.ask(pnn, Control.GET_IFACES.opcode(), 0, 0, new byte[0], this::answered);
  }

  private void answered(int status, byte[] data, String error) {
    answers.add(status + " " + error);
  }

  private void look() {
    List<Runnable> due = List.copyOf(timers);
    timers.clear();
    due.forEach(Runnable::run);
  }

  private final class Port implements NodePort {
    @Override
    public int self() {
      return 0;
    }

    @Override
    public void send(int pnn, NodeMessage message) {}

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
