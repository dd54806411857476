package io.jctdb.daemon.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A copy of a database turns out to be damaged while its node serves. */
@NullUnmarked
class CopyReplacementTest {
  private static final Instant NOW = Instant.parse("2026-11-21T08:30:00Z");

  @TempDir Path directory;

  private final List<String> startedAnew = new ArrayList<>();
  private Path file;
  private SetAsideCopies setAside;
  private boolean others = true;
  private CopyReplacement replacement;

  @BeforeEach
  void aNodeThatServes() {
    file = directory.resolve("passdb.tdb.2");
    setAside = new SetAsideCopies(directory, 2);
    replacement =
        new CopyReplacement(
            () -> others, setAside, Clock.fixed(NOW, ZoneOffset.UTC), startedAnew::add);
  }

  private void damaged() {
    setAside.look();
    replacement.damaged("passdb.tdb", file, file + ": the file is damaged");
  }

  private Path setAsideAt(String time) throws IOException {
    return Files.writeString(directory.resolve("passdb.tdb.2.damaged-" + time), "rubbish");
  }

  @Test
  void theNodeLeavesOnceToGetAnotherCopy() {
    damaged();
    damaged();
    assertThat(startedAnew).hasSize(1).first().asString().contains("passdb.tdb");
    assertThat(replacement.isUnderWay()).isTrue();
  }

  @Test
  void notWhileNobodyElseIsThereToGiveIt() {
    others = false;
    damaged();
    assertThat(startedAnew).isEmpty();
    assertThat(replacement.isUnderWay()).isFalse();

    others = true;
    damaged();
    assertThat(startedAnew).as("now that somebody is").hasSize(1);
  }

  @Test
  void notAgainAndAgainOnADiskThatDamagesEverything() throws IOException {
    Path recent = setAsideAt("20261121T082100Z");
    setAsideAt("20261120T000000Z");
    damaged();
    assertThat(startedAnew).isEmpty();

    Files.delete(recent);
    damaged();
    assertThat(startedAnew).as("the other one was long ago").hasSize(1);
  }

  @Test
  void anotherDatabasesMisfortuneDoesNotCount() throws IOException {
    Files.writeString(directory.resolve("secrets.tdb.2.damaged-20261121T082959Z"), "");
    Files.writeString(directory.resolve("passdb.tdb.1.damaged-20261121T082959Z"), "");
    setAsideAt("soon");
    damaged();
    assertThat(startedAnew).hasSize(1);
    assertThat(setAside.files()).as("those of this node").hasSize(2);
  }

  @Test
  void twoThatWereSetAsideInOneSecondAreUnderstood() throws IOException {
    setAsideAt("20261121T082959Z-2Z");
    damaged();
    assertThat(startedAnew).isEmpty();
  }
}
