package io.jctdb.eventscripts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventRunnerTest {
  private static final int PATIENT = 60;

  @TempDir private Path dir;
  private ScriptHouse house;
  private EventRunner runner;

  @BeforeEach
  void anEmptyHouse() throws IOException {
    house = new ScriptHouse(dir);
    runner = house.runner();
  }

  @AfterEach
  void stop() {
    runner.close();
  }

  @Test
  void enabledScriptsRunInOrderWithTheEventAndItsArguments() throws Exception {
    house.script("50.b.script", "echo b $#:$*");
    house.script("10.a.script", "echo a $#:$*");
    house.script("80.x.y.script", "echo dots are fine");
    house.script("8.x.script", "echo never");
    house.script("71.x.script~", "echo never");
    house.script("81.script", "echo never");
    Files.writeString(house.legacy.resolve("20.off.script"), "#!/bin/sh\necho never\n");
    Files.createSymbolicLink(house.legacy.resolve("30.gone.script"), dir.resolve("nowhere"));

    EventResult result = run("takeip", "eth1", "10.0.0.1", "24");

    assertThat(result.success()).isTrue();
    assertThat(result.scripts())
        .extracting(s -> s.name() + " " + s.state() + " " + s.output().strip())
        .containsExactly(
            "10.a OK a 4:takeip eth1 10.0.0.1 24",
            "20.off DISABLED ",
            "30.gone DISABLED ",
            "50.b OK b 4:takeip eth1 10.0.0.1 24",
            "80.x.y OK dots are fine");
  }

  @Test
  void aScriptThatSaysWhatItHandlesIsNotStartedForAnythingElse() throws Exception {
    house.script("10.a.script", "# jctdb-events: init takeip\necho a $1");
    house.script("50.b.script", "echo b $1");

    assertThat(run("releaseip", "eth1", "10.0.0.1", "24").scripts())
        .extracting(s -> s.name() + " " + s.state() + " " + s.output().strip())
        .containsExactly("10.a OK ", "50.b OK b releaseip");
    assertThat(run("takeip", "eth1", "10.0.0.1", "24").scripts())
        .extracting(s -> s.output().strip())
        .containsExactly("a takeip", "b takeip");
  }

  @Test
  void aScriptThatDoesNotKnowTheNewestEventIsNotStartedForIt() throws Exception {
    house.script("10.a.script", "case $1 in takeip) ;; *) exit 1 ;; esac");
    house.script("50.b.script", "case $1 in startipreallocate) echo in grace ;; esac");

    EventResult result = run("startipreallocate");

    assertThat(result.success()).isTrue();
    assertThat(result.scripts())
        .extracting(s -> s.name() + " " + s.state() + " " + s.output().strip())
        .containsExactly("10.a OK ", "50.b OK in grace");
  }

  @Test
  void anEventThatConcernsNoScriptDisturbsNone() throws Exception {
    house.script("10.a.script", "until [ -e $CTDB_BASE/go-on ]; do sleep 0.02; done");
    Files.writeString(house.legacy.resolve("20.off.script"), "#!/bin/sh\n: startipreallocate\n");

    CompletableFuture<EventResult> monitor = runner.run("monitor", List.of(), PATIENT);
    assertThat(run("startipreallocate").success()).as("not waited for").isTrue();
    Files.createFile(dir.resolve("go-on"));

    assertThat(monitor.get().success()).as("not cancelled").isTrue();
  }

  @Test
  void theFirstFailureEndsTheEvent() throws Exception {
    house.script("10.a.script", "exit 0");
    house.script("20.b.script", "echo it broke >&2; exit 3");
    house.script("30.c.script", "exit 0");

    EventResult result = run("monitor");

    assertThat(result.errno()).isEqualTo(8);
    assertThat(result).hasToString("event legacy/monitor failed (error 8) in script 20.b");
    EventStatus status = runner.status("legacy", "monitor").orElseThrow();
    assertThat(status.summary()).isEqualTo(3);
    assertThat(status.scripts()).extracting(ScriptResult::name).containsExactly("10.a", "20.b");
    assertThat(status.scripts().getLast().output()).isEqualTo("it broke\n");
  }

  @Test
  void aFileWithoutAnInterpreterLineIsSkippedButAMissingInterpreterFails() throws Exception {
    ScriptHouse.executable(house.legacy.resolve("10.text.script"), "exit 1\n");
    Path folder = Files.createDirectory(house.legacy.resolve("20.folder.script"));
    assertThat(folder).isDirectory();
    assertThat(run("monitor").success()).isTrue();

    ScriptHouse.executable(house.legacy.resolve("30.bad.script"), "#!/no/such/shell\n");

    assertThat(run("monitor").errno()).isEqualTo(8);
    assertThat(runner.status("legacy", "monitor").orElseThrow().summary()).isEqualTo(-2);
  }

  @Test
  void scriptsSeeCtdbdsEnvironmentInTheirOwnProcessGroup() throws Exception {
    house.script(
        "10.env.script",
        "echo $CTDB_BASE $CTDB_LOGGING $CTDB_DEBUGLEVEL $0; [ $(cut -d' ' -f5 /proc/$$/stat) = $$ ]");

    EventResult result = run("init");

    assertThat(result.success()).isTrue();
    assertThat(result.scripts().getFirst().output())
        .isEqualTo(dir + " syslog NOTICE " + house.legacy.resolve("10.env.script") + "\n");
  }

  @Test
  void eventsThatAreNotMonitorWaitForEachOther() throws Exception {
    house.script("10.a.script", "echo begin $2 >> $CTDB_BASE/log; echo end $2 >> $CTDB_BASE/log");

    List<CompletableFuture<EventResult>> all =
        List.of("1", "2", "3").stream()
            .map(ip -> runner.run("takeip", List.of(ip), PATIENT))
            .toList();

    for (CompletableFuture<EventResult> result : all) {
      assertThat(result.get().success()).isTrue();
    }
    assertThat(Files.readAllLines(dir.resolve("log")))
        .containsExactly("begin 1", "end 1", "begin 2", "end 2", "begin 3", "end 3");
  }

  @Test
  void independentAddressesDoNotWaitForEachOther() throws Exception {
    // The slow one ends only when the other has been served.
    house.script(
        "10.a.script",
        "[ $3 = 10.0.0.1 ] || { touch $CTDB_BASE/served; exit; }\n"
            + "until [ -e $CTDB_BASE/served ]; do sleep 0.02; done");

    CompletableFuture<EventResult> slow =
        runner.run("takeip", List.of("eth0", "10.0.0.1", "24"), PATIENT);
    CompletableFuture<EventResult> other =
        runner.run("updateip", List.of("eth0", "eth1", "10.0.0.2", "24"), PATIENT);

    assertThat(other.get().success()).isTrue();
    assertThat(slow.get().success()).isTrue();
  }

  @Test
  void eventsOfOneAddressKeepTheirOrderAndOthersWaitForAllBeforeThem() throws Exception {
    house.script(
        "10.a.script",
        "echo begin $1 $3 >> $CTDB_BASE/log; sleep 0.2; echo end $1 $3 >> $CTDB_BASE/log");

    CompletableFuture<EventResult> take =
        runner.run("takeip", List.of("eth0", "10.0.0.1", "24"), PATIENT);
    CompletableFuture<EventResult> release =
        runner.run("releaseip", List.of("eth0", "10.0.0.1", "24"), PATIENT);
    CompletableFuture<EventResult> all = runner.run("ipreallocated", List.of(), PATIENT);
    CompletableFuture<EventResult> later =
        runner.run("takeip", List.of("eth0", "10.0.0.2", "24"), PATIENT);
    CompletableFuture.allOf(take, release, all, later).get();

    assertThat(Files.readAllLines(dir.resolve("log")).stream().map(String::strip))
        .containsExactly(
            "begin takeip 10.0.0.1",
            "end takeip 10.0.0.1",
            "begin releaseip 10.0.0.1",
            "end releaseip 10.0.0.1",
            "begin ipreallocated",
            "end ipreallocated",
            "begin takeip 10.0.0.2",
            "end takeip 10.0.0.2");
  }

  @Test
  void timeSpentWaitingForOthersIsNotTheEventsOwn() throws Exception {
    house.script("10.a.script", "[ $1 = startup ] && sleep 1.5; exit 0");
    CompletableFuture<EventResult> slow = runner.run("startup", List.of(), PATIENT);
    CompletableFuture<EventResult> waiting = runner.run("recovered", List.of(), 1);

    assertThat(slow.get().success()).isTrue();
    assertThat(waiting.get().success()).isTrue();
  }

  @Test
  void aFloodOfOutputIsBoundedAndHarmsNobody() throws Exception {
    house.script("10.a.script", "yes floods | head -c 20000000; exit 3");

    EventResult result = run("monitor");

    assertThat(result.scripts().getFirst().summary()).isEqualTo(3);
    assertThat(result.scripts().getFirst().output().length()).isEqualTo(4 << 20);
  }

  @Test
  void oddExitStatusesAreReadAsCtdbdReadsThem() throws Exception {
    record Odd(int exit, ScriptResult.State state, boolean success) {}
    for (Odd odd :
        List.of(
            new Odd(1, ScriptResult.State.ERROR, false),
            new Odd(63, ScriptResult.State.ERROR, false),
            new Odd(64, ScriptResult.State.OK, true),
            new Odd(72, ScriptResult.State.DISABLED, true),
            new Odd(77, ScriptResult.State.DISABLED, true),
            new Odd(127, ScriptResult.State.CANNOT_RUN, false),
            new Odd(174, ScriptResult.State.TIMEDOUT, false),
            new Odd(255, ScriptResult.State.ERROR, false))) {
      house.script("10.a.script", "exit " + odd.exit);
      EventResult result = run("monitor");
      assertThat(result.success()).as("exit %s", odd.exit).isEqualTo(odd.success);
      assertThat(result.scripts().getFirst().state()).as("exit %s", odd.exit).isEqualTo(odd.state);
    }
    house.script("10.a.script", "kill -9 $$");
    assertThat(run("monitor").scripts().getFirst().summary()).isEqualTo(-4);
  }

  @Test
  void aSyntaxErrorFailsTheEventAndTheOutputSaysWhere() throws Exception {
    Path script = house.script("10.a.script", "if true; then\necho ok");

    EventResult result = run("monitor");

    assertThat(result.errno()).isEqualTo(8);
    assertThat(result.scripts().getFirst().output()).contains(script + ": 4: Syntax error");
  }

  @Test
  void aRunningMonitorMakesWayForAnotherEvent() throws Exception {
    house.script("10.a.script", "echo $1 $$ >> $CTDB_BASE/log; [ $1 != monitor ] || sleep 600");
    CompletableFuture<EventResult> monitor = runner.run("monitor", List.of(), PATIENT);
    awaitFile(dir.resolve("log"));

    EventResult takeip = run("takeip");

    assertThat(takeip.success()).isTrue();
    assertThat(monitor.get().cancelled()).isTrue();
    assertThat(runner.status("legacy", "monitor")).isEmpty();
  }

  @Test
  void aMonitorIsRefusedWhileAnotherEventRuns() throws Exception {
    Path go = dir.resolve("go");
    house.script(
        "10.a.script", "touch $CTDB_BASE/log; until [ -e " + go + " ]; do sleep 0.02; done");
    CompletableFuture<EventResult> takeip = runner.run("takeip", List.of(), PATIENT);
    awaitFile(dir.resolve("log"));

    assertThat(run("monitor").cancelled()).isTrue();

    Files.createFile(go);
    assertThat(takeip.get().success()).isTrue();
  }

  @Test
  void anEventIsOverBeforeItsResultIsTold() throws Exception {
    for (int i = 0; i < 200; i++) {
      assertThat(run("takeip").success()).isTrue();
      assertThat(run("monitor").success()).isTrue();
    }
  }

  @Test
  void aScriptThatHangsTimesOutAndItsWholeGroupIsKilled() throws Exception {
    house.script("10.a.script", "echo before; sleep 600 & echo $! > $CTDB_BASE/pid; wait");

    EventResult result = runner.run("startup", List.of(), 1).get();

    assertThat(result.timedOut()).isTrue();
    assertThat(result.scripts().getLast().state()).isEqualTo(ScriptResult.State.TIMEDOUT);
    assertThat(result.scripts().getLast().output()).isEqualTo("before\n");
    long sleeper = Long.parseLong(Files.readString(dir.resolve("pid")).strip());
    await().atMost(Duration.ofSeconds(20)).until(() -> gone(sleeper));
  }

  @Test
  void theDebugScriptLooksAtAHungScriptBeforeItDies() throws Exception {
    Path debug =
        ScriptHouse.executable(
            dir.resolve("debug.sh"), "#!/bin/sh\nkill -0 $1 && echo $2 > $CTDB_BASE/looked\n");
    house.script("10.a.script", "sleep 600");
    try (EventRunner debugging = new EventRunner(house.environment(), Optional.of(debug))) {
      assertThat(debugging.run("monitor", List.of(), 1).get().timedOut()).isTrue();
      awaitFile(dir.resolve("looked"));
    }
    assertThat(dir.resolve("looked")).hasContent("monitor");
  }

  @Test
  void noTimeMeansNothingIsStarted() throws Exception {
    house.script("10.a.script", "touch $CTDB_BASE/started");

    assertThat(runner.run("takeip", List.of(), 0).get().timedOut()).isTrue();
    assertThat(dir.resolve("started")).doesNotExist();
  }

  @Test
  void theExitStatusOfCancelledCancelsAndIsNotStored() throws Exception {
    house.script("10.a.script", "exit 189");

    assertThat(run("monitor").cancelled()).isTrue();
    assertThat(runner.status("legacy", "monitor")).isEmpty();
  }

  @Test
  void anUnknownComponentOrOneThatLeadsElsewhereIsNotFound() throws Exception {
    for (String component : List.of("nothing", "../events/legacy", "", ".", "..")) {
      CompletableFuture<EventResult> result = new CompletableFuture<>();
      runner.run(component, "monitor", List.of(), PATIENT, result::complete);
      assertThat(result.get().errno()).as(component).isEqualTo(2);
    }
  }

  @Test
  void closingKillsWhatRunsAndCancelsWhatWaits() throws Exception {
    house.script("10.a.script", "echo $$ > $CTDB_BASE/pid; exec sleep 600");
    CompletableFuture<EventResult> running = runner.run("startup", List.of(), PATIENT);
    awaitFile(dir.resolve("pid"));
    CompletableFuture<EventResult> waiting = runner.run("recovered", List.of(), PATIENT);

    runner.close();

    assertThat(running.get().cancelled()).isTrue();
    assertThat(waiting.get().cancelled()).isTrue();
    assertThat(run("init").cancelled()).isTrue();
  }

  @Test
  void aConsumerThatThrowsHurtsNobody() throws Exception {
    house.script("10.a.script", "exit 0");
    runner.run(
        "legacy",
        "setup",
        List.of(),
        PATIENT,
        result -> {
          throw new IllegalStateException("on purpose");
        });

    assertThat(run("startup").success()).isTrue();
  }

  private EventResult run(String event, String... arguments) throws Exception {
    return runner.run(event, List.of(arguments), PATIENT).get();
  }

  private static void awaitFile(Path file) {
    await().atMost(Duration.ofSeconds(20)).until(() -> Files.exists(file) && Files.size(file) >= 0);
  }

  /** Dead, or a zombie that nobody has buried yet (a container may have no init that does). */
  private static boolean gone(long pid) throws IOException {
    Path stat = Path.of("/proc/" + pid + "/stat");
    try {
      return Files.readString(stat).contains(") Z ");
    } catch (IOException _) {
      return true;
    }
  }
}
