package io.jctdb.eventscripts;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;

/**
 * The program {@code smnotify}: tells clients of NFSv3 that the server they have locks at has
 * restarted, so that they claim them again (events-and-config 2.21).
 *
 * <p>Either one notification by options, {@code --client= --ip= --server= --stateval=
 * [--clientport= --sendport=]}, or many on standard input, one a line: {@code CLIENT IP SERVER
 * STATE}. Clients are told at the same time, each in the order of its lines; a client that does not
 * answer costs three seconds, and is no failure.
 */
public final class StatusNotifier {
  private static final String USAGE =
      "usage: smnotify --client=ADDRESS --ip=ADDRESS --server=NAME --stateval=NUMBER"
          + " [--clientport=PORT] [--sendport=PORT]\n"
          + "       smnotify < LINES of CLIENT IP SERVER STATE";

  private StatusNotifier() {}

  /** Exit status 0 when everything could be read, else 1. */
  public static void main(String[] arguments) throws IOException {
    List<StatusNotification> notifications;
    List<String> complaints = new ArrayList<>();
    try {
      notifications =
          arguments.length > 0
              ? List.of(ofOptions(List.of(arguments)))
              : ofLines(
                  new BufferedReader(new InputStreamReader(System.in, UTF_8)), complaints::add);
    } catch (IllegalArgumentException e) {
      System.err.println("smnotify: " + e.getMessage());
      System.err.println(USAGE);
      System.exit(1);
      return;
    }
    Map<String, List<StatusNotification>> byClient = new LinkedHashMap<>();
    for (StatusNotification notification : notifications) {
      byClient.computeIfAbsent(notification.way(), _ -> new ArrayList<>()).add(notification);
    }
    try (ExecutorService senders = Executors.newVirtualThreadPerTaskExecutor()) {
      byClient.values().forEach(list -> senders.execute(() -> send(list)));
    }
    if (!complaints.isEmpty()) {
      complaints.forEach(complaint -> System.err.println("smnotify: " + complaint));
      System.exit(1);
    }
  }

  private static void send(List<StatusNotification> sameClient) {
    try {
      StatusChannel.send(sameClient);
    } catch (IOException e) {
      System.err.println("smnotify: " + sameClient.getFirst().way() + ": " + e.getMessage());
    }
  }

  /** A line that makes no sense keeps nobody else from being told. */
  static List<StatusNotification> ofLines(BufferedReader lines, Consumer<String> complain)
      throws IOException {
    List<StatusNotification> notifications = new ArrayList<>();
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (!line.isBlank()) {
        try {
          notifications.add(StatusNotification.parse(line));
        } catch (IllegalArgumentException e) {
          complain.accept(e.getMessage());
        }
      }
    }
    return notifications;
  }

  static StatusNotification ofOptions(List<String> arguments) {
    Map<String, String> options = new LinkedHashMap<>();
    for (int i = 0; i < arguments.size(); i++) {
      String argument = arguments.get(i);
      int equals = argument.indexOf('=');
      if (!argument.startsWith("--")) {
        throw new IllegalArgumentException("unknown: " + argument);
      } else if (equals > 0) {
        options.put(argument.substring(2, equals), argument.substring(equals + 1));
      } else if (i + 1 < arguments.size()) {
        options.put(argument.substring(2), arguments.get(++i));
      } else {
        throw new IllegalArgumentException(argument + " needs a value");
      }
    }
    return StatusNotification.of(
        required(options, "client"),
        required(options, "ip"),
        required(options, "server"),
        required(options, "stateval"),
        options.getOrDefault("clientport", "0"),
        options.getOrDefault("sendport", "0"));
  }

  private static String required(Map<String, String> options, String name) {
    String value = options.get(name);
    if (value == null) {
      throw new IllegalArgumentException("--" + name + " is missing");
    }
    return value;
  }
}
