package io.jctdb.eventscripts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jctdb.eventscripts.Notifier.Notification;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.event.Level;

class NotifierTest {
  @TempDir private Path dir;

  @Test
  void notifyShIsRunWithTheWord() throws Exception {
    ScriptHouse house = new ScriptHouse(dir);
    ScriptHouse.executable(
        dir.resolve("notify.sh"),
        "#!/bin/sh\necho $# $1 > $CTDB_BASE/t; mv $CTDB_BASE/t $CTDB_BASE/told\n");

    new Notifier(house.environment(), Level.ERROR).send(Notification.UNHEALTHY);

    await().atMost(Duration.ofSeconds(20)).until(() -> Files.exists(dir.resolve("told")));
    assertThat(dir.resolve("told")).hasContent("1 unhealthy");
  }

  @Test
  void withoutNotifyShNothingHappens() throws Exception {
    new Notifier(new ScriptHouse(dir).environment(), Level.ERROR).send(Notification.INIT);
  }
}
