"""Mistakes and hostile input: a clear error for the one, nothing noticed by the others."""

import os
import re
import socket
import struct
import subprocess
import time

import nslab
from story import Writer, expect, expect_equal, story


@story("starting the service twice broke the one that was running", daemons=["jctdb"])
def second_daemon(cluster):
    lab, before = cluster.lab, cluster.lab.daemon_pid(0)
    held = cluster.client_of(0).open("held-while-second.txt")
    second = lab.start_daemon(0)
    expect(second.returncode != 0, "a second daemon on the same node was not refused")
    expect("ctdbd.pid" in second.stderr, f"the refusal does not name the pid file: {second.stderr}")
    expect_equal(lab.daemon_pid(0), before, "the first daemon's process id")
    held.write(b"still served")
    cluster.ctdb_ok(0, "ping")


@story("the daemon did not start because of a used port, and did not say so", daemons=["jctdb"])
def port_in_use(cluster):
    lab = cluster.lab
    with _stopped(cluster, 2):
        with lab.start("node2", "/usr/bin/python3", "-c",
                       "import socket, time\n"
                       "s = socket.create_server(('10.77.0.3', 4379))\n"
                       "print('ready', flush=True)\ntime.sleep(60)",
                       stdout=subprocess.PIPE) as listener:
            listener.stdout.readline()
            started = lab.start_daemon(2)
            listener.kill()
        expect(started.returncode != 0, "the daemon claims to have started on a used port")
        said = started.stderr + lab.log(2)
        expect(re.search(r"4379", said), f"the port is not named: {said[-500:]}")


@story("one typing error in ctdb.conf and the daemon does something else than I wrote",
       daemons=["jctdb"])
def bad_configuration(cluster):
    lab = cluster.lab
    with _stopped(cluster, 1), _changed_file(lab, 1, "ctdb/ctdb.conf",
                                             lambda text: text + "[logging]\n  log level = LOUD\n"):
        started = lab.start_daemon(1)
        expect(started.returncode != 0, "a log level LOUD was accepted")
        for word in ("ctdb.conf", "LOUD"):
            expect(word in started.stderr, f"the error does not name {word}: {started.stderr}")


@story("a server with an old nodes file upset the whole cluster", daemons=["jctdb"])
def differing_nodes_file(cluster):
    lab = cluster.lab

    def swap(text):
        lines = text.splitlines()
        return "\n".join([lines[1], lines[0], *lines[2:]]) + "\n"

    with _stopped(cluster, 2), _changed_file(lab, 2, "ctdb/nodes", swap):
        already = len(lab.log(2))
        started = lab.start_daemon(2)
        lab.until(lambda: "nodes" in lab.log(2)[already:], 20)
        said = started.stderr + lab.log(2)[already:]
        expect(re.search(r"nodes", said, re.I), f"nothing is said of the nodes file: {said[-500:]}")
        states = lab.node_states(0)
        expect(states.get(2), f"node 2 takes part with another nodes file: {states}")
        cluster.client_of(0).open("nodes-differ.txt").write(b"fine")
        if lab.daemon_pid(2):
            cluster.ctdb(2, "shutdown")


@story("after a disk error one server's damaged users' database spread to the others",
       daemons=["jctdb"])
def damaged_persistent_database(cluster):
    lab = cluster.lab
    directory = lab.node_path(2, "lib-ctdb", "persistent")
    with _stopped(cluster, 2):
        path = os.path.join(directory, "passdb.tdb.2")
        with open(path, "r+b") as file:
            file.seek(8192)
            file.write(os.urandom(max(0, os.path.getsize(path) - 8192)))
        with open(path, "rb") as file:
            damaged = file.read()
        already = len(lab.log(2))
    # Up again, with what the others have.
    aside = [name for name in os.listdir(directory) if name.startswith("passdb.tdb.2.damaged-")]
    expect_equal(len(aside), 1, "damaged files set aside")
    with open(os.path.join(directory, aside[0]), "rb") as file:
        expect(file.read() == damaged, "the damaged file was changed")
    expect(aside[0] in lab.log(2)[already:], "the log does not say where the damaged file went")
    expect("HEALTH: OK" in cluster.ctdb_ok(2, "getdbstatus", "passdb.tdb"), "still unhealthy")
    os.unlink(os.path.join(directory, aside[0]))
    for node in lab.nodes:
        users = lab.node(node, "pdbedit", "-L", check=True).stdout
        expect(nslab.USER in users, f"node {node} lost the users: {users}")


@story("the disk damaged a database of a running server, and it stayed out until somebody restarted it",
       daemons=["jctdb"])
def persistent_database_damaged_while_in_use(cluster):
    """It gets a new copy by itself, and the users of the other servers notice nothing. A database of its own:
    for each this is done once in ten minutes only."""
    lab, database = cluster.lab, f"lab_damaged_{time.monotonic_ns()}.tdb"
    directory = lab.node_path(2, "lib-ctdb", "persistent")
    for node in lab.nodes:
        cluster.ctdb_ok(node, "attach", database, "persistent")
    content = "".join(f'"key{number}" "{"x" * 600}"\n' for number in range(60))
    lab.node(0, "/srv/jctdb/bin/ctdb", "ptrans", database, input=content, check=True)
    before, already = lab.daemon_pid(2), len(lab.log(2))
    writers = [Writer(cluster, cluster.address_of(node), f"damage-{time.monotonic_ns()}-{node}")
               for node in (0, 1)]
    try:
        for writer in writers:
            writer.start()
        cluster.wait_for(lambda: all(writer.saved_since(5) for writer in writers), 20,
                         "the load does not start")
        path = os.path.join(directory, f"{database}.2")
        with open(path, "r+b") as file:
            file.seek(8192)
            file.write(os.urandom(os.path.getsize(path) - 8192))
        began = time.monotonic()
        cluster.ctdb_ok(0, "pstore", database, "lab", "stored after the damage")
        cluster.wait_for(lambda: lab.daemon_pid(2) not in (None, before), 30,
                         "the daemon does not start anew")
        lab.wait_healthy(timeout=40)
        took = time.monotonic() - began
    finally:
        for writer in writers:
            writer.finish()
    gaps = ", ".join(f"{writer.longest_gap_s:.2f} s" for writer in writers)
    cluster.note(f"whole again after {took:.1f} s; longest time without a saved file: {gaps}")
    for writer in writers:
        expect(writer.longest_gap_s < 3, f"users of other nodes waited {writer.longest_gap_s:.1f} s")
    said = lab.log(2)[already:]
    expect(f"{database}.2: the file is damaged" in said, "the log does not tell of the damage")
    expect("banned for" not in said, "the node was banned")
    expect_equal(cluster.ctdb_ok(2, "pfetch", database, "lab"), "stored after the damage\n",
                 "the record on the mended node")
    expect("HEALTH: OK" in cluster.ctdb_ok(2, "getdbstatus", database), "still unhealthy")
    aside = [name for name in os.listdir(directory) if name.startswith(f"{database}.2.damaged-")]
    expect_equal(len(aside), 1, "damaged files set aside")
    told = lab.node(0, "/srv/jctdb/bin/ctdb", "status", "-v", check=True).stdout
    expect(aside[0] in told, f"`ctdb status -v` does not name the copy that was set aside: {told}")
    os.unlink(os.path.join(directory, aside[0]))
    expect("x" * 600 in cluster.ctdb_ok(2, "pfetch", database, "key59"), "node 2 lost what was stored before")


@story("the disk of one server was full for a moment, and nobody could work for a minute", daemons=["jctdb"])
def full_disk_of_one_node(cluster):
    """The others commit; it keeps out for a moment, says why, and has everything when it is back."""
    lab, database, directory = cluster.lab, "lab_full.tdb", "/var/lib/ctdb/persistent"
    cluster.ctdb_ok(0, "attach", database, "persistent")
    with _stopped(cluster, 2):
        lab.node(2, "sh", "-ec", f"cp -a --sparse=never {directory} /tmp/kept\n"
                 f"mount -t tmpfs -o size=64m limited {directory}\n"
                 f"cp -a --sparse=never /tmp/kept/. {directory}", check=True)
    try:
        already = len(lab.log(2))
        lab.node(2, "sh", "-c", f"cat /dev/zero > {directory}/filler")
        text, asked = "x" * 100_000, time.monotonic()
        cluster.ctdb_ok(0, "pstore", database, "large", text)
        took = time.monotonic() - asked
        cluster.wait_for(lambda: "banned for 2 seconds" in lab.log(2)[already:], 10,
                         "the node with the full disk is not banned for a moment")
        lab.node(2, "rm", f"{directory}/filler", check=True)
        lab.wait_healthy(timeout=40)
        cluster.note(f"commit took {took:.2f} s; all healthy after {time.monotonic() - asked:.1f} s")
        expect(took < 5, f"the commit on another node took {took:.1f} s")
        said = lab.log(2)[already:]
        expect("KiB free" in said, "the log does not speak of the disk")
        expect("the file is damaged" not in said, "a full disk was taken for damage")
        expect_equal(cluster.ctdb_ok(2, "pfetch", database, "large").strip(), text,
                     "the record on the node whose disk was full")
        told = lab.node(0, "/srv/jctdb/bin/ctdb", "status", "-v", check=True).stdout
        expect(re.search(rf"pnn:2 bans: once, .*the copy of {database} is behind", told),
               f"the ban and its reason are not shown: {told}")
        with _stopped(cluster, 2):
            lab.node(2, "umount", "-l", directory, check=True)  # something of Samba may have a file open
    finally:
        lab.node(2, "sh", "-c", f"umount -l {directory} 2>/dev/null; rm -rf /tmp/kept")


@story("the disk was busy, all waited for records, and nobody had told me that they lie on it", daemons=["jctdb"])
def volatile_databases_on_a_disk(cluster):
    lab, directory = cluster.lab, "/var/lib/ctdb/volatile"
    warning = f"{directory} lies on "
    with _stopped(cluster, 2):
        lab.node(2, "umount", "-l", directory, check=True)
        already = len(lab.log(2))
    try:
        expect(warning in lab.log(2)[already:], "the log does not tell where the volatile databases lie")
    finally:
        with _stopped(cluster, 2):
            lab.node(2, "mount", "-t", "tmpfs", "-o", "mode=700", "volatile", directory, check=True)
            already = len(lab.log(2))
    expect(warning not in lab.log(2)[already:], "the log warns of what lies in memory")


@story("a broken program wrote rubbish to the daemon's socket, and Samba stopped")
def hostile_packets(cluster):
    lab = cluster.lab
    held = cluster.client_of(0).open("while-attacked.txt")
    before = lab.daemon_pid(0)
    path = f"/proc/{lab.state['pids']['node0']}/root/run/ctdb/ctdbd.socket"
    header = struct.Struct("<8I")
    for rubbish in (
            b"\0" * 64,
            os.urandom(4096),
            struct.pack("<I", 0xFFFFFFFF) + b"x" * 100,
            header.pack(32, 0x43544442, 1, 0, 99, 0, 0, 7),
            header.pack(200, 0x43544442, 1, 0, 0, 0, 0, 7) + struct.pack(
                "<6I", 1, 0x12345678, 0xFF000001, 0, 0xFFFFFFFF, 0xFFFFFFFF) + b"k" * 144,
            header.pack(60, 0x43544442, 1, 0, 7, 0, 0, 7) + struct.pack(
                "<2IQ3I", 20, 0, 0, 0, 0, 0x7FFFFFFF),
            header.pack(5000, 0x43544442, 1, 0, 7, 0, 0, 7) + b"cut short"):
        with socket.socket(socket.AF_UNIX) as attacker:
            attacker.connect(path)
            attacker.sendall(rubbish)
    cluster.ctdb_ok(0, "ping")
    expect_equal(lab.daemon_pid(0), before, "the daemon's process id")
    held.write(b"still served")
    cluster.client_of(0).open("after-attack.txt").write(b"fine")


class _stopped:
    """The node's daemon is down inside the block, and the node healthy again after it."""

    def __init__(self, cluster, node):
        self.cluster, self.node = cluster, node

    def __enter__(self):
        lab = self.cluster.lab
        self.cluster.ctdb_ok(self.node, "shutdown")
        lab.wait_healthy(set(lab.nodes) - {self.node}, timeout=60)

    def __exit__(self, kind, value, trace):
        if kind is None:
            lab = self.cluster.lab
            self.cluster.revive(self.node)
            lab.wait_healthy(timeout=90)


class _changed_file:
    """A file of the node's /etc is different inside the block."""

    def __init__(self, lab, node, name, change):
        self.path, self.change = lab.node_path(node, "etc", name), change

    def __enter__(self):
        with open(self.path) as file:
            self.text = file.read()
        self._write(self.change(self.text))

    def __exit__(self, kind, value, trace):
        self._write(self.text)

    def _write(self, text):
        with open(self.path, "w") as file:
            file.write(text)
