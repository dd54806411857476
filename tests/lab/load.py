#!/usr/bin/python3
"""A client that keeps working on one address, measures its stalls, and keeps a journal.

usage: load.py ADDRESS NAME USER PASSWORD SHARE          (in the client's namespace, until the end of stdin)

Three connections, each a thread, each with one request under way:

  own      locks, writes and unlocks one file that it holds open: all the records are on the server's own node
           after the first touch, so nothing that happens to other nodes should be felt
  new      makes a file, writes it, renames it and closes it: each file and each open is a record that
           nobody had, whose location another node may have to be asked for
  counter  adds one to a number in a file that all loads of the lab share, under a byte-range lock: if the
           lock were ever granted twice, two clients would have written the same number

It prints one line of JSON for whatever took SLOW_S or longer, and one for what was acknowledged:
  {"slow": KIND, "from": …, "to": …}      times are CLOCK_MONOTONIC in seconds
  {"acknowledged": "own", "slot": N, "text": …}   {"acknowledged": "new", "file": NAME, "text": …}
  {"acknowledged": "counter", "number": N}
  {"trouble": KIND, "at": …, "error": …}
  {"working": KIND, "since": …}            the first success after a start or a trouble
  {"done": {KIND: count}}                  at the end of stdin, then it ends
"""

import json
import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import smb2  # noqa: E402

SLOW_S = 0.05
PAUSE_S = 0.02
COUNTER_PAUSE_S = 0.05
SLOT = 64
SLOTS = 4096
FILES_IN_DIRECTORY = 200
ANSWER_WITHIN_S = 5  # then the connection is given up, as a client's redirector would, only sooner

stopping = threading.Event()
say_lock = threading.Lock()


def say(**what):
    with say_lock:
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()


class Worker(threading.Thread):
    """Connects, works until the connection breaks, and connects again."""

    pause_s = PAUSE_S

    def __init__(self, kind, address, name, account):
        super().__init__(daemon=True)
        self.kind, self.address, self.name_, self.account = kind, address, name, account
        self.count = 0
        self.broken_since = None

    def run(self):
        while not stopping.is_set():
            try:
                smb = smb2.DirectSmb(lambda address: socket.create_connection((address, 445), 0.3),
                                     self.address, *self.account, timeout=ANSWER_WITHIN_S)
            except (OSError, smb2.Disconnected, smb2.SmbError) as error:
                self._trouble(error)
                stopping.wait(0.05)
                continue
            try:
                self.begin(smb)
                while not stopping.is_set():
                    self.turn(smb)
                    self.count += 1
                    self._works()
                    stopping.wait(self.pause_s)
            except (OSError, smb2.Disconnected, smb2.SmbError) as error:
                self._trouble(error)
                stopping.wait(0.05)
            finally:
                smb.disconnect()

    def _trouble(self, error):
        if self.broken_since is None:
            self.broken_since = time.monotonic()
            say(trouble=self.kind, at=self.broken_since, error=str(error))

    def _works(self):
        if self.broken_since is not None:
            now = time.monotonic()
            say(slow=self.kind + " connection", **{"from": self.broken_since, "to": now})
            say(working=self.kind, since=now)
            self.broken_since = None
        elif self.count == 1:
            say(working=self.kind, since=time.monotonic())

    def timed(self, what, action):
        """Also when it fails: a request that was never answered was the longest stall."""
        began = time.monotonic()
        try:
            return action()
        finally:
            ended = time.monotonic()
            if ended - began >= SLOW_S:
                say(slow=f"{self.kind} {what}", **{"from": began, "to": ended})

    def begin(self, smb):
        """Once on each connection."""

    def turn(self, smb):
        raise NotImplementedError


class Own(Worker):
    def begin(self, smb):
        self.file = smb.open(f"{self.name_}-own")

    def turn(self, smb):
        slot = self.count % SLOTS
        text = f"{self.name_} {self.count}".ljust(SLOT - 1) + "\n"
        self.timed("lock", lambda: self.file.lock(slot * SLOT, SLOT))
        self.timed("write", lambda: self.file.write(text.encode(), slot * SLOT))
        say(acknowledged="own", slot=slot, text=text)
        self.timed("unlock", lambda: self.file.unlock(slot * SLOT, SLOT))


class New(Worker):
    attempt = 0
    directory = None

    def turn(self, smb):
        if self.attempt % FILES_IN_DIRECTORY == 0 or self.directory is None:
            self.directory = f"{self.name_}-{self.attempt // FILES_IN_DIRECTORY}"
            smb.make_directory(self.directory)
        name = f"{self.directory}\\{self.attempt}"
        self.attempt += 1  # a file that was not acknowledged may or may not be there
        text = f"{self.name_} wrote {name}"
        file = self.timed("create", lambda: smb.open(name + ".part", how=smb2.OVERWRITE_IF,
                                                     access=smb2.READ_WRITE | smb2.DELETE))
        self.timed("write", lambda: file.write(text.encode()))
        self.timed("rename", lambda: file.rename(name + ".txt"))
        say(acknowledged="new", file=name.replace("\\", "/") + ".txt", text=text)
        self.timed("close", file.close)


class Counter(Worker):
    pause_s = COUNTER_PAUSE_S

    def begin(self, smb):
        self.file = smb.open("counter")

    def turn(self, smb):
        try:
            self.timed("lock", lambda: self.file.lock(0, 16))
        except smb2.SmbError as error:
            if error.status == "LOCK_NOT_GRANTED":
                return
            raise
        number = self._read() + 1
        self.file.write(b"%-16d" % number)
        say(acknowledged="counter", number=number)
        self.timed("unlock", lambda: self.file.unlock(0, 16))


    def _read(self):
        try:
            return int(self.file.read(16))
        except smb2.SmbError as error:
            if error.status == "END_OF_FILE":
                return 0
            raise


def main():
    address, name, *account = sys.argv[1:]
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -10)  # a client is another machine: it is never starved
    except OSError:
        pass
    sys.setswitchinterval(0.0005)
    workers = [kind(kind.__name__.lower(), address, name, account) for kind in (Own, New, Counter)]
    for worker in workers:
        worker.start()
    sys.stdin.read()
    stopping.set()
    for worker in workers:
        worker.join(ANSWER_WITHIN_S + 2)
    say(done={worker.kind: worker.count for worker in workers})


main()
