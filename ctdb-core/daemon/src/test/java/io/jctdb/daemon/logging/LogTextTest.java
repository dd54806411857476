package io.jctdb.daemon.logging;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.LoggingEvent;
import java.io.EOFException;
import java.io.IOException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class LogTextTest {
  private final Logger ours = (Logger) LoggerFactory.getLogger("io.jctdb");
  private @Nullable Level before;

  @BeforeEach
  void noticesOnly() {
    before = ours.getLevel();
    ours.setLevel(Level.INFO);
  }

  @AfterEach
  void asBefore() {
    ours.setLevel(before);
  }

  @Test
  void ofOursIsWhatItSays() {
    assertThat(LogText.inFull(event("io.jctdb.daemon.Daemon", "run state RUNNING", null)))
        .isEqualTo("run state RUNNING\n");
  }

  @Test
  void aLibraryIsNamedAndItsTroubleIsOneLine() {
    LoggingEvent event =
        event(
            "org.apache.zookeeper.server.quorum.QuorumCnxManager",
            "Connection broken for id 2, my id = 1",
            new EOFException());
    String line =
        "ZooKeeper's QuorumCnxManager: Connection broken for id 2, my id = 1: EOFException";
    assertThat(LogText.inFull(event)).isEqualTo(line + "\n");
    assertThat(LogText.inShort(event)).isEqualTo(line);
    assertThat(LogText.inFull(event("io.netty.util.Recycler", "full", null)))
        .isEqualTo("Recycler: full\n");
  }

  @Test
  void stackTracesOfLibrariesAreForWhoWantsDetails() {
    ours.setLevel(Level.DEBUG);
    assertThat(
            LogText.inFull(event("org.apache.zookeeper.ClientCnxn", "closed", new IOException())))
        .startsWith("ZooKeeper's ClientCnxn: closed\njava.io.IOException\n")
        .contains("\tat " + LogTextTest.class.getName());
  }

  @Test
  void stackTracesOfOursAreAlwaysThereAndInTheSystemLogAtLeastInWords() {
    LoggingEvent event =
        event("io.jctdb.daemon.Daemon", "cannot go on", new IOException("no space\nleft"));
    assertThat(LogText.inFull(event))
        .startsWith("cannot go on\njava.io.IOException: no space\nleft\n")
        .contains("\tat " + LogTextTest.class.getName())
        .matches("(?s).*[^\n]\n");
    assertThat(LogText.inShort(event)).isEqualTo("cannot go on: IOException: no space left");
  }

  @Test
  void aLineOfTheFileBeginsWithTimeHostAndProcess() {
    LoggingEvent event = event("io.jctdb.daemon.Daemon", "run state RUNNING", null);
    event.setInstant(Instant.parse("2026-11-23T16:46:17.088123Z"));
    assertThat(new LogLayout("node0 ctdbd[57]").doLayout(event))
        .matches(
            "2026-11-\\d\\dT\\d\\d:\\d\\d:17\\.088123([+-]\\d\\d:\\d\\d)"
                + " node0 ctdbd\\[57]: run state RUNNING\n");
  }

  private LoggingEvent event(String logger, String message, @Nullable Throwable thrown) {
    return new LoggingEvent(
        "", ((Logger) LoggerFactory.getLogger(logger)), Level.WARN, message, thrown, new Object[0]);
  }
}
