package io.jctdb.daemon.config;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** How the traffic between nodes is protected: {@code [jctdb] transport security}. */
public enum TransportSecurity {
  /** Mutually authenticated TLS, or no start. */
  TLS,
  /** Plain TCP, asked for by name. */
  PLAINTEXT,
  /** TLS when certificates are configured or found; otherwise what the daemon's page says. */
  AUTO;

  static Optional<TransportSecurity> parse(String text) {
    return Arrays.stream(values())
        .filter(s -> s.name().toLowerCase(Locale.ROOT).equals(text.toLowerCase(Locale.ROOT)))
        .findFirst();
  }
}
