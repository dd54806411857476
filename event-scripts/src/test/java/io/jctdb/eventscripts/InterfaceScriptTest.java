package io.jctdb.eventscripts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** 10.interface: first against stand-ins, then against the kernel in a network of its own. */
class InterfaceScriptTest {
  @TempDir private Path dir;
  private ScriptLab lab;

  @BeforeEach
  void lab() throws IOException {
    lab =
        new ScriptLab(dir)
            .file("public_addresses", "# ours\n10.0.0.1/24 eth1,eth2\n\nfd00::1/64 eth1\n");
  }

  @Test
  void withoutPublicAddressesItOnlySaysSo() throws Exception {
    ScriptLab other = new ScriptLab(Files.createDirectory(dir.resolve("other")));

    assertThat(other.event("10.interface", "init").output())
        .isEqualTo("No public addresses file found\n");
    assertThat(other.event("10.interface", "monitor")).isEqualTo(new ScriptLab.Outcome(0, ""));
  }

  @Nested
  class Monitor {
    @BeforeEach
    void eth1IsUpAndEth2IsDown() throws IOException {
      lab.standIn("ip", "[ $2 != show ] || echo '2: '$3': <UP>'")
          .standIn("ethtool", "[ $1 != eth2 ] && echo '  Link detected: yes'")
          .standIn(
              "ctdb", "[ \"$*\" != '-X ifaces' ] || printf '|Name|\\n|eth1|1|1|\\n|eth3|1|1|\\n'");
    }

    @Test
    void oneDeadInterfaceMakesTheNodeUnhealthy() throws Exception {
      assertThat(lab.event("10.interface", "monitor"))
          .isEqualTo(
              new ScriptLab.Outcome(1, "ERROR: No link on the public network interface eth2\n"));
      assertThat(lab.calls())
          .contains("ctdb setifacelink eth2 down", "ip link set eth2 up")
          .as("what the daemon knows already")
          .doesNotContain("ctdb setifacelink eth1 up", "ctdb setifacelink eth3 up");
    }

    @Test
    void theDaemonIsToldWhatItDoesNotKnow() throws Exception {
      lab.standIn(
          "ctdb", "[ \"$*\" != '-X ifaces' ] || printf '|Name|\\n|eth1|0|1|\\n|eth2|0|1|\\n'");
      lab.event("10.interface", "monitor");
      assertThat(lab.calls())
          .contains("ctdb setifacelink eth1 up")
          .doesNotContain("ctdb setifacelink eth2 down");
    }

    @Test
    void theKernelsFilesSayForNothingThatALinkIsUp() throws Exception {
      lab.file("sys/class/net/eth1/carrier", "1\n")
          .file("sys/class/net/eth2/carrier", "1\n")
          .file("sys/class/net/eth3/carrier", "1\n");
      assertThat(lab.event("10.interface", "monitor")).isEqualTo(new ScriptLab.Outcome(0, ""));
      assertThat(lab.calls()).containsExactly("ctdb -X ifaces", "ctdb setifacelink eth2 up");
    }

    @Test
    void unlessTheAdministratorToleratesSome() throws Exception {
      lab.file("script.options", "CTDB_PARTIALLY_ONLINE_INTERFACES=yes\n");
      assertThat(lab.event("10.interface", "monitor").status()).isZero();
    }

    @Test
    void atStartupItIsOnlyTold() throws Exception {
      assertThat(lab.event("10.interface", "startup").status()).isZero();
      assertThat(lab.calls()).contains("ctdb setifacelink eth2 down");
    }
  }

  @Test
  void wrongArgumentsAreRefused() throws Exception {
    assertThat(lab.event("10.interface", "takeip", "eth1").status()).isEqualTo(1);
  }

  /** The kernel's own answers, where the machine allows a network namespace. */
  @Nested
  class WithARealKernel {
    @BeforeEach
    void aNetworkOfItsOwn() throws Exception {
      assumeTrue(
          lab.run("unshare", List.of("-n", "true")).status() == 0, "needs root for a namespace");
    }

    @Test
    void anAddressComesAndGoesAndItsSecondaryStays() throws Exception {
      String story =
          inNamespace(
              """
              $s takeip eth1 10.0.0.1 24; $s takeip eth1 10.0.0.2 24; show
              $s takeip eth1 10.0.0.1 24; echo again $?
              $s releaseip eth1 10.0.0.1 24; echo released $?; show
              $s releaseip __none__ 10.0.0.2 24; show
              $s releaseip eth1 10.0.0.2 24; echo gone already $?
              """);

      assertThat(story.lines())
          .containsExactly(
              "eth1 10.0.0.1/24 forever",
              "eth1 10.0.0.2/24 forever",
              "again 0",
              "released 0",
              "eth1 10.0.0.2/24 forever",
              "WARNING: public address 10.0.0.2 is on no interface",
              "gone already 0");
    }

    @Test
    void onReleaseClientsOfNfsAreToldAndThoseOfSmbAreNot() throws Exception {
      String java = ProcessHandle.current().info().command().orElse("java");
      String classes = Path.of("target/test-classes").toAbsolutePath().toString();

      String story =
          inNamespace(
              """
              ip link set lo up; ip addr add 10.0.0.77/32 dev lo
              $s takeip eth1 10.0.0.1 24
              %s -XX:TieredStopAtLevel=1 -Xshare:auto -cp %s %s $s releaseip eth1 10.0.0.1 24
              """
                  .formatted(java, classes, TwoConnections.class.getName()));

      assumeTrue(story.contains("Killed 1/2"), () -> "cannot kill connections here: " + story);
      assertThat(story)
          .contains("status 0")
          .contains("smb client nothing, server killed")
          .contains("nfs client killed, server killed");
    }

    @Test
    void withALifetimeTheKernelEndsItByItself() throws Exception {
      lab.variable("JCTDB_ADDRESS_LIFETIME", "40");

      assertThat(inNamespace("$s takeip eth1 10.0.0.1 24; show; $s takeip eth1 fd00::1 64; show"))
          .matches(
              "eth1 10.0.0.1/24 (40|39)sec\neth1 10.0.0.1/24 (40|39|38|37)sec\n"
                  + "eth1 fd00::1/64 (40|39|38|37)sec\n");
    }

    @Test
    void anIpv6AddressServesAtOnceWithoutAskingWhetherSomebodyHasIt() throws Exception {
      String story =
          inNamespace(
              """
              echo 1 >/proc/sys/net/ipv6/conf/eth1/accept_dad
              $s takeip eth1 fd00::1 64; echo $?; ip -6 -o addr show dev eth1 to fd00::1 tentative; show
              """);

      assertThat(story.lines()).containsExactly("0", "eth1 fd00::1/64 forever");
    }

    @Test
    void nothingIsAddedAfterTheDeadline() throws Exception {
      lab.variable("JCTDB_ADDRESS_DEADLINE", "1");

      assertThat(inNamespace("$s takeip eth1 10.0.0.1 24; echo $?; show"))
          .isEqualTo(
              "ERROR: 10.0.0.1 is not added: the lease of this node has run out meanwhile\n1\n");

      lab.variable("JCTDB_ADDRESS_DEADLINE", "999999999999");

      assertThat(inNamespace("$s takeip eth1 10.0.0.1 24; show"))
          .isEqualTo("eth1 10.0.0.1/24 forever\n");
    }

    @Test
    void initAndShutdownTakeAwayEveryPublicAddressAndNothingElse() throws Exception {
      String story =
          inNamespace(
              """
              ip addr add 10.0.0.1/24 dev eth2; ip addr add 10.0.0.77/24 dev eth1
              $s init; echo init $?; show
              $s takeip eth1 10.0.0.1 24; $s shutdown; show
              """);

      assertThat(story.lines())
          .containsExactly(
              "Removing public address 10.0.0.1/24 from device eth2",
              "init 0",
              "eth1 10.0.0.77/24 forever",
              "Removing public address 10.0.0.1/24 from device eth1",
              "eth1 10.0.0.77/24 forever");
    }

    @Test
    void anAddressMovesBetweenInterfaces() throws Exception {
      String story =
          inNamespace(
              """
              $s takeip eth1 10.0.0.1 24
              $s updateip eth1 eth2 10.0.0.1 24; show
              $s updateip __none__ eth2 10.0.0.1 24
              """);

      assertThat(story)
          .isEqualTo(
              "eth2 10.0.0.1/24 forever\n"
                  + "Redundant \"updateip\" - 10.0.0.1 is already on interface eth2\n");
      assertThat(lab.calls()).contains("ctdb gratarp 10.0.0.1 eth2");
    }

    @Test
    void anInterfaceThatDoesNotExistCannotTakeAnAddress() throws Exception {
      assertThat(inNamespace("$s takeip eth9 10.0.0.1 24; echo status $?"))
          .contains("ERROR: failed to bring up interface eth9")
          .endsWith("status 1\n");
    }

    private String inNamespace(String story) throws Exception {
      String script =
          """
          s="$CTDB_BASE/events/legacy/10.interface.script"
          show() {
            ip -o addr show scope global | sed -E 's/^[0-9]+: (\\S+) +inet6? (\\S+) .*valid_lft (\\S+).*/\\1 \\2 \\3/'
          }
          ip link add eth1 type veth peer name peer1; ip link add eth2 type veth peer name peer2
          for i in eth1 eth2 peer1 peer2; do echo 0 > /proc/sys/net/ipv6/conf/$i/accept_dad; ip link set $i up; done
          """;
      ScriptLab.Outcome outcome = lab.run("unshare", List.of("-n", "sh", "-c", script + story));
      return outcome.output();
    }
  }
}
