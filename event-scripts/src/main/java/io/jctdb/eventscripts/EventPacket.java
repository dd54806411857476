package io.jctdb.eventscripts;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Packets between {@code ctdb-event} and the event daemon (events-and-config 1.13), little-endian:
 *
 * <pre>
 *  0  u32 length of the whole packet      4  u32 version (0 is sent, nobody looks)
 *  8  u32 request id                     12  u32 command: 1 run, 2 status, 3 script
 *  16 payload of a request, or i32 result and payload of a reply
 *  string: u32 length with its NUL, bytes, NUL; absent: u32 0
 *  time:   i64 seconds, i64 microseconds
 * </pre>
 */
final class EventPacket {
  static final int HEADER_BYTES = 12;

  /** Far above any request; the length field of a stranger is not believed. */
  static final int BYTES_MAX = 1 << 20;

  private static final int RUN = 1;
  private static final int STATUS = 2;
  private static final int SCRIPT = 3;
  private static final int TIME_BYTES = 16;

  /** A request, with the id that its reply carries. */
  sealed interface Request {
    int requestId();

    record Run(int requestId, String component, String event, String arguments, long timeoutSeconds)
        implements Request {}

    record Status(int requestId, String component, String event) implements Request {}

    record Script(int requestId, String component, String script, boolean enable)
        implements Request {}
  }

  /** The packet is not one; the connection is closed without an answer. */
  static final class Malformed extends Exception {
    private static final long serialVersionUID = 1L;

    Malformed(String message) {
      super(message);
    }
  }

  private EventPacket() {}

  /** Checks the length field of a packet. */
  static int checkLength(int length) throws Malformed {
    if (length < HEADER_BYTES + 4 || length > BYTES_MAX) {
      throw new Malformed("a length of " + Integer.toUnsignedString(length) + " bytes");
    }
    return length;
  }

  /** Reads one whole packet. */
  static Request parse(ByteBuffer packet) throws Malformed {
    ByteBuffer in = packet.order(ByteOrder.LITTLE_ENDIAN);
    try {
      in.position(8);
      int id = in.getInt();
      int command = in.getInt();
      Request request =
          switch (command) {
            case RUN -> run(in, id);
            case STATUS -> new Request.Status(id, word(in), word(in));
            case SCRIPT -> new Request.Script(id, word(in), word(in), action(in.getInt()));
            default -> throw new Malformed("command " + Integer.toUnsignedString(command));
          };
      if (in.hasRemaining()) {
        throw new Malformed(in.remaining() + " bytes too many");
      }
      return request;
    } catch (BufferUnderflowException _) {
      throw new Malformed("the end is missing");
    }
  }

  private static Request run(ByteBuffer in, int id) throws Malformed {
    String component = word(in);
    String event = word(in);
    String arguments = text(in).orElse("");
    long timeoutSeconds = Integer.toUnsignedLong(in.getInt());
    int _ = in.getInt(); // flags: "continue after failures" is for ctdb's own tests only
    return new Request.Run(id, component, event, arguments, timeoutSeconds);
  }

  private static boolean action(int action) throws Malformed {
    return switch (action) {
      case 0 -> false;
      case 1 -> true;
      default -> throw new Malformed("action " + Integer.toUnsignedString(action));
    };
  }

  private static String word(ByteBuffer in) throws Malformed {
    return text(in).orElseThrow(() -> new Malformed("a name is missing"));
  }

  private static Optional<String> text(ByteBuffer in) throws Malformed {
    int length = in.getInt();
    if (length == 0) {
      return Optional.empty();
    }
    if (length < 0 || length > in.remaining() || in.get(in.position() + length - 1) != 0) {
      throw new Malformed("a string of " + Integer.toUnsignedString(length) + " bytes");
    }
    byte[] bytes = new byte[length - 1];
    in.get(bytes).get();
    String text = new String(bytes, StandardCharsets.UTF_8);
    if (text.indexOf('\0') >= 0) {
      throw new Malformed("a NUL inside a string");
    }
    return Optional.of(text);
  }

  /** A request as the tool sends it. */
  static ByteBuffer request(Request request) {
    return switch (request) {
      case Request.Run run ->
          request(run, withNul(run.component()), withNul(run.event()), withNul(run.arguments()))
              .putInt((int) run.timeoutSeconds())
              .putInt(0)
              .flip();
      case Request.Status status ->
          request(status, withNul(status.component()), withNul(status.event())).flip();
      case Request.Script script ->
          request(script, withNul(script.component()), withNul(script.script()))
              .putInt(script.enable() ? 1 : 0)
              .flip();
    };
  }

  /** Header and strings, with room left for the numbers that follow. */
  private static ByteBuffer request(Request request, byte[]... strings) {
    int numbers =
        switch (request) {
          case Request.Run _ -> 8;
          case Request.Status _ -> 0;
          case Request.Script _ -> 4;
        };
    int length = HEADER_BYTES + 4 + numbers;
    for (byte[] string : strings) {
      length += 4 + string.length;
    }
    ByteBuffer out = header(request, length);
    for (byte[] string : strings) {
      out.putInt(string.length).put(string);
    }
    return out;
  }

  /**
   * What came back.
   *
   * @param status present when a status request was answered with one
   */
  record Reply(int requestId, int result, Optional<EventStatus> status) {}

  /** Reads one whole reply. */
  static Reply parseReply(ByteBuffer packet) throws Malformed {
    ByteBuffer in = packet.order(ByteOrder.LITTLE_ENDIAN);
    try {
      in.position(8);
      int id = in.getInt();
      int command = in.getInt();
      int result = in.getInt();
      return command == STATUS && result == 0
          ? new Reply(id, result, Optional.of(status(in)))
          : new Reply(id, result, Optional.empty());
    } catch (BufferUnderflowException _) {
      throw new Malformed("the end is missing");
    }
  }

  private static EventStatus status(ByteBuffer in) throws Malformed {
    int summary = in.getInt();
    int count = in.getInt();
    List<ScriptResult> scripts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String name = word(in);
      Instant begin = time(in);
      Instant end = time(in);
      int scriptSummary = in.getInt();
      scripts.add(new ScriptResult(name, begin, end, scriptSummary, text(in).orElse("")));
    }
    return new EventStatus(summary, scripts);
  }

  private static Instant time(ByteBuffer in) throws Malformed {
    try {
      return Instant.ofEpochSecond(in.getLong(), Math.multiplyExact(in.getLong(), 1000L));
    } catch (ArithmeticException | DateTimeException _) {
      throw new Malformed("an impossible time");
    }
  }

  /** The reply to a request that carries nothing but a result. */
  static ByteBuffer reply(Request request, int result) {
    return header(request, HEADER_BYTES + 8, result).flip();
  }

  /** The reply to a status request that has something to tell. */
  static ByteBuffer reply(Request.Status request, EventStatus status) {
    List<byte[]> names = status.scripts().stream().map(s -> withNul(s.name())).toList();
    List<byte[]> outputs = status.scripts().stream().map(s -> withNul(s.output())).toList();
    int length = HEADER_BYTES + 16;
    for (int i = 0; i < names.size(); i++) {
      length += 4 + names.get(i).length + 2 * TIME_BYTES + 4 + 4 + outputs.get(i).length;
    }
    ByteBuffer out = header(request, length, 0);
    out.putInt(status.summary()).putInt(names.size());
    for (int i = 0; i < names.size(); i++) {
      ScriptResult script = status.scripts().get(i);
      out.putInt(names.get(i).length).put(names.get(i));
      putTime(out, script.begin());
      putTime(out, script.end());
      out.putInt(script.summary());
      out.putInt(outputs.get(i).length).put(outputs.get(i));
    }
    return out.flip();
  }

  private static ByteBuffer header(Request request, int length, int result) {
    return header(request, length).putInt(result);
  }

  private static ByteBuffer header(Request request, int length) {
    int command =
        switch (request) {
          case Request.Run _ -> RUN;
          case Request.Status _ -> STATUS;
          case Request.Script _ -> SCRIPT;
        };
    return ByteBuffer.allocate(length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(length)
        .putInt(0)
        .putInt(request.requestId())
        .putInt(command);
  }

  /** An empty output is an absent string. */
  private static byte[] withNul(String text) {
    return text.isEmpty() ? new byte[0] : (text + '\0').getBytes(StandardCharsets.UTF_8);
  }

  private static void putTime(ByteBuffer out, Instant time) {
    out.putLong(time.getEpochSecond()).putLong(time.getNano() / 1000);
  }
}
