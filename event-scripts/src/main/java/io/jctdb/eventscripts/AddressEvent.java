package io.jctdb.eventscripts;

import java.util.List;
import java.util.Optional;

/** Which events concern one address alone, and where it stands among their arguments (1.9). */
final class AddressEvent {
  private AddressEvent() {}

  /**
   * @param arguments {@code IFACE IP BITS}, or for updateip {@code OLDIFACE NEWIFACE IP BITS}
   * @return empty for other events, and for arguments of another number
   */
  static Optional<String> addressOf(String event, List<String> arguments) {
    return switch (event) {
      case "takeip", "releaseip" ->
          arguments.size() == 3 ? Optional.of(arguments.get(1)) : Optional.empty();
      case "updateip" -> arguments.size() == 4 ? Optional.of(arguments.get(2)) : Optional.empty();
      default -> Optional.empty();
    };
  }
}
