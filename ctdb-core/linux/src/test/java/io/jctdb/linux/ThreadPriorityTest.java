package io.jctdb.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

class ThreadPriorityTest {
  private static final String NORMAL = "0";
  private static final String RAISED = "-15";
  private static final int EARMARK = -2;
  private static final int SIGKILL = 9;

  /** In a thread of its own, so that the thread that runs tests stays as it is. */
  private static <T> T onAThread(Callable<T> work) throws InterruptedException, ExecutionException {
    FutureTask<T> task = new FutureTask<>(work);
    Thread.ofPlatform().start(task);
    return task.get();
  }

  /**
   * The nice value, field 19 of proc(5)'s stat; what comes before the name's closing parenthesis is
   * counted off.
   */
  private static String nice(Path thread) throws IOException {
    String stat = Files.readString(thread.resolve("stat"));
    return stat.substring(stat.lastIndexOf(')') + 2).split(" ")[19 - 3];
  }

  private static Path thisThread() throws IOException {
    return Path.of("/proc").resolve(Files.readSymbolicLink(Path.of("/proc/thread-self")));
  }

  private static boolean permitted() {
    try {
      ThreadPriority.raiseThisThread(-15);
      return true;
    } catch (LinuxException e) {
      assertThat(e.errno()).isEqualTo(Errno.EACCES);
      return false;
    }
  }

  @Test
  void aRaisedThreadAndTheThreadsItStartsRunBeforeOthersButChildProcessesDoNot()
      throws InterruptedException, ExecutionException {
    List<String> values =
        onAThread(
            () ->
                permitted()
                    ? List.of(
                        nice(thisThread()),
                        onAThread(() -> nice(thisThread())),
                        niceOfAChildProcess(),
                        nice(thisThread()),
                        niceOnceLowered())
                    : List.of());
    assumeTrue(!values.isEmpty(), "no permission to raise priorities");
    assertThat(values).containsExactly(RAISED, RAISED, NORMAL, RAISED, NORMAL);
  }

  @Test
  void earmarkedThreadsAndTheThreadsTheyStartedAreRaisedTogetherAndOthersAreNot()
      throws InterruptedException, ExecutionException {
    assumeTrue(onAThread(ThreadPriorityTest::permitted), "no permission to raise priorities");
    CountDownLatch earmarked = new CountDownLatch(3);
    CountDownLatch raised = new CountDownLatch(1);
    Callable<String> look =
        () -> {
          earmarked.countDown();
          raised.await();
          return nice(thisThread());
        };
    FutureTask<String> child = new FutureTask<>(look);
    FutureTask<String> parent =
        new FutureTask<>(
            () -> {
              ThreadPriority.raiseThisThread(EARMARK);
              Thread.ofPlatform().start(child);
              return look.call();
            });
    FutureTask<String> startingAProcess =
        new FutureTask<>(
            () -> {
              ThreadPriority.raiseThisThread(EARMARK);
              afterWorkAsNormal(look);
              return nice(thisThread());
            });
    FutureTask<String> other = new FutureTask<>(() -> onAThread(() -> nice(thisThread())));
    Thread.ofPlatform().start(parent);
    Thread.ofPlatform().start(startingAProcess);
    earmarked.await();
    ThreadPriority.raiseAll(Map.of(EARMARK, -15));
    raised.countDown();
    Thread.ofPlatform().start(other);
    assertThat(List.of(parent.get(), child.get(), startingAProcess.get(), other.get()))
        .containsExactly(RAISED, RAISED, RAISED, NORMAL);
  }

  @Test
  void aThreadIsRaisedByItsName() throws InterruptedException, ExecutionException {
    assumeTrue(onAThread(ThreadPriorityTest::permitted), "no permission to raise priorities");
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch raised = new CountDownLatch(1);
    FutureTask<String> collector =
        new FutureTask<>(
            () -> {
              begun.countDown();
              raised.await();
              return nice(thisThread());
            });
    Thread.ofPlatform().name("some collector").start(collector);
    begun.await();
    assertThat(ThreadPriority.raise("no collector", -15)).isFalse();
    assertThat(ThreadPriority.raise("some collector", -15)).isTrue();
    raised.countDown();
    assertThat(collector.get()).isEqualTo(RAISED);
  }

  private static void afterWorkAsNormal(Callable<String> work) throws Exception {
    try {
      assertThat(ThreadPriority.whileNormal(work::call)).isEqualTo(NORMAL);
    } catch (Exception | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static String niceOnceLowered() throws IOException {
    ThreadPriority.lowerThisThread();
    return nice(thisThread());
  }

  private static String niceOfAChildProcess() throws Exception {
    try (ChildProcess child =
        ChildProcess.start(Path.of("/bin/sleep"), "sleep", List.of("60"), Map.of())) {
      String nice = nice(Path.of("/proc/" + child.pid()));
      child.signalGroup(SIGKILL);
      return nice;
    }
  }
}
