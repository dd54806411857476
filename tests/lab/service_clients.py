"""Clients that work on one public address without a pause, whatever happens to its node, and remember
what was acknowledged; and a watch over who exports an iSCSI target."""

import os
import threading
import time

import iscsi
import nfs3
import smb2
import story

CAPACITY = 64 << 20  # so much of a LUN is written, again and again
BLOCKS = 8  # of 512 bytes, in one write to a LUN
NFS_BLOCK = 4096


class SteadyClient(threading.Thread):
    """What the clients have in common: how much was acknowledged, and the longest time without it."""

    def __init__(self, lab, address):
        super().__init__(daemon=True)
        self.lab, self.address = lab, address
        self.acknowledged, self.longest_gap_s = 0, 0.0
        self.stop_asked = threading.Event()
        self._last = time.monotonic()

    def start_of_gap(self):
        self.longest_gap_s = 0.0
        self._last = time.monotonic()

    def note_acknowledged(self):
        self.acknowledged += 1
        now = time.monotonic()
        self.longest_gap_s = max(self.longest_gap_s, now - self._last)
        self._last = now

    def finish(self):
        self.stop_asked.set()
        self.join(30)


class BlockWriter(SteadyClient):
    """An initiator that writes one block after the other. A refused or broken session is made anew, as
    initiators do, and the write is repeated."""

    def __init__(self, lab, address, target, chap=None):
        super().__init__(lab, address)
        self.target, self.chap = target, chap
        self.sessions, self.refusals = 0, set()

    @staticmethod
    def content(number):
        return b"%015d\n" % number * (BLOCKS * iscsi.BLOCK // 16)

    def run(self):
        while not self.stop_asked.is_set():
            try:
                session = iscsi.Initiator(
                    lambda: self.lab.connect(self.address, 3260, timeout=2), self.target,
                    chap=self.chap)
            except iscsi.IscsiError as error:
                self.refusals.add(str(error))
                time.sleep(0.1)
                continue
            except OSError:
                time.sleep(0.1)
                continue
            self.sessions += 1
            try:
                while not self.stop_asked.is_set():
                    number = self.acknowledged % (CAPACITY // (BLOCKS * iscsi.BLOCK))
                    session.write(number * BLOCKS, self.content(self.acknowledged))
                    self.note_acknowledged()
            except (OSError, iscsi.IscsiError):
                pass
            finally:
                session.close()

    def lost(self, path):
        """The acknowledged blocks that are not in the store; later ones took the place of the first."""
        slots = CAPACITY // (BLOCKS * iscsi.BLOCK)
        size = BLOCKS * iscsi.BLOCK
        missing, told = [], self.acknowledged  # more is written while this looks
        with open(path, "rb") as store:
            for number in range(max(0, told - slots), told):
                store.seek(number % slots * size)
                found = store.read(size)
                # The write after the last acknowledged one may be there already.
                if found != self.content(number) and found != self.content(number + slots):
                    missing.append(number)
        return missing


class FileWriter(SteadyClient):
    """An NFS client that appends to one open file, each block on disk before the next. A broken
    connection is made anew, to the same address and with the same file handle."""

    def __init__(self, lab, address, name, export="/share", who=(0, 0)):
        """`who` are the numbers of its user and group."""
        super().__init__(lab, address)
        self.name_, self.export, self.who = name, export, who
        self.told_to_wait, self.problem = 0, None

    def _connect(self, port):
        return self.lab.connect(self.address, port, timeout=2)

    @staticmethod
    def content(number):
        return b"%015d\n" % number * (NFS_BLOCK // 16)

    def run(self):
        file = directory = None
        while not self.stop_asked.is_set():
            rpc = None
            try:
                directory = directory or nfs3.mount(self._connect, self.export)
                rpc = nfs3.connect_nfs(self._connect, self.who)
                file = file or nfs3.create(rpc, directory, self.name_)
                while file and not self.stop_asked.is_set():
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
        self.problem = None
        self.note_acknowledged()

    def lost(self, path):
        missing = []
        with open(path, "rb") as file:
            for number in range(self.acknowledged):
                if file.read(NFS_BLOCK) != self.content(number):
                    missing.append(number)
        return missing


class DocumentWriter(SteadyClient):
    """A user who saves one small document after the other over SMB, and connects again to the same
    address when the connection goes."""

    def __init__(self, cluster, address, name, share=None):
        super().__init__(cluster.lab, address)
        self.cluster, self.name_, self.share = cluster, name, share
        self.saved = []

    def run(self):
        count = 0
        while not self.stop_asked.is_set():
            try:
                client = self.cluster.client_at(self.address, timeout=3, share=self.share)
                while not self.stop_asked.is_set():
                    count += 1
                    file = client.open(self._file(count))
                    file.write(self._text(count))
                    file.flush()
                    file.close()
                    self.saved.append(count)
                    self.note_acknowledged()
            except (OSError, smb2.Disconnected, smb2.SmbError):
                time.sleep(0.05)  # a document that was not acknowledged may or may not be there

    def _file(self, count):
        return f"{self.name_}-{count}.txt"

    def _text(self, count):
        return f"{self.name_} wrote {count}".encode()

    def lost(self, directory):
        missing = []
        for count in list(self.saved):
            try:
                with open(os.path.join(directory, self._file(count)), "rb") as file:
                    if file.read() != self._text(count):
                        missing.append(count)
            except FileNotFoundError:
                missing.append(count)
        return missing


class ExportWatch(threading.Thread):
    """Asks every node's tgtd for a target, and notes when two have it at the same time: here, there,
    and still here."""

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
        story.expect(not self.twice, f"two nodes had the target at once: {self.twice[:3]}")
        story.expect(self.looks > 20, f"only {self.looks} looks at who has the target")
