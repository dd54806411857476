"""A node of the cluster runs under real systemd: the daemon by its packaged unit, Samba by Debian's.

The other nodes live as in all stories, and serve what the node lets go."""

import contextlib
import os
import tempfile
import time

from service_faults import disable_scripts, monitor_often
from story import expect, expect_equal, story

NODE = 1
SLICE = "/sys/fs/cgroup/system.slice/"


@contextlib.contextmanager
def systemd_on_a_node(cluster):
    """Inside, node 1 has booted with systemd, and the daemon is enabled and started. At the end it is as
    before, and its daemon is off."""
    lab = cluster.lab
    with tempfile.NamedTemporaryFile(dir="/tmp") as canary:
        lab.power_off(NODE)
        lab.with_systemd(NODE)
        try:
            _boot(cluster)
            expect("disabled" in _systemctl(cluster, "is-enabled", "jctdbd", check=False).stdout,
                   "the daemon is enabled before anybody has done that")
            _systemctl(cluster, "enable", "--now", "jctdbd")
            _whole(cluster)
            yield
        finally:
            if lab._alive(f"node{NODE}"):  # beside the other logs, which are kept when a story fails
                lab.node(NODE, "sh", "-c", "journalctl --boot --output=short-precise >/var/log/systemd.log")
            lab.without_systemd(NODE)
            lab.power_on(NODE)
            expect(os.path.exists(canary.name), "the node's systemd has cleaned the /tmp of this machine")


def _left_out(cluster):
    """Whether no node can run systemd here; the story says why."""
    reason = cluster.lab.why_no_systemd()
    if reason:
        cluster.note("left out: " + reason)
    return bool(reason)


def _boot(cluster):
    lab = cluster.lab
    lab.power_on(NODE)
    # Until it has made its socket, and while units start, it says something else, or nothing.
    cluster.wait_for(lambda: _systemctl(cluster, "is-system-running", check=False).stdout.strip() == "running",
                     30, "systemd does not come up")


def _systemctl(cluster, *words, check=True, timeout=150):
    return cluster.lab.node(NODE, "systemctl", *words, check=check, timeout=timeout)


def _state(cluster, unit, what="ActiveState"):
    return _systemctl(cluster, "show", "--value", "-p", what, unit).stdout.strip()


def _processes(cluster, unit):
    """Names of the processes in the unit's control group, one a process."""
    done = cluster.lab.node(NODE, "sh", "-c", f"for p in $(cat {SLICE}{unit}.service/cgroup.procs); do "
                            "cat /proc/$p/comm; done 2>/dev/null")
    return done.stdout.split()


def _whole(cluster):
    """All nodes are healthy and have addresses, and the node's daemon and Samba run where they belong."""
    cluster.lab.wait_healthy(timeout=60)
    expect_equal(sorted(set(_processes(cluster, "jctdbd")) & {"java", "jctdb-launcher", "smbd"}),
                 ["java", "jctdb-launcher"], "processes of the daemon's unit")
    expect("smbd" in _processes(cluster, "smbd"), "smbd is not in the control group of its own unit")
    expect_equal(_state(cluster, "smbd"), "active", "smbd.service")


def _ended_cleanly(cluster, said):
    """The unit is off and nothing of it is left, Samba's neither; the others serve all addresses."""
    lab = cluster.lab
    for unit in ("jctdbd", "smbd"):
        expect_equal(_state(cluster, unit), "inactive", f"{unit}.service after {said}")
        expect_equal(_state(cluster, unit, "Result"), "success", f"result of {unit}.service after {said}")
        expect_equal(_processes(cluster, unit), [], f"processes of {unit}.service after {said}")
    listed = lab.node(NODE, "ip", "-o", "address", "show", "dev", "eth1").stdout
    expect(not [address for address in lab.public_addresses() if address + "/" in listed],
           f"addresses after {said}: {listed}")
    lab.wait_healthy(healthy={0, 2}, timeout=30)


@story("systemctl stopped, started or restarted the daemon, and something was left or did not come back",
       daemons=["jctdb"])
def daemon_is_a_unit_of_systemd(cluster):
    lab = cluster.lab
    if _left_out(cluster):
        return
    with systemd_on_a_node(cluster):
        for victim, restarts in (("java", "0"), ("jctdb-launcher", "1")):
            before = lab.daemon_pid(NODE)
            lab.node(NODE, "pkill", "-KILL", "-x", victim, check=True)
            began = time.monotonic()
            cluster.wait_for(lambda: lab.daemon_pid(NODE) not in (None, before) and cluster.answers(NODE), 40,
                             f"the daemon does not come back after kill -9 of {victim}")
            cluster.note(f"{victim} killed: a daemon again after {time.monotonic() - began:.1f} s")
            _whole(cluster)
            expect_equal(_state(cluster, "jctdbd", "NRestarts"), restarts, f"restarts by systemd, {victim} killed")

        before = lab.daemon_pid(NODE)
        _timed(cluster, "restart")
        expect(cluster.answers(NODE), "`systemctl restart` returned before the daemon served")
        expect(lab.daemon_pid(NODE) != before, "`systemctl restart` left the old daemon")
        _whole(cluster)

        _timed(cluster, "stop")
        _ended_cleanly(cluster, "systemctl stop")
        _timed(cluster, "start")
        _whole(cluster)
        cluster.ctdb_ok(NODE, "shutdown")
        cluster.wait_for(lambda: _state(cluster, "jctdbd") == "inactive", 30, "the unit is not off after a shutdown")
        time.sleep(1.5)  # RestartSec= would be over
        _ended_cleanly(cluster, "ctdb shutdown")

        lab.power_off(NODE)
        _boot(cluster)
        _whole(cluster)

        # The machine is switched off in order: systemd ends, and with it the namespaces.
        _systemctl(cluster, "poweroff", check=False)
        cluster.wait_for(lambda: not lab._alive(f"node{NODE}"), 60, "the node does not switch off")
        lab.ask_watcher("gone", f"node{NODE}")
        lab.wait_healthy(healthy={0, 2}, timeout=30)
        expect("has left" in lab.log(0) + lab.log(2), "nobody was told that the node leaves")


def _timed(cluster, what):
    began = time.monotonic()
    _systemctl(cluster, what, "jctdbd")
    cluster.note(f"systemctl {what} jctdbd: {time.monotonic() - began:.1f} s")


@story("smbd or winbindd hung or was stopped under systemd, and its node went on as if healthy",
       daemons=["jctdb"])
def services_are_units_of_systemd(cluster):
    lab = cluster.lab
    if _left_out(cluster):
        return
    with systemd_on_a_node(cluster):
        cluster.ctdb_ok(NODE, "event", "script", "enable", "legacy", "49.winbind")
        try:
            _systemctl(cluster, "restart", "jctdbd")
            _whole(cluster)
            expect_equal(_state(cluster, "winbind"), "active", "winbind.service")
            monitor_often(cluster, NODE)
            # No more of them: a node whose services flap is kept unhealthy for longer each time.
            for what, begin, end in (
                    ("smbd hangs", ["killall", "-STOP", "smbd"], ["killall", "-CONT", "smbd"]),
                    ("smbd was stopped", ["systemctl", "stop", "smbd"], ["systemctl", "start", "smbd"]),
                    ("winbindd was stopped", ["systemctl", "stop", "winbind"],
                     ["systemctl", "start", "winbind"])):
                lab.node(NODE, *begin, check=True)
                began = time.monotonic()
                cluster.wait_for(lambda: "Unhealthy" in lab.node_states(0).get(NODE, set()), 60,
                                 f"nobody notices that {what}")
                noticed = time.monotonic() - began
                lab.node(NODE, *end, check=True)
                began = time.monotonic()
                _whole(cluster)
                cluster.note(f"{what}: unhealthy after {noticed:.1f} s, healthy "
                             f"{time.monotonic() - began:.1f} s after it was back")
            # The daemon's restart mends an smbd that hangs: systemd has it go on, and end.
            lab.node(NODE, "killall", "-STOP", "smbd", check=True)
            _timed(cluster, "restart")
            _whole(cluster)
            _timed(cluster, "stop")
            _ended_cleanly(cluster, "systemctl stop")
            expect_equal(_state(cluster, "winbind"), "inactive", "winbind.service after systemctl stop")
        finally:
            if lab._alive(f"node{NODE}"):
                disable_scripts(lab, NODE, "49.winbind")
