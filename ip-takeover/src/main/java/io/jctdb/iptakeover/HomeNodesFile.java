package io.jctdb.iptakeover;

import io.jctdb.protocol.NumericAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The file {@code home_nodes} of newer Samba (cluster-and-failover.md 3.4): lines {@code ADDRESS
 * PNN}, which say where an address belongs under the deterministic algorithm. Empty lines and lines
 * that begin with {@code #} do not count. A number beyond the cluster's nodes is ignored by the
 * allocation; a line that makes no sense makes the whole file void.
 */
public final class HomeNodesFile {
  private HomeNodesFile() {}

  /**
   * Reads the file.
   *
   * @return pnn by address; empty if there is no such file
   * @throws PublicAddressesException naming the line that makes no sense
   */
  public static Map<InetAddress, Integer> read(Path file) throws PublicAddressesException {
    try {
      return parse(file, Files.readAllLines(file));
    } catch (NoSuchFileException e) {
      return Map.of();
    } catch (IOException e) {
      throw new PublicAddressesException(file, "cannot be read: " + e.getMessage(), e);
    }
  }

  private static Map<InetAddress, Integer> parse(Path file, List<String> lines)
      throws PublicAddressesException {
    Map<InetAddress, Integer> homes = new HashMap<>();
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i).strip();
      if (line.isEmpty() || line.charAt(0) == '#') {
        continue;
      }
      String[] words = line.split("[ \t]+", -1);
      InetAddress address = NumericAddress.parse(words[0]);
      if (address == null || words.length != 2 || !words[1].matches("[0-9]{1,9}")) {
        throw new PublicAddressesException(
            file, i + 1, "'" + line + "': write ADDRESS PNN, as in 10.0.0.1 2");
      }
      homes.put(address, Integer.parseInt(words[1]));
    }
    return homes;
  }
}
