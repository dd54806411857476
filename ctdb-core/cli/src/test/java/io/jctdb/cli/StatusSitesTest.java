package io.jctdb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.protocol.LinkReport;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What {@code ctdb status} adds for a cluster over several sites, and for no other. */
final class StatusSitesTest {
  private final OneNode node = new OneNode();

  private static LinkReport at(String site, String main) {
    return new LinkReport(site, main, 0, 64 << 20, List.of());
  }

  @Test
  void aClusterAtOnePlaceShowsWhatTheStockToolShows() {
    node.links = at("main", "main");
    assertThat(node.run("status")).isZero();
    assertThat(node.printed()).doesNotContain("Site").endsWith("Leader:UNKNOWN\n");
    assertThat(node.run("--json", "status")).isZero();
    assertThat(node.printed()).doesNotContain("site");
  }

  @Test
  void nodesAtOtherSitesAreNamedInLinesOfTheirOwn() {
    node.links = at("branch", "centre");
    assertThat(node.run("status")).isZero();
    assertThat(node.printed())
        .endsWith(
            """
            Leader:UNKNOWN
            Site:centre nodes:
            Site:branch nodes:0 (REMOTE)
            """);
  }

  @Test
  void scriptsThatReadJsonGetThemToo() {
    node.links = at("branch", "centre");
    assertThat(node.run("--json", "status")).isZero();
    assertThat(node.printed()).contains("\"site\": \"branch\"", "\"remote\": true");
  }

  @Test
  void rowsStayAsTheyWere() {
    node.links = at("branch", "centre");
    assertThat(node.run("-X", "status")).isZero();
    assertThat(node.printed()).doesNotContain("branch");
  }
}
