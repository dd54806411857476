package io.jctdb.daemon.config;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Where log lines go: {@code [logging] location} (events-and-config 4.11). */
public sealed interface LogLocation {

  /** Appended to a file, created with mode 0644; its directory exists. */
  record ToFile(Path path) implements LogLocation {}

  /** Bare messages to standard error. */
  record ToStderr() implements LogLocation {}

  /** To the system log, in one of four ways. */
  record ToSyslog(SyslogKind kind) implements LogLocation {}

  /** The ways to the system log. */
  enum SyslogKind {
    /** {@code syslog}: through {@code /dev/log}, waiting when it is full. */
    LIBRARY,
    /** {@code syslog:nonblocking}: datagrams to {@code /dev/log}, dropped and counted when full. */
    NONBLOCKING,
    /** {@code syslog:udp}: 127.0.0.1 port 514, the old format. */
    UDP,
    /** {@code syslog:udp-rfc5424}: 127.0.0.1 port 514, the format of RFC 5424. */
    UDP_RFC5424
  }

  /** The location that a text names; nothing when it names none or the directory is missing. */
  static Optional<LogLocation> parse(String text) {
    return switch (text) {
      case "file:", "file:-" -> Optional.of(new ToStderr());
      case "syslog" -> Optional.of(new ToSyslog(SyslogKind.LIBRARY));
      case "syslog:nonblocking" -> Optional.of(new ToSyslog(SyslogKind.NONBLOCKING));
      case "syslog:udp" -> Optional.of(new ToSyslog(SyslogKind.UDP));
      case "syslog:udp-rfc5424" -> Optional.of(new ToSyslog(SyslogKind.UDP_RFC5424));
      default -> {
        if (!text.startsWith("file:")) {
          yield Optional.empty();
        }
        Path path = Path.of(text.substring("file:".length()));
        Path parent = path.toAbsolutePath().getParent();
        yield parent != null && Files.isDirectory(parent)
            ? Optional.of(new ToFile(path))
            : Optional.empty();
      }
    };
  }
}
