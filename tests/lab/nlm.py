"""A client of NFSv3's lock manager (NLM version 4) that hears when its server has restarted (NSM): what a
test of such locks needs of one."""

import os
import socket
import struct
import threading

import nfs3

_NLM, _STATUS, _PORT_MAPPER = (100021, 4), 100024, 100000
_LOCK, _UNLOCK, _SM_NOTIFY, _GETPORT = 2, 4, 6, 3
PORT = 32803
GRANTED, DENIED, GRACE = 0, 1, 4


class Client:
    """One owner of locks; each question has a connection of its own."""

    def __init__(self, connect, name, number):
        self._connect, self._name, self._number = connect, name.encode(), number

    def lock(self, file, offset, length, reclaim=False):
        """The status that the server gave."""
        return self._ask(_LOCK, struct.pack(">II", 0, 1) + self._locked(file, offset, length)
                         + struct.pack(">II", int(reclaim), 1))

    def unlock(self, file, offset, length):
        return self._ask(_UNLOCK, self._locked(file, offset, length))

    def _locked(self, file, offset, length):
        return (nfs3.opaque(self._name) + nfs3.opaque(file) + nfs3.opaque(b"%d" % self._number)
                + struct.pack(">IQQ", self._number, offset, length))

    def _ask(self, procedure, arguments):
        cookie = os.urandom(4)
        rpc = nfs3.Rpc(self._connect(PORT), _NLM, timeout=10)
        try:
            answer = rpc.call(procedure, nfs3.opaque(cookie) + arguments)
        finally:
            rpc.close()
        if answer[:8] != nfs3.opaque(cookie):
            raise nfs3.NfsError("the answer of the lock manager is another's")
        return struct.unpack(">I", answer[8:12])[0]


class Ear:
    """The client's port mapper and status monitor: `heard` are (address it came from, server's name, state)."""

    def __init__(self, lab):
        with lab.inside_network("client"):
            self._mapper, self._status = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
            self._mapper.bind(("", 111))
            self._status.bind(("", 0))
        self.heard = []
        for each, answer in (self._mapper, self._port), (self._status, self._notified):
            threading.Thread(target=self._serve, args=(each, answer), daemon=True).start()

    def close(self):
        for each in self._mapper, self._status:
            each.close()

    def _serve(self, udp, answer):
        while True:
            try:
                packet, sender = udp.recvfrom(4000)
            except OSError:
                return
            number, kind, _, program, _, procedure = struct.unpack(">IIIIII", packet[:24])
            at = 24
            for _ in range(2):  # who asks, and the proof of it
                at += 8 + (struct.unpack(">I", packet[at + 4:at + 8])[0] + 3 & ~3)
            if kind == 0:
                udp.sendto(struct.pack(">IIIIII", number, 1, 0, 0, 0, 0)
                           + answer(program, procedure, packet[at:], sender[0]), sender)

    def _port(self, program, procedure, arguments, sender):
        known = (program, procedure) == (_PORT_MAPPER, _GETPORT) and \
            struct.unpack(">I", arguments[:4])[0] == _STATUS
        return struct.pack(">I", self._status.getsockname()[1] if known else 0)

    def _notified(self, program, procedure, arguments, sender):
        if (program, procedure) == (_STATUS, _SM_NOTIFY):
            length, = struct.unpack(">I", arguments[:4])
            name = arguments[4:4 + length].decode()
            state, = struct.unpack(">I", arguments[4 + (length + 3 & ~3):][:4])
            self.heard.append((sender, name, state))
        return b""
