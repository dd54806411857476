package io.jctdb.iptakeover;

import io.jctdb.protocol.NumericAddress;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The file {@code public_addresses} (events-and-config.md 4.6): lines {@code ADDRESS/BITS
 * IFACE[,IFACE…]}, blanks and tabs between; empty lines and lines that begin with {@code #} do not
 * count, nor do further words.
 *
 * <p>Unlike ctdbd 4.17, a mask beyond the address's length is refused here, at start, instead of
 * when the address is first taken.
 */
public final class PublicAddressesFile {
  private static final int INTERFACE_NAME_MAX = 15;

  private final Path file;
  private final Predicate<String> interfaceExists;
  private final Map<InetAddress, Integer> lineOf = new HashMap<>();
  private final List<PublicAddress> addresses = new ArrayList<>();

  private PublicAddressesFile(Path file, Predicate<String> interfaceExists) {
    this.file = file;
    this.interfaceExists = interfaceExists;
  }

  /**
   * Reads the file.
   *
   * @return the addresses in file order; empty if there is no such file: then the node has none,
   *     which deserves a warning
   */
  public static Optional<List<PublicAddress>> read(Path file, Predicate<String> interfaceExists)
      throws PublicAddressesException {
    try {
      return Optional.of(parse(file, Files.readAllLines(file), interfaceExists));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new PublicAddressesException(file, "cannot be read: " + e.getMessage(), e);
    }
  }

  static List<PublicAddress> parse(Path file, List<String> lines, Predicate<String> interfaceExists)
      throws PublicAddressesException {
    PublicAddressesFile parser = new PublicAddressesFile(file, interfaceExists);
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i).strip();
      if (!line.isEmpty() && line.charAt(0) != '#') {
        parser.line(i + 1, line.split("[ \t]+", -1));
      }
    }
    return List.copyOf(parser.addresses);
  }

  private void line(int number, String[] words) throws PublicAddressesException {
    int slash = words[0].lastIndexOf('/');
    if (slash < 0) {
      throw bad(number, "'" + words[0] + "' has no mask; write ADDRESS/BITS, as in 10.0.0.1/24");
    }
    InetAddress address = address(number, words[0].substring(0, slash));
    int prefixLength = prefixLength(number, address, words[0].substring(slash + 1));
    if (words.length < 2) {
      throw bad(
          number, "no interface after '" + words[0] + "'; write ADDRESS/BITS IFACE[,IFACE...]");
    }
    Integer earlier = lineOf.putIfAbsent(address, number);
    if (earlier != null) {
      throw bad(
          number,
          NumericAddress.toString(address)
              + " is already on line "
              + earlier
              + "; an address may appear once: remove one of the two lines");
    }
    addresses.add(new PublicAddress(address, prefixLength, interfaces(number, words[1])));
  }

  private InetAddress address(int number, String text) throws PublicAddressesException {
    InetAddress address = NumericAddress.parse(text);
    if (address == null) {
      throw bad(number, "'" + text + "' is not a numeric IPv4 or IPv6 address; names do not work");
    }
    return address;
  }

  private int prefixLength(int number, InetAddress address, String text)
      throws PublicAddressesException {
    int max = address instanceof Inet4Address ? 32 : 128;
    boolean digits = text.matches("[0-9]{1,3}");
    if (!digits || Integer.parseInt(text) > max) {
      throw bad(
          number,
          "mask '" + text + "' of " + NumericAddress.toString(address) + "; use 0 to " + max);
    }
    return Integer.parseInt(text);
  }

  private List<String> interfaces(int number, String list) throws PublicAddressesException {
    List<String> names = new ArrayList<>();
    for (String name : list.split(",")) {
      if (name.isEmpty()) {
        continue;
      }
      if (name.length() > INTERFACE_NAME_MAX || !interfaceExists.test(name)) {
        throw bad(
            number,
            "interface '"
                + name
                + "' does not exist on this node; create it before the daemon starts, or correct"
                + " the name (ip link shows all)");
      }
      if (!names.contains(name)) {
        names.add(name);
      }
    }
    if (names.isEmpty()) {
      throw bad(number, "'" + list + "' names no interface; write IFACE[,IFACE...]");
    }
    return names;
  }

  private PublicAddressesException bad(int number, String problem) {
    return new PublicAddressesException(file, number, problem);
  }
}
