package io.jctdb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.protocol.LinkReport;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What an administrator sees of the lines between the sites. */
final class LinkCommandsTest {
  private final OneNode node = new OneNode();

  private static LinkReport.Link link(int pnn, boolean up, String site, String problem) {
    return new LinkReport.Link(
        pnn,
        up,
        !site.equals("main"),
        true,
        site,
        up ? 201_504 : 0,
        up ? 200_070 : 0,
        12_300,
        20_000,
        500,
        new LinkReport.Traffic(10, 12_345_678, 1_234_567),
        new LinkReport.Traffic(20, 2000, 600),
        3,
        problem);
  }

  @Test
  void eachLinkIsALineAndABrokenOneSaysWhy() {
    node.links =
        new LinkReport(
            "main",
            "main",
            2_500_000,
            67_108_864,
            List.of(link(1, true, "branch", ""), link(2, false, "main", "silent for PT5S")));
    assertThat(node.run("wan")).isZero();
    assertThat(node.printed())
        .isEqualTo(
            """
            Site of node 0: main; sends 20000 kbit/s to other sites; keeps 67 MB for a node at most
            Node Site         State     RTT ms    min ms  loss %    backlog       sent    on wire   received  lost
            1    branch       up        201.50    200.07    1.23      20 kB      12 MB    1234 kB     2000 B     3
            2    main         down           ?         ?    1.23      20 kB      12 MB          -     2000 B     3
                 silent for PT5S
            """);
  }

  @Test
  void scriptsReadRows() {
    node.links = new LinkReport("main", "main", 0, 64 << 20, List.of(link(1, true, "branch", "")));
    assertThat(node.run("-X", "wan")).isZero();
    assertThat(node.printed())
        .endsWith(
            "|1|branch|1|1|1|201504|200070|12300|20000|500|10|12345678|1234567|20|2000|600|3||\n");
  }
}
