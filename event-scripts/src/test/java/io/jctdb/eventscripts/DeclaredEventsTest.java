package io.jctdb.eventscripts;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A script of ours that says which events it handles must not forget one: it would never run. */
class DeclaredEventsTest {
  private static final Path SCRIPTS = Path.of("src/main/share/events/legacy");
  private static final Pattern HEAD = Pattern.compile("(?m)^# jctdb-events: (.*)$");
  private static final Pattern BY_EVENT = Pattern.compile("(?ms)^case \"\\$1\" in$(.*?)^esac$");
  private static final Pattern LABEL = Pattern.compile("(?m)^([a-z]+(?: \\| [a-z]+)*)\\)");

  @Test
  void whatAScriptDeclaresIsWhatItHandles() throws IOException {
    int declaring = 0;
    for (Path script : scripts()) {
      String text = Files.readString(script);
      Matcher head = HEAD.matcher(text);
      if (head.find()) {
        declaring++;
        assertThat(Set.of(head.group(1).split(" "))).as("%s", script).isEqualTo(handled(text));
      }
    }
    assertThat(declaring).isPositive();
  }

  private static Set<String> handled(String text) {
    Set<String> events = new TreeSet<>();
    Matcher cases = BY_EVENT.matcher(text);
    while (cases.find()) {
      Matcher label = LABEL.matcher(cases.group(1));
      while (label.find()) {
        events.addAll(List.of(label.group(1).split(" \\| ")));
      }
    }
    return events;
  }

  private static List<Path> scripts() throws IOException {
    try (Stream<Path> files = Files.list(SCRIPTS)) {
      return files.filter(f -> f.toString().endsWith(".script")).sorted().toList();
    }
  }
}
