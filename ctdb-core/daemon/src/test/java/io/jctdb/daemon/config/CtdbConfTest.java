package io.jctdb.daemon.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CtdbConfTest {
  @TempDir private Path base;
  private Paths paths;

  @BeforeEach
  void oneNodeInATestDirectory() throws Exception {
    paths = Paths.of(Map.of("CTDB_TEST_MODE", "1", "CTDB_BASE", base.toString()), Optional.empty());
  }

  @Test
  void withoutAFileEverythingHasItsDefault() throws Exception {
    CtdbConf conf = CtdbConf.read(paths);

    assertThat(conf.logging().level()).isEqualTo(LogLevel.NOTICE);
    assertThat(conf.cluster())
        .isEqualTo(
            new CtdbConf.Cluster(
                Optional.empty(), Optional.empty(), Duration.ofSeconds(5), true, Optional.empty()));
    assertThat(conf.database().volatileDirectory()).isEqualTo(base.resolve("var/volatile"));
    assertThat(conf.database().tdbMutexes()).isTrue();
    assertThat(conf.legacy())
        .isEqualTo(new CtdbConf.Legacy(true, true, false, false, LogLevel.ERROR));
    assertThat(conf.failover().disabled()).isFalse();
    assertThat(conf.jctdb().zookeeper()).isEmpty();
    assertThat(conf.jctdb().zookeeperSession()).isEqualTo(Duration.ofSeconds(6));
    assertThat(conf.warnings()).isEmpty();
  }

  @Test
  void everyOptionIsReadWithItsType() throws Exception {
    Path script = Files.createFile(base.resolve("debug-hung-script.sh"));
    assertThat(script.toFile().setExecutable(true)).isTrue();
    write(
        """
        # a comment
          ; another
        [LOGGING]
          location = syslog:nonblocking
          log level = warn
        [cluster]
          node   address = 10.1.2.3
          cluster lock = !/usr/libexec/helper \\
             /shared/lock
          leader timeout = 0x10
          leader capability = No
        [event]
          debug script = /anywhere/debug-hung-script.sh
        [legacy]
          start as disabled = YES
          script log level = 5
        [jctdb]
          zookeeper = zk1:2181,zk2:2181/ctdb
          transport security = plaintext
          metrics address = [::1]:9379
        """);

    CtdbConf conf = CtdbConf.read(paths);

    assertThat(conf.warnings()).isEmpty();
    assertThat(conf.logging().location())
        .isEqualTo(new LogLocation.ToSyslog(LogLocation.SyslogKind.NONBLOCKING));
    assertThat(conf.logging().level()).isEqualTo(LogLevel.WARNING);
    assertThat(conf.cluster().nodeAddress()).contains(InetAddress.ofLiteral("10.1.2.3"));
    assertThat(conf.cluster().clusterLock()).contains("!/usr/libexec/helper /shared/lock");
    assertThat(conf.cluster().leaderTimeout()).isEqualTo(Duration.ofSeconds(16));
    assertThat(conf.cluster().leaderCapability()).isFalse();
    assertThat(conf.event().debugScript()).contains(script);
    assertThat(conf.legacy().startAsDisabled()).isTrue();
    assertThat(conf.legacy().scriptLogLevel()).isEqualTo(LogLevel.INFO);
    assertThat(conf.jctdb().zookeeper()).contains("zk1:2181,zk2:2181/ctdb");
    assertThat(conf.jctdb().security().mode()).isEqualTo(TransportSecurity.PLAINTEXT);
    assertThat(conf.jctdb().metrics().orElseThrow().getPort()).isEqualTo(9379);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          cluster  | leader timeout             | 5x            | whole number
          cluster  | leader timeout             | 0             | from 1
          cluster  | leader timeout             | -3            | whole number
          cluster  | leader capability          | 1             | true, yes
          cluster  | transport                  | ib            | must be tcp
          cluster  | node address               | nodeA         | must be an IPv4 or IPv6 address
          cluster  | node address               | 10.1          | must be an IPv4 or IPv6 address
          logging  | log level                  | INFO # chatty | must be ERROR
          logging  | location                   | stdout        | must be file:PATH
          logging  | location                   | file:/no/such | make the directory
          database | volatile database directory| /no/such/dir  | existing directory
          event    | debug script               | missing.sh    | executable file
          jctdb    | zookeeper                  | zk1           | must be HOST:PORT
          jctdb    | zookeeper                  | zk1:2181,     | must be HOST:PORT
          jctdb    | zookeeper                  | zk1:xyz       | must be HOST:PORT
          jctdb    | transport security         | some          | must be tls
          jctdb    | metrics address            | ::1           | must be ADDRESS:PORT
          legacy   | script log level           | loud          | must be ERROR
          """)
  void aBadValueIsRefusedWithFileLineValueRuleAndRemedy(
      String section, String key, String value, String rule) throws Exception {
    write("[%s]\n  %s = %s\n".formatted(section, key, value));

    assertThatThrownBy(() -> CtdbConf.read(paths))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(base.resolve("ctdb.conf") + ":2: ")
        .hasMessageContaining("[" + section + "] " + key + " = \"" + value + "\"")
        .hasMessageContaining(rule)
        .hasMessageEndingWith(")");
  }

  @Test
  void allProblemsAreToldAtOnce() throws Exception {
    write("[cluster]\nleader timeout = abc\nleader capability =\n[legacy\n= 5\n");

    assertThatThrownBy(() -> CtdbConf.read(paths))
        .isInstanceOfSatisfying(ConfigException.class, e -> assertThat(e.problems()).hasSize(4));
  }

  @Test
  void anUnterminatedSectionIsAnErrorWhereCtdbdQuietlyUsesDefaults() throws Exception {
    write("[cluster\nleader timeout = 7\n");

    assertThatThrownBy(() -> CtdbConf.read(paths)).hasMessageContaining(":1: \"[cluster\"");
  }

  @Test
  void namesNobodyKnowsAreOnlyWarnings() throws Exception {
    write("early = 1\n[cluster]\nLeader Timeout = 9\njust words\n[future]\nkey = 1\n");

    CtdbConf conf = CtdbConf.read(paths);

    assertThat(conf.cluster().leaderTimeout()).isEqualTo(Duration.ofSeconds(5));
    assertThat(conf.warnings())
        .extracting(ConfigProblem::line)
        .containsExactlyInAnyOrder(1, 3, 4, 5, 6);
  }

  @Test
  void theLastOfTwoLinesWinsEvenWhenItIsTheDefault() throws Exception {
    write("[cluster]\nleader timeout = 7\nleader timeout = 5\n");

    assertThat(CtdbConf.read(paths).cluster().leaderTimeout()).isEqualTo(Duration.ofSeconds(5));
  }

  @Test
  void theOldNameOfTheClusterLockStillWorks() throws Exception {
    write("[cluster]\nrecovery lock = /shared/.lock\n");

    CtdbConf conf = CtdbConf.read(paths);

    assertThat(conf.cluster().clusterLock()).contains("/shared/.lock");
    assertThat(conf.warnings()).hasSize(1);
  }

  @Test
  void halfOfTheCertificatesIsRefused() throws Exception {
    write("[jctdb]\ntls ca = /etc/hostname\n");

    assertThatThrownBy(() -> CtdbConf.read(paths)).hasMessageContaining("must be set together");
  }

  @Test
  void aFileFullOfRubbishIsRefusedOrIgnoredButNeverBreaksTheReader() throws Exception {
    byte[] rubbish = new byte[4096];
    new java.util.Random(7).nextBytes(rubbish);
    Files.write(base.resolve("ctdb.conf"), rubbish);
    try {
      assertThat(CtdbConf.read(paths).warnings()).isNotEmpty();
    } catch (ConfigException e) {
      assertThat(e.problems()).isNotEmpty();
    }
  }

  @Test
  void dumpMarksWhatIsDefault() throws Exception {
    write("[cluster]\nleader timeout = 7\nleader capability = off\n".replace("off", "no"));

    CtdbConf conf = CtdbConf.read(paths);

    assertThat(conf.dump())
        .contains("[cluster]\n\t# transport = tcp\n\t# node address = \n")
        .contains("\n\tleader timeout = 7\n\tleader capability = false\n");
    assertThat(conf.get("cluster", "leader timeout")).contains("7");
    assertThat(conf.get("cluster", "cluster lock")).contains("");
    assertThat(conf.get("cluster", "no such")).isEmpty();
  }

  private void write(String text) throws IOException {
    Files.writeString(base.resolve("ctdb.conf"), text);
  }
}
