package io.jctdb.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class NodeFlagsTest {
  @ParameterizedTest
  @CsvSource({
    "0x00, OK",
    "0x03, DISCONNECTED|UNHEALTHY|INACTIVE",
    "0x22, UNHEALTHY|STOPPED|INACTIVE",
    "0x04, DISABLED",
    "0x06, DISABLED|UNHEALTHY",
    "0x08, BANNED|INACTIVE"
  })
  void printedLikeTheTool(String flags, String text) {
    assertThat(NodeFlags.toString(Integer.decode(flags))).isEqualTo(text);
  }
}
