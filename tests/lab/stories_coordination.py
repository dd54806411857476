"""What the nodes agree through: ZooKeeper's servers, which may be others, lose their disks or have no quorum, and
the cluster lock, which may be in other hands."""

import contextlib
import os
import re
import shutil
import subprocess
import threading
import time

import faults
from story import expect, expect_equal, story

RECORD = "state/zookeeper/ensemble"


def _servers(lab, node):
    """What a node says of the ZooKeeper servers that it works with, in `ctdb status -v`."""
    said = lab.node(node, "/srv/jctdb/bin/ctdb", "status", "-v", timeout=20).stdout
    line = re.search(rf"(?m)^pnn:{node} ZooKeeper servers: (.*)$", said)
    return line.group(1) if line else ""


@contextlib.contextmanager
def _files_kept(lab, *names):
    """These files of every node's /etc/ctdb are put back in the end."""
    paths = [lab.node_path(node, "etc", "ctdb", name) for node in lab.nodes for name in names]
    before = {}
    for path in paths:
        with open(path) as file:
            before[path] = file.read()
    try:
        yield
    finally:
        for path, text in before.items():
            with open(path, "w") as file:
                file.write(text)


def _change(lab, node, name, change):
    path = lab.node_path(node, "etc", "ctdb", name)
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(change(text))


def _stop(cluster, node):
    cluster.ctdb(node, "shutdown")
    cluster.wait_for(lambda: not cluster.answers(node) and not cluster.lab.has_launcher(node), 20,
                     f"the daemon of node {node} does not end")


def _start(cluster, node):
    started = cluster.lab.start_daemon(node)
    expect(started.returncode == 0, f"start on node {node}: {started.stdout}{started.stderr}")


@story("I restarted my servers one by one with another nodes file, and two clusters served the same addresses",
       daemons=["jctdb"])
def rolling_restart_with_other_zookeeper_servers(cluster):
    """Without its third line the file names one ZooKeeper server instead of three: node 0 has a quorum by itself,
    and nodes 1 and 2 still have theirs. The cluster lock would be in the way of a second leader, so it goes."""
    lab = cluster.lab
    try:
        with _files_kept(lab, "nodes", "ctdb.conf"):
            for node in (0, 1):
                _change(lab, node, "nodes", lambda text: re.sub(r"(?m)^10\.77\.0\.3$", "#10.77.0.3", text))
                _change(lab, node, "ctdb.conf", lambda text: re.sub(r"(?m)^ *cluster lock.*$", "", text))
            for node in (0, 1):
                _stop(cluster, node)
                _start(cluster, node)
                _works_with_the_old_servers(cluster, node)
                if node == 0:  # node 1 takes the links from node 2, and nobody knows then what node 2 has
                    cluster.wait_for(lambda: any(lab.lifetimes(other) for other in (1, 2)), 20, "nobody serves")
            for node in lab.nodes:
                with open(lab.node_path(node, "lib-ctdb", RECORD)) as file:
                    expect("2@10.77.0.3" in file.read(), f"node {node} has forgotten the servers")
    finally:
        _change_of_servers(cluster)


def _works_with_the_old_servers(cluster, node):
    lab = cluster.lab
    cluster.wait_for(lambda: "the nodes file would have" in _servers(lab, node), 20,
                     f"node {node} does not say that its nodes file names others: {_servers(lab, node)}")
    said = _servers(lab, node)
    expect(said.startswith("0@10.77.0.1,1@10.77.0.2,2@10.77.0.3 ports"),
           f"node {node} works with other servers than before: {said}")
    time.sleep(3)  # a second cluster would serve by now; the watcher sees it


def _change_of_servers(cluster):
    """The procedure of the operations guide; here it only mends."""
    lab = cluster.lab
    for node in lab.nodes:
        _stop(cluster, node)
    for node in lab.nodes:
        os.unlink(lab.node_path(node, "lib-ctdb", RECORD))
    began = time.monotonic()
    _start_all(lab)
    lab.wait_healthy(timeout=90)
    cluster.note(f"after the procedure all serve again in {time.monotonic() - began:.1f} s")


@story("a server that had been out while the ZooKeeper servers were changed came back as a cluster of its own",
       daemons=["jctdb"])
def a_node_with_other_zookeeper_servers(cluster):
    """It has a quorum by itself. It keeps out, says why and what to do, and that heals it."""
    lab, victim = cluster.lab, 2
    record = lab.node_path(victim, "lib-ctdb", RECORD)
    with _files_kept(lab, "ctdb.conf"):
        _stop(cluster, victim)
        _change(lab, victim, "ctdb.conf", lambda text: re.sub(r"(?m)^ *cluster lock.*$", "", text)
                + "\n[jctdb]\n  metrics address = 127.0.0.1:9797\n")
        with open(record, "w") as file:
            file.write("2@10.77.0.3 ports 4380,4381,4382\n")
        _start(cluster, victim)
        cluster.wait_for(lambda: "KEPT OUT" in _servers(lab, victim), 20,
                         f"it does not say that it keeps out: {_servers(lab, victim)}")
        time.sleep(4)
        said = _servers(lab, victim)
        for word in ("0@10.77.0.1,1@10.77.0.2,2@10.77.0.3", "2@10.77.0.3 ports", "ensemble"):
            expect(word in said, f"{word} is not in what it says: {said}")
        health = lab.node(victim, "/usr/bin/python3", "-c",
                          "import urllib.request as u, urllib.error as e\n"
                          "try: print(u.urlopen('http://127.0.0.1:9797/health').read().decode())\n"
                          "except e.HTTPError as x: print(x.code, x.read().decode())\n"
                          "print(u.urlopen('http://127.0.0.1:9797/metrics').read().decode())").stdout
        expect(health.startswith("503") and "keeps out of the cluster" in health, f"/health says {health[:500]}")
        expect(re.search(r"(?m)^jctdb_ensemble_kept_out 1", health), "the metric does not show it")
        expect("keeps out of the cluster" in lab.log(victim), "the log does not say it")
        expect(not lab.lifetimes(victim), f"it has addresses: {lab.lifetimes(victim)}")
        lab.wait_healthy({0, 1}, timeout=20)
        cluster.wait_for(lambda: "node 2 works with" in _servers(lab, 0), 10,
                         f"the others do not say so: {_servers(lab, 0)}")
        _stop(cluster, victim)
    os.unlink(record)
    _start(cluster, victim)
    lab.wait_healthy(timeout=60)
    expect("so does this node" in lab.log(victim) or "ZooKeeper servers of this cluster are" in lab.log(victim),
           "the log does not say with which servers it works now")


def _zookeeper_ports(lab, cut):
    """Nothing of ZooKeeper passes between the nodes, or all of it; their links stay."""
    for node in lab.nodes:
        lab.node(node, "sh", "-ec", "".join(
            f"iptables -{'I' if cut else 'D'} INPUT -i eth0 -p tcp --{side} 4380:4382 -j DROP; "
            for side in ("dport", "sport")), check=True)


def _in_failsafe(lab, node):
    said = lab.node(node, "/srv/jctdb/bin/ctdb", "status", "-v", timeout=20).stdout
    return re.search(rf"(?m)^pnn:{node} failsafe: YES", said) is not None


@story("ZooKeeper had no quorum, and the file servers stopped although all of them were well", daemons=["jctdb"])
def failsafe_without_a_quorum(cluster):
    """They go on as long as all hear each other; when one of them is cut off, all stop, and come back by themselves."""
    lab = cluster.lab
    held = cluster.client_of(0).open("open-in-failsafe.txt")
    before = lab.addresses(0)
    _zookeeper_ports(lab, cut=True)
    try:
        cluster.wait_for(lambda: all(_in_failsafe(lab, node) for node in lab.nodes), 15,
                         "they do not say that they are in failsafe")
        time.sleep(6)  # every lease and session of ZooKeeper is over now
        held.write(b"served without a quorum")
        for node in lab.nodes:
            cluster.client_of(node).open(f"made-in-failsafe-{node}.txt").write(b"fine")
        expect(lab.addresses(0) == before, f"addresses moved: {before}, {lab.addresses(0)}")
        lab.partition(2)
        began = time.monotonic()
        cluster.wait_for(lambda: not any(lab.lifetimes(node) for node in lab.nodes), 20,
                         "a member is lost, and the others go on without knowing what it does")
        cluster.note(f"all let go {time.monotonic() - began:.1f} s after one of them was cut off")
    finally:
        lab.heal(2)
        _zookeeper_ports(lab, cut=False)
    lab.wait_healthy(timeout=60)
    expect("failsafe is over" in lab.log(0), "the log does not say when failsafe ended")


@story("two of three servers came back with new disks, and the cluster stood still, or the old server's data were gone",
       daemons=["jctdb"])
def a_majority_of_disks_lost_at_once(cluster):
    """Two nodes lose power and all that they had on their own disks: ZooKeeper's data and their copies of the
    databases. Nobody is left who could outvote them; the third node's copies are the only ones."""
    lab, database = cluster.lab, "lab_disks.tdb"
    cluster.ctdb_ok(0, "attach", database, "persistent")
    cluster.ctdb_ok(0, "pstore", database, "kept", "by node 0 alone")
    for node in (1, 2):
        lab.power_off(node)
    cluster.wait_for(lambda: not lab.lifetimes(0), 20, "node 0 serves on, though it is the only one of three")
    for node in (1, 2):
        for kept in ("state", "persistent"):
            shutil.rmtree(lab.node_path(node, "lib-ctdb", kept))
            os.mkdir(lab.node_path(node, "lib-ctdb", kept))
        lab.power_on(node)
    began = time.monotonic()
    _start_all(lab, (1, 2))
    lab.wait_healthy(timeout=90)
    cluster.note(f"all serve again {time.monotonic() - began:.1f} s after the two nodes were started")
    for node in lab.nodes:
        kept = cluster.ctdb_ok(node, "pfetch", database, "kept")
        expect("by node 0 alone" in kept, f"node {node} has {kept!r}")


@contextlib.contextmanager
def _holding(lab, name):
    """Somebody outside the cluster waits for the lock and then holds it, until this is left; the value is a function
    that waits until it is held. Whoever is scheduled first when a lock becomes free has it, so it is to be quick."""
    with lab.start("client", "/usr/bin/python3", "-c",
                   "import fcntl, os, sys\n"
                   "os.nice(-20)\n"
                   "file = open(sys.argv[1], 'w')\n"
                   "print('waits', flush=True)\n"
                   "fcntl.lockf(file, fcntl.LOCK_EX)\n"
                   "print('holds', flush=True)\n"
                   "sys.stdin.read()\n", os.path.join(lab.directory, "cluster", name),
                   stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        def held():
            patience = threading.Timer(10, holder.kill)
            patience.start()
            said = holder.stdout.readline()
            patience.cancel()
            expect("holds" in said, "somebody else has the lock, and keeps it")

        try:
            holder.stdout.readline()
            yield held
        finally:
            holder.kill()
            holder.wait(timeout=5)


def _leaders(cluster, nodes):
    # Where nobody leads the tool waits for one to speak.
    return {cluster.ctdb(node, "-t", "2", "leader").stdout.strip() for node in nodes}


@story("the cluster lock was held by somebody else, and a server led all the same", daemons=["jctdb"])
def cluster_lock_in_other_hands(cluster):
    lab, old = cluster.lab, faults.leader(cluster.lab)
    others = [node for node in lab.nodes if node != old]
    held = cluster.client_of(others[0]).open("open-without-leader.txt")
    with _holding(lab, "cluster.lock") as held_outside:
        _stop(cluster, old)
        held_outside()
        time.sleep(3)
        expect(_leaders(cluster, others) == {"UNKNOWN"}, f"somebody leads: {_leaders(cluster, others)}")
        held.write(b"what has no need of a leader goes on")
        expect(any("the cluster lock is not to be had" in lab.log(node) for node in others),
               "the log does not say what keeps them from leading")
    began = time.monotonic()
    cluster.wait_for(lambda: _leaders(cluster, others) < {str(node) for node in others}, 20,
                     "nobody leads although the lock is free")
    cluster.note(f"a leader {time.monotonic() - began:.1f} s after the lock was free")
    _start(cluster, old)
    lab.wait_healthy(timeout=60)


def _start_all(lab, nodes=None):
    starters = [threading.Thread(target=lab.start_daemon, args=(node,)) for node in nodes or lab.nodes]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()


HELPER = "/usr/libexec/ctdb/ctdb_mutex_fcntl_helper"  # as in the configuration of somebody who comes from Debian's ctdb


@contextlib.contextmanager
def _other_cluster_lock(cluster, setting):
    """All daemons are stopped and have this cluster lock in their files; in the end they have the lab's again."""
    lab = cluster.lab
    try:
        with _files_kept(lab, "ctdb.conf"):
            for node in lab.nodes:
                _stop(cluster, node)
                _change(lab, node, "ctdb.conf",
                        lambda text: re.sub(r"(?m)^( *cluster lock = ).*$", rf"\1{setting}", text))
            yield
    finally:
        for node in lab.nodes:
            if cluster.answers(node):
                _stop(cluster, node)
        _start_all(lab)
        lab.wait_healthy(timeout=60)


def _lock_holders(lab, name):
    """The nodes with a process that holds an exclusive POSIX lock of the first byte of this file, says the kernel."""
    inode = os.stat(os.path.join(lab.directory, "cluster", name)).st_ino
    held = re.compile(rf"(?m)^\d+: POSIX +ADVISORY +WRITE (\d+) \w+:\w+:{inode} 0 0$")
    return {node: pids for node in lab.nodes
            if (pids := held.findall(lab.node(node, "cat", "/proc/locks").stdout))}


def _lock_helpers(lab, node):
    return lab.node(node, "pgrep", "-f", "[M]utexHelper").stdout.split()


def _leads_with_the_lock(cluster, name, without=()):
    """Waits for one node that all (but those) name as the leader, and that alone holds the lock."""
    lab, found = cluster.lab, []
    asked = [node for node in lab.nodes if node not in without]

    def one_leads():
        named = _leaders(cluster, asked)
        found[:] = [node for node in asked if named == {str(node)}]
        return found and _lock_holders(lab, name) == {found[0]: _lock_helpers(lab, found[0])}

    cluster.wait_for(one_leads, 20, "nobody leads, or not with the lock")
    expect(not any(_lock_helpers(lab, node) for node in asked if node != found[0]), "a second node has a helper")
    return found[0]


def _says_of_its_leader(lab, node):
    said = lab.node(node, "/srv/jctdb/bin/ctdb", "-t", "2", "status", "-v", timeout=20).stdout
    line = re.search(rf"(?m)^pnn:{node} leader: (.*)$", said)
    return line.group(1) if line else said


@story("my cluster lock is a helper program, and nobody asked it", daemons=["jctdb"])
def cluster_lock_of_a_helper(cluster):
    """While somebody outside has it nobody leads; then one does, and only as long as its helper lives."""
    lab = cluster.lab
    with _other_cluster_lock(cluster, f"!{HELPER} /srv/cluster/helper.lock"):
        with _holding(lab, "helper.lock") as held_outside:
            held_outside()
            said = {node: len(lab.log(node)) for node in lab.nodes}
            _start_all(lab)
            cluster.wait_for(lambda: _leaders(cluster, lab.nodes) == {"UNKNOWN"}, 15, "somebody leads")
            for node in lab.nodes:
                cluster.wait_for(lambda: "NONE; the cluster lock is not to be had: contention"
                                 in _says_of_its_leader(lab, node), 10,
                                 f"node {node} does not say why nobody leads: {_says_of_its_leader(lab, node)}")
                expect("the cluster lock is not to be had: contention" in lab.log(node)[said[node]:],
                       f"node {node} does not write why it does not lead")
                expect("is the leader, term" not in lab.log(node)[said[node]:], f"node {node} leads")
        began = time.monotonic()
        lead = _leads_with_the_lock(cluster, "helper.lock")
        cluster.note(f"a leader {time.monotonic() - began:.1f} s after the lock was free")
        lab.wait_healthy(timeout=60)
        lead = _helper_is_killed(cluster, lead)
        lead = _leader_is_killed(cluster, lead)
        _stop(cluster, lead)
        expect(not _lock_helpers(lab, lead), "the helper outlives its daemon")
        _leads_with_the_lock(cluster, "helper.lock", without=[lead])


def _helper_is_killed(cluster, lead):
    """Leadership is given up and taken again, and users notice nothing."""
    lab = cluster.lab
    held, before = cluster.client_of(lead).open("open-while-the-lock-is-lost.txt"), lab.addresses(lead)
    said, helpers = len(lab.log(lead)), _lock_helpers(lab, lead)
    began = time.monotonic()
    lab.node(lead, "kill", "-9", *helpers, check=True)
    cluster.wait_for(lambda: "it has lost the cluster lock" in lab.log(lead)[said:], 10,
                     "the leader goes on without the lock")
    again = _leads_with_the_lock(cluster, "helper.lock")
    cluster.note(f"a leader {time.monotonic() - began:.1f} s after the helper was killed")
    expect(_lock_helpers(lab, again) != helpers, "the helper was not killed")
    held.write(b"what has no need of a leader goes on")
    expect(lab.addresses(again) == before, f"addresses moved: {before}, {lab.addresses(again)}")
    return again


def _leader_is_killed(cluster, lead):
    """Its helper goes with it, so that nobody waits for the lock."""
    lab, rest = cluster.lab, [node for node in cluster.lab.nodes if node != lead]
    began = time.monotonic()
    lab.kill_daemon(lead)
    cluster.wait_for(lambda: _leaders(cluster, rest) < {str(node) for node in rest}, 20, "nobody follows")
    cluster.note(f"another leader {time.monotonic() - began:.1f} s after the leader was killed")
    cluster.revive(lead)
    lab.wait_healthy(timeout=60)
    return _leads_with_the_lock(cluster, "helper.lock")


# What is wrong with a node's helper: what its leader line says then.
BAD_HELPERS = {"echo 1": "contention",
               "echo the disk is away >&2; echo 3": "it answers that it failed: the disk is away",
               "exec sleep 1000": "no answer yet",
               "": "No such file or directory"}


@story("the helper for my cluster lock did not work, and a server led all the same, or did not say why not",
       daemons=["jctdb"])
def cluster_lock_helpers_that_fail(cluster):
    lab = cluster.lab
    cases = list(BAD_HELPERS.items())
    with _other_cluster_lock(cluster, "!/etc/ctdb/lock-helper /srv/cluster/helper.lock"):
        try:
            for node in lab.nodes:
                _give_helper(lab, node, cases[node][0])
            said = {node: len(lab.log(node)) for node in lab.nodes}
            _start_all(lab)
            for node in lab.nodes:
                _does_not_lead(cluster, node, cases[node][1], said[node])
            _give_helper(lab, 0, cases[3][0])
            _does_not_lead(cluster, 0, cases[3][1], said[0])
            _give_helper(lab, 0, f'exec {HELPER} "$@"')
            expect_equal(_leads_with_the_lock(cluster, "helper.lock"), 0, "the leader")
            lab.wait_healthy(timeout=60)
            for node in lab.nodes:
                expect_equal(_says_of_its_leader(lab, node), "node 0", f"what node {node} says of its leader")
        finally:
            for node in lab.nodes:
                _give_helper(lab, node, "")


def _give_helper(lab, node, commands):
    """The node's helper is a script of these, or none."""
    path = lab.node_path(node, "etc", "ctdb", "lock-helper")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    if commands:
        with open(path + ".new", "w") as file:
            file.write(f"#!/bin/sh\n{commands}\n")
        os.chmod(path + ".new", 0o755)
        os.rename(path + ".new", path)


def _does_not_lead(cluster, node, why, said):
    lab = cluster.lab
    cluster.wait_for(lambda: why in _says_of_its_leader(lab, node), 20,
                     f"node {node} does not say {why}: {_says_of_its_leader(lab, node)}")
    expect(_says_of_its_leader(lab, node).startswith("NONE; the cluster lock is not to be had: "), "somebody leads")
    expect(re.search(rf"the cluster lock is not to be had: .*{re.escape(why)}", lab.log(node)[said:]),
           f"node {node} does not write {why}")
    expect("is the leader, term" not in lab.log(node)[said:], f"node {node} leads")
