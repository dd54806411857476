"""What the stories share: how one is declared, and the cluster as a story sees it."""

import contextlib
import re
import subprocess
import threading
import time

import nslab
import smb2

STORIES = []
STRETCHED = (4, {"branch": [3]})  # nodes, and which of them are at a remote site
TWO_BRANCHES = (5, {"branch": [3], "island": [4]})
RECORDS = "lab_failure.tdb"  # a persistent database of the stories


def story(complaint, daemons=nslab.DAEMONS, not_yet=None, layout=None):
    """Declares a story. `complaint` is what a user would say if it went wrong; `daemons` are those
    that promise it. A story that our daemon does `not_yet` keep says why; it is run only by name.
    A `layout` such as STRETCHED is that of the cluster that it needs, if not the usual one."""
    def declare(function):
        function.complaint, function.daemons, function.not_yet = complaint, daemons, not_yet
        function.layout = layout
        STORIES.append(function)
        return function
    return declare


class Failed(Exception):
    """What happened is not what the story promises."""


def expect(truth, otherwise):
    if not truth:
        raise Failed(otherwise)


def expect_equal(got, wanted, what):
    expect(got == wanted, f"{what}: expected {wanted!r}, got {got!r}")


def expect_served_once(cluster, before=0):
    """No public address was on two nodes at any instant, of those seen after the first `before`.
    Debian's ctdbd does not promise that."""
    found = [f"{one['address']} on {' and '.join(one['nodes'])} for {one['to'] - one['from']:.3f} s "
             f"(from {one['from']:.3f} to {one['to']:.3f})"
             for one in cluster.lab.overlaps()[before:]]
    if cluster.lab.daemon == "jctdb":
        expect(not found, "served twice: " + "; ".join(found))
    for text in found:
        cluster.note("served twice: " + text)


@contextlib.contextmanager
def refused(status, what):
    """The server must refuse what is done inside."""
    try:
        yield
    except smb2.SmbError as error:
        expect_equal(error.status, status, what)
    else:
        raise Failed(f"{what}: expected {status}, but it was allowed")


def copy_of(cluster, node, database, key):
    """What the file of that node has of a record: its rsn, dmaster, and the words of its flags."""
    text = cluster.ctdb_ok(node, "cattdb", database)
    found = re.search(rf'= "{key}"\ndmaster: (\d+)\nrsn: (\d+)\nflags: 0x\w+(.*)\n', text)
    expect(found, f"node {node} has no copy of {key}:\n{text}")
    return int(found[2]), int(found[1]), found[3].split()


def counted(cluster, node, database, what):
    """A figure of `ctdb dbstatistics`."""
    text = cluster.ctdb_ok(node, "dbstatistics", database)
    return int(re.search(rf"{what}\s+(\d+)", text)[1])


class Cluster:
    """The running lab, with SMB clients that are closed after each story."""

    def __init__(self, lab):
        self.lab = lab
        self._open = []

    def address_of(self, node):
        """A public address that this node serves now."""
        for address, host in sorted(self.lab.addresses(node).items()):
            if host == node:
                return address
        raise Failed(f"node {node} serves no public address")

    def client_of(self, node):
        return self.client_at(self.address_of(node))

    def client_at(self, address, timeout=20, share=None):
        client = smb2.Smb(self.lab.connect, address, nslab.USER, nslab.PASSWORD,
                          share or nslab.SHARE, timeout)
        self._open.append(client)
        return client

    def close_clients(self):
        for client in self._open:
            client.disconnect()
        self._open.clear()

    def ctdb(self, node, *words, **options):
        """Debian's own `ctdb` tool on that node."""
        return self.lab.node(node, "ctdb", *words, **options)

    def answers(self, node):
        try:
            return self.ctdb(node, "ping", timeout=10).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def _runs(self, node):
        """It answers, and is not on its way out."""
        try:
            state = self.ctdb(node, "runstate", timeout=10)
        except subprocess.TimeoutExpired:
            return False
        return state.returncode == 0 and "SHUTDOWN" not in state.stdout

    def ctdb_ok(self, node, *words):
        done = self.ctdb(node, *words)
        expect_equal(done.returncode, 0, f"`ctdb {' '.join(words)}` on node {node} "
                     f"({(done.stdout + done.stderr).strip()[-300:]}), exit code")
        return done.stdout

    def smbclient(self, node, commands, share=nslab.SHARE):
        return self.lab.client("smbclient", f"//{self.address_of(node)}/{share}", "-U",
                               f"{nslab.USER}%{nslab.PASSWORD}", "-c", commands)

    def wait_for(self, condition, timeout, otherwise):
        expect(self.lab.until(condition, timeout), f"{otherwise} (waited {timeout} s)")

    def mend(self, timeout=90, spread=True, show=True):
        """Brings back whatever the last story left broken, so that the next one starts whole."""
        lab = self.lab
        for node in lab.nodes:
            if not lab._alive(f"node{node}"):
                lab.power_on(node)
            lab.heal(node)
            self.revive(node)
            states = lab.node_states(node).get(node, set())
            if "Disabled" in states:
                self.ctdb(node, "enable")
            if "Stopped" in states:
                self.ctdb(node, "continue")
            if lab.state["samba"] and not lab._serves(node):
                lab.node(node, "service", "smbd", "start")
        lab.wait_healthy(timeout=timeout, show=show, spread=spread)

    def revive(self, node):
        """A daemon that answers: by itself, if something starts it again, or started here."""
        lab = self.lab
        # One that has just been told to end answers for a moment, and has a launcher, which ends with it.
        lab.until(lambda: self._runs(node) or not (self.answers(node) or lab.has_launcher(node)), 20)
        if self._runs(node):
            return
        lab.node(node, "killall", "-q", "-9", "jctdb-launcher", "ctdbd", "java")
        started = lab.start_daemon(node)
        expect_equal(started.returncode, 0, f"start of the daemon on node {node} "
                     f"({(started.stdout + started.stderr).strip()[-300:]}), exit code")


class Writer(threading.Thread):
    """A client that saves one small file after the other, and remembers which were acknowledged.

    When its connection goes it connects again to the same address, as a user's machine would. What it saves is
    flushed to the disk, unless `flush` says that only the servers are to be waited for: all nodes share one disk.
    """

    def __init__(self, cluster, address, name, flush=True):
        super().__init__(daemon=True)
        self.cluster, self.address, self.name_, self.flush = cluster, address, name, flush
        self.acknowledged = {}
        self.longest_gap_s = 0.0
        self._stop_asked = threading.Event()
        self._last = None  # when it had saved something, or began to

    def run(self):
        count = 0
        self._last = time.monotonic()
        while not self._stop_asked.is_set():
            try:
                client = self.cluster.client_at(self.address, timeout=3)
                while not self._stop_asked.is_set():
                    self._save(client, f"{self.name_}-{count}.txt", f"{self.name_} wrote {count}")
                    count += 1
            except (OSError, smb2.Disconnected, smb2.SmbError):
                count += 1  # an unacknowledged file may or may not exist
                time.sleep(0.05)

    def _save(self, client, name, text):
        file = client.open(name)
        file.write(text.encode())
        if self.flush:
            file.flush()
        file.close()
        now = time.monotonic()
        self.longest_gap_s = max(self.longest_gap_s, now - self._last)
        self._last = now
        self.acknowledged[name] = text

    def finish(self):
        """Stops; an unserved time that lasts until now counts as a gap."""
        self.longest_gap_s = max(self.longest_gap_s, time.monotonic() - self._last)
        self._stop_asked.set()
        self.join(30)

    def saved_since(self, count):
        return len(self.acknowledged) > count


class RecordKeeper(threading.Thread):
    """Stores one persistent record after the other on a node; remembers the acknowledged ones."""

    def __init__(self, cluster, node, pause_s=0.0):
        super().__init__(daemon=True)
        self.cluster, self.node, self.pause_s = cluster, node, pause_s
        self.acknowledged = []
        self._stop_asked = threading.Event()

    def run(self):
        count = 0
        while not self._stop_asked.is_set():
            count += 1
            try:
                done = self.cluster.ctdb(self.node, "ptrans", RECORDS,
                                         input=f'"n{count}" "{count}"\n', timeout=60)
                if done.returncode == 0:
                    self.acknowledged.append(count)
            except (nslab.LabError, OSError, subprocess.TimeoutExpired):
                self._stop_asked.wait(0.2)  # the node is off, or its daemon hangs
            self._stop_asked.wait(self.pause_s)

    def finish(self):
        self._stop_asked.set()
        self.join(70)

    def lost(self, node):
        """The acknowledged ones that this node does not have."""
        dump = self.cluster.ctdb_ok(node, "catdb", RECORDS)
        found = set(re.findall(r'key\(\d+\) = "n(\d+)', dump))
        return [count for count in self.acknowledged if str(count) not in found]
