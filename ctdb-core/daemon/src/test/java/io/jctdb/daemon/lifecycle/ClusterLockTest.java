package io.jctdb.daemon.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jctdb.recovery.LeadershipCondition;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterLockTest {
  @TempDir private Path directory;
  private final CompletableFuture<Void> lost = new CompletableFuture<>();

  private boolean get(LeadershipCondition lock) throws Exception {
    return lock.acquire(() -> lost.complete(null)).toCompletableFuture().get(10, TimeUnit.SECONDS);
  }

  private FileClusterLock file() {
    return new FileClusterLock(directory.resolve("lock"), Duration.ofMillis(20));
  }

  private Path script(String text) throws Exception {
    Path script = directory.resolve("helper");
    Files.writeString(script, "#!/bin/sh\n" + text + "\n");
    assertThat(script.toFile().setExecutable(true)).isTrue();
    return script;
  }

  @Test
  void aFileIsHeldByOneUntilItIsReleased() throws Exception {
    FileClusterLock one = file();
    FileClusterLock other = file();
    assertThat(get(one)).isTrue();
    assertThat(get(other)).isFalse();
    one.release();
    while (!get(other)) {
      Thread.sleep(10);
    }
    other.release();
    assertThat(lost).isNotDone();
  }

  @Test
  void aFileThatIsReplacedProtectsNothing() throws Exception {
    FileClusterLock lock = file();
    assertThat(get(lock)).isTrue();
    Path another = Files.createFile(directory.resolve("another"));
    Files.move(another, directory.resolve("lock"), StandardCopyOption.REPLACE_EXISTING);
    lost.get(10, TimeUnit.SECONDS);
  }

  @Test
  void aFileThatCannotBeMadeIsNotHeld() throws Exception {
    FileClusterLock lock = new FileClusterLock(directory.resolve("no/lock"), Duration.ofSeconds(5));
    assertThatThrownBy(() -> get(lock)).hasMessageContaining("no/lock");
  }

  @Test
  void aHelperHoldsTheLockAsLongAsItRuns() throws Exception {
    Path marker = directory.resolve("released");
    HelperClusterLock lock =
        new HelperClusterLock(
            script(
                    "trap 'touch "
                        + marker
                        + "; exit 0' TERM; printf 0; while :; do sleep 0.05; done")
                .toString());
    assertThat(get(lock)).isTrue();
    lock.release();
    while (!Files.exists(marker)) {
      Thread.sleep(10);
    }
    assertThat(lost).isNotDone();
  }

  @Test
  void aHelperThatEndsHasLostTheLock() throws Exception {
    HelperClusterLock lock = new HelperClusterLock(script("printf 0; sleep 0.1").toString());
    assertThat(get(lock)).isTrue();
    lost.get(10, TimeUnit.SECONDS);
  }

  @Test
  void aHelperThatNeverAnswersIsEnded() throws Exception {
    Path marker = directory.resolve("ended");
    HelperClusterLock lock =
        new HelperClusterLock(
            script("trap 'touch " + marker + "; exit 0' TERM; while :; do sleep 0.05; done")
                .toString(),
            Duration.ofSeconds(1));
    assertThatThrownBy(() -> get(lock)).hasMessageContaining("no answer within 1 s");
    while (!Files.exists(marker)) {
      Thread.sleep(10);
    }
    assertThat(lost).isNotDone();
  }

  @Test
  void contentionAndErrorsAreNoLock() throws Exception {
    assertThat(get(new HelperClusterLock(script("printf 1").toString()))).isFalse();
    HelperClusterLock failing = new HelperClusterLock(script("printf 3").toString());
    assertThatThrownBy(() -> get(failing)).hasMessageContaining("it failed");
    HelperClusterLock explaining =
        new HelperClusterLock(script("echo 'the  disk is away' >&2; printf 3").toString());
    assertThatThrownBy(() -> get(explaining)).hasMessageEndingWith("it failed: the disk is away");
    HelperClusterLock silent = new HelperClusterLock(script("exit 0").toString());
    assertThatThrownBy(() -> get(silent)).hasMessageContaining("answers nothing");
    HelperClusterLock missing = new HelperClusterLock("/does/not/exist");
    assertThatThrownBy(() -> get(missing)).hasMessageContaining("/does/not/exist");
    assertThat(lost).isNotDone();
  }
}
