#!/usr/bin/python3
"""The control of everything: a thread on each processor that needs nothing but its turn.

usage: still.py     (until the end of stdin)

Where the machine is a guest of another one, that may let it stand still for some tenths of a second, all processes at
once, and no counter tells. Here each processor has a real-time thread that sleeps for TURN_S and looks at the clock;
the kernel lets it run before all others. Prints a line of JSON when one came SLOW_S or more too late; times are
CLOCK_MONOTONIC in seconds:
  {"slow": "machine", "from": …, "to": …}
Exits at once where real-time threads are not allowed: then nothing is told of the machine.
"""

import json
import os
import sys
import threading
import time

SLOW_S = 0.03
TURN_S = 0.005

stopping = threading.Event()


def watch(processor):
    os.sched_setaffinity(0, {processor})  # of this thread
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    before = time.monotonic()
    while not stopping.is_set():
        time.sleep(TURN_S)
        now = time.monotonic()
        if now - before >= SLOW_S:
            print(json.dumps({"slow": "machine", "from": before, "to": now}), flush=True)
        before = now


def main():
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError as error:
        print(json.dumps({"trouble": f"no real-time threads: {error}"}), flush=True)
        return
    watchers = [threading.Thread(target=watch, args=[processor]) for processor in os.sched_getaffinity(0)]
    for watcher in watchers:
        watcher.start()
    sys.stdin.read()
    stopping.set()
    for watcher in watchers:
        watcher.join()


main()
