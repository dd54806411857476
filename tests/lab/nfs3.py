"""An NFSv3 client (RFC 1813) that creates a file and writes it: what a test needs of one."""

import struct

_MOUNT, _NFS = (100005, 3), (100003, 3)
_TRY_AGAIN = 10008  # NFS3ERR_JUKEBOX: the server is in its grace period


class NfsError(Exception):
    """The server refused, or what it said makes no sense."""


def opaque(data):
    return struct.pack(">I", len(data)) + data + b"\0" * (-len(data) % 4)


class Rpc:
    """One TCP connection to one program; the caller is `who`, user and group, root unless told."""

    def __init__(self, connection, program, timeout=3, who=(0, 0)):
        self._socket, self._program, self._id, self._who = connection, program, 0, who
        self._socket.settimeout(timeout)

    def close(self):
        self._socket.close()

    def call(self, procedure, arguments):
        self._id += 1
        credentials = struct.pack(">I", 0) + opaque(b"client") + struct.pack(
            ">III", *self._who, 0)
        packet = (struct.pack(">IIIIII", self._id, 0, 2, *self._program, procedure)
                  + struct.pack(">I", 1) + opaque(credentials) + struct.pack(">II", 0, 0) + arguments)
        self._socket.sendall(struct.pack(">I", 0x80000000 | len(packet)) + packet)
        answer = self._record()
        found, kind, accepted, _, verifier = struct.unpack(">IIIII", answer[:20])
        if found != self._id or kind != 1 or accepted != 0:
            raise NfsError("no answer to this call")
        answer = answer[20 + verifier:]
        if struct.unpack(">I", answer[:4])[0] != 0:
            raise NfsError(f"RPC status {answer[:4].hex()}")
        return answer[4:]

    def _record(self):
        parts = b""
        while True:
            mark, = struct.unpack(">I", self._exactly(4))
            parts += self._exactly(mark & 0x7FFFFFFF)
            if mark & 0x80000000:
                return parts

    def _exactly(self, count):
        parts = bytearray()
        while len(parts) < count:
            part = self._socket.recv(count - len(parts))
            if not part:
                raise ConnectionError("the server closed the connection")
            parts += part
        return bytes(parts)


def _status(answer, what):
    """False when the server asks for patience."""
    status, = struct.unpack(">I", answer[:4])
    if status not in (0, _TRY_AGAIN):
        raise NfsError(f"{what}: status {status}")
    return status == 0


def mount(connect, path):
    """The handle of an exported directory."""
    rpc = Rpc(connect(20048), _MOUNT)
    try:
        answer = rpc.call(1, opaque(path.encode()))
    finally:
        rpc.close()
    if not _status(answer, f"mount of {path}"):
        raise NfsError("mount: try again")
    length, = struct.unpack(">I", answer[4:8])
    return answer[8:8 + length]


def connect_nfs(connect, who=(0, 0)):
    return Rpc(connect(2049), _NFS, who=who)


def create(rpc, directory, name):
    """The handle of a new file, or None when the server asks for patience."""
    answer = rpc.call(8, opaque(directory) + opaque(name.encode())
                      + struct.pack(">IIIIIIII", 0, 1, 0o644, 0, 0, 0, 0, 0))
    if not _status(answer, f"creation of {name}"):
        return None
    present, length = struct.unpack(">II", answer[4:12])
    if not present:
        raise NfsError(f"no handle for {name}")
    return answer[12:12 + length]


def write(rpc, file, offset, data):
    """True when it is on disk; False when the server asks for patience."""
    answer = rpc.call(7, opaque(file) + struct.pack(">QII", offset, len(data), 2) + opaque(data))
    return _status(answer, "write")
