package io.jctdb.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.database.message.NodeMessage;
import io.jctdb.database.message.NodePort;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LinkPressureTest {
  private static final long FULL = LinkPressure.QUEUED_BYTES_MAX + 1;
  private static final long HALF = LinkPressure.QUEUED_BYTES_MAX / 2;

  private final Map<Integer, Long> queued = new HashMap<>();
  private final List<String> held = new ArrayList<>();
  private final Deque<Runnable> timers = new ArrayDeque<>();
  private final LinkPressure<String> pressure =
      new LinkPressure<>(new Port(), pnn -> queued.getOrDefault(pnn, 0L), held::add, held::remove);

  @Test
  void whoFloodsALinkIsHeldUntilItHasCaughtUp() {
    queued.put(1, FULL);
    pressure.sent("flooder", 1);
    pressure.sent("flooder", 1);
    pressure.sent("neighbour", 2);
    assertThat(held).containsExactly("flooder");
    queued.put(1, HALF + 1);
    look();
    assertThat(held).containsExactly("flooder");
    queued.put(1, HALF);
    look();
    assertThat(held).isEmpty();
    assertThat(timers).isEmpty();
  }

  @Test
  void whoWaitsForTwoNodesWaitsForBoth() {
    queued.put(1, FULL);
    queued.put(2, FULL);
    pressure.sent("broadcaster", 1);
    pressure.sent("broadcaster", 2);
    queued.put(1, 0L);
    look();
    assertThat(held).containsExactly("broadcaster");
    queued.put(2, 0L);
    look();
    assertThat(held).isEmpty();
  }

  @Test
  void whoHasGoneIsForgotten() {
    queued.put(1, FULL);
    pressure.sent("gone", 1);
    pressure.closed("gone");
    look();
    assertThat(timers).isEmpty();
    assertThat(held).as("nobody let go what is closed").containsExactly("gone");
  }

  private void look() {
    timers.remove().run();
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
