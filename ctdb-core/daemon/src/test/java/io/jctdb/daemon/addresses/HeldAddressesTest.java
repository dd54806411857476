package io.jctdb.daemon.addresses;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An address is in the file before it can be on an interface. */
class HeldAddressesTest {
  @TempDir private Path run;
  private final List<String> seenByScripts = new ArrayList<>();

  @Test
  void whatAScriptIsAboutToAddIsAlreadyNoted() throws IOException {
    Path file = run.resolve("held-addresses");
    Files.writeString(file, "192.0.2.1/24 of an earlier daemon\n");
    HeldAddresses held =
        new HeldAddresses(
            file,
            (event, arguments, status) -> seenByScripts.add(event + ": " + text(file)),
            () -> seenByScripts.add("unwritable"));
    held.run("ipreallocated", List.of(), status -> {});
    held.run("takeip", List.of("eth1", "10.0.0.1", "24"), status -> {});
    held.run("takeip", List.of("eth1", "fd00::1", "64"), status -> {});
    held.run("updateip", List.of("eth1", "eth2", "10.0.0.1", "24"), status -> {});
    held.run("releaseip", List.of("eth2", "10.0.0.1", "24"), status -> {});
    held.run("takeip", List.of("eth1", "10.0.0.1", "24"), status -> {});
    String all = "10.0.0.1/24 eth1\nfd00::1/64 eth1\n10.0.0.1/24 eth2\n";
    assertThat(seenByScripts)
        .containsExactly(
            "ipreallocated: ",
            "takeip: 10.0.0.1/24 eth1\n",
            "takeip: 10.0.0.1/24 eth1\nfd00::1/64 eth1\n",
            "updateip: " + all,
            "releaseip: " + all,
            "takeip: " + all);
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }
}
