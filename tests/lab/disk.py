#!/usr/bin/python3
"""The control of load.py: the file system alone, without Samba. What stalls here, too, is the machine.

usage: disk.py PATH [flush]     (until the end of stdin)

Writes and renames one file, over and over, and with `flush` waits for the disk each time, as an smbd does whose client flushes; like load.py's it needs the file system's journal. Prints a line of JSON for whatever took
SLOW_S or longer; times are CLOCK_MONOTONIC in seconds:
  {"slow": "disk", "from": …, "to": …}
"""

import json
import os
import sys
import threading
import time

SLOW_S = 0.05
PAUSE_S = 0.01

stopping = threading.Event()


def work(path, flush=None):
    names = [path, path + ".renamed"]
    with open(path, "w") as file:
        while not stopping.wait(PAUSE_S):
            began = time.monotonic()
            file.seek(0)
            file.write(f"{began:20.3f}")
            file.flush()
            if flush:
                os.fsync(file.fileno())
            os.rename(*names)
            names.reverse()
            ended = time.monotonic()
            if ended - began >= SLOW_S:
                print(json.dumps({"slow": "disk", "from": began, "to": ended}), flush=True)
    os.remove(names[0])


def main():
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -10)  # as load.py
    except OSError:
        pass
    worker = threading.Thread(target=work, args=sys.argv[1:])
    worker.start()
    sys.stdin.read()
    stopping.set()
    worker.join()


main()
