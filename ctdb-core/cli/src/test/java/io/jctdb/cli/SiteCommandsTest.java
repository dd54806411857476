package io.jctdb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.protocol.Control;
import io.jctdb.protocol.LinkReport;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** An administrator moves a node to another site. */
final class SiteCommandsTest {
  private final OneNode node = new OneNode();

  @BeforeEach
  void nodeIsAtTheBranch() {
    node.links = new LinkReport("branch", "main", 0, 64 << 20, List.of());
  }

  @Test
  void theNodeSaysWhatItHasDone() {
    assertThat(node.run("setsite", "main")).isZero();
    assertThat(node.printed()).isEqualTo("node 0: main is written\n");
    assertThat(node.run("setsite", "main", "restart")).isZero();
    assertThat(node.printed()).isEqualTo("node 0: main is written, restarts\n");
  }

  @Test
  void whyItCannotIsSaid() {
    node.siteRefused = "ctdb.conf: [jctdb] remote nodes names node 0: correct remote nodes";
    assertThat(node.run("setsite", "main")).isEqualTo(1);
    assertThat(node.complained()).contains("node 0: ctdb.conf: [jctdb] remote nodes names node 0");
  }

  @Test
  void theMainSiteIsNotLeftEmpty() {
    node.links = new LinkReport("main", "main", 0, 64 << 20, List.of());
    assertThat(node.run("setsite", "branch")).isEqualTo(1);
    assertThat(node.complained()).contains("node 0 is the last one of the main site");
    assertThat(node.asked).doesNotContain(Control.SET_SITE);
  }

  @Test
  void whatIsNoCommandIsExplained() {
    assertThat(node.run("setsite")).isNotZero();
    assertThat(node.run("setsite", "main", "now")).isNotZero();
    assertThat(node.asked).doesNotContain(Control.SET_SITE);
  }
}
