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

/** NAT gateway, static routes, tables for addresses: with the kernel's own routes and rules. */
class RoutingScriptsTest {
  @TempDir private Path dir;
  private ScriptLab lab;

  @BeforeEach
  void aNetworkOfItsOwn() throws Exception {
    for (String program : List.of("/usr/sbin/iptables", "/usr/sbin/ethtool")) {
      assumeTrue(Files.isExecutable(Path.of(program)), program + " is not installed");
    }
    lab = new ScriptLab(dir);
    Files.delete(dir.resolve("bin/iptables"));
    lab.standIn(
        "ctdb",
        """
        case "$*" in
        pnn) echo 0 ;;
        "-X nodestatus") printf '|Node|IP|\\n|0|192.168.7.1|0|\\n' ;;
        "-X ip -v") cat %s/ips ;;
        esac
        """
            .formatted(dir));
    lab.standIn("ctdb_natgw", "cat " + dir + "/leader");
    assumeTrue(
        lab.run("unshare", List.of("-nm", "true")).status() == 0, "needs root for a namespace");
  }

  private String alone(String script, String story) throws Exception {
    String prelude =
        """
        s="$CTDB_BASE/events/legacy/%s.script"
        ip link set lo up
        ip link add eth1 type veth peer name peer1; ip link add eth2 type veth peer name peer2
        for i in eth1 eth2 peer1 peer2; do ip link set $i up; done
        """
            .formatted(script);
    return lab.run("unshare", List.of("-nm", "sh", "-c", prelude + story)).output();
  }

  @Nested
  class TheGatewayOfAPrivateNetwork {
    @BeforeEach
    void configured() throws IOException {
      lab.file("natgw_nodes", "192.168.7.1\n192.168.7.2\n192.168.7.3 follower-only\n");
      options("192.168.7.0/24");
    }

    private void options(String privateNetwork) throws IOException {
      lab.file(
          "events/legacy/11.natgw.options",
          """
          CTDB_NATGW_NODES=%s/natgw_nodes
          CTDB_NATGW_PUBLIC_IP=10.0.0.99/24
          CTDB_NATGW_PUBLIC_IFACE=eth1
          CTDB_NATGW_DEFAULT_GATEWAY=10.0.0.1
          CTDB_NATGW_PRIVATE_NETWORK=%s
          CTDB_NATGW_STATIC_ROUTES="0.0.0.0/0 10.5.0.0/16@10.0.0.2"
          """
              .formatted(dir, privateNetwork));
    }

    @Test
    void movesWithItsAddressRoutesAndRules() throws Exception {
      String story =
          alone(
              "11.natgw",
              """
              show() { ip -o -4 addr show dev eth1 | sed 's/.*inet \\([^ ]*\\).*/\\1/'; ip route show metric 10; iptables -t nat -S POSTROUTING | grep -e ^-A; iptables -S INPUT | grep -e ^-A; }
              ip addr add 192.168.7.1/24 dev eth2
              $s startup; echo 0 192.168.7.1 > $CTDB_BASE/leader
              $s ipreallocated; echo leads $?; show
              $s ipreallocated; echo 1 192.168.7.2 > $CTDB_BASE/leader
              $s ipreallocated; echo follows $?; show
              $s shutdown; show; cat /proc/sys/net/ipv4/conf/all/arp_announce
              """);

      assertThat(story.lines().map(String::strip))
          .containsExactly(
              "leads 0",
              "10.0.0.99/24",
              "default via 10.0.0.1 dev eth1",
              "10.5.0.0/16 via 10.0.0.2 dev eth1",
              "-A POSTROUTING -s 192.168.7.0/24 ! -d 192.168.7.0/24 -j MASQUERADE",
              "-A INPUT -d 10.0.0.99/32 -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j REJECT"
                  + " --reject-with icmp-port-unreachable",
              "follows 0",
              "default via 192.168.7.2 dev eth2",
              "10.5.0.0/16 via 192.168.7.2 dev eth2",
              "2");
    }

    @Test
    void makesNoRouteOfItsOwnWithoutADefaultGateway() throws Exception {
      lab.file(
          "events/legacy/11.natgw.options",
          """
          CTDB_NATGW_NODES=%s/natgw_nodes
          CTDB_NATGW_PUBLIC_IP=10.0.0.99/24
          CTDB_NATGW_PUBLIC_IFACE=eth1
          CTDB_NATGW_PRIVATE_NETWORK=192.168.7.0/24
          """
              .formatted(dir));

      String story =
          alone(
              "11.natgw",
              """
              ip addr add 192.168.7.1/24 dev eth2
              echo 0 192.168.7.1 > $CTDB_BASE/leader; $s ipreallocated; ip route show metric 10; cat /proc/sys/net/ipv4/ip_forward
              echo 1 192.168.7.2 > $CTDB_BASE/leader; $s ipreallocated; ip route show metric 10
              $s removenatgw; ip route show metric 10
              """);

      assertThat(story.lines().map(String::strip))
          .containsExactly("1", "default via 192.168.7.2 dev eth2");
    }

    @Test
    void isNeverANodeThatOnlyFollowsWhichNeedsNoAddressForIt() throws Exception {
      lab.file("natgw_nodes", "192.168.7.1 follower-only\n192.168.7.2\n")
          .file(
              "events/legacy/11.natgw.options",
              "CTDB_NATGW_NODES=%s/natgw_nodes\nCTDB_NATGW_PRIVATE_NETWORK=192.168.7.0/24\n"
                  .formatted(dir));

      String story =
          alone(
              "11.natgw",
              """
              ip addr add 192.168.7.1/24 dev eth2; echo 1 192.168.7.2 > $CTDB_BASE/leader
              for event in setup startup ipreallocated monitor; do $s $event; echo $?; done
              ip route show metric 10; $s shutdown; ip route show metric 10
              """);

      assertThat(story.lines().map(String::strip))
          .containsExactly("0", "0", "0", "0", "default via 192.168.7.2 dev eth2");
    }

    @Test
    void changesWhenTheOptionsChange() throws Exception {
      String story =
          alone(
              "11.natgw",
              """
              echo 0 192.168.7.1 > $CTDB_BASE/leader; $s ipreallocated
              sed -i s/10.0.0.99/10.0.0.88/ $CTDB_BASE/events/legacy/11.natgw.options
              $s updatenatgw; ip -o -4 addr show dev eth1 | grep -c 10.0.0.99; ip -o -4 addr show dev eth1 | grep -c 10.0.0.88
              """);

      assertThat(story).isEqualTo("0\n1\n");
    }

    @Test
    void needsALeaderAnAddressOfItsOwnAndALink() throws Exception {
      lab.standIn("ctdb_natgw", "exit 2").file("public_addresses", "10.0.0.99/24 eth1\n");

      assertThat(
              alone(
                  "11.natgw",
                  "$s ipreallocated; echo $?; $s startup; echo $?; ip link del eth1; $s monitor"))
          .isEqualTo(
              """
              There is no NATGW leader node
              1
              ERROR: NATGW address 10.0.0.99/24 is in the list of public addresses
              1
              ERROR: Monitored interface eth1 does not exist
              """);
    }

    @Test
    void saysWhichOptionIsWrongAndWhere() throws Exception {
      options("192.168.7.0");
      ScriptLab.Outcome outcome = lab.event("11.natgw", "monitor");
      assertThat(outcome.status()).isEqualTo(1);
      assertThat(outcome.output())
          .contains(
              "11.natgw.options:5: CTDB_NATGW_PRIVATE_NETWORK=\"192.168.7.0\": should be NET/BITS")
          .endsWith("NATGW: invalid configuration\n");
    }
  }

  @Test
  void staticRoutesAreReplayedForTheInterfacesConcerned() throws Exception {
    lab.file(
        "static-routes",
        "# routes\neth1 10.5.0.0/16 10.0.0.2\neth2 10.6.0.0/16 10.1.0.2\neth9 10.7.0.0/16 10.1.0.2\n");

    String story =
        alone(
            "11.routing",
            """
            show() { ip route | grep via; echo; }
            ip addr add 10.0.0.1/24 dev eth1; ip addr add 10.1.0.1/24 dev eth2
            $s updateip eth9 eth2 10.1.0.1 24; show
            $s ipreallocated; $s ipreallocated; echo $?; show
            """);

    assertThat(story.lines().map(String::strip))
        .containsExactly(
            "10.6.0.0/16 via 10.1.0.2 dev eth2",
            "",
            "0",
            "10.5.0.0/16 via 10.0.0.2 dev eth1",
            "10.6.0.0/16 via 10.1.0.2 dev eth2",
            "");
  }

  @Nested
  class EveryAddressHasATable {
    private static final String TABLES = "mount --bind $CTDB_BASE/sys/iproute2 /etc/iproute2\n";
    private static final String SHOW =
        "show() { ip rule show | grep ctdb; ip route show table all | grep ctdb; echo; }\n";

    @BeforeEach
    void configured() throws IOException {
      assumeTrue(Files.isDirectory(Path.of("/etc/iproute2")));
      lab.variable("CTDB_SYS_ETCDIR", dir.resolve("sys").toString())
          .file("sys/iproute2/rt_tables", "255\tlocal\n1000\tother\n")
          .file(
              "policy",
              "10.0.0.1 10.0.0.0/24\n10.0.0.1 0.0.0.0/0 10.0.0.254\n10.1.0.1 10.1.0.0/24\n")
          .file("ips", "|IP|Node|Active|\n|10.0.0.1|0|eth1|\n|10.1.0.1|1||\n|fd00::1|0|eth1|\n");
      options(dir + "/policy", "100", "1000", "1001");
    }

    private void options(String file, String pref, String low, String high) throws IOException {
      lab.file(
          "events/legacy/13.per_ip_routing.options",
          """
          CTDB_PER_IP_ROUTING_CONF=%s
          CTDB_PER_IP_ROUTING_RULE_PREF=%s
          CTDB_PER_IP_ROUTING_TABLE_ID_LOW=%s
          CTDB_PER_IP_ROUTING_TABLE_ID_HIGH=%s
          """
              .formatted(file, pref, low, high));
    }

    @Test
    void whileItIsHere() throws Exception {
      String story =
          alone(
              "13.per_ip_routing",
              TABLES
                  + SHOW
                  + """
                  $s startup; ip addr add 10.0.0.1/24 dev eth1
                  $s takeip eth1 10.0.0.1 24; show
                  $s releaseip eth1 10.0.0.1 24; show
                  $s releaseip eth1 10.0.0.1 24 | cut -d: -f1
                  $s ipreallocated; show
                  $s takeip eth1 fd00::1 64
                  $s shutdown; show; cat /etc/iproute2/rt_tables
                  """);

      String table =
          """
          100:	from 10.0.0.1 lookup ctdb.10.0.0.1
          default via 10.0.0.254 dev eth1 table ctdb.10.0.0.1
          10.0.0.0/24 dev eth1 table ctdb.10.0.0.1 scope link

          """;
      assertThat(story.lines().map(String::stripTrailing).toList())
          .containsExactlyElementsOf(
              (table
                      + "\nWARNING\n"
                      + table
                      + "13.per_ip_routing.script: only IPv4 addresses have tables of their own, not"
                      + " fd00::1\n\n255\tlocal\n1000\tother\n")
                  .lines()
                  .toList());
    }

    @Test
    void thatIsEmptiedAtTheStartWhateverWasLeft() throws Exception {
      String story =
          alone(
              "13.per_ip_routing",
              """
              ip rule add from 10.9.0.1 pref 100 table 77; ip rule add from 10.9.0.2 pref 99 table 78
              ip route add 10.8.0.0/16 dev eth1 table 77; ip route add 10.8.0.0/16 dev eth1 table 78
              $s startup; ip rule show | grep 10.9; ip route show table 77; ip route show table 78
              cat /proc/sys/net/ipv4/conf/all/arp_filter
              """);

      assertThat(story.lines().map(String::strip))
          .containsExactly("99:\tfrom 10.9.0.2 lookup 78", "10.8.0.0/16 dev eth1 scope link", "1");
    }

    @Test
    void andItMovesToAnotherInterfaceWithItsAddress() throws Exception {
      String story =
          alone(
              "13.per_ip_routing",
              TABLES
                  + SHOW
                  + """
                  ip addr add 10.0.0.1/24 dev eth1; $s takeip eth1 10.0.0.1 24
                  ip addr del 10.0.0.1/24 dev eth1; ip addr add 10.0.0.1/24 dev eth2
                  $s updateip eth1 eth2 10.0.0.1 24; echo $?; show
                  """);

      assertThat(story.lines().map(String::strip))
          .containsExactly(
              "0",
              "100:\tfrom 10.0.0.1 lookup ctdb.10.0.0.1",
              "default via 10.0.0.254 dev eth2 table ctdb.10.0.0.1",
              "10.0.0.0/24 dev eth2 table ctdb.10.0.0.1 scope link",
              "");
      assertThat(lab.calls())
          .containsSubsequence("ctdb gratarp 10.0.0.1 eth1", "ctdb gratarp 10.0.0.1 eth2");
    }

    @Test
    void thatIsFilledAgainAndRemovedFromWhereTheAddressIsNot() throws Exception {
      options(dir + "/policy", "100", "1000", "1009");
      String story =
          alone(
              "13.per_ip_routing",
              TABLES
                  + SHOW
                  + """
                  ip addr add 10.0.0.1/24 dev eth1; ip addr add 10.1.0.1/24 dev eth2
                  $s takeip eth1 10.0.0.1 24; $s takeip eth2 10.1.0.1 24
                  ip route flush table ctdb.10.0.0.1
                  $s ipreallocated; echo $?; show
                  echo 10.0.0.1 10.0.0.0/25 > $CTDB_BASE/policy
                  $s ipreallocated; show; $s reconfigure; echo $?; show
                  """);

      String whole =
          """
          100:	from 10.0.0.1 lookup ctdb.10.0.0.1
          default via 10.0.0.254 dev eth1 table ctdb.10.0.0.1
          10.0.0.0/24 dev eth1 table ctdb.10.0.0.1 scope link

          """;
      assertThat(story.lines().map(String::stripTrailing).toList())
          .containsExactlyElementsOf(
              ("0\n"
                      + whole
                      + whole
                      + "Reconfiguring service \"per_ip_routing\"...\n0\n"
                      + "100:\tfrom 10.0.0.1 lookup ctdb.10.0.0.1\n"
                      + "10.0.0.0/25 dev eth1 table ctdb.10.0.0.1 scope link\n\n")
                  .lines()
                  .toList());
    }

    @Test
    void andARouteThatCannotBeMadeIsTold() throws Exception {
      lab.file("policy", "10.0.0.1 0.0.0.0/0 10.99.0.1\n");
      String story =
          alone(
              "13.per_ip_routing",
              TABLES
                  + """
                  ip addr add 10.0.0.1/24 dev eth1
                  for event in "takeip eth1 10.0.0.1 24" ipreallocated reconfigure; do $s $event; echo $?; done
                  """);

      String refused =
          "add_routing: failed to add route 0.0.0.0/0 via 10.99.0.1 dev eth1 for 10.0.0.1";
      assertThat(story.lines().filter(line -> line.equals("1"))).hasSize(3);
      assertThat(story.lines().filter(refused::equals)).hasSize(3);
    }

    @Test
    void orNoneWhenNumbersAreUsedUp() throws Exception {
      String story =
          alone(
              "13.per_ip_routing",
              TABLES
                  + "ip addr add 10.0.0.1/24 dev eth1; ip addr add 10.1.0.1/24 dev eth2\n"
                  + "$s takeip eth1 10.0.0.1 24; $s takeip eth2 10.1.0.1 24; echo $?\n");

      assertThat(story)
          .isEqualTo("per_ip_routing: no number is left for a table between 1000 and 1001\n1\n");
    }

    @Test
    void ofItsOwnNetworkWhenNothingElseIsSaid() throws Exception {
      options("__auto_link_local__", "7", "2000", "2010");
      lab.file("public_addresses", "10.0.0.77/26 eth1\n");

      assertThat(
              alone(
                  "13.per_ip_routing",
                  TABLES
                      + SHOW
                      + "ip addr add 10.0.0.77/26 dev eth1; $s takeip eth1 10.0.0.77 26; show"))
          .contains("7:\tfrom 10.0.0.77 lookup", "10.0.0.64/26 dev eth1 table ctdb.10.0.0.77");
    }

    @Test
    void andOptionsThatMakeNoSenseFailEveryEvent() throws Exception {
      options("/no/such", "100", "1000", "9000");
      assertThat(lab.event("13.per_ip_routing", "monitor").output())
          .contains("options:1: CTDB_PER_IP_ROUTING_CONF=\"/no/such\": is no file");
      options("__auto_link_local__", "0", "1000", "9000");
      assertThat(lab.event("13.per_ip_routing", "takeip", "a", "10.0.0.1", "24").output())
          .contains("options:2: CTDB_PER_IP_ROUTING_RULE_PREF=\"0\": should be a number from 1");
      options("__auto_link_local__", "1", "9000", "1000");
      assertThat(lab.event("13.per_ip_routing", "setup").output()).contains("should be less than");
      options("__auto_link_local__", "1", "100", "1000");
      assertThat(lab.event("13.per_ip_routing", "startup"))
          .matches(outcome -> outcome.status() == 1 && outcome.output().contains("253 to 255"));
    }
  }

  @Nested
  class OneAddressForTheWholeGroup {
    @BeforeEach
    void configured() throws IOException {
      lab.file("lvs_nodes", "192.168.7.1\n192.168.7.2\n")
          .file("proc/net/ip_vs", "IP Virtual Server\n")
          .variable("PROCFS_PATH", dir.resolve("proc").toString())
          .standIn("ipvsadm", "")
          .standIn("modprobe", "exit 1")
          .standIn(
              "ctdb_lvs",
              "[ $1 = list ] && printf '0 192.168.7.1\\n1 192.168.7.2\\n' || cat %s/leader"
                  .formatted(dir))
          .file(
              "events/legacy/91.lvs.options",
              "CTDB_LVS_NODES=%s/lvs_nodes\nCTDB_LVS_PUBLIC_IP=10.0.0.50\nCTDB_LVS_PUBLIC_IFACE=eth1\n"
                  .formatted(dir));
    }

    @Test
    void isOnLoopbackEverywhereAndKnownFromTheLeaderAlone() throws Exception {
      String story =
          alone(
              "91.lvs",
              """
              show() { ip -o addr show dev lo | sed -n 's/.*inet \\(10[^ ]*\\) scope \\([^ ]*\\).*/\\1 \\2/p'; }
              $s startup; show; echo 0 > $CTDB_BASE/leader; $s ipreallocated; show
              echo 1 > $CTDB_BASE/leader; $s ipreallocated; show; $s monitor; echo $?; $s shutdown; show
              """);

      assertThat(story).isEqualTo("10.0.0.50/32 host\n10.0.0.50/32 global\n10.0.0.50/32 host\n0\n");
      assertThat(lab.calls())
          .containsSubsequence(
              "ipvsadm -A -t 10.0.0.50:0 -p 1999999 -s lc",
              "ipvsadm -a -t 10.0.0.50:0 -r 192.168.7.2 -g",
              "ipvsadm -a -t 10.0.0.50:0 -r 127.0.0.1",
              "ipvsadm -A -u 10.0.0.50:0 -p 1999999 -s lc",
              "ctdb gratarp 10.0.0.50 eth1");
    }

    @Test
    void isNobodysWhenNoNodeCanLead() throws Exception {
      lab.standIn("ctdb_lvs", "exit $(cat " + dir + "/status)");
      String story =
          alone(
              "91.lvs",
              """
              show() { ip -o addr show dev lo | sed -n 's/.*inet \\(10[^ ]*\\) scope \\([^ ]*\\).*/\\1 \\2/p'; }
              $s startup; cat /proc/sys/net/ipv4/conf/all/arp_ignore /proc/sys/net/ipv4/conf/all/arp_announce
              echo 255 > $CTDB_BASE/status; $s ipreallocated; echo $?; show
              echo 10 > $CTDB_BASE/status; $s ipreallocated; echo $?
              ip link del eth1; $s monitor; echo $?
              """);

      assertThat(story)
          .isEqualTo(
              "3\n2\n0\n10.0.0.50/32 host\n1\n"
                  + "ERROR: Monitored interface eth1 does not exist\n1\n");
      assertThat(lab.calls()).noneMatch(call -> call.startsWith("ipvsadm -A"));
    }

    @Test
    void needsNoInterfaceWhereItIsOnlyHandedOn() throws Exception {
      lab.file("lvs_nodes", "192.168.7.1 follower-only\n192.168.7.2\n")
          .file("leader", "1\n")
          .file(
              "events/legacy/91.lvs.options",
              "CTDB_LVS_NODES=%s/lvs_nodes\nCTDB_LVS_PUBLIC_IP=10.0.0.50\n".formatted(dir));

      assertThat(
              alone(
                  "91.lvs",
                  "for event in setup startup ipreallocated monitor; do $s $event; echo $?; done"))
          .isEqualTo("0\n0\n0\n0\n");
    }

    @Test
    void isLeftOutWithAWordWithoutIpvsadm() throws Exception {
      Files.delete(dir.resolve("bin/ipvsadm"));
      lab.variable("PATH", dir.resolve("bin") + ":/usr/bin:/bin"); // not where this host has it
      assertThat(lab.event("91.lvs", "monitor"))
          .isEqualTo(new ScriptLab.Outcome(0, "LVS configured but ipvsadm is not installed\n"));
    }

    @Test
    void needsAKernelWithIpvsAndSaysSo() throws Exception {
      Files.delete(dir.resolve("proc/net/ip_vs"));

      assertThat(alone("91.lvs", "$s setup; echo $?; $s startup; echo $?"))
          .isEqualTo(
              "0\nERROR: LVS is configured, but this kernel has no IPVS (module ip_vs): no"
                  + " /proc/net/ip_vs\n1\n");
    }

    @Test
    void needsOptionsThatMakeSense() throws Exception {
      lab.file(
          "events/legacy/91.lvs.options",
          "CTDB_LVS_NODES=%s/lvs_nodes\nCTDB_LVS_PUBLIC_IP=10.0.0.50/24\n".formatted(dir));
      assertThat(lab.event("91.lvs", "monitor").output())
          .contains("91.lvs.options:2: CTDB_LVS_PUBLIC_IP=\"10.0.0.50/24\": should be an address");
      lab.file(
          "events/legacy/91.lvs.options",
          "CTDB_LVS_NODES=%s/lvs_nodes\nCTDB_LVS_PUBLIC_IP=10.0.0.50\n".formatted(dir));
      assertThat(lab.event("91.lvs", "monitor").output()).contains("CTDB_LVS_PUBLIC_IFACE=\"\"");
    }
  }
}
