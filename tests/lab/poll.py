#!/usr/bin/python3
"""Asks every public address every 20 ms whether it serves.

usage: poll.py USER PASSWORD SHARE [--own-files] ADDRESS… (in the client's namespace, until the end of stdin)

One connection with a session to each address. Each TICK_S it is asked for an ECHO, each OPEN_EVERY-th time
to open a file and close it. An echo needs nothing of the cluster, so an address can answer while no file can be
opened; therefore both are told apart: "answers" and "opens". When a connection breaks, or does not answer for
IMPATIENT_S, new connections are tried each TICK_S beside it, until one of them serves.

With --own-files each address has a file of its own, so that the nodes do not contend for one record.

Prints lines of JSON (times: CLOCK_MONOTONIC in seconds):
  {"gap": "answers"|"opens", "address": …, "from": …, "to": …}   for each time without success of GAP_S or more
  {"stuck": STEP, "address": …, "from": …, "to": …}   a connection was given up, or a request was answered late
  {"beat": now, "last": {ADDRESS: {"answers": …, "opens": …}}}   each BEAT_S; null: never yet
A gap that lasts still is told by the beats.
"""

import ctypes
import json
import os
import selectors
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import smb2  # noqa: E402

TICK_S = 0.02
OPEN_EVERY = 3
IMPATIENT_S = 0.3
GAP_S = 0.1
LATE_S = 0.5
BEAT_S = 0.2
SYN_LIVES_S = 0.1  # a SYN that found nobody is repeated by the kernel after a second only: we repeat it
SIGN_ON_WITHIN_S = 3
SIGN_ONS_AT_ONCE = 2
POLLED_FILE = "polled"
AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: a closed connection leaves nothing behind


class Connection:
    """One connection on its way from a SYN to a session that serves."""

    def __init__(self, poller, address, account, now):
        self.poller, self.address = poller, address
        self.born = now
        self.session = smb2.Session()
        self.steps = self.session.sign_on(address, *account)
        self.buffer = b""
        self.connected = self.ready = False
        self.asked = None  # the kind of request under way
        self.step, self.sent = "connect", now
        self.file_id = None
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.connect_ex((address, 445))
        poller.selector.register(self.socket, selectors.EVENT_WRITE, self)

    def close(self):
        self.tell_if_late(time.monotonic())
        self.poller.selector.unregister(self.socket)
        self.socket.close()

    def on_event(self, now):
        """Gives what this told: "answers", "opens" or None. OSError when the connection is of no use."""
        if not self.connected:
            error = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                raise OSError(error, "connect")
            self.connected = True
            self.poller.selector.modify(self.socket, selectors.EVENT_READ, self)
            self._next_step("negotiate", now)
            self._send(*next(self.steps))
            return None
        data = self.socket.recv(65536)
        if not data:
            raise OSError("closed by the server")
        self.buffer += data
        told = None
        while len(self.buffer) >= 4:
            length = struct.unpack_from(">I", self.buffer)[0] & 0xFFFFFF
            if len(self.buffer) < 4 + length:
                break
            answer = smb2.Answer(self.buffer[4:4 + length])
            self.buffer = self.buffer[4 + length:]
            told = self._take(answer, now) or told
        return told

    def _next_step(self, step, now):
        self.tell_if_late(now)
        self.step, self.sent = step, now

    def tell_if_late(self, now):
        if now - self.sent >= LATE_S and self.step not in ("connect", "idle"):
            say({"stuck": self.step, "address": self.address, "from": self.sent, "to": now})

    def ask(self, to_open, now):
        if self.asked is None:
            self._next_step("open" if to_open else "echo", now)
            if to_open:
                self.asked = "open"
                self._send(smb2.CREATE, smb2.create_body(self.poller.file_of(self.address)))
            else:
                self.asked = "echo"
                self._send(smb2.ECHO, smb2.ECHO_BODY)

    def _take(self, answer, now):
        if smb2.STATUS_NAMES.get(answer.status) == "PENDING" or \
                answer.message_id == 0xFFFFFFFFFFFFFFFF:
            return None
        if not self.ready:
            try:
                command, body = self.steps.send(answer)
                self._next_step("tree connect" if command == smb2.TREE_CONNECT else "session setup", now)
                self._send(command, body)
            except StopIteration:
                self._next_step("idle", now)
                self.ready = True
            return "answers"
        asked, self.asked = self.asked, None
        self._next_step("idle", now)
        if answer.status != 0:
            raise OSError(f"{asked}: {answer.status:#x}")
        if asked == "open":
            self.asked = "close"
            self._next_step("close", now)
            self._send(smb2.CLOSE, smb2.close_body(answer.body[64:80]))
            return "opens"
        return "answers"

    def _send(self, command, body):
        self.socket.send(self.session.packet(command, body))


class Address:
    """The connections to one address, and when it last served."""

    def __init__(self, poller, address, account):
        self.poller, self.address, self.account = poller, address, account
        self.serving = None
        self.attempts = []
        self.last = {"answers": None, "opens": None}
        self.ticks = 0

    def tick(self, now):
        self.ticks += 1
        for attempt in list(self.attempts):
            if now - attempt.born > (SIGN_ON_WITHIN_S if attempt.connected else SYN_LIVES_S):
                self._drop(attempt)
        if self.serving is not None:
            try:
                self.serving.ask(self.ticks % OPEN_EVERY == 0, now)
            except OSError:
                self._drop(self.serving)
        last = self.last["opens"]
        impatient = self.serving is None or last is not None and now - last > IMPATIENT_S
        if impatient and sum(one.connected for one in self.attempts) < SIGN_ONS_AT_ONCE:
            try:
                self.attempts.append(Connection(self.poller, self.address, self.account, now))
            except OSError:
                pass  # no route at this moment

    def on_event(self, connection, now):
        if connection is not self.serving and connection not in self.attempts:
            return
        try:
            told = connection.on_event(now)
        except (OSError, smb2.SmbError, struct.error):
            self._drop(connection)
            return
        if told:
            self._served("answers", now)
        if told == "opens":
            self._served("opens", now)
            for attempt in list(self.attempts):  # patience was all that it needed
                self._drop(attempt)
        elif connection.ready and connection is not self.serving:
            self._replace(connection, now)

    def _replace(self, connection, now):
        for other in [*self.attempts, *([self.serving] if self.serving else [])]:
            if other is not connection:
                other.close()
        self.attempts = []
        self.serving = connection
        try:
            connection.ask(True, now)
        except OSError:
            self._drop(connection)

    def _drop(self, connection):
        connection.close()
        if connection is self.serving:
            self.serving = None
        else:
            self.attempts.remove(connection)

    def _served(self, kind, now):
        last = self.last[kind]
        if last is not None and now - last >= GAP_S:
            say({"gap": kind, "address": self.address, "from": last, "to": now})
        self.last[kind] = now


class Poller:
    def __init__(self, addresses, account, own_files):
        self.selector = selectors.EpollSelector()
        self.own_files = own_files
        self.addresses = {address: Address(self, address, account) for address in addresses}

    def file_of(self, address):
        return POLLED_FILE + ("-" + address.replace(":", "-") if self.own_files else "")

    def run(self):
        self.selector.register(sys.stdin, selectors.EVENT_READ, None)
        due = beat = time.monotonic()
        while True:
            for key, _ in self.selector.select(max(0, due - time.monotonic())):
                if key.data is None:
                    return
                self.addresses[key.data.address].on_event(key.data, time.monotonic())
            now = time.monotonic()
            if now >= due:
                for address in self.addresses.values():
                    address.tick(now)
                due = max(due + TICK_S, now)
            if now >= beat:
                say({"beat": now, "last": {one.address: one.last
                                           for one in self.addresses.values()}})
                beat = now + BEAT_S


def say(what):
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main():
    account = sys.argv[1:4]
    # Half a millisecond of slack by default would do no harm; being starved by the servers would.
    ctypes.CDLL(None).prctl(29, 1, 0, 0, 0)
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -10)
    except OSError:
        pass
    addresses = [word for word in sys.argv[4:] if word != "--own-files"]
    Poller(addresses, account, own_files="--own-files" in sys.argv).run()


main()
