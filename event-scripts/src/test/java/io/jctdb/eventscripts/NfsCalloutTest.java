package io.jctdb.eventscripts;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The callouts for the kernel's server and for NFS-Ganesha, and the one that rpc.statd calls. */
class NfsCalloutTest {
  @TempDir private Path dir;
  private ScriptLab lab;
  private @Nullable Process server;

  @BeforeEach
  void aHost() throws IOException {
    lab =
        new ScriptLab(dir)
            .variable("CTDB_SYS_ETCDIR", dir.resolve("sys").toString())
            .variable("PROCFS_PATH", dir.resolve("proc").toString())
            .variable("CTDB_NFS_CALLOUT_STATE_DIR", dir.resolve("state").toString())
            .standIn("pkill", "")
            .standIn("systemctl", "")
            .standIn("dbus-send", "")
            .file("proc/fs/nfsd/threads", "4\n");
  }

  private ScriptLab.Outcome kernel(String... arguments) throws Exception {
    // Where there is no `service`, systemctl is asked; it is a stand-in.
    Path callout = dir.resolve("nfs-linux-kernel-callout");
    Files.writeString(callout, Files.readString(callout).replace("/sbin/service", "/no/service"));
    return lab.run(callout.toString(), List.of(arguments));
  }

  private ScriptLab.Outcome ganesha(String... arguments) throws Exception {
    return lab.run(dir.resolve("nfs-ganesha-callout").toString(), List.of(arguments));
  }

  @Test
  void theKernelsServerIsStartedAfreshByTheNamesOfItsServices() throws Exception {
    lab.variable("CTDB_NFS_SERVICE", "nfs-server").variable("CTDB_NFS_RQUOTAD_SERVICE", "");

    assertThat(kernel("startup").status()).isZero();

    assertThat(lab.calls())
        .containsExactly(
            "systemctl stop nfs-server",
            "systemctl stop rpc-statd",
            "systemctl start rpc-statd",
            "systemctl start nfs-server");
  }

  @Test
  void stoppingTheKernelsServerTakesItsThreadsFirst() throws Exception {
    lab.variable("CTDB_NFS_SERVICE", "nfs-server");

    assertThat(kernel("stop", "nfs").status()).isZero();

    assertThat(dir.resolve("proc/fs/nfsd/threads")).hasContent("0");
    assertThat(lab.calls()).containsExactly("systemctl stop nfs-server", "pkill -9 -x nfsd");
  }

  @Test
  void aDaemonWithoutServiceIsStartedByHandWithTheSystemsOptions() throws Exception {
    lab.variable("CTDB_NFS_MOUNTD_SERVICE", "AUTO")
        .variable("CTDB_NFS_STATUS_SERVICE", "AUTO")
        .file("sys/default/nfs-kernel-server", "RPCMOUNTDOPTS='--manage-gids -p 32767'\n")
        .file("sys/default/nfs-common", "STATD_HOSTNAME=cluster STATD_PORT=595\n")
        .standIn("rpc.mountd", "")
        .standIn("rpc.statd", "")
        .standIn("killall", "");

    kernel("stop", "mountd");
    kernel("start", "mountd");
    kernel("start", "status");

    assertThat(lab.calls())
        .containsExactly(
            "killall -q -9 rpc.mountd",
            "rpc.mountd --manage-gids -p 32767",
            "rpc.statd -n cluster -p 595");
  }

  @Test
  void exportsAreListedAndAskedForAgainOnlyWhenTheyChange() throws Exception {
    lab.variable("CTDB_NFS_EXPORTS_FILE", dir.resolve("etab").toString())
        .file("etab", "")
        .standIn(
            "exportfs",
            "printf '/srv/a       10.0.0.0/24(rw,sync)\\n/srv/a       10.1.0.0/24(rw)\\n"
                + "/srv/with space\\n\\t\\t<world>(ro)\\n'");

    assertThat(kernel("monitor-list-shares").output()).isEqualTo("/srv/a\n/srv/with space\n");
    kernel("monitor-list-shares");
    assertThat(lab.calls()).containsExactly("exportfs -v");

    lab.standIn("exportfs", "echo no table; exit 1");
    Files.delete(dir.resolve("state/list_shares_cache"));
    assertThat(kernel("monitor-list-shares"))
        .isEqualTo(new ScriptLab.Outcome(0, "WARNING: exportfs failed: no table\n"));
  }

  @Test
  void theNumberOfThreadsIsKept() throws Exception {
    lab.file("sys/default/nfs-kernel-server", "RPCNFSDCOUNT=16\n");
    assertThat(kernel("monitor-post").output())
        .isEqualTo("Attempting to correct number of nfsd threads from 4 to 16\n");
    assertThat(dir.resolve("proc/fs/nfsd/threads")).hasContent("16");

    lab.file("sys/default/nfs-kernel-server", "RPCNFSDCOUNT=many\n");
    assertThat(kernel("monitor-post").output()).contains("should be a number, not \"many\"");
  }

  @Test
  void allNodesOfGaneshaBeginGraceBeforeAnAddressMovesAndOfTheKernelsServerNone() throws Exception {
    assertThat(ganesha("register").output()).contains("startipreallocate\n");
    assertThat(kernel("register").output())
        .as("its lock manager would drop the locks of clients that nobody asks to claim them again")
        .doesNotContain("startipreallocate");
  }

  @Test
  void anActionNobodyKnowsIsRefused() throws Exception {
    assertThat(kernel("dance").status()).isEqualTo(1);
    assertThat(kernel("stop", "dance").status()).isEqualTo(1);
    assertThat(ganesha("dance").status()).isEqualTo(1);
    assertThat(kernel("monitor-pre").status()).isZero();
    assertThat(ganesha("monitor-pre").status()).isZero();
    assertThat(kernel("register").output()).contains("monitor-list-shares");
  }

  @Test
  void ganeshasExportsAreReadFromItsConfiguration() throws Exception {
    lab.variable("CTDB_GANESHA_CONFIG", dir.resolve("ganesha.conf").toString())
        .file(
            "ganesha.conf",
            """
            # Path = "/commented";
            NFS_CORE_PARAM { mount_path_pseudo = true; }
            EXPORT { Export_Id = 1; Path = "/srv/a b"; Pseudo = /x; }
            EXPORT {
              Path = /srv/b; # Path = /srv/c;
              Pseudo = "/Path";
            }
            """);

    assertThat(ganesha("monitor-list-shares").output()).isEqualTo("/srv/a b\n/srv/b\n");
  }

  @Test
  void aGaneshaThatDoesNotRunIsUnhealthyButFailsNoAddressEvent() throws Exception {
    lab.variable("CTDB_GANESHA_RUN_DIR", dir.resolve("run").toString());

    assertThat(ganesha("check", "nfs"))
        .isEqualTo(new ScriptLab.Outcome(1, "ERROR: NFS-Ganesha does not run\n"));
    assertThat(ganesha("takeip", "eth0", "10.0.0.1", "24").status()).isZero();
  }

  @Test
  void whoTakesAnAddressReadsWhoseLocksItsLastNodeKnew() throws Exception {
    Files.createDirectories(dir.resolve("shared/ganesha/owners"));
    lab.variable("CTDB_GANESHA_RUN_DIR", dir.resolve("run").toString())
        .variable("CTDB_GANESHA_RECOVERY_DIR", dir.resolve("lib/ganesha").toString())
        .variable("CTDB_NFS_SHARED_STATE_DIR", dir.resolve("shared").toString())
        .variable("CTDB_GANESHA_PROGRAM", "true")
        .standIn("ctdb", "echo 1")
        .file("shared/ganesha/owners/10.0.0.1", "node0\n")
        .file("lib/ganesha/v4recov/old", "");

    assertThat(ganesha("startup").status()).isZero();
    assertThat(ganesha("takeip", "eth0", "10.0.0.1", "24").status()).isZero();

    assertThat(dir.resolve("lib/ganesha").toRealPath())
        .isEqualTo(dir.resolve("shared/ganesha/node1"));
    assertThat(Files.readSymbolicLink(dir.resolve("lib/ganesha/10.0.0.1/v4recov")))
        .isEqualTo(dir.resolve("shared/ganesha/node0/v4recov/node0"));
    assertThat(dir.resolve("shared/ganesha/owners/10.0.0.1")).hasContent("node1");

    ganesha("takeip", "eth0", "10.0.0.1", "24");
    assertThat(dir.resolve("lib/ganesha/10.0.0.1/v4recov")).as("our own").doesNotExist();
  }

  @Test
  void whoReleasesAnAddressOrStartsWithOneIsNotedAsTheNodeThatKnowsItsClients() throws Exception {
    lab.variable("CTDB_GANESHA_RUN_DIR", dir.resolve("run").toString())
        .variable("CTDB_GANESHA_RECOVERY_DIR", dir.resolve("lib/ganesha").toString())
        .variable("CTDB_NFS_SHARED_STATE_DIR", dir.resolve("shared").toString())
        .variable("CTDB_GANESHA_PROGRAM", "true")
        .standIn("ctdb", "echo 1")
        .file("var/scripts/my-public-ip-addresses", "10.0.0.3\n")
        .file("shared/x", "");

    assertThat(ganesha("startup").status()).isZero();
    assertThat(ganesha("releaseip", "eth0", "10.0.0.1", "24").status()).isZero();

    assertThat(dir.resolve("shared/ganesha/owners/10.0.0.1")).hasContent("node1");
    assertThat(dir.resolve("shared/ganesha/owners/10.0.0.3")).hasContent("node1");
  }

  @Test
  void clientsWhoseNamesSayNothingOfTheServerGoWithTheirConnections() throws Exception {
    aGaneshaWithClients(
        "::ffff:10.9.0.1-(19:Linux NFSv4.1 owner)",
        "::ffff:10.9.0.1-(54:0x4c696e7578204e465376342e32206e65696768626f75722f3737)",
        "::ffff:10.9.0.2-(20:Linux NFSv4.1 of.two)",
        "::ffff:10.9.0.4-(52:0x4c696e7578204e465376342e3020682f31302e302e302e3737)",
        "fd00::5-(18:Linux NFSv4.1 idle)");
    connected("10.0.0.1", "10.9.0.1");
    ganesha("releaseip-pre", "eth0", "10.0.0.1", "24");
    connected("10.0.0.77", "10.9.0.2");
    lab.calls();

    assertThat(ganesha("releaseip", "eth0", "10.0.0.1", "24"))
        .isEqualTo(new ScriptLab.Outcome(0, ""));

    assertThat(graces())
        .containsExactlyInAnyOrder(
            "2:Linux NFSv4.1 owner",
            "2:Linux NFSv4.2 neighbour/77",
            "2:Linux NFSv4.1 idle",
            "2:10.0.0.1")
        .endsWith("2:10.0.0.1");
  }

  @Test
  void whoIsDroppedForANameThatIsAlikeMayClaimItsLocksHere() throws Exception {
    aGaneshaWithClients(
        "::ffff:10.9.0.1-(18:Linux NFSv4.1 host)", "::ffff:10.9.0.2-(19:Linux NFSv4.1 host2)");
    connected("10.0.0.77", "10.9.0.2");

    assertThat(ganesha("releaseip", "eth0", "10.0.0.1", "24").status()).isZero();

    assertThat(graces()).containsExactly("5:own", "2:Linux NFSv4.1 host", "2:10.0.0.1");
    assertThat(dir.resolve("lib/ganesha/own/v4recov"))
        .isDirectoryContaining("glob:**:ffff:10.9.0.2-(19:Linux NFSv4.1 host2)")
        .isDirectoryNotContaining("glob:**10.9.0.1*");
  }

  @Test
  void whereAClientCannotBeNamedAllOfTheNodeClaimTheirLocksAgain() throws Exception {
    aGaneshaWithClients("::ffff:10.9.0.1-(10:0x00ff0102)", "::ffff:10.9.0.2-(4:host)");
    connected("10.0.0.77", "10.9.0.2");

    assertThat(ganesha("releaseip", "eth0", "10.0.0.1", "24").status()).isZero();

    assertThat(graces()).containsExactly("5:own", "2:", "2:10.0.0.1");
    assertThat(dir.resolve("lib/ganesha/own/v4recov/::ffff:10.9.0.2-(4:host)")).isDirectory();
  }

  @Test
  void clientsThatClaimNothingFromAnotherScopeAreWarnedOf() throws Exception {
    Files.createDirectories(dir.resolve("shared"));
    lab.variable("CTDB_GANESHA_RUN_DIR", dir.resolve("run").toString())
        .variable("CTDB_GANESHA_RECOVERY_DIR", dir.resolve("lib/ganesha").toString())
        .variable("CTDB_NFS_SHARED_STATE_DIR", dir.resolve("shared").toString())
        .variable("CTDB_GANESHA_CONFIG", dir.resolve("ganesha.conf").toString())
        .variable("CTDB_GANESHA_PROGRAM", "true")
        .standIn("ctdb", "echo 1");
    for (String fine :
        List.of("NFSV4 { Server_Scope = \"files\"; }", "NFSV4 {\n  Minor_Versions = 0;\n}")) {
      lab.file("ganesha.conf", fine);
      assertThat(ganesha("startup")).isEqualTo(new ScriptLab.Outcome(0, ""));
    }
    for (String bad :
        List.of(
            "# Server_Scope = files\n", "NFSV4 { Minor_Versions = 0,1,2; Lease_Lifetime = 5; }")) {
      lab.file("ganesha.conf", bad);
      assertThat(ganesha("startup").output())
          .startsWith("WARNING: " + dir + "/ganesha.conf: NFSV4 { Server_Scope");
    }
  }

  @Test
  void whereSystemdRunsTheServerIsItsService() throws Exception {
    Path callout = dir.resolve("nfs-ganesha-callout");
    Files.writeString(
        callout, Files.readString(callout).replace("/run/systemd/system", dir.toString()));
    lab.variable("CTDB_GANESHA_RUN_DIR", dir.resolve("run").toString());

    assertThat(ganesha("startup").status()).isZero();
    assertThat(ganesha("shutdown").status()).isZero();

    assertThat(lab.calls())
        .containsExactly(
            "systemctl stop nfs-ganesha",
            "systemctl start nfs-ganesha",
            "systemctl stop nfs-ganesha");

    aGaneshaWithClients();
    lab.standIn("systemctl", "exec sleep 60");
    assertThat(ganesha("shutdown"))
        .isEqualTo(
            new ScriptLab.Outcome(0, "WARNING: NFS-Ganesha does not end, so it is killed\n"));
    assertThat(requireNonNull(server).waitFor(5, TimeUnit.SECONDS)).isTrue();
  }

  /** A process that looks like the server, with what the server notes of its clients. */
  private void aGaneshaWithClients(String... tags) throws IOException {
    Path program = Files.copy(Path.of("/bin/sleep"), dir.resolve("ganesha.nfsd"));
    server = new ProcessBuilder(program.toString(), "60").start();
    lab.variable("CTDB_GANESHA_RUN_DIR", dir.resolve("run").toString())
        .variable("CTDB_GANESHA_RECOVERY_DIR", dir.resolve("lib/ganesha").toString())
        .file("run/ganesha.pid", server.pid() + "\n")
        .file("var/scripts/my-public-ip-addresses", "10.0.0.77\n");
    for (String tag : tags) {
      Files.createDirectories(dir.resolve("lib/ganesha/v4recov/node0").resolve(tag));
    }
  }

  @AfterEach
  void endTheServer() {
    if (server != null) {
      server.destroyForcibly();
    }
  }

  private void connected(String address, String client) throws IOException {
    lab.standIn(
        "ss",
        """
        case "$*" in
        *src*"[%1$s]" | *:2049) echo "0 0 [::ffff:%1$s]:2049 [::ffff:%2$s]:700" ;;
        esac
        """
            .formatted(address, client));
  }

  /** What the server was told, in its order. */
  private List<String> graces() throws IOException {
    return lab.calls().stream()
        .filter(call -> call.startsWith("dbus-send"))
        .map(call -> call.substring(call.indexOf("string:") + "string:".length()))
        .toList();
  }

  @Test
  void statdsClientsGoIntoTheDatabaseInOneTransaction() throws Exception {
    statd();

    assertThat(callout("add-client", "10.9.0.1").output()).isEmpty();
    callout("add-client", "10.9.0.2");
    callout("del-client", "10.9.0.2");
    callout("update");

    assertThat(Files.readAllLines(dir.resolve("transaction")))
        .hasSize(2)
        .anyMatch(line -> line.matches("\"statd-state@10.0.0.1@10.9.0.1\" \"\\d+\""))
        .contains("\"statd-state@10.0.0.1@10.9.0.2\" \"\"");
    lab.calls();
    callout("update");
    assertThat(lab.calls()).as("nothing new").isEmpty();
    assertThat(callout("add-client", "a b").status()).isEqualTo(1);
  }

  @Test
  void whatCouldNotBeWrittenIsWrittenTheNextTime() throws Exception {
    statd();
    callout("add-client", "10.9.0.1");
    lab.standIn("ctdb", "exit 1");
    assertThat(callout("update").status()).isEqualTo(1);
    statd();
    callout("update");

    assertThat(dir.resolve("transaction")).content().contains("10.9.0.1");
  }

  @Test
  void afterAMoveTheClientsOfOurAddressesAreTold() throws Exception {
    statd();
    lab.file("statd/sm/10.9.0.7", "").standIn("smnotify", "cat > " + dir.resolve("told"));

    assertThat(callout("notify").status()).isZero();

    List<String> told = Files.readAllLines(dir.resolve("told"));
    assertThat(dir.resolve("statd/sm")).isEmptyDirectory();
    assertThat(told).hasSize(4).allMatch(line -> line.startsWith("10.9.0.7 10.0.0.1 "));
    assertThat(told.stream().map(line -> line.split(" ")[2]))
        .containsExactly("10.0.0.1", "cluster", "10.0.0.1", "cluster");
    long even = Long.parseLong(told.getFirst().split(" ")[3]);
    assertThat(even % 2).isZero();
    assertThat(told.getLast()).endsWith(" " + (even + 1));
    assertThat(dir.resolve("transaction")).hasContent("\"statd-state@10.0.0.1@10.9.0.7\" \"\"");
    assertThat(lab.calls()).containsSubsequence("callout stop nlockmgr", "callout start nlockmgr");
  }

  @Test
  void whoClaimsWhileOthersAreStillToldStaysKnown() throws Exception {
    statd();
    lab.standIn(
        "smnotify",
        "cat >/dev/null; c=%s/statd-callout; $c add-client 10.9.0.7; $c update".formatted(dir));

    callout("notify");
    assertThat(dir.resolve("transaction")).hasContent("\"statd-state@10.0.0.1@10.9.0.7\" \"\"");
    callout("update");

    assertThat(dir.resolve("transaction"))
        .content()
        .matches("\"statd-state@10.0.0.1@10.9.0.7\" \"\\d+\"\n");
  }

  @Test
  void statdThatIsNotRootMayTellAndIsNotTrusted() throws Exception {
    assumeThat(System.getProperty("user.name")).isEqualTo("root");
    statd();
    Path spool = dir.resolve("var/scripts/service/nfs/statd-callout/told");
    Files.setPosixFilePermissions(dir, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.createDirectories(dir.resolve("statd/sm"));
    Files.setAttribute(dir.resolve("statd/sm"), "unix:uid", 65534);
    lab.file("var/scripts/my-public-ip-addresses", "10.0.0.1\nfd00::1\n");
    callout("update");

    assertThat(
            lab.run(
                "setpriv",
                List.of(
                    "--reuid=65534",
                    "--clear-groups",
                    "--bounding-set=-all",
                    "--inh-caps=-all",
                    dir.resolve("statd-callout").toString(),
                    "add-client",
                    "::ffff:10.9.0.1",
                    "localhost")))
        .isEqualTo(new ScriptLab.Outcome(0, ""));
    Files.writeString(spool.resolve("statd-state@10.0.0.1@10.9.0.2"), "1\"\n\"evil\" \"x");
    Files.writeString(spool.resolve("statd-state@10.0.0.1@10.9.0.3\" \"x"), "1");
    Files.createSymbolicLink(
        spool.resolve("statd-state@10.0.0.1@10.9.0.4"), Path.of("/proc/sys/kernel/pid_max"));
    callout("update");

    assertThat(Files.readAllLines(dir.resolve("transaction")))
        .as("and an IPv6 address is no way to a client of IPv4")
        .singleElement()
        .asString()
        .matches("\"statd-state@10.0.0.1@10.9.0.1\" \"\\d+\"");
  }

  @Test
  void whatWasNotedOfAnAddressThatHasGoneIsForgotten() throws Exception {
    statd();
    callout("add-client", "10.9.0.1");
    callout("del-client", "10.9.0.1");
    lab.file("var/scripts/my-public-ip-addresses", "10.0.0.3\n");
    callout("notify");

    lab.file("var/scripts/my-public-ip-addresses", "10.0.0.1\n");
    callout("update");
    assertThat(dir.resolve("transaction"))
        .as("it would have taken a client away that another node noted meanwhile")
        .doesNotExist();
  }

  @Test
  void whereNoClientHasLocksNobodyMissesTheNameOfTheServer() throws Exception {
    statd();
    lab.file("sys/default/nfs-common", "").file("var/scripts/my-public-ip-addresses", "10.0.0.3\n");
    assertThat(callout("notify")).isEqualTo(new ScriptLab.Outcome(0, ""));
  }

  private void statd() throws IOException {
    lab.file("script.options", "CTDB_NFS_CALLOUT=" + dir + "/bin/callout\n")
        .variable("CTDB_STATD_DIR", dir.resolve("statd").toString())
        .standIn("callout", "")
        .standIn("sleep", "")
        .file("sys/default/nfs-common", "NFS_HOSTNAME=cluster\n")
        .standIn(
            "ctdb",
            """
            case "$1 $2" in
            "pnn ") echo 0 ;;
            "-X ip") printf '|Public IP|Node|\\n|10.0.0.1|0|\\n|10.0.0.2|1|\\n' ;;
            "catdb "*) printf 'key(30) = "statd-state@10.0.0.1@10.9.0.7"\\ndata(3) = "17"\\nkey(30) = "statd-state@10.0.0.2@10.9.0.8"\\n' ;;
            "ptrans "*) cat > %s/transaction ;;
            esac
            """
                .formatted(dir));
  }

  private ScriptLab.Outcome callout(String... arguments) throws Exception {
    return lab.run(dir.resolve("statd-callout").toString(), List.of(arguments));
  }
}
