package io.jctdb.iptakeover;

import static io.jctdb.iptakeover.Addresses.line;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PublicAddressesFileTest {
  private static final Set<String> INTERFACES = Set.of("eth0", "eth1");

  @TempDir Path directory;

  @Test
  void readsWhatCtdbdReads() throws Exception {
    assertThat(
            read(
                """
                # the office
                10.77.1.101/24 eth0,eth1
                \t10.77.1.102/24\teth1   a remark

                fd00::1/64 eth0
                """))
        .containsExactly(
            line("10.77.1.101", "eth0", "eth1"),
            line("10.77.1.102", "eth1"),
            line("fd00::1", "eth0"));
  }

  @Test
  void aMissingFileIsNoError() throws Exception {
    assertThat(PublicAddressesFile.read(directory.resolve("none"), INTERFACES::contains)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "10.0.0.1 eth0 | '10.0.0.1' has no mask",
        "10.0.0.1/24 | no interface after '10.0.0.1/24'",
        "10.0.0/24 eth0 | '10.0.0' is not a numeric",
        "nas1/24 eth0 | 'nas1' is not a numeric",
        "10.0.0.1/33 eth0 | mask '33' of 10.0.0.1; use 0 to 32",
        "fd00::1/129 eth0 | mask '129' of fd00::1; use 0 to 128",
        "10.0.0.1/x eth0 | mask 'x'",
        "10.0.0.1/24 eth0,eth7 | interface 'eth7' does not exist",
        "10.0.0.1/24 , | names no interface",
        "10.9.9.9/24 eth0 | 10.9.9.9 is already on line 1"
      })
  void anErrorNamesFileLineValueAndRemedy(String bad, String expected) {
    assertThatThrownBy(() -> read("10.9.9.9/24 eth0\n" + bad + "\n"))
        .isInstanceOf(PublicAddressesException.class)
        .hasMessageContaining("public_addresses:2: ")
        .hasMessageContaining(expected);
  }

  private List<PublicAddress> read(String text) throws IOException, PublicAddressesException {
    Path file = directory.resolve("public_addresses");
    Files.writeString(file, text);
    return PublicAddressesFile.read(file, INTERFACES::contains).orElseThrow();
  }
}
