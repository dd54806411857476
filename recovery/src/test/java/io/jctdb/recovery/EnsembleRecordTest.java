package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EnsembleRecordTest {
  private static final String SERVERS = "0@127.0.0.1 ports 4380,4381,4382";

  @TempDir private Path directory;

  @Test
  void aNewDiskKnowsNothing() throws IOException {
    assertThat(new EnsembleRecord(directory.resolve("none")).read()).isEmpty();
  }

  @Test
  void whatWasWrittenIsThereAfterARestart() throws IOException {
    new EnsembleRecord(directory.resolve("zookeeper")).write(SERVERS);
    EnsembleRecord again = new EnsembleRecord(directory.resolve("zookeeper"));
    assertThat(again.read()).contains(SERVERS);
    assertThat(again.path()).content().contains("remove this file on all nodes");
  }

  @Test
  void aFileThatMakesNoSenseIsNamed() throws IOException {
    EnsembleRecord disk = new EnsembleRecord(directory);
    Files.writeString(disk.path(), "# nothing\n");
    assertThatThrownBy(disk::read)
        .isInstanceOf(IOException.class)
        .hasMessageContaining(disk.path().toString());
  }
}
