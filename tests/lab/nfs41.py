"""An NFSv4.1 or 4.2 client (RFC 8881, RFC 7862) that opens a file, locks it and claims both again after
its server has moved. It does what nfs4.Client does, and what a story needs of both has the same name."""

import os
import struct

import nfs3
import nfs4
from nfs4 import opaque

_PROGRAM = (100003, 4)
_PUTFH, _PUTROOTFH, _LOOKUP, _GETFH, _OPEN, _LOCK, _LOCKU = 22, 24, 15, 10, 18, 12, 14
_EXCHANGE_ID, _CREATE_SESSION, _SEQUENCE, _RECLAIM_COMPLETE = 42, 43, 53, 58
_WRITE_LOCK = 2
_COMPLETE_ALREADY = 10054


class Client:
    """One client with one open owner and one lock owner, both of its name; one session with one slot."""

    def __init__(self, connect, name, minor=1, who=(0, 0)):
        self._connect, self._minor, self._who = connect, minor, who
        self._name = name.encode()
        # The same in all lives of a client but a restart of its own.
        self._verifier = os.urandom(8)
        self._rpc = None
        self._locks = 0
        self._complete = False

    # ---- life with a server ----------------------------------------------------------------

    def connect(self):
        """A new connection and a new session: the server may be another one by now."""
        self.close()
        self._rpc = nfs3.Rpc(self._connect(2049), _PROGRAM, timeout=5, who=self._who)
        answer = self._run("EXCHANGE_ID", [(_EXCHANGE_ID, self._verifier + opaque(self._name)
                                            # Flags, no state protection, no word about who made it.
                                            + struct.pack(">III", 0, 0, 0))])
        self._number, sequence = answer.take(8), answer.number()
        answer.take(8 + 8)  # flags, no state protection; the server owner's minor id
        # A client claims its locks from a server of the same scope only; servers of one owner are one server.
        self.server_owner, self.server_scope = answer.opaque(), answer.opaque()
        channel = struct.pack(">IIIIIII", 0, 65536, 65536, 8192, 16, 1, 0)
        answer = self._run("CREATE_SESSION", [(
            _CREATE_SESSION, self._number + struct.pack(">II", sequence, 0) + channel + channel
            + struct.pack(">II", 0x40000000, 1) + struct.pack(">I", 0))])  # AUTH_NONE calls back
        self._session = answer.take(16)
        self._slot_sequence = 0
        self._complete = False

    def close(self):
        if self._rpc:
            self._rpc.close()
            self._rpc = None

    def renew(self):
        self._compound("SEQUENCE", [])

    def claimed_all(self):
        """Nothing more is claimed: what is locked from now on is new."""
        if not self._complete:
            try:
                self._compound("RECLAIM_COMPLETE", [(_RECLAIM_COMPLETE, struct.pack(">I", 0))])
            except nfs4.Nfs4Error as error:
                if error.status != _COMPLETE_ALREADY:
                    raise
            self._complete = True

    # ---- one file ------------------------------------------------------------------------------

    def open(self, directory, name):
        """Opens a file below the root for reading and writing, and makes it if needed."""
        self.claimed_all()
        create = struct.pack(">II", 1, 0) + nfs4.attributes_of_a_new_file()  # OPEN4_CREATE, UNCHECKED4
        claim = struct.pack(">I", 0) + opaque(name.encode())  # CLAIM_NULL
        self._opened([(_PUTROOTFH, b""), *((_LOOKUP, opaque(part.encode())) for part in directory)],
                     create, claim)

    def reclaim_open(self):
        """The same after the server has lost its memory."""
        self._opened([(_PUTFH, opaque(self.handle))], struct.pack(">I", 0),
                     struct.pack(">II", 1, 0))  # OPEN4_NOCREATE; CLAIM_PREVIOUS, no delegation

    def _opened(self, at, how, claim):
        # No sequence number, and no client number: both are the session's.
        share = struct.pack(">III", 0, 3 | 0x0400, 0)  # no delegation wanted
        answer = self._compound("OPEN", [*at, (
            _OPEN, share + bytes(8) + opaque(self._name + b"-open") + how + claim), (_GETFH, b"")])
        self._open_state = answer.take(16)
        answer.take(20)  # what changed in the directory
        answer.take(4)  # flags
        answer.take(4 * answer.number())  # which attributes were set
        kind = answer.number()
        if kind == 3:  # OPEN_DELEGATE_NONE_EXT: and why
            if answer.number() in (1, 2):
                answer.take(4)
        elif kind != 0:
            raise nfs3.NfsError("a delegation that nobody asked for")
        answer.result("OPEN", _GETFH)
        self.handle = answer.opaque()

    def lock(self, offset, length, reclaim=False):
        """A write lock; Nfs4Error with DENIED when somebody else has it."""
        self._locks += 1
        owner = (struct.pack(">II", 1, 0) + self._open_state + struct.pack(">I", 0)
                 + bytes(8) + opaque(self._name + b"-lock-%d" % self._locks))
        answer = self._compound("LOCK", [(_PUTFH, opaque(self.handle)), (
            _LOCK, struct.pack(">IIQQ", _WRITE_LOCK, int(reclaim), offset, length) + owner)])
        self._lock_state = answer.take(16)

    def unlock(self, offset, length):
        answer = self._compound("LOCKU", [(_PUTFH, opaque(self.handle)), (
            _LOCKU, struct.pack(">II", _WRITE_LOCK, 0) + self._lock_state
            + struct.pack(">QQ", offset, length))])
        self._lock_state = answer.take(16)

    # ---- packets -------------------------------------------------------------------------------

    def _compound(self, what, operations):
        self._slot_sequence += 1
        sequence = self._session + struct.pack(">IIII", self._slot_sequence, 0, 0, 0)
        return self._run(what, [(_SEQUENCE, sequence), *operations])

    def _run(self, what, operations):
        return nfs4.run(self._rpc, what, self._minor, operations)
