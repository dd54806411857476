package io.jctdb.eventscripts;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.linux.ChildExit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScriptSummaryTest {

  @ParameterizedTest(name = "exit {0} is {1}, and the event is answered {2}")
  @CsvSource({
    "0, 0, 0",
    "1, 1, 8",
    "63, 63, 8",
    "64, 0, 0",
    "72, -8, 0",
    "77, -8, 0",
    "126, -62, 8",
    "127, -63, 8",
    "174, -110, 110",
    "189, -125, 125",
    "255, 255, 8"
  })
  void exitStatusesReadAsCtdbdReadsThem(int status, int summary, int errno) {
    assertThat(ScriptSummary.of(new ChildExit.Exited(status))).isEqualTo(summary);
    assertThat(ScriptSummary.toErrno(summary)).isEqualTo(errno);
  }

  @Test
  void aSignalCountsAsInterrupted() {
    assertThat(ScriptSummary.of(new ChildExit.Signalled(9))).isEqualTo(-4);
  }
}
