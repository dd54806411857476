"""Something breaks. The others must hardly notice, and nothing acknowledged may be lost."""

import os
import re
import select
import signal
import subprocess
import threading
import time

import faults
import nslab
from service_faults import monitor_often
from story import RECORDS, RecordKeeper, Writer, expect, expect_equal, story


class Load:
    """People saving files through every node, and records being stored, while something breaks."""

    def __init__(self, cluster, victim):
        self.cluster, self.victim = cluster, victim
        lab = cluster.lab
        cluster.ctdb_ok(0, "attach", RECORDS, "persistent")
        self.addresses = {node: cluster.address_of(node) for node in lab.nodes}
        self.writers = {node: Writer(cluster, address, f"{victim}-{time.monotonic_ns()}-{node}")
                        for node, address in self.addresses.items()}
        self.keeper = RecordKeeper(cluster, min(node for node in lab.nodes if node != victim))
        for thread in [*self.writers.values(), self.keeper]:
            thread.start()
        cluster.wait_for(lambda: all(writer.saved_since(5) for writer in self.writers.values())
                         and self.keeper.acknowledged, 30, "the load does not start")

    def survivors(self):
        return [node for node in self.cluster.lab.nodes if node != self.victim]

    def wait_for_address_to_move(self, timeout):
        """The victim's users go on at the same address, on another node."""
        writer = self.writers[self.victim]
        before = len(writer.acknowledged)
        self.cluster.wait_for(lambda: writer.saved_since(before + 3), timeout,
                              f"nobody serves {self.addresses[self.victim]} after its node failed")
        self.cluster.wait_for(lambda: self.cluster.lab.addresses(min(self.survivors())).get(
            self.addresses[self.victim]) in self.survivors(), 5,
            "the address is still said to be on the failed node")

    def end(self):
        for thread in [*self.writers.values(), self.keeper]:
            thread.finish()

    def gaps(self):
        return ", ".join(f"node {node}: {writer.longest_gap_s:.2f} s"
                         for node, writer in self.writers.items())

    def expect_nothing_lost(self):
        reader = self.cluster.client_of(min(self.survivors()))
        for writer in self.writers.values():
            for name, text in writer.acknowledged.items():
                file = reader.open(name, how=1)
                expect_equal(file.read(200).decode(), text, f"the acknowledged file {name}")
                file.close()
        lost = self.keeper.lost(max(self.survivors()))
        expect(not lost, f"acknowledged records are gone: {lost[:10]}")


def _break_under_load(cluster, victim, damage, limit_s, others_limit_s):
    """Runs the load, does the damage, and holds everybody to what they were promised."""
    load = Load(cluster, victim)
    try:
        damage(victim)
        load.wait_for_address_to_move(limit_s)
        time.sleep(2)
    finally:
        load.end()
    cluster.note(f"longest time without a saved file: {load.gaps()}")
    for node in load.survivors():
        gap = load.writers[node].longest_gap_s
        expect(gap < others_limit_s, f"users of node {node} waited {gap:.1f} s")
    load.expect_nothing_lost()


@story("the daemon of one server crashed, and everybody's files were gone or stuck")
def daemon_killed_under_load(cluster):
    lab = cluster.lab
    told, before = _wills_told(cluster), lab.daemon_pid(2)
    _break_under_load(cluster, 2, lab.kill_daemon, limit_s=45, others_limit_s=20)
    if lab.daemon == "jctdb":
        expect(_wills_told(cluster) > told, "nobody heard the last will of the dead daemon")
        cluster.wait_for(lambda: lab.daemon_pid(2) not in (None, before), 30,
                         "the launcher does not start the daemon again")
    cluster.revive(2)
    lab.wait_healthy(timeout=90)
    cluster.client_of(2).open("after-crash.txt").write(b"back")
    numbers = {cluster.ctdb_ok(node, "getdbseqnum", RECORDS) for node in lab.nodes}
    expect_equal(len(numbers), 1, f"sequence numbers after the rejoin {numbers}")


@story("the daemon died together with what looks after it, and its addresses were served twice or never again",
       daemons=["jctdb"])
def launcher_killed_too(cluster):
    """Nobody can prove anything to the others: they wait for the lease, and then go on as usual."""
    lab = cluster.lab

    def kill_both(node):
        lab.node(node, "pkill", "-9", "-x", "jctdb-launcher", check=True)
        lab.kill_daemon(node)

    told = _wills_told(cluster)
    _break_under_load(cluster, 2, kill_both, limit_s=45, others_limit_s=20)
    expect(lab.daemon_pid(2) is None or cluster.ctdb(2, "ping").returncode != 0,
           "the daemon was started again by nobody")
    expect_equal(_wills_told(cluster), told, "last wills that were told")
    cluster.revive(2)
    lab.wait_healthy(timeout=90)


def _wills_told(cluster):
    """How often the others have been told that the daemon of node 2 is dead."""
    return sum(cluster.lab.log(node).count("node 2: its daemon has died and left nothing behind")
               for node in (0, 1))


@story("a daemon that hung for a while came back and served what others had taken over",
       daemons=["jctdb"])
def daemon_frozen_under_load(cluster):
    lab = cluster.lab
    _break_under_load(cluster, 1, lambda node: lab.kill_daemon(node, signal.SIGSTOP),
                      limit_s=30, others_limit_s=20)
    holders = {address: [node for node in lab.nodes if address in _held(lab, node)]
               for address in lab.addresses(0)}
    expect(all(len(nodes) <= 1 for nodes in holders.values()), f"addresses held twice: {holders}")
    cluster.revive(1)
    lab.wait_healthy(timeout=90)


def _held(lab, node):
    text = lab.node(node, "ip", "-o", "-4", "addr", "show", "dev", "eth1").stdout
    return re.findall(r"inet (\S+)/", text)


@story("one server lost power, and everybody's files were gone or stuck")
def power_cut_under_load(cluster):
    lab = cluster.lab
    _break_under_load(cluster, 1, lab.power_off, limit_s=90, others_limit_s=60)
    lab.power_on(1)
    started = lab.start_daemon(1)
    expect_equal(started.returncode, 0, "starting the daemon after the boot: " + started.stderr)
    lab.wait_healthy(timeout=90)


@story("a server cut off from the others kept on serving the same addresses")
def partition_under_load(cluster):
    lab = cluster.lab
    _break_under_load(cluster, 0, lab.partition, limit_s=90, others_limit_s=60)
    taken = [address for address, host in lab.addresses(1).items() if host in (1, 2)]
    both = [address for address in taken if address in _held(lab, 0)]
    if both and lab.daemon != "jctdb":
        cluster.note(f"ctdbd lets node 0 and another node both hold {both}")
    else:
        expect(not both, f"node 0 and another node both hold {both}")
    lab.heal(0)
    lab.wait_healthy(timeout=120)


NO_MEMBER = "this node is no member of the cluster any more"


@story("one server was cut off for a while, then another one, and the two that were left agreed on nothing",
       daemons=["jctdb"])
def cut_off_one_after_the_other(cluster):
    """What TCP says again after a cut comes as late as the cut was long: nobody may wait for that."""
    lab = cluster.lab
    second = faults.zookeeper_leader(lab)
    first = max(set(lab.nodes) - {second})
    lab.partition(first)
    time.sleep(14)  # said again after 0.2, 0.6, 1.4, 3, 6.2, 12.6 and 25.4 s
    lab.heal(first)
    lab.wait_healthy(timeout=60)
    expect_equal(faults.zookeeper_leader(lab), second, "the leader of ZooKeeper")
    left = {node: lab.log(node).count(NO_MEMBER) for node in lab.nodes if node != second}
    _break_under_load(cluster, second, lab.partition, limit_s=15, others_limit_s=10)
    expect_equal({node: lab.log(node).count(NO_MEMBER) for node in left}, left,
                 "how often the nodes that were not cut off had to leave the cluster")
    lab.heal(second)
    lab.wait_healthy(timeout=60)


CHAIN_HELD_S = float(os.environ.get("JCTDB_LAB_CHAIN_S", "12"))
CHAINS = "lab_chain.tdb"


@story("one stuck process held up the whole cluster", daemons=["jctdb"])
def stuck_chain_lock(cluster):
    """Debian's ctdbd tries to recover for 92 s, then bans the node."""
    lab = cluster.lab
    for node in lab.nodes:
        cluster.ctdb_ok(node, "attach", CHAINS)
        cluster.ctdb_ok(node, "setvar", "LogLatencyMs", "3000")
    already = {node: len(lab.log(node)) for node in (0, 1)}
    cluster.ctdb_ok(1, "writekey", CHAINS, "stuck", "before")
    writer = Writer(cluster, cluster.address_of(1), f"chain-{time.monotonic_ns()}")
    holder = lab.start("node1", *lab.records_command("hold", CHAINS, "stuck"),
                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    waiter = None
    try:
        expect_equal(holder.stdout.readline(), "held\n", "the stuck process says")
        began = time.monotonic()
        writer.start()
        # -T: the tool ends itself after two minutes otherwise.
        waiter = lab.start("node0", "ctdb", "-t", "600", "-T", "600", "readkey", CHAINS, "stuck",
                           stdout=subprocess.PIPE)
        _others_go_on(cluster, began)
        cluster.ctdb_ok(2, "stop")
        lab.wait_healthy({0, 1}, timeout=30)
        _others_go_on(cluster, began)
        cluster.ctdb_ok(2, "continue")
        lab.wait_healthy(timeout=30)
        cluster.ctdb_ok(2, "shutdown")
        lab.wait_healthy({0, 1}, timeout=30)
        expect_equal(lab.start_daemon(2).returncode, 0, "start of node 2, exit code")
        lab.wait_healthy(timeout=60)
        cluster.ctdb_ok(2, "attach", CHAINS)
        while time.monotonic() - began < CHAIN_HELD_S:
            _others_go_on(cluster, began)
            time.sleep(1)
        expect(waiter.poll() is None, "another node was given the record of a locked chain")
    finally:
        writer.finish()
        holder.stdin.close()
        released = time.monotonic()
    text = waiter.communicate(timeout=20)[0]
    cluster.note(f"held for {released - began:.0f} s; served {time.monotonic() - released:.2f} s after "
                 f"the release; longest time without a saved file: {writer.longest_gap_s:.2f} s")
    expect("[before]" in text, f"the record after the release: {text!r}")
    for node, told in ((0, "1 clients here waited"), (1, "its chain was locked by other processes here for")):
        expect(f"{CHAINS} key {b'stuck'.hex()}: {told}" in lab.log(node)[already[node]:],
               f"the log of node {node} does not say who kept the record")
        cluster.ctdb_ok(node, "setvar", "LogLatencyMs", "0")
    cluster.ctdb_ok(2, "writekey", CHAINS, "stuck", "after")
    expect("[after]" in cluster.ctdb_ok(1, "readkey", CHAINS, "stuck"), "the record was lost")


@story("`ctdb stop` hung while a stuck process held a lock, and nobody saw why", daemons=["jctdb"])
def stop_with_a_stuck_chain_lock(cluster):
    """The flag shows at once; who does not let go of its records is put out; and it comes back."""
    lab = cluster.lab
    for node in lab.nodes:
        cluster.ctdb_ok(node, "attach", CHAINS)
    cluster.ctdb_ok(1, "writekey", CHAINS, "stuck", "before")
    holder = lab.start("node1", *lab.records_command("hold", CHAINS, "stuck"),
                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        expect_equal(holder.stdout.readline(), "held\n", "the stuck process says")
        asked = time.monotonic()
        cluster.ctdb_ok(1, "stop")
        shown = time.monotonic() - asked
        expect("Stopped" in lab.node_states(0)[1], f"node 1 is {lab.node_states(0)[1]}")
        cluster.ctdb_ok(0, "-t", "30", "writekey", CHAINS, "stuck", "after")
        free = time.monotonic() - asked
        cluster.note(f"stopped after {shown:.2f} s; its record was free after {free:.2f} s")
        expect(shown < 5, f"`ctdb stop` took {shown:.1f} s")
        expect(holder.poll() is None, "the stuck process ended by itself")
    finally:
        holder.stdin.close()
        holder.wait(20)
    cluster.ctdb_ok(1, "continue")
    lab.wait_healthy(timeout=90)
    expect("[after]" in cluster.ctdb_ok(1, "readkey", CHAINS, "stuck"), "an old copy came back")


@story("a server that had been cut off never came back: smbd had one database locked and wanted the next",
       daemons=["jctdb"])
def cut_off_while_a_process_crosses_databases(cluster):
    """Who takes every lock there is, one database after the other, must not keep the first for ever while somebody
    who has the second waits for the first."""
    lab, other = cluster.lab, "lab_other.tdb"
    for database in (CHAINS, other):
        cluster.ctdb_ok(1, "attach", database)
    daemon = lab.daemon_pid(1)
    holder = lab.start("node1", *lab.records_command("cross", CHAINS, "first", other, "second"),
                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        expect_equal(holder.stdout.readline(), "held\n", "the process says")
        began = _cut_off(cluster, 1)
        time.sleep(0.1)  # the other database is frozen now, and this one cannot be
        holder.stdin.write("go on\n")
        holder.stdin.flush()
        expect(select.select([holder.stdout], [], [], 15)[0], "the process waits for the second chain for ever")
        took = time.monotonic() - began
        holder.stdin.close()
        expect_equal(holder.wait(10), 0, "the process ended with")
    finally:
        holder.kill()
        lab.heal(1)
    lab.wait_healthy(timeout=60)
    cluster.note(f"the process had its second chain {took:.2f} s after the node was fenced")
    expect_equal(lab.daemon_pid(1), daemon, "the daemon of node 1")


@story("a server that had been cut off never came back, because a process on it hung", daemons=["jctdb"])
def cut_off_with_a_stuck_chain_lock(cluster):
    """The daemon begins anew, and who uses its files is ended before; the log says which process it was."""
    lab = cluster.lab
    cluster.ctdb_ok(1, "attach", CHAINS)
    daemon = lab.daemon_pid(1)
    holder = lab.start("node1", *lab.records_command("hold", CHAINS, "stuck"),
                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        expect_equal(holder.stdout.readline(), "held\n", "the stuck process says")
        began = _cut_off(cluster, 1)
        lab.heal(1)
        lab.wait_healthy(timeout=90)
        cluster.note(f"healthy again {time.monotonic() - began:.1f} s after the node was fenced")
        expect(lab.daemon_pid(1) != daemon, "the daemon of node 1 did not begin anew")
        told = re.search(r"lab_chain\.tdb: process \d+ \(python3[^)]*\)", lab.log(1))
        expect(told, "the log does not say which process it was")
    finally:
        lab.heal(1)
        holder.kill()


def _cut_off(cluster, node):
    """Returns when the node has noticed, and when that was."""
    lab = cluster.lab
    fenced = lab.log(node).count(NO_MEMBER)
    lab.partition(node)
    cluster.wait_for(lambda: lab.log(node).count(NO_MEMBER) > fenced, 20, f"node {node} went on serving")
    return time.monotonic()


def _others_go_on(cluster, began):
    """Nobody is banned, and other keys of the same database move as ever."""
    for node in cluster.lab.nodes:
        if "Disconnected" in cluster.lab.node_states(0).get(node, {"Disconnected"}) or \
                "Stopped" in cluster.lab.node_states(0)[node]:
            continue
        asked = time.monotonic()
        cluster.ctdb_ok(node, "writekey", CHAINS, "moving", f"by {node}")
        took = time.monotonic() - asked
        expect(took < 2, f"another key took {took:.1f} s on node {node}, "
               f"{asked - began:.0f} s after the lock was taken")
    banned = [node for node, flags in cluster.lab.node_states(0).items() if "Banned" in flags]
    expect(not banned, f"banned: {banned}")


# Asks the kernel to drop what a process has mapped from files and not changed, as it does when memory is short.
DROP_FROM_MEMORY = r"""
import ctypes, os, re, sys
SYS_PROCESS_MADVISE, MADV_PAGEOUT = 440, 21
pid, dropped, refused = int(sys.argv[1]), 0, 0
pidfd, libc = os.pidfd_open(pid), ctypes.CDLL(None, use_errno=True)
for line in open(f"/proc/{pid}/maps"):
    begin, end, rights, path = re.match(r"(\w+)-(\w+) (\S+) \S+ \S+ \S+ *(.*)", line).groups()
    if path.startswith("/") and "w" not in rights and "r" in rights:
        begin, end = int(begin, 16), int(end, 16)
        area = (ctypes.c_ulong * 2)(begin, end - begin)
        done = libc.syscall(SYS_PROCESS_MADVISE, pidfd, area, ctypes.c_ulong(1), MADV_PAGEOUT, 0)
        dropped, refused = dropped + (done >= 0), refused + (done < 0)
print(dropped, refused)
"""


@story("the server's memory was full of file contents, and the daemon had to be read from the disk again",
       daemons=["jctdb"])
def what_the_daemon_needs_stays_in_memory(cluster):
    lab = cluster.lab
    pid = lab.daemon_pid(0)

    def resident_kb():
        return int(re.search(r"^VmRSS:\s+(\d+) kB", lab.node(
            0, "cat", f"/proc/{pid}/status", check=True).stdout, re.M)[1])

    before = resident_kb()
    dropped, refused = map(int, lab.node(
        0, nslab.PYTHON, "-c", DROP_FROM_MEMORY, str(pid), check=True).stdout.split())
    left = resident_kb()
    cluster.note(f"{before // 1024} MiB in memory; of its files' mappings the kernel drops {dropped}, "
                 f"not {refused}; {left // 1024} MiB are left")
    expect(refused > 0 and dropped == 0, "the kernel may drop what the daemon has mapped")
    expect(left > 0.95 * before, "the daemon has lost memory")


@story("smbd died on one server and its users hung instead of being moved")
def dead_smbd_moves_addresses(cluster):
    lab = cluster.lab
    monitor_often(cluster, 1)
    lab.node(1, "killall", "-9", "smbd")
    try:
        # Up to a minute between two monitor events, which is ctdbd's schedule after a start.
        cluster.wait_for(lambda: "Unhealthy" in lab.node_states(0).get(1, set()), 100,
                         "node 1 is still called healthy without smbd")
        cluster.wait_for(lambda: 1 not in lab.addresses(0).values(), 30, "node 1 kept its address")
    finally:
        lab.node(1, "service", "smbd", "start", check=True)
    lab.wait_healthy(timeout=100)


@story("after `ctdb shutdown` the daemon could not be started again at once")
def shutdown_and_start(cluster):
    lab = cluster.lab
    cluster.ctdb_ok(2, "shutdown")
    expect(lab.daemon_pid(2) is None or lab.daemon != "jctdb", "the pid file is still there")
    lab.wait_healthy({0, 1}, timeout=60)
    expect(not _held(lab, 2), f"node 2 kept addresses: {_held(lab, 2)}")
    started = lab.start_daemon(2)
    expect_equal(started.returncode, 0, "start after shutdown: " + started.stderr)
    lab.wait_healthy(timeout=90)


@story("after a power failure one server came up alone, and could not even be shut down again",
       daemons=["jctdb"])
def shutdown_of_a_node_that_waits_for_the_others(cluster):
    """Alone it is no member, and has nothing that anybody would have to wait for."""
    lab = cluster.lab
    for node in lab.nodes:
        cluster.ctdb_ok(node, "shutdown")
    lab.start_daemon(2)
    cluster.wait_for(lambda: cluster.ctdb(2, "pnn").returncode == 0, 20, "node 2 does not answer")
    time.sleep(3)
    asked = time.monotonic()
    cluster.ctdb_ok(2, "shutdown")
    took = time.monotonic() - asked
    expect(lab.daemon_pid(2) is None, "the pid file is still there")
    cluster.note(f"shut down in {took:.1f} s")
    for node in lab.nodes:
        expect_equal(lab.start_daemon(node).returncode, 0, f"start of node {node}, exit code")
    lab.wait_healthy(timeout=90)
    expect(took < 10, f"`ctdb shutdown` took {took:.1f} s")
