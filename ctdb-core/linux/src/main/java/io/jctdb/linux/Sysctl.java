package io.jctdb.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Kernel settings under {@code /proc/sys} that public addresses depend on.
 *
 * <p>{@code promote_secondaries} must be 1 before the first address is taken: otherwise the expiry
 * of a subnet's first address takes all the others of that subnet with it (libraries.md 3.3).
 */
public final class Sysctl {
  private static final Path IPV4_CONF = Path.of("/proc/sys/net/ipv4/conf");

  private Sysctl() {}

  /** Sets {@code promote_secondaries} for all interfaces and for this one. */
  public static void promoteSecondaries(String interfaceName) throws IOException {
    requireInterfaceName(interfaceName);
    write(IPV4_CONF.resolve("all/promote_secondaries"), "1");
    write(IPV4_CONF.resolve(interfaceName).resolve("promote_secondaries"), "1");
  }

  private static void write(Path file, String value) throws IOException {
    // Reading first keeps this quiet where /proc/sys is read-only but already right.
    if (Files.readString(file).strip().equals(value)) {
      return;
    }
    Files.writeString(file, value + "\n");
  }

  private static void requireInterfaceName(String name) {
    if (name.isEmpty() || name.contains("/") || name.equals(".") || name.equals("..")) {
      throw new IllegalArgumentException("interface name '" + name + "'");
    }
  }
}
