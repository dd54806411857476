"""Services besides SMB that move with their address."""

import os
import threading
import time

import iscsi
import nfs3
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


def _disable(lab, node, *scripts):
    """On its disk, so that a node that is off does not start them when it comes back."""
    for script in scripts:
        link = lab.node_path(node, "etc", "ctdb", "events", "legacy", script + ".script")
        if os.path.lexists(link):
            os.unlink(link)


def _end_iscsi(cluster):
    for node in cluster.lab.nodes:
        _disable(cluster.lab, node, "70.iscsi")
        if cluster.lab._alive(f"node{node}"):
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


@story("smbd hung on one server, and so did its users", daemons=["jctdb"])
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


GANESHA_CONF = """NFS_CORE_PARAM { Protocols = 3,4; mount_path_pseudo = true; NFS_Port = 2049;
  MNT_Port = 20048; NLM_Port = 32803; Rquota_Port = 875; }
NFSV4 { Grace_Period = 5; Lease_Lifetime = 5; RecoveryBackend = fs; }
EXPORT { Export_Id = 1; Path = /srv/cluster/nfs; Pseudo = /share; Access_Type = RW;
  Squash = no_root_squash; SecType = sys; FSAL { Name = VFS; } }
"""
NFS_OPTIONS = """CTDB_NFS_CALLOUT="${CTDB_BASE}/nfs-ganesha-callout"
CTDB_NFS_CHECKS_DIR="${CTDB_BASE}/nfs-checks-ganesha.d"
CTDB_NFS_SHARED_STATE_DIR=/srv/cluster/nfs-state
"""
NFS_BLOCK = 4096


class FileWriter(threading.Thread):
    """An NFS client that appends to one open file, each block on disk before the next. A broken
    connection is made anew, to the same address and with the same file handle."""

    def __init__(self, lab, address, name):
        super().__init__(daemon=True)
        self.lab, self.address, self.name_ = lab, address, name
        self.acknowledged, self.longest_gap_s, self.told_to_wait = 0, 0.0, 0
        self.problem = None
        self._stop_asked = threading.Event()
        self._last = time.monotonic()

    def _connect(self, port):
        return self.lab.connect(self.address, port, timeout=2)

    @staticmethod
    def content(number):
        return b"%015d\n" % number * (NFS_BLOCK // 16)

    def run(self):
        file = directory = None
        while not self._stop_asked.is_set():
            rpc = None
            try:
                directory = directory or nfs3.mount(self._connect, "/share")
                rpc = nfs3.connect_nfs(self._connect)
                file = file or nfs3.create(rpc, directory, self.name_)
                while file and not self._stop_asked.is_set():
                    self._append(rpc, file)
                time.sleep(0.1)
            except OSError:
                time.sleep(0.1)
            except nfs3.NfsError as error:
                self.problem = str(error)
                time.sleep(0.2)
            finally:
                if rpc:
                    rpc.close()

    def _append(self, rpc, file):
        if not nfs3.write(rpc, file, self.acknowledged * NFS_BLOCK, self.content(self.acknowledged)):
            self.told_to_wait += 1
            time.sleep(0.1)
            return
        self.acknowledged += 1
        self.problem = None
        now = time.monotonic()
        self.longest_gap_s = max(self.longest_gap_s, now - self._last)
        self._last = now

    start_of_gap = BlockWriter.start_of_gap

    def finish(self):
        self._stop_asked.set()
        self.join(30)

    def lost(self, path):
        missing = []
        with open(path, "rb") as file:
            for number in range(self.acknowledged):
                if file.read(NFS_BLOCK) != self.content(number):
                    missing.append(number)
        return missing


def _start_nfs_on(lab, node):
    """What the system starts on a server of NFS: D-Bus, rpcbind; then what the script starts."""
    lab.node(node, "sh", "-c", """mountpoint -q /var/lib/nfs || mount -t tmpfs none /var/lib/nfs
        mkdir -p /run/dbus /run/rpcbind /var/log/ganesha
        pidof dbus-daemon >/dev/null || dbus-daemon --system --fork
        pidof rpcbind >/dev/null || rpcbind -w""", check=True)
    lab.node(node, "env", "CTDB_BASE=/etc/ctdb", "/etc/ctdb/events/legacy/60.nfs.script", "startup",
             check=True)


def _set_up_nfs(cluster):
    lab = cluster.lab
    for directory in ("nfs", "nfs-state"):
        os.makedirs(os.path.join(lab.directory, "cluster", directory), exist_ok=True)
    for node in lab.nodes:
        lab._write_etc(node, "ganesha/ganesha.conf", GANESHA_CONF)
        lab._write_etc(node, "ctdb/events/legacy/60.nfs.options", NFS_OPTIONS)
        _start_nfs_when_linked(cluster, node)
    lab.wait_healthy(timeout=60)


def _start_nfs_when_linked(cluster, node):
    lab = cluster.lab
    lab.node(node, "ln", "-sf", "/usr/share/ctdb/events/legacy/60.nfs.script",
             "/etc/ctdb/events/legacy/60.nfs.script", check=True)
    _start_nfs_on(lab, node)
    lab.node(node, "ln", "-sf", "/usr/share/ctdb/events/legacy/06.nfs.script",
             "/etc/ctdb/events/legacy/06.nfs.script", check=True)


def _end_nfs(cluster):
    for node in cluster.lab.nodes:
        _disable(cluster.lab, node, "06.nfs", "60.nfs")
        if cluster.lab._alive(f"node{node}"):
            cluster.lab.node(node, "killall", "-q", "-9", "ganesha.nfsd", "rpcbind", "dbus-daemon")


@story("an NFS client's open file was gone when its server failed", daemons=["jctdb"])
def nfs_file_goes_on(cluster):
    lab = cluster.lab
    if not os.path.exists("/usr/bin/ganesha.nfsd") or not os.path.exists("/usr/sbin/rpcbind"):
        cluster.note("left out: Debian's nfs-ganesha, nfs-ganesha-vfs, rpcbind or dbus is missing")
        return
    address = lab.public_addresses()[1]
    _set_up_nfs(cluster)
    writer = FileWriter(lab, address, "growing")
    try:
        writer.start()
        _goes_on(cluster, writer, "at the start", 30)

        host = _host(cluster, address, 0)
        writer.start_of_gap()
        cluster.ctdb_ok(host, "disable")
        cluster.wait_for(lambda: lab.addresses(0).get(address) not in (host, -1), 30,
                         "the address does not leave a disabled node")
        _goes_on(cluster, writer, "after a planned move", 40)
        cluster.ctdb_ok(host, "enable")
        lab.wait_healthy(timeout=60)

        host = _host(cluster, address, 0)
        writer.start_of_gap()
        lab.node(host, "killall", "-9", "ganesha.nfsd")
        _goes_on(cluster, writer, "after NFS-Ganesha was killed", 100)
        lab.wait_healthy(timeout=100)

        host = _host(cluster, address, 0)
        writer.start_of_gap()
        lab.power_off(host)
        _goes_on(cluster, writer, "after a power cut", 60)
    finally:
        writer.finish()
        _end_nfs(cluster)
        if writer.problem:
            cluster.note(f"the client was refused: {writer.problem}")
    cluster.note(f"told to wait for the end of a grace period {writer.told_to_wait} times")
    lost = writer.lost(os.path.join(lab.directory, "cluster", "nfs", "growing"))
    expect(not lost, f"{len(lost)} acknowledged blocks are not on disk, the first is {lost[:3]}")
