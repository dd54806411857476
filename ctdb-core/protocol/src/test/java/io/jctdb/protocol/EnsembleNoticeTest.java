package io.jctdb.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class EnsembleNoticeTest {
  private static final EnsembleNotice NOTICE =
      new EnsembleNotice("0@10.0.0.1 ports 1,2,3", true, false);

  @Test
  void isReadAsItWasWritten() {
    assertThat(EnsembleNotice.decode(NOTICE.encode())).isEqualTo(NOTICE);
    assertThat(Control.of(Control.ENSEMBLE_NOTICE.opcode())).isEqualTo(Control.ENSEMBLE_NOTICE);
  }

  @Test
  void whatIsCutShortIsMalformed() {
    byte[] whole = NOTICE.encode();
    for (int length = 0; length < whole.length; length++) {
      byte[] part = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> EnsembleNotice.decode(part))
          .isInstanceOf(MalformedPacketException.class);
    }
  }
}
