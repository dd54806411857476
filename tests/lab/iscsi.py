"""An iSCSI initiator (RFC 7143) that can log in, write and read blocks: what a test needs of one."""

import hashlib
import struct

BLOCK = 512
_LOGIN, _COMMAND, _NOP_OUT = 0x03, 0x01, 0x00
_LOGIN_ANSWER, _ANSWER, _DATA_IN, _NOP_IN = 0x23, 0x21, 0x25, 0x20


class IscsiError(Exception):
    """The target refused, or what it said makes no sense."""


class Initiator:
    """One session with one target; `connect` makes the TCP connection."""

    def __init__(self, connect, target, name="iqn.2026-01.test.lab:client", timeout=3, chap=None):
        """`chap` is (user, secret) for a target that wants to know who comes."""
        self._socket = connect()
        self._socket.settimeout(timeout)
        self._task = 0
        self._command = 1
        self._status = 0
        self._handle = 0
        names = {"InitiatorName": name, "TargetName": target, "SessionType": "Normal"}
        if chap:
            self._prove(names, *chap)
            names = {}
        self._negotiate(names)
        for _ in range(3):  # the first command is told that the session is new
            try:
                self._scsi(0x00, 0, 0, b"")
                return
            except IscsiError as error:
                refused = error
        raise refused

    def close(self):
        self._socket.close()

    def _prove(self, names, user, secret):
        """CHAP with MD5 (RFC 7143, 12.1.3), in the stage of security negotiation."""
        self._log_in(0x00, {**names, "AuthMethod": "CHAP"})
        _, said = self._log_in(0x00, {"CHAP_A": "5"})
        if "CHAP_C" not in said:
            raise IscsiError(f"the target does not ask for CHAP: {said}")
        number = int(said["CHAP_I"], 0)
        challenge = bytes.fromhex(said["CHAP_C"][2:])
        proof = hashlib.md5(bytes([number]) + secret.encode() + challenge).hexdigest()
        self._log_in(0x81, {"CHAP_N": user, "CHAP_R": "0x" + proof})

    def _negotiate(self, names):
        """From operational negotiation straight to full feature phase, transit."""
        more = {**names, **({"AuthMethod": "None"} if names else {}), "HeaderDigest": "None",
                "DataDigest": "None", "InitialR2T": "Yes", "ImmediateData": "Yes",
                "ErrorRecoveryLevel": "0", "MaxRecvDataSegmentLength": "65536"}
        for _ in range(5):
            answer, _ = self._log_in(0x87, more)
            if answer[1] & 0x83 == 0x83:
                self._command = struct.unpack(">I", answer[28:32])[0]
                return
            more = {}
        raise IscsiError("login does not come to an end")

    def _log_in(self, flags, pairs):
        """One step of a login: the answer, and the keys that came with it."""
        text = "".join(f"{key}={value}\0" for key, value in pairs.items())
        head = struct.pack(">BBBB", 0x40 | _LOGIN, flags, 0, 0)
        session = b"\x00\x02\x3d\x00\x00\x01"
        self._send(head, session + struct.pack(">HIHHII", self._handle, self._task, 1, 0,
                                               self._command, self._status), text.encode())
        answer, data = self._receive()
        if answer[0] & 0x3F != _LOGIN_ANSWER:
            raise IscsiError(f"no answer to a login: {answer[0]:#x}")
        if answer[36] or answer[37]:
            raise IscsiError(f"login refused: {answer[36]:#04x}{answer[37]:02x}")
        self._handle, = struct.unpack(">H", answer[14:16])
        self._status = struct.unpack(">I", answer[24:28])[0] + 1
        said = [pair.partition("=") for pair in data.decode(errors="replace").split("\0") if pair]
        return answer, {key: value for key, _, value in said}

    def write(self, block, data):
        """Returns when the target has acknowledged it."""
        self._scsi(0x2A, block, len(data), data)

    def read(self, block, length):
        return self._scsi(0x28, block, length, b"")

    def _scsi(self, operation, block, length, data):
        self._task += 1
        flags = 0x80 | (0x20 if data else 0x40 if length else 0) | 1
        cdb = struct.pack(">BBIBHB", operation, 0, block, 0, length // BLOCK, 0).ljust(16, b"\0")
        head = struct.pack(">BBBB", _COMMAND, flags, 0, 0)
        rest = struct.pack(">BBHIIIII", 0, 1, 0, 0, self._task, length, self._command,
                           self._status) + cdb
        self._command = (self._command + 1) & 0xFFFFFFFF
        self._send(head, rest, data)
        got = bytearray()
        while True:
            answer, content = self._receive()
            kind = answer[0] & 0x3F
            if kind == _NOP_IN:
                continue
            if kind not in (_ANSWER, _DATA_IN):
                raise IscsiError(f"unexpected answer {kind:#x}")
            got += content if kind == _DATA_IN else b""
            if kind == _ANSWER or answer[1] & 1:
                self._status = struct.unpack(">I", answer[24:28])[0] + 1
                if answer[3] or (kind == _ANSWER and answer[2]):
                    raise IscsiError(f"SCSI status {answer[3]:#04x}, response {answer[2]:#04x}")
                return bytes(got)

    def _send(self, head, rest, data):
        """`head` is 4 bytes; the lengths follow; `rest` begins at byte 8, and is filled up."""
        lengths = struct.pack(">B", 0) + len(data).to_bytes(3, "big")
        packet = (head + lengths + rest).ljust(48, b"\0") + data + b"\0" * (-len(data) % 4)
        self._socket.sendall(packet)

    def _receive(self):
        head = self._exactly(48)
        length = int.from_bytes(head[5:8], "big")
        self._exactly(head[4] * 4)
        data = self._exactly(length + (-length % 4))
        return head, data[:length]

    def _exactly(self, count):
        parts = bytearray()
        while len(parts) < count:
            part = self._socket.recv(count - len(parts))
            if not part:
                raise ConnectionError("the target closed the connection")
            parts += part
        return bytes(parts)


