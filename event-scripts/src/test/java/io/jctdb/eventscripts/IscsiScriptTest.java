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

/** Targets follow their address: with Debian's tgtd and libiscsi's initiators where installed. */
class IscsiScriptTest {
  @TempDir private Path dir;
  private ScriptLab lab;

  @BeforeEach
  void targetsOfTwoAddresses() throws IOException {
    lab = new ScriptLab(dir);
    Files.createDirectories(dir.resolve("targets"));
    Files.createDirectories(dir.resolve("scripts"));
    lab.file(
        "events/legacy/70.iscsi.options",
        "CTDB_ISCSI_TARGETS=%1$s/targets\nCTDB_START_ISCSI_SCRIPTS=%1$s/scripts\n".formatted(dir));
    lab.standIn(
        "ctdb", "case \"$*\" in pnn) echo 0 ;; '-X ip') cat " + dir.resolve("ips") + " ;; esac");
    addresses("10.0.0.11", "10.0.0.12");
    mailTarget("");
    ScriptHouse.executable(
        dir.resolve("scripts/10.0.0.12.sh"),
        """
        #!/bin/sh
        tgtadm --lld iscsi --op new --mode target --tid 11 -T iqn.2026-01.test:old
        tgtadm --lld iscsi --op new --mode logicalunit --tid 11 --lun 1 -b %s/old.img
        tgtadm --lld iscsi --op bind --mode target --tid 11 -I ALL
        """
            .formatted(dir));
    Files.write(dir.resolve("mail.img"), new byte[1024 * 1024]);
    Files.write(dir.resolve("old.img"), new byte[1024 * 1024]);
  }

  private void addresses(String... mine) throws IOException {
    StringBuilder text = new StringBuilder("|Public IP|Node|\n");
    for (String address : mine) {
      text.append('|').append(address).append("|0|\n");
    }
    Files.writeString(dir.resolve("ips"), text.append("|10.0.0.13|1|\n"));
  }

  private void mailTarget(String moreOfTheLun) throws IOException {
    lab.file(
        "targets/mail.target",
        """
        # The mail server's disk.
        address = 10.0.0.11
        target  = iqn.2026-01.org.example:mail
        allow   = 127.0.0.0/8
        allow   = 10.0.0.0/8
        chap    = mailuser secretsecret12

        [lun 1]
        store = %s/mail.img
        %s
        """
            .formatted(dir, moreOfTheLun));
  }

  @Test
  void withoutADirectoryItDoesNothingAndSaysSoOnce() throws Exception {
    Files.delete(dir.resolve("events/legacy/70.iscsi.options"));

    assertThat(lab.event("70.iscsi", "startup").output()).startsWith("No iSCSI targets");
    assertThat(lab.event("70.iscsi", "monitor")).isEqualTo(new ScriptLab.Outcome(0, ""));
  }

  @Nested
  class WithARealTgtd {
    @BeforeEach
    void installed() throws Exception {
      assumeTrue(Files.isExecutable(Path.of("/usr/sbin/tgtd")), "tgtd is not installed");
      assumeTrue(Files.isExecutable(Path.of("/usr/bin/iscsi-perf")), "no initiator is installed");
      assumeTrue(
          lab.run("unshare", List.of("-nmpf", "true")).status() == 0, "needs root for a namespace");
    }

    @Test
    void targetsComeWithTheirAddressAndGoWithIt() throws Exception {
      String story =
          alone(
              """
              $s init; $s startup
              read -r pid name < $CTDB_BASE/run/end-with-daemon/tgtd; kill -0 $pid && echo $name ends with the daemon
              $s takeip lo 10.0.0.11 24; $s takeip lo 10.0.0.12 24; targets
              iscsi-ls -s iscsi://mailuser%secretsecret12@127.0.0.1 | grep Lun:1
              $s releaseip lo 10.0.0.11 24; targets
              $s monitor; echo monitor $?
              $s shutdown; ps -C tgtd -o stat= | grep -v Z
              """);

      assertThat(story.lines())
          .containsExactly(
              "tgtd ends with the daemon",
              "Starting iSCSI service for public address 10.0.0.12",
              "iqn.2026-01.test:old iqn.2026-01.org.example:mail",
              "Lun:1    Type:DIRECT_ACCESS (Size:1023k)",
              "Lun:1    Type:DIRECT_ACCESS (Size:1023k)",
              "iqn.2026-01.test:old",
              "monitor 0");
    }

    @Test
    void nobodyIsToldThatThereIsNoSuchTargetBeforeAnAddressHasItsTargets() throws Exception {
      assumeTrue(Files.isExecutable(Path.of("/usr/sbin/iptables")), "iptables is not installed");
      Files.delete(dir.resolve("bin/iptables"));
      lab.file("public_addresses", "10.0.0.11/24 lo\n# the other\n10.0.0.12/24 lo\n");
      String story =
          alone(
              """
              closed() { echo "$1:" $(iptables -S INPUT | sed -n "s/^-A INPUT -d \\([0-9./]*\\) .*3260 -j DROP/\\1/p" | sort); }
              $s init; closed init; $s startup; closed started
              $s takeip lo 10.0.0.11 24; closed taken; $s ipreallocated; closed both
              $s releaseip lo 10.0.0.12 24; $s releaseip lo 10.0.0.12 24; closed released
              kill -9 $(pidof tgtd); $s ipreallocated > /dev/null; closed again
              $s shutdown; closed down
              """);

      assertThat(story.lines().filter(line -> line.contains(":")))
          .containsExactly(
              "init:",
              "started: 10.0.0.11/32 10.0.0.12/32",
              "taken: 10.0.0.12/32",
              "both:",
              "released: 10.0.0.12/32",
              "again:",
              "down:");
    }

    @Test
    void howManyAddressesThereAreDoesNotMatterToATakeoverRunThatMovesNothing() throws Exception {
      assumeTrue(Files.isExecutable(Path.of("/usr/sbin/iptables")), "iptables is not installed");
      lab.standIn("iptables", "echo \"$*\" >> " + dir + "/asked; exec /usr/sbin/iptables \"$@\"");
      Files.delete(dir.resolve("bin/ip6tables"));
      StringBuilder list = new StringBuilder("fd77:0::11/64 lo\n");
      for (int last = 11; last < 51; last++) {
        list.append("10.0.0.").append(last).append("/24 lo\n");
      }
      lab.file("public_addresses", list.toString());
      String story =
          alone(
              """
              $s startup; $s takeip lo 10.0.0.11 24; $s takeip lo 10.0.0.12 24; $s ipreallocated
              : > $CTDB_BASE/asked; $s ipreallocated; cat $CTDB_BASE/asked
              iptables -S INPUT | grep -c 3260; ip6tables -S INPUT | grep -c 3260
              $s shutdown; iptables -S INPUT | grep -c 3260; ip6tables -S INPUT | grep -c 3260
              """);

      assertThat(story.lines().filter(line -> !line.startsWith("Starting")))
          .containsExactly("-S INPUT", "-S INPUT", "38", "1", "0", "0");
    }

    @Test
    void underLoadTheStoreIsClosedWhenTheAddressIsReleasedAndOtherSessionsGoOn() throws Exception {
      String story =
          alone(
              """
              $s startup; $s takeip lo 10.0.0.11 24; $s takeip lo 10.0.0.12 24
              iscsi-perf -t 60 -x 8 iscsi://127.0.0.1/iqn.2026-01.test:old/1 > /dev/null 2>&1 &
              iscsi-perf -t 60 -x 8 iscsi://mailuser%secretsecret12@127.0.0.1/iqn.2026-01.org.example:mail/1 > /dev/null 2>&1 &
              for tid in 11 1000; do
                for i in 1 2 3 4 5 6 7 8 9 10; do
                  tgtadm --lld iscsi --op show --mode conn --tid $tid | grep -q Session && break; sleep 0.2
                done
              done
              before=$(tgtadm --lld iscsi --op show --mode conn --tid 11); echo "$before" | head -n 1
              $s releaseip lo 10.0.0.11 24; echo released $?
              targets; ls -l /proc/$(pidof -s tgtd)/fd | grep -c mail.img
              [ "$(tgtadm --lld iscsi --op show --mode conn --tid 11)" = "$before" ] && echo same session
              """);

      assertThat(story)
          .contains("Session:", "released 0\niqn.2026-01.test:old\n0\nsame session\n")
          .doesNotContain("killed");
    }

    @Test
    void aTakeoverRunThatMovesNothingTouchesNothing() throws Exception {
      addresses("10.0.0.11");
      String story =
          alone(
              """
              $s startup; $s takeip lo 10.0.0.11 24; $s takeip lo 10.0.0.12 24
              pid=$(pidof -s tgtd)
              $s ipreallocated; targets
              $s ipreallocated; [ "$pid" = "$(pidof -s tgtd)" ] && echo same tgtd
              echo >> $CTDB_BASE/targets/mail.target; $s ipreallocated; targets
              sed -i 's/:mail/:post/' $CTDB_BASE/targets/mail.target; $s ipreallocated; targets
              """);

      assertThat(story.lines())
          .containsExactly(
              "Starting iSCSI service for public address 10.0.0.12",
              "iqn.2026-01.org.example:mail",
              "same tgtd",
              "iqn.2026-01.org.example:mail",
              "iqn.2026-01.org.example:post");
    }

    @Test
    void aTgtdThatHangsMakesTheNodeUnhealthyAndDoesNotKeepTheTarget() throws Exception {
      String story =
          alone(
              """
              sed -i 's/^ANSWER_SECONDS=.*/ANSWER_SECONDS=1/' $s
              $s startup; $s takeip lo 10.0.0.11 24; $s takeip lo 10.0.0.12 24
              killall -STOP tgtd; $s monitor; echo monitor $?
              $s releaseip lo 10.0.0.11 24; echo released $?; targets; $s monitor; echo monitor $?
              """);

      assertThat(story)
          .contains("ERROR: tgtd does not answer\nmonitor 1\n")
          .contains("released 0\niqn.2026-01.test:old\nmonitor 0\n");
    }

    @Test
    void aTgtdThatDiesMakesTheNodeUnhealthyUntilTheNextTakeoverRun() throws Exception {
      String story =
          alone(
              """
              $s startup; $s takeip lo 10.0.0.11 24
              killall -9 tgtd; sleep 0.2; $s monitor; echo monitor $?
              $s ipreallocated; $s monitor; echo monitor $?; targets
              """);

      assertThat(story)
          .contains("tgtd not listening on TCP port 3260\nmonitor 1\n")
          .endsWith("monitor 0\niqn.2026-01.test:old iqn.2026-01.org.example:mail\n");
    }

    @Test
    void aDescriptionMayHaveDisksDrivesAndAChanger() throws Exception {
      mailTarget(
          """
          capacity = 16M
          vendor = ACME
          product = Mail disk
          serial = mail-1
          read only = yes
          [lun 2]
          type = cd
          store = %1$s/old.img
          [lun 3]
          type = cd
          [lun 4]
          type = changer
          drives = 3
          slots = 8
          media home = %1$s
          medium = 1 old.img
          """
              .formatted(dir));

      String story =
          alone(
              """
              $s startup; $s takeip lo 10.0.0.11 24
              iscsi-ls -s iscsi://mailuser%secretsecret12@127.0.0.1 | grep Lun:[1-4]
              tgtadm --lld iscsi --op show --mode target | grep -e mail-1 -e 'Readonly: Yes'
              """);

      assertThat(story.lines().map(String::strip))
          .containsExactly(
              "store " + dir + "/mail.img grows from 1048576 to 16777216 bytes",
              "Lun:1    Type:DIRECT_ACCESS (Size:15M)",
              "Lun:2    Type:MMC",
              "Lun:3    Type:MMC (No media loaded)",
              "Lun:4    Type:MEDIA_CHANGER",
              "SCSI SN: mail-1",
              "Readonly: Yes");
    }

    @Test
    void whatIsWrongIsToldWithFileAndLineAndTheOthersAreExported() throws Exception {
      mailTarget("colour = red");
      lab.file("targets/a.target", "address = 10.0.0.12\ntarget = mail\n");
      lab.file("targets/b.target", "address = 10.0.0.12\ntarget = iqn.b\n[lun 1]\nstore = rel\n");
      lab.file(
          "targets/c.target",
          "address = 10.0.0.12\ntarget = iqn.c\nallow = ALL\n[lun 1]\nstore = /no/such\n");
      lab.file("targets/d.target", "address = 10.0.0.12\nallow = ALL\nchap = u short\n");
      lab.file("targets/e.target", "address = 10.0.0.12\ntarget = iqn.e\n[lun 1]\nstore = /x\n");

      String story =
          alone(
              """
              $s startup; $s takeip lo 10.0.0.11 24; $s takeip lo 10.0.0.12 24; targets
              $s monitor
              """);

      assertThat(story.replace(dir + "/targets/", ""))
          .contains("ERROR: mail.target:10: unknown: \"colour\" of a LUN")
          .contains("ERROR: a.target:2: \"mail\" is no iSCSI name")
          .contains("ERROR: b.target:4: \"rel\" should be a path that begins with /")
          .contains("ERROR: store /no/such does not exist\nERROR: target iqn.c is not exported")
          .contains("ERROR: d.target:3: the secret of u should have 12 to 16 characters")
          .contains("ERROR: e.target:4: nobody may log in")
          .contains("\niqn.2026-01.test:old\n")
          .contains("ERROR: iSCSI store \"/no/such\" not available");
    }

    /** With processes, sockets and addresses of its own, all of which end with the story. */
    private String alone(String story) throws Exception {
      String prelude =
          """
          mount -t tmpfs none /run; mkdir /run/tgtd; ip link set lo up
          s="$CTDB_BASE/events/legacy/70.iscsi.script"
          targets() { echo $(tgtadm --lld iscsi --op show --mode target | sed -n 's/^Target .*: //p'); }
          """;
      return lab.run("unshare", List.of("-nmpf", "--mount-proc", "bash", "-c", prelude + story))
          .output();
    }
  }
}
