"""What can happen to a node, each as one function of the lab and the node; they give the time at which it happened
(CLOCK_MONOTONIC). How a node is made whole again is `story.Cluster.mend`."""

import re
import signal
import threading
import time

import nslab

ZOOKEEPER_QUORUM_PORT = 4381  # only ZooKeeper's leader listens there


def kill(lab, node):
    """The cluster daemon is killed with -9."""
    return _signal(lab, node, signal.SIGKILL)


def power(lab, node):
    """All links and all processes at once."""
    now = time.monotonic()
    lab.power_off(node)
    return now


def freeze(lab, node, thaw_after_s=60):
    """The daemon is stopped, and goes on a minute later if it still exists. Of Debian's ctdbd the daemon itself is
    stopped, not its helper processes."""
    pid = daemon_pid(lab, node)
    now = _signal(lab, node, signal.SIGSTOP, pid)

    def thaw():
        try:
            lab.node(node, "kill", "-CONT", str(pid))
        except (nslab.LabError, OSError):
            pass  # the lab has gone

    timer = threading.Timer(thaw_after_s, thaw)
    timer.daemon = True
    timer.start()
    return now


def partition(lab, node):
    """The private network of the node is cut; its clients still reach it."""
    now = time.monotonic()
    lab.partition(node)
    return now


def daemon_pid(lab, node):
    pid = lab.daemon_pid(node)
    if pid is None:
        raise nslab.LabError(f"node {node} has no daemon")
    return pid


def _signal(lab, node, number, pid=None):
    pid = pid or daemon_pid(lab, node)
    now = time.monotonic()
    lab.node(node, "kill", f"-{int(number)}", str(pid), check=True)
    return now


def leader(lab):
    """The cluster's leader (ctdb called it recovery master)."""
    for node in lab.nodes:
        for word in ("leader", "recmaster"):
            done = lab.node(node, "ctdb", word)
            if done.returncode == 0 and re.fullmatch(r"\d+\s*", done.stdout):
                return int(done.stdout)
    raise nslab.LabError("no node tells who leads")


def zookeeper_leader(lab):
    if lab.daemon != "jctdb":
        return leader(lab)
    for node in lab.nodes:
        done = lab.node(node, "ss", "-Hltn", f"sport = :{ZOOKEEPER_QUORUM_PORT}")
        if done.stdout.strip():
            return node
    raise nslab.LabError("no node leads ZooKeeper")


def bystander(lab):
    """A node that leads nothing, if there is one."""
    leads = {leader(lab)}
    if lab.daemon == "jctdb":
        leads.add(zookeeper_leader(lab))
    return min(set(lab.nodes) - leads)


# Name of the failure: (what it does, to whom).
FAILURES = {
    "kill": (kill, bystander),
    "kill-leader": (kill, leader),
    "kill-zookeeper-leader": (kill, zookeeper_leader),
    "power": (power, bystander),
    "power-leader": (power, leader),
    "freeze": (freeze, bystander),
    "freeze-leader": (freeze, leader),
    "partition": (partition, bystander),
    "partition-leader": (partition, leader),
    "partition-zookeeper-leader": (partition, zookeeper_leader),
}
