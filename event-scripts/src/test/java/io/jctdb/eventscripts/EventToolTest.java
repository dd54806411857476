package io.jctdb.eventscripts;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Our ctdb-event says what the stock one says. */
class EventToolTest {
  @TempDir private Path dir;
  private ScriptHouse house;
  private Path stock;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @BeforeEach
  void oneStockScript() throws IOException {
    house = new ScriptHouse(dir.resolve("etc"));
    stock = Files.createDirectories(dir.resolve("share/events/legacy"));
    ScriptHouse.executable(stock.resolve("11.natgw.script"), "#!/bin/sh\n");
    ScriptHouse.executable(stock.resolve("50.samba.script"), "#!/bin/sh\n");
  }

  @Test
  void eventsAreRunAndShown() throws Exception {
    house.script("99.local.script", "[ $1 != monitor ] || { echo one; echo two; exit 7; }");
    try (EventRunner runner = house.runner();
        EventServer server =
            EventServer.start(dir.resolve("eventd.socket"), dir.resolve("eventd.pid"), runner)) {
      assertThat(server).isNotNull();
      assertTool(0, "", "run", "20", "legacy", "takeip", "eth1", "198.51.100.199", "24");
      assertTool(8, "Event monitor in legacy failed\n", "run", "20", "legacy", "monitor");
      assertTool(110, "Event startup in legacy timed out\n", "run", "-5", "legacy", "startup");
      assertTool(2, "Event dir for foo does not exist\n", "run", "20", "foo", "monitor");
      assertTool(22, "Event foo has never run in legacy\n", "status", "legacy", "foo");
      assertTool(2, "Event dir for foo does not exist\n", "status", "foo", "monitor");

      assertThat(tool("status", "legacy", "monitor")).isEqualTo(7);
      assertThat(said())
          .matches("99.local             ERROR      0.\\d{3} .{24}\n  OUTPUT: one\ntwo\n\n");
    }
  }

  @Test
  void withoutADaemonItSaysWhatIsMissing() {
    assertThat(tool("status", "legacy", "monitor")).isEqualTo(5);
    assertThat(err.toString(UTF_8))
        .isEqualTo(
            "socket connect failed - %s\nFailed to initialize event client, ret=5\n"
                .formatted(dir.resolve("eventd.socket")));
  }

  @Test
  void everyKindOfResultHasItsLine() {
    Instant begin = Instant.parse("2026-11-01T01:44:06Z");
    Instant end = begin.plusMillis(4);
    EventStatus status =
        new EventStatus(
            -2,
            List.of(
                new ScriptResult("00.ctdb", begin, end, 0, "never shown"),
                new ScriptResult("11.natgw", begin, end, -8, ""),
                new ScriptResult("60.slow", begin, end, -110, ""),
                new ScriptResult("98.broken", begin, end, -2, "")));

    assertThat(StatusTable.format(status, ZoneOffset.UTC))
        .isEqualTo(
            """
            00.ctdb              OK         0.004 Sun Nov  1 01:44:06 2026
            11.natgw             DISABLED \s
            60.slow              TIMEDOUT   Sun Nov  1 01:44:06 2026
              OUTPUT:\s
            98.broken            CANNOT RUN (No such file or directory)
              OUTPUT:\s
            """);
  }

  @Test
  void stockScriptsAreEnabledByLinksAndLocalOnesByTheirBits() throws Exception {
    assertTool(0, "", "script", "enable", "legacy", "50.samba");
    assertTool(0, "", "script", "enable", "legacy", "50.samba");
    Path link = house.legacy.resolve("50.samba.script");
    assertThat(Files.readSymbolicLink(link)).isEqualTo(stock.resolve("50.samba.script"));
    Files.writeString(house.legacy.resolve("99.local.script"), "");
    assertTool(0, "  11.natgw\n* 50.samba\n\n  99.local\n", "script", "list", "legacy");

    assertTool(0, "", "script", "enable", "legacy", "99.local");
    assertTool(0, "", "script", "disable", "legacy", "50.samba");
    assertTool(0, "", "script", "disable", "legacy", "50.samba");
    assertTool(0, "  11.natgw\n  50.samba\n\n* 99.local\n", "script", "list", "legacy");
    assertThat(stock.resolve("50.samba.script")).exists();
  }

  @Test
  void scriptsThatDoNotExistAreNamed() {
    assertTool(
        2,
        "Script 99.nosuch does not exist in legacy\n",
        "script",
        "enable",
        "legacy",
        "99.nosuch");
    assertTool(2, "Script foo does not exist in legacy\n", "script", "enable", "legacy", "foo");
    assertTool(
        2,
        "Script 11.natgw.script does not exist in legacy\n",
        "script",
        "enable",
        "legacy",
        "11.natgw.script");
    assertTool(0, "", "script", "disable", "legacy", "99.nosuch");
    assertTool(2, "", "script", "list", "foo");
  }

  @Test
  void wrongWordsShowTheUsage() {
    for (String[] words :
        new String[][] {
          {},
          {"foo"},
          {"run", "20", "legacy"},
          {"run", "soon", "legacy", "monitor"},
          {"status"},
          {"script", "list"},
          {"script", "enable", "legacy"},
          {"script", "list", "../x"},
          {"--help"}
        }) {
      assertThat(tool(words)).isEqualTo(1);
      assertThat(said()).startsWith("Usage: ctdb-event");
    }
  }

  private void assertTool(int status, String output, String... words) {
    assertThat(tool(words)).isEqualTo(status);
    assertThat(said()).isEqualTo(output);
  }

  private int tool(String... words) {
    return new EventTool(
            house.etc,
            dir.resolve("share"),
            dir.resolve("eventd.socket"),
            new PrintStream(out, true, UTF_8),
            new PrintStream(err, true, UTF_8))
        .run(List.of(words));
  }

  private String said() {
    String text = out.toString(UTF_8);
    out.reset();
    return text;
  }
}
