package io.jctdb.daemon.addresses;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.protocol.AddressStory;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AddressDiaryFileTest {
  private static final InetAddress FOUR = InetAddress.ofLiteral("10.77.1.101");
  private static final InetAddress SIX = InetAddress.ofLiteral("fd00:77::101");

  @TempDir Path directory;

  @Test
  void whatHappenedIsKnownAfterARestart() {
    AddressStory.Event taken = new AddressStory.Event(1_000, false, "here on eth1");
    AddressStory.Event given = new AddressStory.Event(2_000, true, "given to node 2: test");
    try (AddressDiaryFile diary = open()) {
      diary.write(FOUR, taken);
      diary.write(SIX, given);
    }
    try (AddressDiaryFile diary = open()) {
      assertThat(read(diary)).containsExactly(FOUR + " " + taken, SIX + " " + given);
    }
  }

  @Test
  void aTextStaysOnItsLine() {
    try (AddressDiaryFile diary = open()) {
      diary.write(FOUR, new AddressStory.Event(1_000, false, "two\nlines\tand a tab"));
    }
    try (AddressDiaryFile diary = open()) {
      assertThat(read(diary)).singleElement().asString().contains("two lines and a tab");
    }
  }

  @Test
  void linesThatMakeNoSenseArePassedOver() throws Exception {
    Files.writeString(
        file(), "rubbish\n1\tnode\tnas\thm\n\n5\tnode\t10.77.1.101\there on eth1\n99\tno");
    try (AddressDiaryFile diary = open()) {
      assertThat(read(diary)).hasSize(1);
    }
  }

  @Test
  void theFileDoesNotGrowForEver() throws Exception {
    String line = "5\tnode\t10.77.1.101\there on eth1";
    Files.write(file(), Collections.nCopies(AddressDiaryFile.LINES_MAX, line));
    try (AddressDiaryFile diary = open()) {
      diary.write(FOUR, new AddressStory.Event(6, false, "the last"));
    }
    List<String> lines = Files.readAllLines(file());
    assertThat(lines).hasSize(AddressDiaryFile.LINES_MAX / 2 + 1);
    assertThat(lines.getLast()).endsWith("the last");
  }

  @Test
  void aDirectoryThatIsNotThereCostsTheHistoryAndNothingElse() {
    try (AddressDiaryFile diary = new AddressDiaryFile(directory.resolve("none/history"))) {
      diary.write(FOUR, new AddressStory.Event(6, false, "lost"));
      assertThat(read(diary)).isEmpty();
    }
  }

  private Path file() {
    return directory.resolve("address-history");
  }

  private AddressDiaryFile open() {
    return new AddressDiaryFile(file());
  }

  private static List<String> read(AddressDiaryFile diary) {
    List<String> found = new ArrayList<>();
    diary.read((address, event) -> found.add(address + " " + event));
    return found;
  }
}
