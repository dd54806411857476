package io.jctdb.iptakeover;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class EndingClientsTest {
  private static final int SMBD = 10;
  private static final int OTHER_SMBD = 11;

  private final FakeScheduler scheduler = new FakeScheduler();
  private final Set<Integer> serving = new HashSet<>();
  private final Set<Integer> connected = new HashSet<>();
  private final EndingClients clients =
      new EndingClients(() -> Set.copyOf(serving), connected::contains, scheduler);
  private boolean done;

  private void leave() {
    clients.remember();
    serving.clear(); // an smbd that ends says so first, and then closes its files
    clients.await(() -> done = true);
  }

  @Test
  void nobodyIsWaitedForWhereNobodyServed() {
    connected.add(SMBD);
    leave();
    assertThat(done).isTrue();
  }

  @Test
  void whoServedIsWaitedForUntilItsLastConnectionIsClosed() {
    serving.addAll(Set.of(SMBD, OTHER_SMBD));
    connected.addAll(serving);
    leave();
    connected.remove(SMBD);
    scheduler.advance(Duration.ofMillis(100));
    assertThat(done).isFalse();
    connected.remove(OTHER_SMBD);
    scheduler.advance(Duration.ofMillis(20));
    assertThat(done).isTrue();
  }

  @Test
  void whoBeganToServeMeanwhileIsWaitedForToo() {
    clients.remember();
    serving.add(SMBD);
    connected.add(SMBD);
    clients.await(() -> done = true);
    assertThat(done).isFalse();
  }

  @Test
  void oneThatHangsIsNotWaitedForForEver() {
    serving.add(SMBD);
    connected.add(SMBD);
    leave();
    scheduler.advance(EndingClients.PATIENCE.plusMillis(20));
    assertThat(done).isTrue();

    done = false;
    leave();
    assertThat(done).as("nor the next time").isTrue();
  }
}
