package io.jctdb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Our {@code ctdb} prints what the stock one printed, byte for byte, against the same daemon. */
final class TranscriptReplayTest {
  /** Where we say more than the stock tool, which fails without a word or with a wrong one. */
  private static final Set<String> EXPLAINED =
      Set.of(
          "addtickle-stdin-bad",
          "ban-bad",
          "gettickles-badport",
          "n0-disconnected-reloadips0",
          "process-exists-srvid-bad",
          "setvar-bad-value");

  /**
   * Where we differ on purpose: numbers with garbage or a misleading leading zero are refused; an
   * address may be moved on a cluster of one node; with no time at all we still ask once; a node
   * that is silent does not hide the addresses of the others; the version is our own.
   */
  private static final Set<String> BETTER =
      Set.of(
          "setvar-octal",
          "setvar-trailing-garbage",
          "c1-moveip",
          "opt-t-0",
          "frozen-ip-all",
          "version",
          "version-extra-arg",
          "no-daemon-version");

  @ParameterizedTest(name = "{0}")
  @MethodSource("replayable")
  void printsWhatTheStockToolPrinted(Transcript transcript) throws IOException {
    ReplayHost host = new ReplayHost(transcript);
    int exit = Tool.run(host, words(transcript.command()));
    assertThat(host.wire().faults())
        .as("%s: requests that the stock tool did not send", transcript)
        .isEmpty();
    if (EXPLAINED.contains(transcript.name())) {
      assertThat(host.stderr()).as("%s: stderr", transcript).isNotEmpty();
    } else {
      assertThat(normal(transcript, "stderr", host.stderr()))
          .as("%s: stderr", transcript)
          .isEqualTo(normal(transcript, "stderr", transcript.stderr()));
    }
    String expected = normal(transcript, "stdout", transcript.stdout());
    assertThat(likeHelp(normal(transcript, "stdout", host.stdout()), expected))
        .as("%s: stdout", transcript)
        .isEqualTo(expected);
    assertThat(exit).as("%s: exit status", transcript).isEqualTo(transcript.exit());
  }

  /** What the silent node has is told as the others know it. */
  @Test
  void aSilentNodeDoesNotHideTheAddressesOfTheOthers() throws IOException {
    Transcript transcript =
        Transcript.all().stream()
            .filter(one -> one.name().equals("frozen-ip-all"))
            .findFirst()
            .orElseThrow();
    ReplayHost host = new ReplayHost(transcript);
    assertThat(Tool.run(host, words(transcript.command()))).isEqualTo(1);
    assertThat(normal(transcript, "stderr", host.stderr()))
        .isEqualTo(normal(transcript, "stderr", transcript.stderr()));
    assertThat(new String(host.stdout(), StandardCharsets.UTF_8).lines())
        .contains("198.51.100.101 1", "198.51.100.102 2", "198.51.100.103 0");
  }

  /** The recorded ones all have -X; scripts use the older letter, too, and separators of theirs. */
  @Test
  void connectionsInColumnsAreTheSameHoweverTheyAreAskedFor() throws IOException {
    int found = 0;
    for (Transcript transcript : Transcript.all()) {
      if (transcript.name().matches("(smbd-)?gettickles-(v6-)?X(-port)?")) {
        found++;
        assertThat(columns(transcript, "-Y")).isEqualTo(columns(transcript, "-X"));
        assertThat(columns(transcript, "-Yx,"))
            .isEqualTo(columns(transcript, "-X").replace('|', ','));
      }
    }
    assertThat(found).isEqualTo(4);
  }

  private static String columns(Transcript transcript, String option) throws IOException {
    ReplayHost host = new ReplayHost(transcript);
    String[] words = words(transcript.command());
    words[0] = option;
    assertThat(Tool.run(host, words)).isZero();
    return new String(host.stdout(), StandardCharsets.UTF_8);
  }

  /** The transcripts say {@code <text>} for descriptions; ours are our own. */
  private static String likeHelp(String ours, String expected) {
    if (!expected.contains("<text>")) {
      return ours;
    }
    String[] lines = ours.split("\n", -1);
    String[] wanted = expected.split("\n", -1);
    for (int i = 0; i < Math.min(lines.length, wanted.length); i++) {
      if (wanted[i].endsWith("<text>")) {
        String start = wanted[i].substring(0, wanted[i].length() - "<text>".length());
        if (lines[i].startsWith(start)) {
          lines[i] = wanted[i];
        }
      }
    }
    return String.join("\n", lines);
  }

  static List<Transcript> replayable() throws IOException {
    List<Transcript> replayable = new ArrayList<>();
    for (Transcript transcript : Transcript.all()) {
      if (isReplayable(transcript)) {
        replayable.add(transcript);
      }
    }
    return replayable;
  }

  /** These read or write database files, run programs, or use the network. */
  private static final Set<String> TOUCH_THE_MACHINE =
      Set.of(
          "cattdb",
          "readkey",
          "writekey",
          "deletekey",
          "pfetch",
          "pstore",
          "pdelete",
          "ptrans",
          "tfetch",
          "tstore",
          "backupdb",
          "event",
          "scriptstatus",
          "natgw",
          "lvs",
          "tickle",
          "checktcpport");

  /** Usage and other errors of those, which come before anything is touched. */
  private static boolean endsEarly(Transcript transcript) {
    String out = new String(transcript.stdout(), StandardCharsets.UTF_8);
    String err = new String(transcript.stderr(), StandardCharsets.UTF_8);
    return out.contains("Commands:")
        || err.contains("connect() failed")
        || err.contains("annot be specified")
        || err.contains("Cannot specify node")
        || err.contains("not supported on DB")
        || err.contains("not a volatile database")
        || err.contains("No database matching")
        || err.contains("Failed to parse")
        || err.contains("Failed to attach")
        || err.contains("INACTIVE");
  }

  private static boolean isReplayable(Transcript transcript) {
    if (BETTER.contains(transcript.name()) || transcript.name().equals("dumpdbbackup-vol")) {
      return false;
    }
    if (!transcript.command().matches("ctdb( .*)?") || transcript.name().startsWith("master-")) {
      return false;
    }
    String command = words(transcript.command()).length == 0 ? "" : commandWord(transcript);
    Command known = CommandTable.find(command);
    if (known != null
        && known.daemon()
        && transcript.trace().isEmpty()
        && !transcript.state().equals("no-daemon")) {
      return false;
    }
    if (TOUCH_THE_MACHINE.contains(command) && !endsEarly(transcript)) {
      return false;
    }
    if (command.equals("event")
        || transcript.head().getOrDefault("note", "").contains("payloads over 64 bytes")) {
      return false;
    }
    for (Transcript.Line line : transcript.trace()) {
      if (!line.fromTool() && line.isCut()) {
        return false;
      }
    }
    return true;
  }

  private static String commandWord(Transcript transcript) {
    Options options = new Options(words(transcript.command()));
    try {
      options.parse();
    } catch (Options.BadOption e) {
      return "";
    }
    return options.arguments.isEmpty() ? "" : options.arguments.getFirst();
  }

  static String[] words(String command) {
    List<String> words = new ArrayList<>();
    var matcher = Pattern.compile("'([^']*)'|\"([^\"]*)\"|(\\S+)").matcher(command);
    while (matcher.find()) {
      for (int group = 1; group <= 3; group++) {
        if (matcher.group(group) != null) {
          words.add(matcher.group(group));
        }
      }
    }
    return words.subList(1, words.size()).toArray(String[]::new);
  }

  private static String normal(Transcript transcript, String stream, byte[] bytes) {
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    for (Rule rule : RULES) {
      if (rule.stream().equals(stream) && rule.command().matcher(transcript.command()).find()) {
        text = rule.pattern().matcher(text).replaceAll(rule.replacement());
      }
    }
    return text;
  }

  private static final List<Rule> RULES = rules();

  private record Rule(Pattern command, String stream, Pattern pattern, String replacement) {}

  private static List<Rule> rules() {
    List<Rule> rules = new ArrayList<>();
    try {
      String file = new String(Transcript.files().get("normalise.tsv"), StandardCharsets.UTF_8);
      for (String line : file.split("\n")) {
        String[] columns = line.split("\t", -1);
        if (!line.startsWith("#") && columns.length == 4) {
          Pattern pattern = Pattern.compile(columns[2], Pattern.MULTILINE);
          rules.add(new Rule(Pattern.compile(columns[0]), columns[1], pattern, columns[3]));
        }
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return rules;
  }
}
