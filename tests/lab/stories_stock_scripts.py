"""Debian's own event scripts, unchanged, under our daemon: on our shell library, and on Debian's."""

import os
import shutil

import nslab
import stories_services
from service_faults import end_processes, monitor_often
from story import expect, expect_equal, story

NODE = 2  # the one with Debian's scripts; the others have ours
DEBIAN = "/srv/cluster/debian"

# Those whose service is not on a lab's node.
LEFT_OUT = {"31.clamd", "40.vsftpd", "41.httpd", "49.winbind"}


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
        _address_leaves_and_comes_back(cluster, address)
        _a_failure_is_noticed(cluster)


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
        for name, text in (
                ("60.nfs", stories_services.NFS_OPTIONS),
                ("70.iscsi", "CTDB_START_ISCSI_SCRIPTS=/srv/cluster/iscsi-scripts\n")):
            lab._write_etc(NODE, f"ctdb/events/legacy/{name}.options", text)

    def _stop(self):
        if self.cluster.answers(NODE):
            self.lab.node(NODE, "ctdb", "shutdown", timeout=60)
        end_processes(self.lab, "tgtd", "ganesha.nfsd", "rpcbind", "dbus-daemon", "nmbd")

    def __exit__(self, *_):
        """The node's own files are back; its daemon is down, and the lab starts it again."""
        self._stop()
        shutil.rmtree(self.etc)
        os.rename(self.etc + ".kept", self.etc)


def _scripts(lab):
    names = sorted(name[:-len(".script")] for name in os.listdir(
        os.path.join(lab.directory, "cluster", "debian", "events", "legacy")))
    absent = set() if os.path.exists("/usr/bin/ganesha.nfsd") else {"06.nfs", "60.nfs"}
    return [name for name in names if name not in LEFT_OUT | absent]


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
