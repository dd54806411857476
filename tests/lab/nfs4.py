"""An NFSv4.0 client (RFC 7530) that opens a file, locks it and claims both again after its server has
moved: what a test of locks needs of one."""

import os
import struct

import nfs3

_PROGRAM = (100003, 4)
GRACE, DENIED, DELAY = 10013, 10010, 10008
_PUTFH, _PUTROOTFH, _LOOKUP, _GETFH, _OPEN, _OPEN_CONFIRM, _LOCK, _LOCKU = (
    22, 24, 15, 10, 18, 20, 12, 14)
_SETCLIENTID, _SETCLIENTID_CONFIRM, _RENEW = 35, 36, 30
_WRITE_LOCK = 2
# What operations before the last one return: SEQUENCE of version 4.1.
_RESULT_BYTES = {53: 36}


class Nfs4Error(nfs3.NfsError):
    """The server refused; `status` is its number."""

    def __init__(self, what, status):
        super().__init__(f"{what}: status {status}")
        self.status = status


class Client:
    """One client with one open owner and one lock owner, both of its name."""

    def __init__(self, connect, name, who=(0, 0)):
        self._connect, self._who = connect, who
        self._name = name.encode()
        # The same in all lives of a client but a restart of its own.
        self._verifier = os.urandom(8)
        self._rpc = None
        self._open_sequence = self._locks = 0

    # ---- life with a server ----------------------------------------------------------------

    def connect(self):
        """A new connection, and a new client number: the server may be another one by now."""
        self.close()
        self._rpc = nfs3.Rpc(self._connect(2049), _PROGRAM, timeout=5, who=self._who)
        callback = struct.pack(">I", 0x40000000) + opaque(b"tcp") + opaque(b"0.0.0.0.0.0")
        answer = self._compound("SETCLIENTID", [(
            _SETCLIENTID, self._verifier + opaque(self._name) + callback + struct.pack(">I", 1))])
        self._number, confirm = answer.take(8), answer.take(8)
        self._compound("SETCLIENTID_CONFIRM", [(_SETCLIENTID_CONFIRM, self._number + confirm)])
        self._open_sequence = 0

    def close(self):
        if self._rpc:
            self._rpc.close()
            self._rpc = None

    def renew(self):
        self._compound("RENEW", [(_RENEW, self._number)])

    def claimed_all(self):
        """Nothing more is claimed; version 4.0 has no word for it."""

    # ---- one file ------------------------------------------------------------------------------

    def open(self, directory, name):
        """Opens a file below the root for reading and writing, and makes it if needed."""
        create = struct.pack(">II", 1, 0) + attributes_of_a_new_file()  # OPEN4_CREATE, UNCHECKED4
        claim = struct.pack(">I", 0) + opaque(name.encode())  # CLAIM_NULL
        self._opened([(_PUTROOTFH, b""), *((_LOOKUP, opaque(part.encode())) for part in directory)],
                     create, claim)

    def reclaim_open(self):
        """The same after the server has lost its memory."""
        self._opened([(_PUTFH, opaque(self.handle))], struct.pack(">I", 0),
                     struct.pack(">II", 1, 0))  # OPEN4_NOCREATE; CLAIM_PREVIOUS, no delegation

    def _opened(self, at, how, claim):
        sequence = self._next_open()
        share = struct.pack(">II", 3, 0)
        answer = self._compound("OPEN", [*at, (
            _OPEN, sequence + share + self._number + opaque(self._name + b"-open") + how + claim),
            (_GETFH, b"")])
        self._open_state = answer.take(16)
        answer.take(20)  # what changed in the directory
        flags = answer.number()
        answer.take(4 * answer.number())  # which attributes were set
        if answer.number() != 0:
            raise nfs3.NfsError("a delegation that nobody asked for")
        answer.result("OPEN", _GETFH)
        self.handle = answer.opaque()
        if flags & 2:
            answer = self._compound("OPEN_CONFIRM", [
                (_PUTFH, opaque(self.handle)),
                (_OPEN_CONFIRM, self._open_state + self._next_open())])
            self._open_state = answer.take(16)

    def lock(self, offset, length, reclaim=False):
        """A write lock; Nfs4Error with DENIED when somebody else has it."""
        self._locks += 1  # a lock owner of its own, so that an attempt that failed leaves no sequence
        owner = (struct.pack(">I", 1) + self._next_open() + self._open_state + struct.pack(">I", 0)
                 + self._number + opaque(self._name + b"-lock-%d" % self._locks))
        answer = self._compound("LOCK", [(_PUTFH, opaque(self.handle)), (
            _LOCK, struct.pack(">IIQQ", _WRITE_LOCK, int(reclaim), offset, length) + owner)])
        self._lock_state = answer.take(16)

    def unlock(self, offset, length):
        answer = self._compound("LOCKU", [(_PUTFH, opaque(self.handle)), (
            _LOCKU, struct.pack(">II", _WRITE_LOCK, 1) + self._lock_state
            + struct.pack(">QQ", offset, length))])
        self._lock_state = answer.take(16)

    def _next_open(self):
        self._open_sequence += 1
        return struct.pack(">I", self._open_sequence - 1)

    # ---- packets -------------------------------------------------------------------------------

    def _compound(self, what, operations):
        return run(self._rpc, what, 0, operations)


def run(rpc, what, minor, operations):
    """Runs them; what the last one that returns anything of interest gave."""
    packet = opaque(b"") + struct.pack(">II", minor, len(operations)) + b"".join(
        struct.pack(">I", number) + arguments for number, arguments in operations)
    answer = _Answer(rpc.call(1, packet))
    answer.number()  # the status of all, which is that of the last one
    answer.opaque()
    answer.number()
    last = operations[-2 if operations[-1][0] == _GETFH else -1][0]
    for number, _ in operations:
        answer.result(what, number)
        if number == last:
            return answer
        answer.take(_RESULT_BYTES.get(number, 0))
    raise nfs3.NfsError(f"{what}: no answer")


class _Answer:
    """What the server said, read from its beginning."""

    def __init__(self, data):
        self._data, self._at = data, 0

    def take(self, count):
        if self._at + count > len(self._data):
            raise nfs3.NfsError("the answer is cut short")
        self._at += count
        return self._data[self._at - count:self._at]

    def number(self):
        return struct.unpack(">I", self.take(4))[0]

    def opaque(self):
        length = self.number()
        return self.take(length + (-length % 4))[:length]

    def result(self, what, operation):
        found, status = self.number(), self.number()
        if status:
            raise Nfs4Error(what, status)
        if found != operation:
            raise nfs3.NfsError(f"{what}: answer of {found} in place of {operation}")


def opaque(data):
    return struct.pack(">I", len(data)) + data + b"\0" * (-len(data) % 4)


def attributes_of_a_new_file():
    """Attribute 33, the mode, alone: 0666."""
    return struct.pack(">III", 2, 0, 1 << 1) + opaque(struct.pack(">I", 0o666))
