package io.jctdb.eventscripts;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The shell library keeps its word to scripts written for ctdbd. */
class FunctionsTest {
  @TempDir private Path dir;
  private ScriptLab lab;

  @BeforeEach
  void lab() throws IOException {
    lab = new ScriptLab(dir);
  }

  @Test
  void withoutCtdbBaseItRefuses() throws Exception {
    ScriptLab.Outcome outcome = lab.functions("CTDB_BASE=; . " + dir + "/functions; echo no");

    assertThat(outcome.status()).isEqualTo(1);
    assertThat(outcome.output()).contains("CTDB_BASE is not set").doesNotContain("no\n");
  }

  @Test
  void theVariablesOfScriptsAreThere() throws Exception {
    assertThat(
            lab.functions("echo $CTDB_VARDIR $CTDB_SCRIPT_VARDIR $CTDB_SYS_ETCDIR $script_name")
                .output())
        .isEqualTo("%1$s/var %1$s/var/scripts /etc test.script\n".formatted(dir));
    lab.variable("CTDB_TEST_MODE", "");
    assertThat(lab.functions("echo $CTDB_VARDIR").output()).isEqualTo("/var/lib/ctdb\n");
  }

  @Test
  void dieSaysWhyAndExits() throws Exception {
    assertThat(lab.functions("die 'it broke' 5; echo no"))
        .isEqualTo(new ScriptLab.Outcome(5, "it broke\n"));
    assertThat(lab.functions("die broke").status()).isEqualTo(1);
  }

  @Test
  void theScriptsOwnOptionsWinOverTheCommonOnes() throws Exception {
    lab.file("script.options", "A=common\nB=common\n")
        .file("events/legacy/50.samba.options", "B=own\n");

    assertThat(lab.functions("load_script_options service 50.samba; echo $A $B").output())
        .isEqualTo("common own\n");
    assertThat(lab.functions("load_script_options one").status()).isEqualTo(1);
  }

  @Test
  void systemConfigurationIsLookedForInBothPlaces() throws Exception {
    lab.variable("CTDB_SYS_ETCDIR", dir.resolve("sys").toString())
        .file("sys/default/nfs", "WHERE=default\n")
        .file("sys/sysconfig/other", "WHERE=other\n");

    assertThat(lab.functions("load_system_config missing nfs other; echo $WHERE").output())
        .isEqualTo("default\n");
  }

  @Test
  void addressEventsNeedTheirArguments() throws Exception {
    assertThat(lab.functions("ctdb_check_args takeip eth0 10.0.0.1 24").status()).isZero();
    assertThat(lab.functions("ctdb_check_args takeip eth0").status()).isEqualTo(1);
    assertThat(lab.functions("ctdb_check_args updateip a b 10.0.0.1").status()).isEqualTo(1);
    assertThat(lab.functions("ctdb_check_args monitor").status()).isZero();
  }

  @Test
  void countersCount() throws Exception {
    assertThat(
            lab.functions(
                    """
                    ctdb_setup_state_dir service test
                    ctdb_counter_get
                    ctdb_counter_incr; ctdb_counter_incr
                    ctdb_counter_incr other
                    ctdb_counter_get; ctdb_counter_get other
                    ctdb_counter_init; ctdb_counter_get
                    ls -A $CTDB_SCRIPT_VARDIR/service/test
                    """)
                .output())
        .isEqualTo("0\n2\n1\n0\n.failcount\nother.failcount\n");
    assertThat(lab.functions("ctdb_counter_incr").status()).isEqualTo(1);
  }

  @Test
  void aServiceIsReconfiguredOnceWhenAsked() throws Exception {
    assertThat(
            lab.functions(
                    """
                    service_name=x; ctdb_setup_state_dir service x
                    service_reconfigure() { echo done; }
                    ctdb_service_needs_reconfigure || echo not yet
                    ctdb_service_set_reconfigure
                    ctdb_service_needs_reconfigure && ctdb_service_reconfigure
                    ctdb_service_needs_reconfigure || echo not any more
                    """)
                .output())
        .isEqualTo("not yet\nReconfiguring service \"x\"...\ndone\nnot any more\n");
  }

  @Test
  void theNodeNumberIsAskedForOnce() throws Exception {
    lab.standIn("ctdb", "echo 2");

    assertThat(lab.functions("ctdb_get_pnn; ctdb_get_pnn").output()).isEqualTo("2\n2\n");
    assertThat(lab.calls()).containsExactly("ctdb pnn");
  }

  @Test
  void theNodesPrivateAddressIsReadFromNodestatus() throws Exception {
    lab.standIn("ctdb", "printf '|Node|IP|Disconnected|\\n|1|192.168.7.2|N|\\n'");

    assertThat(lab.functions("ctdb_get_ip_address").output()).isEqualTo("192.168.7.2\n");
  }

  @Test
  void databaseDirectoriesComeFromTheConfigurationOnce() throws Exception {
    lab.databaseDirectories();

    assertThat(
            lab.functions(
                    "ctdb_get_db_options; ctdb_get_db_options; echo $CTDB_DBDIR"
                        + " $CTDB_DBDIR_PERSISTENT $CTDB_DBDIR_STATE")
                .output())
        .isEqualTo("%1$s/db/volatile %1$s/db/persistent %1$s/db/state\n".formatted(dir));
    assertThat(lab.calls()).containsExactly("ctdb-config dump");
  }

  @Test
  void directoriesAreCheckedButNotThoseSambaFillsIn() throws Exception {
    assertThat(
            lab.functions(
                "service_name=nfs; printf '/tmp\\n/home/%%U\\n/no such dir\\n/also/not\\n' |"
                    + " ctdb_check_directories"))
        .isEqualTo(
            new ScriptLab.Outcome(1, "ERROR: nfs directory \"/no such dir\" not available\n"));
  }

  @Test
  void somebodyMustListenOnPorts() throws Exception {
    lab.standIn("ss", "echo 'LISTEN 0 50 0.0.0.0:445 0.0.0.0:*'; echo 'LISTEN 0 1 [::]:13900 *:*'");

    assertThat(lab.functions("service_name=samba; ctdb_check_tcp_ports 445").status()).isZero();
    assertThat(lab.functions("service_name=samba; ctdb_check_tcp_ports 445 139"))
        .isEqualTo(new ScriptLab.Outcome(1, "samba not listening on TCP port 139\n"));
    assertThat(lab.calls()).as("one look each").containsExactly("ss -H -l -t -n", "ss -H -l -t -n");
    assertThat(lab.functions("ctdb_check_tcp_ports").status()).isEqualTo(1);
  }

  @Test
  void withoutSsPortsAreTried() throws Exception {
    lab.standIn("ss", "exit 127")
        .standIn("ctdb", "case $2 in 445) exit 98 ;; 139) exit 0 ;; esac; echo odd; exit 13");

    assertThat(lab.functions("service_name=samba; ctdb_check_tcp_ports 445").status()).isZero();
    assertThat(lab.functions("service_name=samba; ctdb_check_tcp_ports 445 139 1"))
        .isEqualTo(new ScriptLab.Outcome(1, "samba not listening on TCP port 139\n"));
    ScriptLab.Outcome odd = lab.functions("service_name=samba; ctdb_check_tcp_ports 1");
    assertThat(odd.status()).isEqualTo(13);
    assertThat(odd.output()).contains("status 13").contains("odd");
  }

  @Test
  void aBadOptionIsToldWithItsPlace() throws Exception {
    lab.file("script.options", "# common\nA=1\nB=2\n")
        .file("events/legacy/50.samba.options", "\nexport A=x\n");

    assertThat(
            lab.functions(
                    "load_script_options service 50.samba\n"
                        + "bad_option A is no number; bad_option B is odd; C=3; bad_option C is bad")
                .output())
        .isEqualTo(
            """
            ERROR: %1$s/events/legacy/50.samba.options:2: A="x": is no number
            ERROR: %1$s/script.options:3: B="2": is odd
            ERROR: environment: C="3": is bad
            """
                .formatted(dir));
  }

  @Test
  void anOptionsFileThatIsNoShellStopsTheScriptAtItsLine() throws Exception {
    lab.file("script.options", "A=1\nB=\"\nC=2\n");

    ScriptLab.Outcome outcome = lab.functions("load_script_options; echo no");

    assertThat(outcome.status()).isNotZero();
    assertThat(outcome.output()).contains(dir + "/script.options").doesNotContain("no\n");
  }

  @Test
  void failuresAreCountedUntilTheyMatter() throws Exception {
    assertThat(
            lab.functions(
                """
                ctdb_setup_state_dir service x
                failcount_init ping
                failcount_incr ping 2:3 'no answer'; failcount_incr ping 2:3 'no answer'
                failcount_reset ping; failcount_reset ping
                failcount_incr odd 1x; failcount_incr slow; failcount_incr slow
                failcount_set_warning_interval none; failcount_incr slow
                failcount_incr ping 2:1 'dead'; echo not reached
                """))
        .isEqualTo(
            new ScriptLab.Outcome(
                1,
                """
                WARNING: ping: fail count 2 >= threshold 2
                no answer
                NOTICE: ping: no longer failing
                WARNING: threshold 1x is not a number; ignored
                WARNING: slow: fail count 1 >= threshold 1
                WARNING: slow: fail count 3 >= threshold 1
                ERROR: ping: fail count 1 >= error threshold 1
                dead
                """));
  }

  @Test
  void ourAddressesAreRemembered() throws Exception {
    lab.standIn(
        "ctdb",
        "case \"$*\" in pnn) echo 1 ;; *) printf '|Public IP|Node|\\n|10.0.0.1|1|\\n|10.0.0.2|0|\\n' ;;"
            + " esac");

    assertThat(
            lab.functions(
                    """
                    update_my_public_ip_addresses takeip 10.0.0.9
                    update_my_public_ip_addresses takeip 10.0.0.9
                    update_my_public_ip_addresses takeip 10.0.0.99
                    update_my_public_ip_addresses releaseip 10.0.0.99
                    cat $CTDB_MY_PUBLIC_IPS_CACHE
                    update_my_public_ip_addresses ipreallocated
                    cat $CTDB_MY_PUBLIC_IPS_CACHE
                    """)
                .output())
        .isEqualTo("10.0.0.9\n10.0.0.1\n");
  }

  @Test
  void aServiceThatSystemdWouldWaitForIsKilled() throws Exception {
    Files.delete(dir.resolve("rc.local"));
    Path library = dir.resolve("functions");
    Files.writeString(
        library,
        Files.readString(library)
            .replace("/sbin/service /usr/sbin/service", "/no/service")
            .replace("/bin/systemctl", dir + "/bin/systemctl")
            .replace("/run/systemd/system", dir.toString())
            .replace("STOP_SECONDS=10", "STOP_SECONDS=0.2"));
    lab.standIn(
        "systemctl",
        "case $1 in kill) : > %1$s/killed ;; *) [ -e %1$s/killed ] || exec sleep 20 ;; esac"
            .formatted(dir));

    assertThat(lab.functions("stop_or_kill smbd"))
        .isEqualTo(
            new ScriptLab.Outcome(
                0, "WARNING: smbd does not stop within 0.2 s, so it is killed\n"));
    assertThat(lab.calls())
        .containsExactly(
            "systemctl stop smbd", "systemctl kill --signal=KILL smbd", "systemctl stop smbd");

    lab.standIn("systemctl", "exit 5");
    assertThat(lab.functions("stop_or_kill smbd")).isEqualTo(new ScriptLab.Outcome(5, ""));
  }

  @Test
  void servicesAreAskedOfSystemdAndElsewhereOfTheirInitScripts() throws Exception {
    Files.delete(dir.resolve("rc.local"));
    Path library = dir.resolve("functions");
    Files.writeString(
        library,
        Files.readString(library)
            .replace("/sbin/service /usr/sbin/service", "/no/service")
            .replace("/bin/systemctl", dir + "/bin/systemctl")
            .replace("/etc/init.d", dir + "/init.d"));
    lab.standIn("systemctl", "");
    assertThat(lab.functions("service smbd start; nice_service smbd stop").status()).isZero();
    assertThat(lab.calls()).containsExactly("systemctl start smbd", "systemctl stop smbd");

    Files.delete(dir.resolve("bin/systemctl"));
    assertThat(lab.functions("service smbd start"))
        .isEqualTo(
            new ScriptLab.Outcome(
                1,
                "ERROR: there is no way to start service smbd: no service, systemctl or init script\n"));
    ScriptHouse.executable(
        Files.createDirectory(dir.resolve("init.d")).resolve("smbd"), "#!/bin/sh\necho smbd $1\n");
    assertThat(lab.functions("service smbd start"))
        .isEqualTo(new ScriptLab.Outcome(0, "smbd start\n"));
  }

  @Test
  void thePlatformIsReadOnce() throws Exception {
    lab.variable("CTDB_SYS_ETCDIR", dir.toString());
    assertThat(lab.functions("echo $CTDB_PLATFORM_STYLE").output()).isEqualTo("unknown\n");
    lab.file("os-release", "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n");
    assertThat(lab.functions("echo $CTDB_PLATFORM_STYLE").output()).isEqualTo("redhat\n");
    lab.file("os-release", "ID=plan9\n");
    assertThat(lab.functions("echo $CTDB_PLATFORM_STYLE").output()).isEqualTo("plan9\n");
  }

  @Test
  void outputOfTheBackgroundReachesTheLog() throws Exception {
    lab.functions("background_with_logging echo hello; wait");

    assertThat(dir.resolve("log")).hasContent("hello\n");
    lab.functions("script_log tag some words; echo piped | script_log tag");
    assertThat(dir.resolve("log")).hasContent("hello\nsome words\npiped\n");
  }

  @Test
  void tickleListsAreMadeEqualToTheConnections() throws Exception {
    lab.standIn(
            "ctdb",
            """
            case "$*" in
            pnn) echo 1 ;;
            "-X ip") printf '|Public IP|Node|\\n|10.0.0.1|1|\\n|10.0.0.2|0|\\n' ;;
            "-X gettickles"*) printf '|S|P|D|P|\\n|10.9.0.1|1111|10.0.0.1|2049|\\n' ;;
            addtickle) sed 's/^/add /' >> %1$s/changes ;;
            deltickle) sed 's/^/del /' >> %1$s/changes ;;
            esac
            """
                .formatted(dir))
        .standIn("ss", "echo 0 0 10.0.0.1:2049 10.9.0.2:2222; echo 0 0 10.0.0.1:22 10.9.0.2:3");

    assertThat(lab.functions("update_tickles 2049").status()).isZero();

    assertThat(dir.resolve("changes"))
        .hasContent("add 10.9.0.2:2222 10.0.0.1:2049\ndel 10.9.0.1:1111 10.0.0.1:2049\n");
  }

  @Test
  void interfaceNamesLeadToTheDeviceBelow() throws Exception {
    assertThat(
            lab.functions(
                    """
                    interface_get_real '5: bond0.7@bond0: <UP>'
                    interface_get_real '5: bond1.7: <UP>'
                    interface_get_real '2: eth0: <UP>'
                    """)
                .output())
        .isEqualTo("bond0\nbond1\neth0\n");
  }

  /**
   * Sheet events-and-config, 3.1 to 3.7: what scripts written for ctdb, 4.17 and later, may call.
   */
  @Test
  void everyFunctionThatCtdbsLibraryHasIsThere() throws Exception {
    String names =
        """
        die script_log background_with_logging ctdb_check_args detect_init_style service nice_service service_start
        service_stop service_reconfigure ctdb_standard_event_handler ctdb_get_pnn ctdb_get_ip_address
        ctdb_get_db_options ctdb_translate_option set_proc set_proc_maybe get_proc program_stack_traces
        assert_service_name ctdb_check_directories_probe ctdb_check_directories ctdb_check_tcp_ports
        ctdb_check_unix_socket ctdb_counter_init ctdb_counter_incr ctdb_counter_get ctdb_counter_exists
        ctdb_setup_state_dir ctdb_service_set_reconfigure ctdb_service_needs_reconfigure
        ctdb_service_unset_reconfigure ctdb_service_reconfigure iptables_wrapper mktemp nfs_callout_init
        nfs_callout_register nfs_callout add_ip_to_iface delete_ip_from_iface ip_maskbits_iface drop_ip
        drop_all_public_ips flush_route_cache get_tcp_connections_for_ip kill_tcp_connections
        kill_tcp_connections_local_only tickle_tcp_connections update_tickles ip_addr_add ip_addr_del
        ip_prefix_iface have_public_addresses get_public_ifaces update_my_public_ip_addresses kill_tcp_summarise
        interface_get_real interface_monitor failcount_init failcount_reset failcount_incr
        failcount_set_warning_interval load_script_options load_system_config
        """;

    assertThat(
            lab.functions(
                    "for f in $(cat <<'END'\n%sEND\n); do command -v $f >/dev/null || echo no $f; done"
                        .formatted(names))
                .output())
        .isEmpty();
  }

  @Test
  void aSiteMayRedefineAnything() throws Exception {
    Files.createDirectory(dir.resolve("rc.local.d"));
    ScriptHouse.executable(dir.resolve("rc.local.d/10-site"), "die() { echo mine; exit 9; }\n");
    Files.writeString(dir.resolve("rc.local.d/20-off"), "exit 1\n");

    assertThat(lab.functions("die x")).isEqualTo(new ScriptLab.Outcome(9, "mine\n"));
  }
}
