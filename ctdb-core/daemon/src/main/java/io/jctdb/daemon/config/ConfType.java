package io.jctdb.daemon.config;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** What kind of value an option takes, and the rule that a value must follow. */
enum ConfType {
  TEXT {
    @Override
    Optional<Broken> check(String value, Path etcDir) {
      return Optional.empty();
    }
  },
  COUNT {
    @Override
    Optional<Broken> check(String value, Path etcDir) {
      return ConfNumber.parse(value, Integer.MAX_VALUE).isPresent()
          ? Optional.empty()
          : broken("must be a whole number from 0 to 2147483647", "write for example 5");
    }
  },
  POSITIVE {
    @Override
    Optional<Broken> check(String value, Path etcDir) {
      return ConfNumber.parse(value, Integer.MAX_VALUE).orElse(0) > 0
          ? Optional.empty()
          : broken("must be a whole number from 1 to 2147483647", "write for example 5");
    }
  },
  /** Numbers of nodes with blanks or commas between them. */
  NODES {
    @Override
    Optional<Broken> check(String value, Path etcDir) {
      return value.matches("[0-9]{1,4}([ ,]+[0-9]{1,4})*")
          ? Optional.empty()
          : broken("must be numbers of nodes, beginning with 0", "write for example 3 4");
    }
  },
  PORT {
    @Override
    Optional<Broken> check(String value, Path etcDir) {
      return ConfNumber.parse(value, 65535).isPresent()
          ? Optional.empty()
          : broken("must be a port from 0 to 65535", "write for example 4379");
    }
  },
  FLAG {
    @Override
    Optional<Broken> check(String value, Path etcDir) {
      return FLAG_WORDS.contains(value.toLowerCase(Locale.ROOT))
          ? Optional.empty()
          : broken("must be true, yes, false or no", "write true or false");
    }
  },
  LEVEL {
    @Override
    Optional<Broken> check(String value, Path etcDir) {
      return LogLevel.parse(value).isPresent()
          ? Optional.empty()
          : broken(
              "must be ERROR, WARNING, NOTICE, INFO or DEBUG, or a number from 0 to 10",
              "write for example NOTICE");
    }
  },
  LOCATION {
    @Override
    Optional<Broken> check(String value, Path etcDir) {
      return LogLocation.parse(value).isPresent()
          ? Optional.empty()
          : broken(
              "must be file:PATH in an existing directory, file:, syslog, syslog:nonblocking,"
                  + " syslog:udp or syslog:udp-rfc5424",
              "make the directory, or write syslog");
    }
  },
  TCP {
    @Override
    Optional<Broken> check(String value, Path etcDir) {
      return value.equals("tcp")
          ? Optional.empty()
          : broken("must be tcp, the only transport", "remove the line");
    }
  },
  SECURITY {
    @Override
    Optional<Broken> check(String value, Path etcDir) {
      return TransportSecurity.parse(value).isPresent()
          ? Optional.empty()
          : broken("must be tls, plaintext or auto", "write tls, or remove the line");
    }
  },
  ADDRESS {
    @Override
    Optional<Broken> check(String value, Path etcDir) {
      return AddressLiteral.parse(value).isPresent()
          ? Optional.empty()
          : broken(
              "must be an IPv4 or IPv6 address, not a name and without a port",
              "write the address of this node as in the nodes file");
    }
  },
  ENDPOINT {
    @Override
    Optional<Broken> check(String value, Path etcDir) {
      return AddressLiteral.parseEndpoint(value).isPresent()
          ? Optional.empty()
          : broken("must be ADDRESS:PORT", "write for example 127.0.0.1:9379 or [::1]:9379");
    }
  },
  SERVERS {
    @Override
    Optional<Broken> check(String value, Path etcDir) {
      return value.isEmpty() || isConnectString(value)
          ? Optional.empty()
          : broken(
              "must be HOST:PORT, several of them with commas between, then perhaps a /path",
              "write for example zk1:2181,zk2:2181,zk3:2181");
    }

    private boolean isConnectString(String value) {
      int path = value.indexOf('/');
      String servers = path < 0 ? value : value.substring(0, path);
      for (String server : servers.split(",", -1)) {
        int colon = server.lastIndexOf(':');
        if (colon <= 0 || ConfNumber.parse(server.substring(colon + 1), 65535).orElse(0) == 0) {
          return false;
        }
      }
      return true;
    }
  },
  DIRECTORY {
    @Override
    Optional<Broken> check(String value, Path etcDir) {
      return Files.isDirectory(Path.of(value))
          ? Optional.empty()
          : broken("must be an existing directory", "create it: mkdir -p " + value);
    }
  },
  FILE {
    @Override
    Optional<Broken> check(String value, Path etcDir) {
      return Files.isReadable(Path.of(value))
          ? Optional.empty()
          : broken("must be a readable file", "check the path and its permissions");
    }
  },
  SCRIPT {
    @Override
    Optional<Broken> check(String value, Path etcDir) {
      Path script = scriptPath(value, etcDir);
      return Files.isRegularFile(script) && Files.isExecutable(script)
          ? Optional.empty()
          : broken(
              "must be an executable file in " + etcDir,
              "put it there and chmod +x it; a directory in the value is ignored");
    }
  };

  /** A rule that was broken. */
  record Broken(String rule, String remedy) {}

  private static final Set<String> FLAG_WORDS = Set.of("true", "yes", "false", "no");

  /** Nothing when {@code value} is right, else the rule. */
  abstract Optional<Broken> check(String value, Path etcDir);

  /** A script is always looked for in the configuration directory, whatever path was written. */
  static Path scriptPath(String value, Path etcDir) {
    Path name = Path.of(value).getFileName();
    return name == null ? etcDir : etcDir.resolve(name.toString());
  }

  static boolean flag(String value) {
    String word = value.toLowerCase(Locale.ROOT);
    return word.equals("true") || word.equals("yes");
  }

  private static Optional<Broken> broken(String rule, String remedy) {
    return Optional.of(new Broken(rule, remedy));
  }
}
