package io.jctdb.wanlink;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What others can make us write into the log. */
class ComplaintsTest {
  private final List<String> log = new ArrayList<>();
  private long seconds = 1_000;
  private final Complaints complaints =
      new Complaints(log::add, () -> TimeUnit.SECONDS.toNanos(seconds));

  private void refuse(int lastByte, int port) {
    complaints.about(
        "connection from ",
        new InetSocketAddress(InetAddress.ofLiteral("10.0.0." + lastByte), port),
        " lost: its certificate is of another authority");
  }

  @Test
  void aNodeThatTriesEachSecondWithAWrongCertificateIsNamedOnceAMinute() {
    for (int second = 0; second < 150; second++) {
      seconds++;
      refuse(2, 40_000 + second);
    }
    assertThat(log).hasSize(3);
    assertThat(log.get(0)).contains("10.0.0.2:40000", "another authority").doesNotContain("times");
    assertThat(log.get(1)).contains("10.0.0.2:40060", "59 times more since");
  }

  @Test
  void anotherNodeIsNamedNextToIt() {
    for (int second = 0; second < 10; second++) {
      seconds++;
      refuse(2 + second % 2, 40_000);
    }
    assertThat(log).hasSize(2);
  }

  @Test
  void aStormOfDifferentOnesIsOneLineASecond() {
    for (int host = 1; host < 250; host++) {
      refuse(host, 40_000);
    }
    seconds++;
    refuse(250, 40_000);
    assertThat(log).hasSize(2).last().asString().contains("248 other lines left out");
  }

  @Test
  void whatItRemembersIsBounded() {
    for (int host = 1; host < 250; host++) {
      seconds++;
      refuse(host, 40_000);
    }
    seconds++;
    refuse(1, 40_000);
    assertThat(log).as("the first was forgotten meanwhile").hasSize(250);
  }
}
