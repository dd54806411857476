package io.jctdb.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Half a daemon is worse than none. */
class FailStopTest {
  private final List<Integer> halted = new ArrayList<>();
  private boolean ending;
  private final FailStop failStop = new FailStop(halted::add, () -> ending);

  @Test
  void whatGoesWellGoesOn() {
    List<String> done = new ArrayList<>();
    failStop.guarded(Runnable::run).execute(() -> done.add("step"));
    assertThat(done).containsExactly("step");
    assertThat(halted).isEmpty();
  }

  @Test
  void anExceptionThatNobodyExpectedEndsTheProcess() {
    assertThatThrownBy(failStop.guarded(() -> List.of().getFirst())::run)
        .isInstanceOf(RuntimeException.class);
    assertThat(halted).containsExactly(FailStop.STATUS);
  }

  @Test
  void soDoesAnError() {
    assertThatThrownBy(
            () ->
                failStop.run(
                    () -> {
                      throw new AssertionError("two owners");
                    }))
        .isInstanceOf(AssertionError.class);
    assertThat(halted).containsExactly(FailStop.STATUS);
  }

  @Test
  void soDoesWhoeverSaysThatOnlyANewProcessCanGoOn() {
    failStop.endAtOnce("test");
    assertThat(halted).containsExactly(FailStop.STATUS);
  }

  @Test
  void notWhenItIsEndingAnyway() {
    ending = true;
    failStop.run(() -> List.of().getFirst());
    failStop.endAtOnce("test");
    assertThat(halted).isEmpty();
  }
}
