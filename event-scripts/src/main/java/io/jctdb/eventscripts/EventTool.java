package io.jctdb.eventscripts;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.List;

/**
 * {@code ctdb-event}: what {@code ctdb event} and {@code ctdb scriptstatus} run (cli 12).
 *
 * <p>Its launcher puts three words before the user's: the configuration directory, the directory of
 * stock scripts and the event socket, so that where things are is decided in one place.
 */
public final class EventTool {
  private static final String USAGE =
      """
      Usage: ctdb-event [<options>] <command> [<args>]

      Help Options:
        -h, --help                                      show this text

      Options:
        -d, --debug=ERROR|WARNING|NOTICE|INFO|DEBUG     accepted, without effect

      Commands:
        run <timeout> <component> <event> <args>     run an event's scripts
        status <component> <event>                   show what came of the last run
        script list <component>                      show scripts and whether they are enabled
        script enable <component> <script>           enable a script
        script disable <component> <script>          disable a script
      """;

  private static final int USAGE_STATUS = 1;

  /** The id that the stock tool begins with. */
  private static final int REQUEST_ID = 0x7fffff38;

  private final Path etcDir;
  private final Path shareDir;
  private final Path socket;
  private final PrintStream out;
  private final PrintStream err;

  EventTool(Path etcDir, Path shareDir, Path socket, PrintStream out, PrintStream err) {
    this.etcDir = etcDir;
    this.shareDir = shareDir;
    this.socket = socket;
    this.out = out;
    this.err = err;
  }

  /** Exits with an error number, as the stock tool does. */
  public static void main(String[] words) {
    List<String> all = List.of(words);
    EventTool tool =
        new EventTool(
            Path.of(all.get(0)), Path.of(all.get(1)), Path.of(all.get(2)), System.out, System.err);
    int status = tool.run(withoutDebug(all.subList(3, all.size())));
    System.out.flush();
    System.exit(status);
  }

  private static List<String> withoutDebug(List<String> words) {
    if (words.isEmpty()) {
      return words;
    }
    String first = words.getFirst();
    if (first.equals("-d") || first.equals("--debug")) {
      return words.subList(Math.min(2, words.size()), words.size());
    }
    return first.startsWith("-d") || first.startsWith("--debug=")
        ? words.subList(1, words.size())
        : words;
  }

  int run(List<String> words) {
    try {
      return switch (words.isEmpty() ? "" : words.getFirst()) {
        case "run" -> runEvent(words);
        case "status" -> status(words);
        case "script" -> script(words);
        default -> usage();
      };
    } catch (IOException e) {
      err.println(e.getMessage() == null ? e.toString() : e.getMessage());
      return EventErrno.EIO;
    }
  }

  private int usage() {
    out.print(USAGE);
    return USAGE_STATUS;
  }

  private int runEvent(List<String> words) throws IOException {
    if (words.size() < 4) {
      return usage();
    }
    long timeoutSeconds;
    try {
      timeoutSeconds = Math.clamp(Long.parseLong(words.get(1)), 0, Integer.MAX_VALUE);
    } catch (NumberFormatException _) {
      err.println("The timeout is a number of seconds, not \"" + words.get(1) + "\"");
      return usage();
    }
    String component = words.get(2);
    String event = words.get(3);
    String arguments = String.join(" ", words.subList(4, words.size()));
    EventPacket.Reply reply =
        ask(new EventPacket.Request.Run(REQUEST_ID, component, event, arguments, timeoutSeconds));
    switch (reply.result()) {
      case 0 -> {}
      case EventErrno.ENOENT -> out.println("Event dir for " + component + " does not exist");
      case EventErrno.ETIMEDOUT -> tell(event, component, "timed out");
      case EventErrno.ECANCELED -> tell(event, component, "got cancelled");
      case EventErrno.ENOEXEC -> tell(event, component, "failed");
      default -> unknown(reply.result(), event, component);
    }
    return reply.result();
  }

  private void tell(String event, String component, String what) {
    out.println("Event " + event + " in " + component + " " + what);
  }

  private void unknown(int result, String event, String component) {
    out.println("Unknown error (" + result + ") for event " + event + " in " + component);
  }

  private int status(List<String> words) throws IOException {
    if (words.size() != 3) {
      return usage();
    }
    String component = words.get(1);
    String event = words.get(2);
    EventPacket.Reply reply = ask(new EventPacket.Request.Status(REQUEST_ID, component, event));
    if (reply.status().isPresent()) {
      out.print(StatusTable.format(reply.status().get(), ZoneId.systemDefault()));
      return Math.abs(reply.status().get().summary());
    }
    switch (reply.result()) {
      case EventErrno.ENOENT -> out.println("Event dir for " + component + " does not exist");
      case EventErrno.EINVAL -> out.println("Event " + event + " has never run in " + component);
      default -> unknown(reply.result(), event, component);
    }
    return reply.result();
  }

  private int script(List<String> words) throws IOException {
    if (words.size() < 3 || !ScriptDirectory.isComponentName(words.get(2))) {
      return usage();
    }
    String component = words.get(2);
    ScriptFiles files =
        new ScriptFiles(
            shareDir.resolve("events").resolve(component),
            etcDir.resolve("events").resolve(component),
            component,
            out);
    String action = words.get(1);
    if (action.equals("list") && words.size() == 3) {
      int result = files.list();
      if (result != 0) {
        err.println("Command script list finished with result=" + result);
      }
      return result;
    }
    if (words.size() != 4) {
      return usage();
    }
    return switch (action) {
      case "enable" -> files.enable(words.get(3));
      case "disable" -> files.disable(words.get(3));
      default -> usage();
    };
  }

  private EventPacket.Reply ask(EventPacket.Request request) throws IOException {
    EventClient client;
    try {
      client = new EventClient(socket);
    } catch (IOException _) {
      throw new IOException(
          "socket connect failed - "
              + socket
              + "\nFailed to initialize event client, ret="
              + EventErrno.EIO);
    }
    try (client) {
      return client.ask(request);
    }
  }
}
