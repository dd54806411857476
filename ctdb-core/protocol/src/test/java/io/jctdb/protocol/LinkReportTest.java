package io.jctdb.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class LinkReportTest {
  private static final LinkReport REPORT =
      new LinkReport(
          "main",
          "main",
          1_250_000,
          64 << 20,
          List.of(
              new LinkReport.Link(
                  3,
                  true,
                  true,
                  true,
                  "branch",
                  201_500,
                  200_100,
                  12_000,
                  3000,
                  500,
                  new LinkReport.Traffic(10, 1000, 300),
                  new LinkReport.Traffic(20, 2000, 600),
                  3,
                  "silent for PT5S")));

  @Test
  void isReadAsItWasWritten() {
    assertThat(LinkReport.decode(REPORT.encode())).isEqualTo(REPORT);
  }

  @Test
  void whatIsCutShortIsMalformed() {
    byte[] whole = REPORT.encode();
    for (int length = 0; length < whole.length; length++) {
      byte[] part = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> LinkReport.decode(part))
          .isInstanceOf(MalformedPacketException.class);
    }
  }

  @Test
  void theControlsOfOurOwnRangeAreFound() {
    assertThat(Control.of(Control.LINK_REPORT.opcode())).isEqualTo(Control.LINK_REPORT);
    assertThat(Control.of(Control.ADDRESS_STORY.opcode())).isEqualTo(Control.ADDRESS_STORY);
    assertThat(Control.of(Control.OWN_FIRST + 999)).isEqualTo(Control.UNKNOWN);
  }
}
