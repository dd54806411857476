"""Services besides SMB that move with their address."""

import os
import threading
import time

import iscsi
from story import Failed, expect, story

BLOCKS = 8  # of 512 bytes, in one write
CAPACITY = 64 << 20
LUNS = "/srv/cluster/luns"


class BlockWriter(threading.Thread):
    """An initiator that writes one block after the other, and remembers which were acknowledged. A
    refused or broken session is made anew, as initiators do, and the write is repeated."""

    def __init__(self, lab, address, target):
        super().__init__(daemon=True)
        self.lab, self.address, self.target = lab, address, target
        self.acknowledged = 0
        self.longest_gap_s, self.sessions = 0.0, 0
        self.refusals = set()
        self._stop_asked = threading.Event()
        self._last = time.monotonic()

    @staticmethod
    def content(number):
        return b"%015d\n" % number * (BLOCKS * iscsi.BLOCK // 16)

    def run(self):
        while not self._stop_asked.is_set():
            try:
                session = iscsi.Initiator(
                    lambda: self.lab.connect(self.address, 3260, timeout=2), self.target)
            except iscsi.IscsiError as error:
                self.refusals.add(str(error))
                time.sleep(0.1)
                continue
            except OSError:
                time.sleep(0.1)
                continue
            self.sessions += 1
            try:
                while not self._stop_asked.is_set():
                    number = self.acknowledged % (CAPACITY // (BLOCKS * iscsi.BLOCK))
                    session.write(number * BLOCKS, self.content(self.acknowledged))
                    self.acknowledged += 1
                    self._note_gap()
            except (OSError, iscsi.IscsiError):
                pass
            finally:
                session.close()

    def _note_gap(self):
        now = time.monotonic()
        self.longest_gap_s = max(self.longest_gap_s, now - self._last)
        self._last = now

    def start_of_gap(self):
        self.longest_gap_s = 0.0
        self._last = time.monotonic()

    def finish(self):
        self._note_gap()
        self._stop_asked.set()
        self.join(30)

    def lost(self, path):
        """The acknowledged blocks that are not in the store; later ones took the place of the first."""
        slots = CAPACITY // (BLOCKS * iscsi.BLOCK)
        size = BLOCKS * iscsi.BLOCK
        missing = []
        with open(path, "rb") as store:
            for number in range(max(0, self.acknowledged - slots), self.acknowledged):
                store.seek(number % slots * size)
                found = store.read(size)
                # The write after the last acknowledged one may be there already.
                if found != self.content(number) and found != self.content(number + slots):
                    missing.append(number)
        return missing


class ExportWatch(threading.Thread):
    """Looks for a target that two nodes have at the same time: here, there, and still here."""

    def __init__(self, lab, target):
        super().__init__(daemon=True)
        self.lab, self.target = lab, target
        self.twice, self.looks = [], 0
        self._stop_asked = threading.Event()

    def _has(self, node):
        try:
            shown = self.lab.node(node, "tgtadm", "--lld", "iscsi", "--op", "show", "--mode",
                                  "target", timeout=5)
        except Exception:
            return False  # off, or its tgtd hangs
        return f": {self.target}\n" in shown.stdout

    def run(self):
        while not self._stop_asked.is_set():
            for one in self.lab.nodes:
                if not self._has(one):
                    continue
                for other in self.lab.nodes:
                    if other != one and self._has(other) and self._has(one):
                        self.twice.append((one, other))
                self.looks += 1

    def finish(self):
        self._stop_asked.set()
        self.join(30)


def _target(address):
    return f"iqn.2026-01.test.lab:{address}"


def _set_up_iscsi(cluster):
    """A disk for every public address, described in shared files; the script enabled everywhere."""
    lab = cluster.lab
    luns = os.path.join(lab.directory, "cluster", "luns")
    os.makedirs(luns, exist_ok=True)
    for address in lab.public_addresses():
        with open(f"{luns}/{address}.img", "ab"):
            pass
        with open(f"{luns}/{address}.target", "w") as file:
            file.write(f"address = {address}\ntarget = {_target(address)}\nallow = ALL\n"
                       f"[lun 1]\nstore = {LUNS}/{address}.img\ncapacity = {CAPACITY}\n")
    for node in lab.nodes:
        lab.node(node, "sh", "-c", f"echo CTDB_ISCSI_TARGETS={LUNS} > "
                 "/etc/ctdb/events/legacy/70.iscsi.options", check=True)
        cluster.ctdb_ok(node, "event", "script", "enable", "legacy", "70.iscsi")
    cluster.ctdb_ok(0, "ipreallocate")
    lab.wait_healthy(timeout=60)


def _end_iscsi(cluster):
    for node in cluster.lab.nodes:
        if cluster.lab._alive(f"node{node}"):
            cluster.ctdb(node, "event", "script", "disable", "legacy", "70.iscsi")
            cluster.lab.node(node, "killall", "-q", "-9", "tgtd")


def _goes_on(cluster, writer, what, limit_s):
    before = writer.acknowledged
    cluster.wait_for(lambda: writer.acknowledged > before + 20, limit_s, f"nothing written {what}")
    cluster.note(f"{what}: longest gap {writer.longest_gap_s:.2f} s, "
                 f"{writer.acknowledged} blocks acknowledged")


def _host(cluster, address, ask):
    cluster.wait_for(lambda: cluster.lab.addresses(ask).get(address, -1) >= 0, 60,
                     f"nobody has {address}")
    return cluster.lab.addresses(ask)[address]


@story("smbd hung on one server, and so did its users", daemons=["stock-own-scripts", "jctdb"])
def hung_smbd_moves_addresses(cluster):
    lab = cluster.lab
    lab.node(1, "killall", "-STOP", "smbd")
    began = time.monotonic()
    try:
        # The second monitor event in a row that smbd does not answer.
        cluster.wait_for(lambda: "Unhealthy" in lab.node_states(0).get(1, set()), 120,
                         "node 1 is still called healthy with an smbd that hangs")
        cluster.note(f"unhealthy after {time.monotonic() - began:.1f} s")
        cluster.wait_for(lambda: 1 not in lab.addresses(0).values(), 30, "node 1 kept its address")
    finally:
        lab.node(1, "killall", "-CONT", "smbd", check=True)
    lab.wait_healthy(timeout=100)


@story("the mail server's iSCSI disk lost what was written when its server failed", daemons=["jctdb"])
def iscsi_disk_moves_under_load(cluster):
    lab = cluster.lab
    address = lab.public_addresses()[1]
    _set_up_iscsi(cluster)
    writer, watch = BlockWriter(lab, address, _target(address)), ExportWatch(lab, _target(address))
    try:
        writer.start()
        watch.start()
        _goes_on(cluster, writer, "at the start", 20)

        host = _host(cluster, address, 0)
        writer.start_of_gap()
        cluster.ctdb_ok(host, "disable")
        cluster.wait_for(lambda: lab.addresses(0).get(address) not in (host, -1), 30,
                         "the address does not leave a disabled node")
        _goes_on(cluster, writer, "after a planned move", 20)
        cluster.ctdb_ok(host, "enable")
        lab.wait_healthy(timeout=60)

        host = _host(cluster, address, 0)
        writer.start_of_gap()
        lab.node(host, "killall", "-9", "tgtd")
        _goes_on(cluster, writer, "after tgtd was killed", 100)
        lab.wait_healthy(timeout=100)

        host = _host(cluster, address, 0)
        writer.start_of_gap()
        lab.power_off(host)
        _goes_on(cluster, writer, "after a power cut", 60)
    finally:
        writer.finish()
        watch.finish()
        _end_iscsi(cluster)
    lost = writer.lost(os.path.join(lab.directory, "cluster", "luns", f"{address}.img"))
    expect(not lost, f"{len(lost)} acknowledged blocks are not on disk, the first is {lost[:3]}")
    expect(not watch.twice, f"two nodes had the target at once: {watch.twice[:3]}")
    expect(watch.looks > 20, f"only {watch.looks} looks at who has the target")
    if writer.refusals:
        raise Failed(f"the initiator was refused, which is final for some: {writer.refusals}")
