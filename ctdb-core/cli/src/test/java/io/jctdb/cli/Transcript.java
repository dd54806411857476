package io.jctdb.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.jspecify.annotations.Nullable;

/**
 * One recorded run of a stock command line: what was typed, what it printed, and every packet on
 * the daemon's socket.
 */
record Transcript(
    String name,
    Map<String, String> head,
    byte[] stdout,
    byte[] stderr,
    List<Line> trace,
    boolean traced) {
  private static final Pattern TRACE_LINE = Pattern.compile("\\s*\\d+ ([<>]) (.*)");

  /** One packet, in words. */
  record Line(boolean fromTool, String text) {
    String word(int index) {
      String[] words = text.split(" ");
      return index < words.length ? words[index] : "";
    }

    @Nullable String field(String name) {
      Matcher matcher = Pattern.compile("\\b" + name + "=(\\S+)").matcher(text);
      return matcher.find() ? matcher.group(1) : null;
    }

    byte[] data() {
      String hex = field("data");
      return hex == null ? new byte[0] : HexFormat.of().parseHex(hex);
    }

    boolean isCut() {
      String hex = field("data");
      return hex != null && hex.endsWith("...");
    }

    /** The number in {@code srvid=NAME(0x…)} or {@code srvid=0x…}. */
    long srvid() {
      Matcher matcher = Pattern.compile("0x([0-9a-f]{16})").matcher(text);
      return matcher.find() ? Long.parseUnsignedLong(matcher.group(1), 16) : 0;
    }
  }

  String command() {
    return Objects.requireNonNull(head.get("command"));
  }

  int exit() {
    return Integer.parseInt(Objects.requireNonNull(head.get("exit")));
  }

  String state() {
    return head.getOrDefault("state", "");
  }

  /** {@code env:} as a map. */
  Map<String, String> environment() {
    Map<String, String> environment = new HashMap<>();
    for (String setting : head.getOrDefault("env", "").split(" ")) {
      int equals = setting.indexOf('=');
      if (equals > 0) {
        environment.put(setting.substring(0, equals), setting.substring(equals + 1));
      }
    }
    return environment;
  }

  byte[] stdin() throws IOException {
    String json = head.get("stdin");
    return json == null
        ? new byte[0]
        : new ObjectMapper().readValue(json, String.class).getBytes(StandardCharsets.ISO_8859_1);
  }

  @Override
  public String toString() {
    return name + ": " + command();
  }

  /** All files of the archive, by name. */
  static Map<String, byte[]> files() throws IOException {
    Map<String, byte[]> files = new LinkedHashMap<>();
    InputStream resource =
        Objects.requireNonNull(Transcript.class.getResourceAsStream("/transcripts.zip"));
    try (ZipInputStream zip = new ZipInputStream(resource)) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        files.put(entry.getName(), zip.readAllBytes());
      }
    }
    return files;
  }

  static List<Transcript> all() throws IOException {
    List<Transcript> transcripts = new ArrayList<>();
    for (Map.Entry<String, byte[]> file : files().entrySet()) {
      if (file.getKey().endsWith(".txt")) {
        String name = file.getKey().substring(0, file.getKey().length() - 4);
        transcripts.add(parse(name, file.getValue()));
      }
    }
    return transcripts;
  }

  private static Transcript parse(String name, byte[] bytes) {
    int[] at = {0};
    Map<String, String> head = new HashMap<>();
    String line = nextLine(bytes, at);
    while (!line.startsWith("stdout: ")) {
      int colon = line.indexOf(": ");
      if (colon > 0) {
        head.put(line.substring(0, colon), line.substring(colon + 2));
      }
      line = nextLine(bytes, at);
    }
    byte[] stdout = section(bytes, at, line);
    byte[] stderr = section(bytes, at, nextLine(bytes, at));
    List<Line> trace = new ArrayList<>();
    boolean traced = false;
    while (at[0] < bytes.length) {
      String text = nextLine(bytes, at);
      traced |= text.equals("trace:");
      Matcher matcher = TRACE_LINE.matcher(text);
      if (matcher.matches()) {
        trace.add(new Line(matcher.group(1).equals(">"), matcher.group(2)));
      }
    }
    return new Transcript(name, head, stdout, stderr, trace, traced);
  }

  private static byte[] section(byte[] bytes, int[] at, String title) {
    int length = Integer.parseInt(title.split(" ")[1]);
    byte[] section = Arrays.copyOfRange(bytes, at[0], at[0] + length);
    at[0] += length;
    if (length > 0 && section[length - 1] != '\n') {
      at[0]++;
    }
    return section;
  }

  private static String nextLine(byte[] bytes, int[] at) {
    int end = at[0];
    while (end < bytes.length && bytes[end] != '\n') {
      end++;
    }
    String line = new String(bytes, at[0], end - at[0], StandardCharsets.UTF_8);
    at[0] = end + 1;
    return line;
  }
}
