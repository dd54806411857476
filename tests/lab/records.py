#!/usr/bin/python3
"""Touches the file of a volatile database on a node as smbd does: through libtdb, past the daemon.

usage: records.py fill DATABASE PNN FIRST COUNT     stores records that this node owns
       records.py hold DATABASE KEY                 takes the chain lock of the key, says "held", and keeps it until
                                                    the end of stdin: a process that is stuck
       records.py cross DATABASE KEY OTHER KEY      the same, and at each line of stdin takes that key's chain in the
                                                    other database as well, says "both" and lets go of it: smbd
                                                    that opens a file
The lab runs it as text (python3 -c), because a node does not see the lab's directory.
"""

import ctypes
import glob
import os
import struct
import sys

VOLATILE = 0x1C41  # clear if first, no sync, no nesting, the other hash, mutexes: smbd's flags
DATA = bytes(100)


class Datum(ctypes.Structure):
    _fields_ = [("pointer", ctypes.c_char_p), ("size", ctypes.c_size_t)]


def datum(data):
    return Datum(data, len(data))


def library():
    tdb = ctypes.CDLL("libtdb.so.1", use_errno=True)
    tdb.tdb_open.restype = ctypes.c_void_p
    tdb.tdb_open.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_uint]
    tdb.tdb_store.argtypes = [ctypes.c_void_p, Datum, Datum, ctypes.c_int]
    tdb.tdb_chainlock.argtypes = [ctypes.c_void_p, Datum]
    tdb.tdb_chainunlock.argtypes = [ctypes.c_void_p, Datum]
    tdb.tdb_close.argtypes = [ctypes.c_void_p]
    tdb.tdb_runtime_check_for_robust_mutexes()
    return tdb


def open_database(tdb, name):
    path, = glob.glob(f"/var/lib/ctdb/volatile/{name}.*")
    database = tdb.tdb_open(path.encode(), 0, VOLATILE, os.O_RDWR, 0o600)
    if not database:
        sys.exit(f"{path}: {os.strerror(ctypes.get_errno())}")
    return database


def lock(tdb, database, key):
    if tdb.tdb_chainlock(database, datum(key.encode())) != 0:
        sys.exit("the chain lock is refused")


def unlock(tdb, database, key):
    """Closing would unmap the mutex while it is held, and then nobody could ever take it again."""
    tdb.tdb_chainunlock(database, datum(key.encode()))


def main():
    what, name, *words = sys.argv[1:]
    tdb = library()
    database = open_database(tdb, name)
    if what == "fill":
        pnn, first, count = map(int, words)
        value = datum(struct.pack("<QIIII", 1, pnn, 0, 0, 0) + DATA)
        for number in range(first, first + count):
            if tdb.tdb_store(database, datum(b"filled-%d" % number), value, 0) != 0:
                sys.exit("the file takes no more")
    else:
        key, *other = words
        second = open_database(tdb, other[0]) if other else None
        lock(tdb, database, key)
        print("held", flush=True)
        for _ in sys.stdin:
            if second:
                lock(tdb, second, other[1])
                print("both", flush=True)
                unlock(tdb, second, other[1])
        unlock(tdb, database, key)
        if second:
            tdb.tdb_close(second)
    tdb.tdb_close(database)


main()
