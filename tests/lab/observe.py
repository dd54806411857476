"""What users see while something breaks: the poller, the loads, and what is true on the disk afterwards."""

import collections
import json
import os
import shutil
import subprocess
import threading
import time

import nslab

OWN, NEW = ("own lock", "own write", "own unlock"), ("new create", "new write", "new rename", "new close")
SLOW_S = 0.05  # what load.py calls slow
JOINED_S = 0.5  # an address that fails again so soon was not back
OUTAGE_S = 0.3  # shorter ones are the noise of a busy machine
LATE_S, LATE_SHORT_S = 3, 1  # a shorter gap that begins later than that is a hiccup of its own
STARTS_BEFORE_S = 0.15  # a gap is told from the last success, which was before the fault


class Process:
    """A measuring process in the client's namespace that prints lines of JSON."""

    def __init__(self, lab, take, program, *words):
        self._take = take
        self._error = open(os.path.join(lab.directory, f"{program}.log"), "ab")
        self._popen = lab.start("client", nslab.PYTHON, os.path.join(nslab.HERE, program), *words,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=self._error)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._popen.stdout:
            try:
                self._take(json.loads(line))
            except ValueError:
                pass  # the half of a line of a process that was killed

    def stop(self):
        """Its last words have been read when this returns; it ends by itself when its input does."""
        self._popen.stdin.close()
        self._reader.join(20)
        if self._reader.is_alive():
            raise nslab.LabError(f"{self._error.name}: the process does not end")
        self._popen.wait(5)
        self._error.close()


class Poll:
    """The gaps of every public address."""

    def __init__(self, lab, addresses, own_files=False):
        self.gaps = []  # {"gap": kind, "address":, "from":, "to":}
        self.stuck = []  # {"stuck": step, "address":, "from":, "to":}
        self.last, self.now = {}, 0.0
        self.addresses = addresses
        self._process = Process(lab, self._take, "poll.py", nslab.USER, nslab.PASSWORD,
                                nslab.SHARE, *(["--own-files"] if own_files else []), *addresses)

    def _take(self, line):
        if "gap" in line:
            self.gaps.append(line)
        elif "stuck" in line:
            self.stuck.append(line)
        elif "beat" in line:
            self.last, self.now = line["last"], line["beat"]

    def all_serve(self):
        """Every address has opened a file just now."""
        return bool(self.last) and time.monotonic() - self.now < 1 and not self.silent()

    def silent(self):
        return [address for address, one in self.last.items()
                if one["opens"] is None or self.now - one["opens"] >= 2 * OUTAGE_S]

    def quiet_since(self, start):
        """The time of the last sign of trouble after `start`, with the present if there is any now."""
        if not self.all_serve():
            return time.monotonic()
        return max([start] + [gap["to"] for gap in self.gaps
                              if gap["to"] > start and gap["to"] - gap["from"] >= OUTAGE_S])

    def outage(self, kind, fault, until):
        """{address: seconds from the fault until it served again}, for those that failed; None: not by
        `until`. A gap that begins soon after the last one belongs to it; later ones do not count, nor does a short
        one that is an address's first and begins late (`hiccup` tells of it)."""
        ends = {}
        gaps = sorted((gap for gap in self.gaps if gap["gap"] == kind), key=lambda gap: gap["from"])
        for gap in gaps:
            if gap["from"] < fault - STARTS_BEFORE_S or gap["from"] > until or gap["to"] <= fault \
                    or gap["to"] - gap["from"] < OUTAGE_S:
                continue
            address = gap["address"]
            if address not in ends and self._is_late(gap, fault):
                continue
            if address not in ends or gap["from"] - ends[address] < JOINED_S:
                ends[address] = gap["to"]
        found = {address: end - fault for address, end in ends.items()}
        for address, one in self.last.items():
            if one[kind] is None or self.now - one[kind] > 1:
                found[address] = None
        return found

    @staticmethod
    def _is_late(gap, fault):
        """Not the fault's doing any more, but that of what follows: a daemon that starts on the same processors, an
        address that is given back."""
        return gap["from"] > fault + LATE_S and gap["to"] - gap["from"] < LATE_SHORT_S

    def hiccup(self, fault, until):
        """(seconds, seconds after the fault) of the longest late gap; (0, 0) if there was none."""
        return max([(gap["to"] - gap["from"], gap["from"] - fault) for gap in self.gaps
                    if gap["from"] < until and self._is_late(gap, fault)
                    and gap["to"] - gap["from"] >= OUTAGE_S], default=(0.0, 0.0))

    def longest_stuck(self, start, until):
        """{step: longest seconds} of what the poller waited for."""
        longest = collections.defaultdict(float)
        for one in self.stuck:
            if one["to"] > start and one["from"] < until:
                longest[one["stuck"]] = max(longest[one["stuck"]], one["to"] - one["from"])
        return dict(longest)

    def stop(self):
        self._process.stop()


class Load:
    """One client that works on one address, and its journal."""

    def __init__(self, lab, address, name):
        self.address, self.name = address, name
        self.slow, self.troubles, self.working = [], [], {}
        self.files, self.slots, self.numbers = {}, {}, []
        self.directories = set()
        self.done = None
        self._process = Process(lab, self._take, "load.py", address, name, nslab.USER,
                                nslab.PASSWORD, nslab.SHARE)

    def _take(self, line):
        if "acknowledged" in line:
            if "file" in line:
                self.files[line["file"]] = line["text"]
            elif "slot" in line:
                self.slots[line["slot"]] = line["text"]
            else:
                self.numbers.append(line["number"])
        elif "slow" in line:
            self.slow.append(line)
        elif "trouble" in line:
            self.troubles.append(line)
        elif "working" in line:
            self.working[line["working"]] = line["since"]
        elif "done" in line:
            self.done = line["done"]

    def works(self):
        return {"own", "new", "counter"} <= set(self.working)

    def troubled(self, start):
        """Its connection broke, so its address moved or its node failed."""
        return any(one["at"] >= start for one in self.troubles)

    def stalls(self, start, until=float("inf")):
        """{kind: longest seconds} of what was under way after `start`."""
        longest = collections.defaultdict(float)
        for one in self.slow:
            if one["to"] > start and one["from"] < until:
                longest[one["slow"]] = max(longest[one["slow"]], one["to"] - one["from"])
        return dict(longest)

    def stop(self):
        self._process.stop()


class Control:
    """What happened meanwhile to a process that needs nothing of Samba or of the daemon."""

    def __init__(self, lab, program, *arguments):
        self.slow = []
        self._process = Process(lab, self._take, program, *arguments)

    def _take(self, line):
        if "slow" in line:
            self.slow.append(line)

    def during(self, begin, end):
        """Longest stall that was under way in that time, in seconds."""
        return max([0.0, *(slow["to"] - slow["from"] for slow in self.slow
                           if slow["to"] > begin and slow["from"] < end)])

    def stop(self):
        self._process.stop()

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.stop()


class Disk(Control):
    """What the file system did to a process that writes."""

    def __init__(self, lab, name, *flush):
        super().__init__(lab, "disk.py", os.path.join(lab.share_path, name), *flush)


class Still(Control):
    """When the machine itself stood still."""

    def __init__(self, lab):
        super().__init__(lab, "still.py")


def without_standstills(begin, end, *controls):
    """Seconds of that time in which none of the controls was held up."""
    left, reached = end - begin, begin
    for one in sorted((slow for control in controls for slow in control.slow), key=lambda slow: slow["from"]):
        start, stop = max(reached, one["from"]), min(end, one["to"])
        if stop > start:
            left -= stop - start
            reached = stop
    return left


class Observation:
    """Polls every address and works on one address of each node of `loaded`, until `finish`."""

    runs = 0

    def __init__(self, lab, loaded):
        Observation.runs += 1
        self.lab = lab
        self.name = f"obs{os.getpid()}-{Observation.runs}"
        self.overlaps_before = len(lab.overlaps())
        self._numbers = set()  # written to the counter, as acknowledged
        self.homes = {}  # where each address was at a time that the caller chose
        where = lab.addresses(min(lab.nodes))
        self.addresses = {node: self._address_of(where, node) for node in loaded}
        self.poll = Poll(lab, lab.public_addresses())
        self.loads = {node: Load(lab, address, f"{self.name}-{node}")
                      for node, address in self.addresses.items()}
        if not lab.until(self._all_work, 40, pause=0.05):
            self.stop()
            raise nslab.LabError(f"the load does not start: silent addresses {self.poll.silent()}, "
                                 + "; ".join(f"{load.name}: {load.troubles[-1:]}"
                                             for load in self.loads.values() if not load.works()))

    @staticmethod
    def _address_of(where, node):
        for address, host in sorted(where.items()):
            if host == node:
                return address
        raise nslab.LabError(f"node {node} serves no public address")

    def _all_work(self):
        return self.poll.all_serve() and all(load.works() for load in self.loads.values())

    def wait_quiet(self, fault, quiet_s, at_least_s, at_most_s):
        """Until every address has served without a gap for `quiet_s`; False when that does not come."""
        self.lab.until(lambda: time.monotonic() - fault >= at_least_s, at_least_s + 1, pause=0.05)
        return self.lab.until(
            lambda: time.monotonic() - self.poll.quiet_since(fault) >= quiet_s,
            max(0.0, fault + at_most_s - time.monotonic()), pause=0.1)

    def stop(self):
        for one in [self.poll, *self.loads.values()]:
            one.stop()

    def served_twice(self):
        return self.lab.overlaps()[self.overlaps_before:]

    def lost(self):
        """What was acknowledged since the last call and is not on the disk, or was granted to two at once. Directories
        that are full and were looked at are removed."""
        found = []
        for load in self.loads.values():
            files, slots = dict(load.files), dict(load.slots)
            found += self._lost_files(files) + self._lost_slots(load, slots)
            for name in files:
                del load.files[name]
            load.directories |= {int(name.split("/")[0].rpartition("-")[2]) for name in files}
            for done in sorted(load.directories)[:-1]:
                shutil.rmtree(os.path.join(self.lab.share_path, f"{load.name}-{done}"))
                load.directories.remove(done)
        return found + self._wrong_numbers()

    def _lost_files(self, files):
        found = []
        for name, text in files.items():
            path = os.path.join(self.lab.share_path, name)
            if self._read(path) != text:
                found.append(f"acknowledged file {name}: found {self._read(path)!r}")
        return found

    def _lost_slots(self, load, slots):
        """`slots`: as acknowledged before the file is read, so what is found may be newer."""
        data = self._read(os.path.join(self.lab.share_path, load.name + "-own")) or ""
        return [f"acknowledged write {text.strip()!r} to slot {slot}: found "
                f"{data[slot * 64:slot * 64 + 64].strip()!r}"
                for slot, text in slots.items()
                if not self._as_new(data[slot * 64:slot * 64 + 64], text)]

    @staticmethod
    def _as_new(found, text):
        """The slot holds that write, or a later one that was not acknowledged any more."""
        words, wanted = found.split(), text.split()
        return len(words) == 2 and words[0] == wanted[0] and words[1].isdigit() and \
            int(words[1]) >= int(wanted[1])

    def _wrong_numbers(self):
        found = []
        for load in self.loads.values():
            numbers, load.numbers = load.numbers, []
            for number in numbers:
                if number in self._numbers:
                    found.append(f"the lock of the counter was granted twice: two clients wrote {number}")
                self._numbers.add(number)
        last = max(self._numbers, default=0)
        if self._counter() < last:
            found.append(f"the counter is {self._counter()}, and {last} was acknowledged")
        return found

    def _counter(self):
        return int((self._read(os.path.join(self.lab.share_path, "counter")) or "0").strip() or 0)

    @staticmethod
    def _read(path):
        try:
            with open(path) as file:
                return file.read()
        except FileNotFoundError:
            return None


class Machine:
    """How busy the machine was: load average, and the share of time in which some process was ready to run
    and had no processor."""

    def __init__(self):
        self._start = time.monotonic()
        self._waited = self._pressure()

    @staticmethod
    def _pressure():
        try:
            with open("/proc/pressure/cpu") as file:
                return int(file.readline().rpartition("total=")[2])
        except OSError:
            return None

    def describe(self):
        text = f"{os.cpu_count()} processors, load average {os.getloadavg()[0]:.1f}"
        if self._waited is not None:
            passed = time.monotonic() - self._start
            share = (self._pressure() - self._waited) / 1e6 / max(passed, 0.001)
            text += f", some process waited for a processor {share:.0%} of the time"
        return text
