package io.jctdb.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class NumericAddressTest {
  @ParameterizedTest
  @CsvSource({
    "10.77.1.101, 10.77.1.101",
    "fd77::101, fd77::101",
    "2001:db8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
    "2001:DB8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1",
    "::, ::",
    "::1, ::1",
    "fe80::, fe80::",
    "::192.0.2.1, ::192.0.2.1",
    "1:0:0:2:0:0:0:3, 1:0:0:2::3"
  })
  void spelledLikeInetNtop(String text, String spelled) {
    assertThat(NumericAddress.toString(Objects.requireNonNull(NumericAddress.parse(text))))
        .isEqualTo(spelled);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "1",
        "10.1",
        "10.1.2.256",
        "010.1.2.3",
        "10.1.2.3.",
        "localhost",
        "fd00::1%lo",
        "[::1]",
        "::1::",
        "1.2.3.4:445",
        "-1.2.3.4",
        "+1.2.3.4"
      })
  void anythingElseIsNoAddress(String text) {
    assertThat(NumericAddress.parse(text)).isNull();
  }
}
