"""Debian's own event scripts, unchanged, under our daemon: on our shell library, and on Debian's."""

import os
import shutil

import nslab
import stories_services
from service_faults import end_processes, monitor_often
from story import expect, expect_equal, story

NODE = 2  # the one with Debian's scripts; the others have ours
DEBIAN = "/srv/cluster/debian"

# What a script is about, where that is no part of Samba.
PROGRAMS = {"06.nfs": "/usr/bin/ganesha.nfsd", "60.nfs": "/usr/bin/ganesha.nfsd",
            "40.vsftpd": "/usr/sbin/vsftpd", "41.httpd": "/usr/sbin/apache2",
            "49.winbind": "/usr/sbin/winbindd"}

ROUTE, NATGW_ROUTE = "198.51.100.0/24", "203.0.113.0/24"

# What an administrator writes, on this machine: 91.lvs has nothing to do, the kernel has no IPVS.
OPTIONS = {
    "11.natgw": f"""CTDB_NATGW_NODES=/etc/ctdb/natgw_nodes
CTDB_NATGW_PUBLIC_IP={nslab.PUBLIC_NET}.200/24
CTDB_NATGW_PUBLIC_IFACE=eth1
CTDB_NATGW_PRIVATE_NETWORK={nslab.PRIVATE_NET}.0/24
CTDB_NATGW_STATIC_ROUTES={NATGW_ROUTE}
""",
    "13.per_ip_routing": """CTDB_PER_IP_ROUTING_CONF=__auto_link_local__
CTDB_PER_IP_ROUTING_RULE_PREF=100
CTDB_PER_IP_ROUTING_TABLE_ID_LOW=1000
CTDB_PER_IP_ROUTING_TABLE_ID_HIGH=9000
""",
    "20.multipathd": "CTDB_MONITOR_MPDEVICES=disk\n",
    "31.clamd": "CTDB_CLAMD_SOCKET=/run/clamd.ctl\n",
    "60.nfs": stories_services.NFS_OPTIONS,
    "70.iscsi": "CTDB_START_ISCSI_SCRIPTS=/srv/cluster/iscsi-scripts\n",
}

# Stand-ins, for hardware that is not there and for a daemon that needs a gigabyte.
RC_LOCAL = """multipath() { echo "|-+- policy='round-robin 0' prio=1 status=active"; }
"""
CLAMD = """#!/bin/sh
case $1 in
start) setsid python3 -c '
import signal, socket
s = socket.socket(socket.AF_UNIX); s.bind("/run/clamd.ctl"); s.listen(); signal.pause()' >/dev/null 2>&1 </dev/null &
       echo $! >/run/clamd.pid ;;
stop) [ ! -e /run/clamd.pid ] || kill $(cat /run/clamd.pid); rm -f /run/clamd.ctl /run/clamd.pid ;;
esac
"""


@story("the scripts that Debian ships did not run with the new daemon's shell library",
       daemons=["jctdb"])
def debians_scripts_on_our_library(cluster):
    _serves_with_debians_scripts(cluster, "/usr/share/ctdb/functions")


@story("the scripts that Debian ships did not run with the new daemon", daemons=["jctdb"])
def debians_scripts_on_debians_library(cluster):
    _serves_with_debians_scripts(cluster, f"{DEBIAN}/functions")


def _serves_with_debians_scripts(cluster, library):
    if not os.path.exists("/usr/share/ctdb/events/legacy/50.samba.script"):
        cluster.note("left out: Debian's ctdb is not installed")
        return
    with _debians_scripts(cluster, library):
        scripts = _scripts(cluster.lab)
        _expect_ok(cluster, "init", scripts)
        _expect_ok(cluster, "startup", scripts)
        _expect_ok(cluster, "monitor", scripts)
        cluster.note(f"healthy with {len(scripts)} of Debian's scripts")
        monitor_often(cluster, NODE)
        address = _serves(cluster)
        _other_services_serve(cluster, address, scripts)
        _address_leaves_and_comes_back(cluster, address)
        if library.startswith(DEBIAN):
            _failures_of_others_are_noticed(cluster, scripts)
        else:
            _a_failure_is_noticed(cluster)
        lab = cluster.lab
        lab.node(NODE, "ctdb", "shutdown", timeout=60)
        # Debian's scripts do not wait until each process of what they stop has ended.
        lab.until(lambda: not _running_services(lab), 10)
        expect_equal(_running_services(lab), [], "what runs after a shutdown")


def _running_services(lab):
    shown = lab.node(NODE, "ps", "-C", "vsftpd,apache2,winbindd,nmbd,smbd,tgtd", "-o", "stat=,args=").stdout
    return [line for line in shown.splitlines() if not line.startswith("Z")]


class _debians_scripts:
    """Node 2 runs them inside the block, with NFS-Ganesha behind 60.nfs and tgtd behind 70.iscsi."""

    def __init__(self, cluster, library):
        self.cluster, self.lab, self.library = cluster, cluster.lab, library
        self.etc = cluster.lab.node_path(NODE, "etc", "ctdb")

    def __enter__(self):
        self._copy_debians()
        self._stop()
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise

    def _start(self):
        lab = self.lab
        shutil.copytree(self.etc, self.etc + ".kept", symlinks=True)
        legacy = os.path.join(self.etc, "events", "legacy")
        for name in os.listdir(legacy):
            os.unlink(os.path.join(legacy, name))
        for script in _scripts(lab):
            os.symlink(f"{DEBIAN}/events/legacy/{script}.script", f"{legacy}/{script}.script")
        os.unlink(self.etc + "/functions")
        os.symlink(self.library, self.etc + "/functions")
        self._options()
        stories_services.start_system_services_of_nfs(lab, NODE)
        self.cluster.revive(NODE)
        try:
            lab.wait_healthy(timeout=60)
        except nslab.LabError as error:
            raise nslab.LabError(f"{error}\n{self._what_it_says()}") from error

    def _what_it_says(self):
        return "\n".join(self.lab.node(NODE, *words, timeout=20).stdout for words in (
            ("ctdb", "scriptstatus"), ("ctdb", "event", "status", "legacy", "ipreallocated"),
            ("ps", "axo", "pid,ppid,sid,lstart,stat,args"), ("ss", "-Hltnp"), ("ls", "-l", "/run/tgtd")))

    def _copy_debians(self):
        target = os.path.join(self.lab.directory, "cluster", "debian")
        if not os.path.exists(target):
            shutil.copytree("/usr/share/ctdb/events", target + "/events")
            shutil.copy("/etc/ctdb/functions", target)

    def _options(self):
        lab = self.lab
        for directory in ("nfs", "nfs-state", "iscsi-scripts"):
            os.makedirs(os.path.join(lab.directory, "cluster", directory), exist_ok=True)
        for number, address in enumerate(lab.public_addresses(), 1):
            path = os.path.join(lab.directory, "cluster", "iscsi-scripts", f"{address}.sh")
            with open(path, "w") as file:
                file.write(f"""#!/bin/sh
tgtadm --lld iscsi --op new --mode target --tid {number} -T iqn.2026-01.test.lab:{address}
tgtadm --lld iscsi --op bind --mode target --tid {number} -I ALL
""")
            os.chmod(path, 0o755)
        lab._write_etc(NODE, "ganesha/ganesha.conf", stories_services.GANESHA_CONF)
        for name, text in OPTIONS.items():
            lab._write_etc(NODE, f"ctdb/events/legacy/{name}.options", text)
        # Node 0 leads, whatever becomes of the other one.
        lab._write_etc(NODE, "ctdb/natgw_nodes", f"{nslab.PRIVATE_NET}.1\n{nslab.PRIVATE_NET}.{NODE + 1}\n")
        lab._write_etc(NODE, "ctdb/static-routes", f"eth1 {ROUTE} {nslab.PUBLIC_NET}.250\n")
        for name, text in ("ctdb/rc.local", RC_LOCAL), ("init.d/clamav", CLAMD):
            lab._write_etc(NODE, name, text)
            os.chmod(lab.node_path(NODE, "etc", *name.split("/")), 0o755)
        lab.node(NODE, "mkdir", "-p", "/var/log/apache2", check=True)

    def _stop(self):
        if self.cluster.answers(NODE):
            self.lab.node(NODE, "ctdb", "shutdown", timeout=60)
        end_processes(self.lab, "tgtd", "ganesha.nfsd", "rpcbind", "dbus-daemon", "nmbd", "winbindd",
                      "vsftpd", "apache2")
        self.lab.node(NODE, "service", "clamav", "stop")

    def __exit__(self, *_):
        """The node's own files are back; its daemon is down, and the lab starts it again."""
        self._stop()
        shutil.rmtree(self.etc)
        os.rename(self.etc + ".kept", self.etc)


def _scripts(lab):
    names = sorted(name[:-len(".script")] for name in os.listdir(
        os.path.join(lab.directory, "cluster", "debian", "events", "legacy")))
    return [name for name in names if os.path.exists(PROGRAMS.get(name, "/"))]


def _expect_ok(cluster, event, scripts):
    said = cluster.ctdb_ok(NODE, "event", "status", "legacy", event)
    states = {words[0]: words[1] for words in map(str.split, said.splitlines()) if len(words) > 1}
    expect_equal({name: states.get(name) for name in scripts}, dict.fromkeys(scripts, "OK"),
                 f"event {event}: {said}")


def _serves(cluster):
    """A user works at the node's address, which the kernel takes away if the daemon does not renew it."""
    lab = cluster.lab
    cluster.wait_for(lambda: NODE in lab.addresses(NODE).values(), 30, "the node gets no address")
    address = cluster.address_of(NODE)
    cluster.client_at(address).open("with-debians-scripts.txt").write(b"served")
    cluster.wait_for(lambda: _target(lab, address), 30, "70.iscsi made no target of the address")
    cluster.wait_for(lambda: "forever" not in _shown(lab, address), 10,
                     f"the address has no end of life: {_shown(lab, address)}")
    return address


def _other_services_serve(cluster, address, scripts):
    lab = cluster.lab
    if "40.vsftpd" in scripts:
        expect_equal(_said(lab, address, 21, b"")[:4], b"220 ", "the greeting of FTP")
    if "41.httpd" in scripts:
        expect_equal(_said(lab, address, 80, b"HEAD / HTTP/1.0\r\n\r\n")[:15], b"HTTP/1.1 200 OK",
                     "the answer of the web server")
    if "49.winbind" in scripts:
        lab.node(NODE, "wbinfo", "-p", check=True)
    expect(f"via {nslab.PRIVATE_NET}.1 " in lab.node(NODE, "ip", "route", "show", NATGW_ROUTE).stdout,
           "11.natgw: no route through the leader")
    expect(lab.node(NODE, "ip", "route", "show", ROUTE).stdout, "11.routing: no route")
    expect(f"from {address} lookup" in lab.node(NODE, "ip", "rule").stdout,
           f"13.per_ip_routing: no rule: {lab.node(NODE, 'ip', 'rule').stdout}")


def _said(lab, address, port, question):
    connection = lab.connect(address, port, timeout=10)
    try:
        connection.settimeout(10)
        connection.sendall(question)
        return connection.recv(1000)
    finally:
        connection.close()


def _shown(lab, address):
    return lab.node(NODE, "ip", "addr", "show", "to", address).stdout


def _target(lab, address):
    shown = lab.node(NODE, "tgtadm", "--lld", "iscsi", "--op", "show", "--mode", "target")
    return f"iqn.2026-01.test.lab:{address}\n" in shown.stdout


def _address_leaves_and_comes_back(cluster, address):
    lab = cluster.lab
    cluster.ctdb_ok(NODE, "disable")
    cluster.wait_for(lambda: lab.addresses(0).get(address) in (0, 1), 40, "the address stays")
    _expect_ok(cluster, "releaseip", ["10.interface"])
    expect_equal(_shown(lab, address), "", "what is left of the address")
    cluster.ctdb_ok(NODE, "enable")
    lab.wait_healthy(timeout=60)
    _expect_ok(cluster, "takeip", ["10.interface"])
    _expect_ok(cluster, "ipreallocated", ["70.iscsi"])


def _failures_of_others_are_noticed(cluster, scripts):
    lab = cluster.lab
    for script, end, word, begin in (
            ("31.clamd", ["service", "clamav", "stop"], "/run/clamd.ctl", ["service", "clamav", "start"]),
            ("40.vsftpd", ["killall", "-9", "vsftpd"], "consecutive failures for vsftpd",
             ["service", "vsftpd", "start"]),
            ("49.winbind", ["killall", "-9", "winbindd"], "wbinfo -p", ["service", "winbind", "start"])):
        if script not in scripts:
            continue
        # Again and again: 40.vsftpd restarts vsftpd when an address comes or goes. A port may pass for alive
        # for a minute with the stock script: sockets in TIME_WAIT.
        cluster.wait_for(lambda: lab.node(NODE, *end) and "Unhealthy" in lab.node_states(0).get(NODE, set()), 100,
                         f"nobody notices that what {script} is about is gone")
        said = cluster.ctdb(NODE, "scriptstatus").stdout
        expect(word in said, f"{script}: the reason is not shown: {said}")
        # Again and again, too: what a script has just begun to stop may end what is begun here.
        cluster.wait_for(lambda: lab.node(NODE, *begin).returncode == 0 and lab.until(
            lambda: lab.node_states(0).get(NODE) == set(), 15), 100, f"{script} does not get well")
    if "41.httpd" in scripts:
        lab.node(NODE, "killall", "-9", "apache2", check=True)
        cluster.wait_for(lambda: lab.node(NODE, "ss", "-Hltn", "sport = :80").stdout, 100,
                         "41.httpd does not start it again")
    if "40.vsftpd" in scripts and not _vsftpd_can_be_stopped(lab):
        lab.node(NODE, "killall", "-9", "vsftpd")
        lab.node(NODE, "service", "vsftpd", "start", check=True)


def _vsftpd_can_be_stopped(lab):
    """Its init script stops what its file of the process number names, and a `restart` by 40.vsftpd removes or replaces
    the one that a `start` by hand has just written."""
    running = lab.node(NODE, "ps", "-C", "vsftpd", "-o", "pid=").stdout.split()
    return running == lab.node(NODE, "cat", "/run/vsftpd/vsftpd.pid").stdout.split()


def _a_failure_is_noticed(cluster):
    lab = cluster.lab
    lab.node(NODE, "service", "smbd", "stop", check=True)
    cluster.wait_for(lambda: "Unhealthy" in lab.node_states(0).get(NODE, set()), 100,
                     "nobody notices that smbd is gone")
    said = cluster.ctdb(NODE, "scriptstatus").stdout
    expect("samba not listening on TCP port 445" in said, f"the reason is not shown: {said}")
    cluster.wait_for(lambda: NODE not in lab.addresses(0).values(), 40, "the addresses stay")
    lab.node(NODE, "service", "smbd", "start", check=True)
    lab.wait_healthy(timeout=100)
    cluster.wait_for(lambda: NODE in lab.addresses(NODE).values(), 30, "the node gets no address back")
    cluster.client_at(cluster.address_of(NODE)).open("served-again.txt").write(b"again")
