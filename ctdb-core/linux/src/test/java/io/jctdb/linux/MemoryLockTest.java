package io.jctdb.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class MemoryLockTest {
  private static final int MIB = 1 << 20;

  /** In KiB; proc(5), status. */
  private static long value(String name) throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith(name + ":"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void whatIsMappedIsLockedAndWhatIsReservedTakesNoMemory() throws IOException {
    long before = value("VmRSS");
    try {
      MemoryLock.lockWhatIsUsed();
    } catch (LinuxException e) {
      assertThat(e.errno()).isIn(Errno.EPERM, Errno.ENOMEM);
      abort("no permission to lock memory");
    }
    assertThat(value("VmLck")).isGreaterThanOrEqualTo(value("VmRSS") / 2);
    assertThat(value("VmRSS") - before).isLessThan(100 * MIB / 1024);
  }
}
