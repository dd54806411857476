package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StandstillCausesTest {
  @TempDir Path directory;

  @Test
  void tellsWhatWasWaitedForSinceTheLastTime() throws IOException {
    Path schedstat = Files.writeString(directory.resolve("schedstat"), "158940 3000000000 2\n");
    AtomicLong collected = new AtomicLong(700);
    StandstillCauses causes = new StandstillCauses(schedstat, collected::get);
    causes.next();
    Files.writeString(schedstat, "159000 3310000000 9\n");
    collected.set(712);
    StandstillCauses.Waits waits = causes.next();
    assertThat(waits).isEqualTo(new StandstillCauses.Waits(OptionalLong.of(310), 12));
    assertThat(waits.explain(345))
        .isEqualTo("collecting garbage 12 ms, waiting for a processor 310 ms");
    assertThat(causes.next()).isEqualTo(new StandstillCauses.Waits(OptionalLong.of(0), 0));
  }

  @Test
  void saysSoWhereNeitherIsTheCause() {
    assertThat(new StandstillCauses.Waits(OptionalLong.of(20), 0).explain(345))
        .endsWith("else stopped, or held by its Java machine or its host");
  }

  @Test
  void aKernelThatDoesNotCountIsNoProblem() {
    StandstillCauses causes = new StandstillCauses(directory.resolve("missing"), () -> 0);
    causes.next();
    assertThat(causes.next().explain(300)).contains("processor unknown");
  }

  @Test
  void theKernelCountsForThisThread() {
    assumeThat(Path.of("/proc/thread-self/schedstat")).exists();
    StandstillCauses causes = new StandstillCauses();
    causes.next();
    assertThat(causes.next().withoutProcessorMillis()).isPresent();
  }
}
