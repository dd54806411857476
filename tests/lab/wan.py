#!/usr/bin/python3
"""A wide-area line between two networks of this machine: delay, jitter, loss, bandwidth, outages.

usage: wan.py [--control PATH] MAIN REMOTE [COMMAND…]

Makes two TAP interfaces of these names in the network namespace that it is started in; each may then be
plugged into a bridge or moved to another namespace. A frame that the kernel sends out through one of them
leaves the line through the other. (A TAP gets frames of at most its MTU with finished checksums, which a
packet socket on a veth does not.) Whatever runs on both sides knows nothing of it: no daemon is changed.

A frame passes three things, in this order, in each direction on its own:
  the sender's queue   is served at `rate_mbit`; a frame that would make it longer than `queue_kb` is dropped
  the line             takes `delay_ms`, and up to `jitter_ms` more or less, evenly spread; keeps the order
  bad luck             `loss_percent` of the frames do not arrive, each on its own

COMMANDs are lines on standard input, or packets to the Unix socket PATH (answered with JSON), or words at
the start, several in one with `;` between them:
  [to-remote|to-main] KEY VALUE …   set that direction (both, if none is named); the keys are those above
  down, up                          the line is cut, and whatever is on it lost; it is there again
  show                              settings, counters, and how late the line itself was, in microseconds
  clear                             the counters begin again

Runs with the kernel's realtime scheduling where that is allowed: then it is a few ten microseconds late,
as `tests/lab/wan-test` shows.
"""

import collections
import ctypes
import fcntl
import gc
import json
import os
import random
import select
import socket
import struct
import sys
import time

SET_INTERFACE, TAP, NO_HEADER = 0x400454CA, 0x0002, 0x1000
MAX_FRAME = 2048
FRAMES_A_TURN = 64
LATENESS_STEP_US, LATENESS_STEPS = 10, 1000
KEYS = {"delay_ms": 0.0, "jitter_ms": 0.0, "loss_percent": 0.0, "rate_mbit": 0.0, "queue_kb": 256.0}


class BadCommand(Exception):
    """Not understood; the text says what."""


def open_tap(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(fd, SET_INTERFACE, struct.pack("16sH14x", name.encode(), TAP | NO_HEADER))
    return fd


class Direction:
    """One way of the line. Times are nanoseconds of CLOCK_MONOTONIC."""

    def __init__(self, source, target, seed):
        self.source, self.target = source, target
        self.settings = dict(KEYS)
        self.on_the_way = collections.deque()  # (due, frame), due never smaller than the one before
        self._sent = 0  # when the sender's queue is empty
        self._last_due = 0
        self._random = random.Random(seed)
        self.clear()

    def clear(self):
        self.counters = dict.fromkeys(("frames", "bytes", "lost", "overflowed", "cut", "refused"), 0)
        self._lateness = [0] * (LATENESS_STEPS + 1)
        self._latest = 0

    def take(self, frame, now):
        """A frame that the sender's network gave to the line."""
        set_ = self.settings
        rate = set_["rate_mbit"]
        sent = now
        if rate:
            sent = max(now, self._sent)
            if (sent - now) * rate / 8e3 + len(frame) > set_["queue_kb"] * 1024:
                self.counters["overflowed"] += 1
                return
            sent += int(len(frame) * 8e3 / rate)
            self._sent = sent
        if set_["loss_percent"] and self._random.random() * 100 < set_["loss_percent"]:
            self.counters["lost"] += 1
            return
        due = sent + int(set_["delay_ms"] * 1e6)
        if set_["jitter_ms"]:
            due += int(self._random.uniform(-1, 1) * set_["jitter_ms"] * 1e6)
        self._last_due = due = max(due, self._last_due)
        self.on_the_way.append((due, frame))

    def deliver(self, now):
        """Lets out what is due."""
        on_the_way = self.on_the_way
        while on_the_way and on_the_way[0][0] <= now:
            due, frame = on_the_way.popleft()
            try:
                os.write(self.target, frame)
                self.counters["frames"] += 1
                self.counters["bytes"] += len(frame)
            except OSError:  # the interface is down, or gone with its namespace
                self.counters["refused"] += 1
            now = time.monotonic_ns()
            late = (now - due) // 1000
            self._lateness[min(LATENESS_STEPS, late // LATENESS_STEP_US)] += 1
            self._latest = max(self._latest, late)
        return on_the_way[0][0] if on_the_way else None

    def cut(self, count=None):
        self.counters["cut"] += len(self.on_the_way) if count is None else count
        if count is None:
            self.on_the_way.clear()
            self._sent = self._last_due = 0

    def lateness(self, share):
        """That share of the frames left the line at most so many microseconds late."""
        wanted, seen = share * sum(self._lateness), 0
        for step, count in enumerate(self._lateness):
            seen += count
            if seen >= wanted:
                return min(self._latest, (step + 1) * LATENESS_STEP_US) if step < LATENESS_STEPS else self._latest
        return 0

    def show(self):
        return {**self.settings, **self.counters, "on_the_way": len(self.on_the_way),
                "late_p50_us": self.lateness(0.5), "late_p99_us": self.lateness(0.99),
                "late_max_us": self._latest}


class Line:
    """Both directions, and the commands."""

    def __init__(self, main, remote, control=None):
        ends = open_tap(main), open_tap(remote)
        self.directions = {"to-remote": Direction(*ends, 1), "to-main": Direction(*reversed(ends), 2)}
        self._by_source = {one.source: one for one in self.directions.values()}
        self.is_down = False
        self._control = None
        if control:
            self._control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            os.chdir(os.path.dirname(os.path.abspath(control)))  # the path of a socket must be short
            self._control.bind(os.path.basename(control))
            self._control.listen()

    def command(self, text):
        """Gives what is to be answered; None for nothing."""
        answer = None
        for one in text.split(";"):
            answer = self._one_command(one.split()) or answer
        return answer

    def _one_command(self, words):
        if not words:
            return None
        if words == ["show"]:
            return {"down": self.is_down,
                    **{name: one.show() for name, one in self.directions.items()}}
        if words in (["down"], ["up"]):
            self.is_down = words == ["down"]
            for one in self.directions.values():
                one.cut()
            return None
        if words == ["clear"]:
            for one in self.directions.values():
                one.clear()
            return None
        chosen = self.directions.values()
        if words[0] in self.directions:
            chosen, words = [self.directions[words[0]]], words[1:]
        if not words or len(words) % 2:
            raise BadCommand(f"expected KEY VALUE pairs, found {' '.join(words)!r}")
        settings = {key: self._value(key, word) for key, word in zip(words[::2], words[1::2])}
        for one in chosen:
            one.settings.update(settings)
        return None

    def _value(self, key, word):
        if key not in KEYS:
            raise BadCommand(f"{key!r} is none of {' '.join(KEYS)}")
        try:
            value = float(word)
        except ValueError:
            value = -1
        if not 0 <= value < 1e9 or key == "loss_percent" and value > 100:
            raise BadCommand(f"{word!r} is no value for {key}")
        return value

    def run(self, standard_input=True):
        """Until standard input ends, if that is where commands come from."""
        readers = [*self._by_source, *([self._control] if self._control else []),
                   *([0] if standard_input else [])]
        due = None
        while True:
            # select() and not epoll(): its time-out is in microseconds.
            wait = None if due is None else max(0.0, (due - time.monotonic_ns()) / 1e9)
            readable, _, _ = select.select(readers, [], [], wait)
            for reader in readable:
                if reader in self._by_source:
                    self._read(self._by_source[reader])
                elif reader is self._control:
                    self._answer_control()
                elif not self._read_commands():
                    return
            left = [one.deliver(time.monotonic_ns()) for one in self.directions.values()]
            due = min((one for one in left if one is not None), default=None)

    def _read(self, direction):
        for _ in range(FRAMES_A_TURN):
            try:
                frame = os.read(direction.source, MAX_FRAME)
            except BlockingIOError:
                return
            except OSError:
                return  # the interface is down
            if self.is_down:
                direction.cut(1)
            else:
                direction.take(frame, time.monotonic_ns())

    def _answer_control(self):
        connection, _ = self._control.accept()
        with connection:
            connection.settimeout(1)
            try:
                connection.send(json.dumps(self._try(connection.recv(4096).decode())).encode())
            except OSError:
                pass  # whoever asked has gone

    def _read_commands(self):
        text = os.read(0, 4096).decode()
        for line in text.splitlines():
            answer = self._try(line)
            if answer is not None:
                print(json.dumps(answer), flush=True)
        return bool(text)

    def _try(self, text):
        try:
            return self.command(text)
        except BadCommand as error:
            return {"error": str(error)}


def ask(path, text, timeout=10):
    """Sends commands to the line whose control socket is at `path`; gives the answer."""
    directory = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            connection.settimeout(timeout)
            connection.connect(f"/proc/self/fd/{directory}/{os.path.basename(path)}")  # must be short
            connection.send(text.encode())
            answer = json.loads(connection.recv(1 << 16) or b"null")
    finally:
        os.close(directory)
    if answer and "error" in answer:
        raise BadCommand(answer["error"])
    return answer


def be_punctual():
    """Realtime scheduling, memory that stays, no pauses for garbage."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    except OSError:
        os.nice(0)
    ctypes.CDLL(None).mlockall(3)
    gc.disable()


def main():
    words = sys.argv[1:]
    control = None
    if words[:1] == ["--control"]:
        control, words = words[1], words[2:]
    if len(words) < 2:
        sys.exit(__doc__)
    line = Line(words[0], words[1], control)
    if words[2:]:
        line.command(" ".join(words[2:]))
    be_punctual()
    print("ready", flush=True)
    line.run(standard_input=control is None)


if __name__ == "__main__":
    try:
        main()
    except (BadCommand, OSError) as problem:
        sys.exit(f"wan: {problem}")
    except KeyboardInterrupt:
        pass
