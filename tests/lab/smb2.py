"""A small SMB 2.1 client for the lab: opens, share modes, byte-range locks, oplocks and leases.

Written from Microsoft's published protocol documents [MS-SMB2] and [MS-NLMP]. One object is one
TCP connection with one session and one share. Every connection has a client GUID of its own,
because two connections with the same GUID to two nodes of a cluster displace each other.
"""

import contextlib
import hashlib
import hmac
import os
import queue
import socket
import struct
import threading
import time

NEGOTIATE, SESSION_SETUP, LOGOFF, TREE_CONNECT = 0, 1, 2, 3
CREATE, CLOSE, FLUSH, READ, WRITE, LOCK = 5, 6, 7, 8, 9, 10
ECHO, QUERY_DIRECTORY, SET_INFO, OPLOCK_BREAK = 13, 14, 17, 18

READ_DATA, WRITE_DATA, DELETE = 0x1, 0x2, 0x10000
READ_WRITE = 0x0012019F
SHARE_NONE, SHARE_READ, SHARE_WRITE, SHARE_DELETE = 0, 1, 2, 4
SHARE_ALL = 7
OPEN, CREATE_NEW, OPEN_IF, OVERWRITE_IF = 1, 2, 3, 5
OPLOCK_NONE, OPLOCK_II, OPLOCK_EXCLUSIVE, OPLOCK_BATCH, OPLOCK_LEASE = 0, 1, 8, 9, 0xFF
A_DIRECTORY, NOT_A_DIRECTORY = 0x1, 0x40
LEASE_READ, LEASE_HANDLE, LEASE_WRITE = 1, 2, 4

STATUS_NAMES = {
    0x00000000: "OK",
    0x00000103: "PENDING",
    0xC0000011: "END_OF_FILE",
    0xC0000016: "MORE_PROCESSING_REQUIRED",
    0xC0000022: "ACCESS_DENIED",
    0xC0000034: "OBJECT_NAME_NOT_FOUND",
    0xC0000035: "OBJECT_NAME_COLLISION",
    0xC0000043: "SHARING_VIOLATION",
    0xC0000054: "FILE_LOCK_CONFLICT",
    0xC0000055: "LOCK_NOT_GRANTED",
    0xC000006D: "LOGON_FAILURE",
    0xC00000CC: "BAD_NETWORK_NAME",
    0xC000007E: "RANGE_NOT_LOCKED",
    0xC0000120: "CANCELLED",
    0xC0000128: "FILE_CLOSED",
}


class SmbError(Exception):
    """The server's refusal; `status` is the name of the NT status."""

    def __init__(self, status):
        self.status = STATUS_NAMES.get(status, hex(status))
        super().__init__(self.status)


class Disconnected(Exception):
    """The connection has gone, or the server did not answer in time."""


class Session:
    """The numbers of one connection, and the packets made with them; it neither sends nor waits."""

    def __init__(self):
        self.message_id = 0
        self.session = self.tree = 0

    def packet(self, command, body):
        """The bytes of the next request; its message id is the one before `message_id`."""
        header = struct.pack("<4sHHIHHIIQIIQ16s", b"\xfeSMB", 64, 1, 0, command, 64, 0, 0,
                             self.message_id, 0xFEFF, self.tree, self.session, bytes(16))
        self.message_id += 1
        return struct.pack(">I", len(header) + len(body)) + header + body

    def sign_on(self, address, user, password, share):
        """Yields (command, body) and is sent the Answer, until the share is open."""
        answer = yield NEGOTIATE, (struct.pack("<HHHHI", 36, 1, 1, 0, 0) + os.urandom(16)
                                   + struct.pack("<QH", 0, 0x0210))
        _demand(answer, "OK")
        hello = b"NTLMSSP\0" + struct.pack("<II", 1, 0x00088205) + bytes(16)
        answer = yield SESSION_SETUP, _session_setup(hello)
        _demand(answer, "MORE_PROCESSING_REQUIRED")
        at, length = struct.unpack_from("<HH", answer.body, 4)
        self.session = answer.session
        proof = _ntlm_proof(answer.packet[at:at + length], user, password)
        answer = yield SESSION_SETUP, _session_setup(proof)
        _demand(answer, "OK")
        encoded = f"\\\\{address}\\{share}".encode("utf-16-le")
        answer = yield TREE_CONNECT, struct.pack("<HHHH", 9, 0, 64 + 8, len(encoded)) + encoded
        _demand(answer, "OK")
        self.tree = answer.tree


def _session_setup(token):
    return struct.pack("<HBBIIHHQ", 25, 0, 1, 0, 0, 64 + 24, len(token), 0) + token


def _demand(answer, expected):
    if STATUS_NAMES.get(answer.status) != expected:
        raise SmbError(answer.status)


def create_body(name, access=READ_WRITE, share=SHARE_ALL, how=OPEN_IF, oplock=OPLOCK_NONE,
                lease_key=None, lease=0, options=NOT_A_DIRECTORY):
    """The body of a CREATE request."""
    encoded = name.encode("utf-16-le")
    context = b""
    if lease_key is not None:
        oplock = OPLOCK_LEASE
        data = lease_key + struct.pack("<IIQ", lease, 0, 0)
        context = struct.pack("<IHHHHI", 0, 16, 4, 0, 24, len(data)) + b"RqLs" + bytes(4) + data
    padding = b"\0" * (-(64 + 56 + len(encoded)) % 8) if context else b""
    context_at = 64 + 56 + len(encoded) + len(padding) if context else 0
    body = struct.pack("<HBBIQQIIIIIHHII", 57, 0, oplock, 2, 0, 0, access, 0x80, share, how,
                       options, 64 + 56, len(encoded), context_at, len(context))
    return body + encoded + padding + context or b"\0"


def close_body(file_id):
    return struct.pack("<HHI16s", 24, 0, 0, file_id)


ECHO_BODY = struct.pack("<HH", 4, 0)


class Smb:
    """`connect(address)` gives the TCP connection; requests may be made by one thread at a time."""

    def __init__(self, connect, address, user, password, share, timeout=20):
        self.address = address
        self.timeout = timeout
        self.breaks = queue.Queue()
        self._answers = {}
        self._gone = None
        self._session = Session()
        self._socket = connect(address)
        self._port = self._socket.getsockname()[1]
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._start_receiving()
        try:
            self._sign_on(address, user, password, share)
        except BaseException:
            self.disconnect()
            raise

    def _sign_on(self, address, user, password, share):
        steps = self._session.sign_on(address, user, password, share)
        request = next(steps)
        with contextlib.suppress(StopIteration):
            while True:
                request = steps.send(self._wait(self._send(*request)))

    def _start_receiving(self):
        self._arrived = threading.Condition()
        self._socket.settimeout(None)
        threading.Thread(target=self._receive, daemon=True).start()

    # ---- files -----------------------------------------------------------------------------

    def open(self, name, access=READ_WRITE, share=SHARE_ALL, how=OPEN_IF, oplock=OPLOCK_NONE,
             lease_key=None, lease=0, options=NOT_A_DIRECTORY, wait=True):
        """Opens a file: a File; without `wait` a Pending whose answer comes later."""
        body = create_body(name, access, share, how, oplock, lease_key, lease, options)
        pending = Pending(self, self._send(CREATE, body), lambda answer: File(self, name, answer))
        return pending.result() if wait else pending

    def make_directory(self, name):
        self.open(name, options=A_DIRECTORY).close()

    def echo(self):
        self._call(ECHO, ECHO_BODY)

    def next_break(self, timeout=10):
        """The next oplock or lease break the server sent: a dict; None when none came in time."""
        try:
            return self.breaks.get(timeout=timeout)
        except queue.Empty:
            return None

    def acknowledge_lease(self, key, state):
        self._call(OPLOCK_BREAK, struct.pack("<HHI", 36, 0, 0) + key + struct.pack("<IQ", state, 0))

    def disconnect(self):
        with contextlib.suppress(OSError):
            # Closing alone ends nothing while the other thread waits for data.
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    @property
    def port(self):
        """The client's port."""
        return self._port

    @property
    def connected(self):
        return self._gone is None

    # ---- packets -----------------------------------------------------------------------------

    def _call(self, command, body):
        answer = self._wait(self._send(command, body))
        if answer.status != 0:
            raise SmbError(answer.status)
        return answer

    def _send(self, command, body):
        message_id = self._session.message_id
        packet = self._session.packet(command, body)
        try:
            self._socket.sendall(packet)
        except OSError as error:
            raise Disconnected(str(error)) from error
        return message_id

    def _wait(self, message_id, timeout=None):
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        with self._arrived:
            while message_id not in self._answers:
                if self._gone is not None:
                    raise Disconnected(self._gone)
                left = deadline - time.monotonic()
                if left <= 0 or not self._arrived.wait(left):
                    raise Disconnected(f"no answer from {self.address}")
            return self._answers.pop(message_id)

    def _receive(self):
        try:
            while True:
                length = struct.unpack(">I", self._exactly(4))[0] & 0xFFFFFF
                self._sort(Answer(self._exactly(length)))
        except (OSError, struct.error) as error:
            with self._arrived:
                self._gone = str(error) or "closed"
                self._arrived.notify_all()

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            piece = self._socket.recv(count - len(data))
            if not piece:
                raise OSError("closed by the server")
            data += piece
        return data

    def _sort(self, answer):
        if answer.message_id == 0xFFFFFFFFFFFFFFFF:
            self.breaks.put(_parse_break(answer.body))
            return
        if STATUS_NAMES.get(answer.status) == "PENDING":
            return  # the final answer comes with the same message id
        with self._arrived:
            self._answers[answer.message_id] = answer
            self._arrived.notify_all()


class DirectSmb(Smb):
    """The same without a thread: it reads only while it waits. Half the work for who makes one request
    after the other, but a broken connection is noticed at the next request only."""

    def _start_receiving(self):
        """Nobody receives but who waits."""

    def _wait(self, message_id, timeout=None):
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        while message_id not in self._answers:
            left = deadline - time.monotonic()
            try:
                if left <= 0:
                    raise TimeoutError(f"no answer from {self.address}")
                self._socket.settimeout(left)
                length = struct.unpack(">I", self._exactly(4))[0] & 0xFFFFFF
                self._sort(Answer(self._exactly(length)))
            except (OSError, struct.error) as error:
                self._gone = str(error) or "closed"
                raise Disconnected(self._gone) from error
        return self._answers.pop(message_id)

    def _sort(self, answer):
        if answer.message_id == 0xFFFFFFFFFFFFFFFF:
            self.breaks.put(_parse_break(answer.body))
        elif STATUS_NAMES.get(answer.status) != "PENDING":
            self._answers[answer.message_id] = answer


class Answer:
    """One packet of the server."""

    def __init__(self, packet):
        self.packet = packet
        self.body = packet[64:]
        (_, _, _, self.status, self.command, _, self.flags, _, self.message_id, _, self.tree,
         self.session, _) = struct.unpack("<4sHHIHHIIQIIQ16s", packet[:64])
        if self.flags & 2:  # asynchronous: no tree, the async id is in its place
            self.tree = 0


class Pending:
    """A request whose answer the caller does not wait for yet."""

    def __init__(self, smb, message_id, convert):
        self._smb, self._message_id, self._convert = smb, message_id, convert

    def answered(self):
        return self._message_id in self._smb._answers

    def result(self, timeout=None):
        answer = self._smb._wait(self._message_id, timeout)
        if answer.status != 0:
            raise SmbError(answer.status)
        return self._convert(answer)


class File:
    """An open file."""

    def __init__(self, smb, name, answer):
        self.smb, self.name = smb, name
        self.oplock = answer.body[2]
        self.id = answer.body[64:80]
        self.lease = self._granted_lease(answer)

    @staticmethod
    def _granted_lease(answer):
        at, length = struct.unpack_from("<II", answer.body, 80)
        contexts = answer.packet[at:at + length]
        while contexts:
            next_at, name_at, name_length, _, data_at, _ = struct.unpack_from("<IHHHHI", contexts)
            if contexts[name_at:name_at + name_length] == b"RqLs":
                return struct.unpack_from("<I", contexts, data_at + 16)[0]
            contexts = contexts[next_at:] if next_at else b""
        return None

    def write(self, data, offset=0):
        self.smb._call(WRITE, struct.pack("<HHIQ16sIIHHI", 49, 64 + 48, len(data), offset, self.id,
                                          0, 0, 0, 0, 0) + data)

    def read(self, length, offset=0):
        answer = self.smb._call(READ, struct.pack("<HBBIQ16sIIIHH", 49, 80, 0, length, offset,
                                                  self.id, 0, 0, 0, 0, 0) + b"\0")
        at, _, count = struct.unpack_from("<BBI", answer.body, 2)
        return answer.packet[at:at + count]

    def flush(self):
        self.smb._call(FLUSH, struct.pack("<HHI16s", 24, 0, 0, self.id))

    def lock(self, offset, length, exclusive=True, wait=False):
        """Locks a range at once or fails; with `wait` gives a Pending granted when it is free."""
        flags = (2 if exclusive else 1) | (0 if wait else 0x10)
        message_id = self.smb._send(LOCK, self._range(offset, length, flags))
        pending = Pending(self.smb, message_id, lambda _: None)
        return pending if wait else pending.result()

    def unlock(self, offset, length):
        self.smb._call(LOCK, self._range(offset, length, 4))

    def _range(self, offset, length, flags):
        return struct.pack("<HHI16sQQII", 48, 1, 0, self.id, offset, length, flags, 0)

    def rename(self, name):
        """Needs DELETE access; takes the place of a file that has the name."""
        encoded = name.encode("utf-16-le")
        data = struct.pack("<B7xQI", 1, 0, len(encoded)) + encoded
        self.smb._call(SET_INFO, struct.pack("<HBBIHHI16s", 33, 1, 10, len(data), 64 + 32, 0, 0,
                                             self.id) + data)
        self.name = name

    def acknowledge_oplock(self, level):
        self.smb._call(OPLOCK_BREAK, struct.pack("<HBBI16s", 24, level, 0, 0, self.id))

    def close(self):
        self.smb._call(CLOSE, close_body(self.id))


def _parse_break(body):
    size = struct.unpack_from("<H", body)[0]
    if size == 24:
        return {"kind": "oplock", "level": body[2], "id": body[8:24]}
    flags, = struct.unpack_from("<I", body, 4)
    current, new = struct.unpack_from("<II", body, 24)
    return {"kind": "lease", "key": body[8:24], "from": current, "to": new, "ack": bool(flags & 1)}


def _ntlm_proof(challenge, user, password):
    """The NTLMv2 answer to the server's challenge [MS-NLMP 3.3.2]."""
    nonce = challenge[24:32]
    length, _, at = struct.unpack_from("<HHI", challenge, 40)
    target_info = challenge[at:at + length]
    key = hmac.new(_md4(password.encode("utf-16-le")),
                   user.upper().encode("utf-16-le"), hashlib.md5).digest()
    stamp = int((time.time() + 11644473600) * 10_000_000)
    blob = (b"\x01\x01" + bytes(6) + struct.pack("<Q", stamp) + os.urandom(8) + bytes(4)
            + target_info + bytes(4))
    nt_answer = hmac.new(key, nonce + blob, hashlib.md5).digest() + blob
    fields = [bytes(24), nt_answer, b"", user.encode("utf-16-le"), b"", b""]
    payload, table, offset = b"", b"", 64
    for field in fields:
        table += struct.pack("<HHI", len(field), len(field), offset + len(payload))
        payload += field
    return b"NTLMSSP\0" + struct.pack("<I", 3) + table + struct.pack("<I", 0x00088205) + payload


def _md4(message):
    """RFC 1320; Python's OpenSSL no longer offers it, and NTLM is built on it."""
    def turn(value, count):
        value &= 0xFFFFFFFF
        return value << count | value >> (32 - count)

    rounds = [
        (lambda x, y, z: x & y | ~x & z, 0, list(range(16)), (3, 7, 11, 19)),
        (lambda x, y, z: x & y | x & z | y & z, 0x5A827999,
         [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15], (3, 5, 9, 13)),
        (lambda x, y, z: x ^ y ^ z, 0x6ED9EBA1,
         [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15], (3, 9, 11, 15)),
    ]
    padded = message + b"\x80" + b"\0" * (-(len(message) + 9) % 64) + struct.pack("<Q", 8 * len(message))
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
    for block in range(0, len(padded), 64):
        words = struct.unpack_from("<16I", padded, block)
        a, b, c, d = state
        for mix, constant, order, turns in rounds:
            for step, index in enumerate(order):
                a, b, c, d = d, turn(a + mix(b, c, d) + words[index] + constant, turns[step % 4]), b, c
        state = [(old + new) & 0xFFFFFFFF for old, new in zip(state, (a, b, c, d))]
    return struct.pack("<4I", *state)
