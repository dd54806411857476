"""Fencing has three layers. Each has to keep two nodes from acting for one another by itself, so each story
takes the other two away: they are the proof that no layer only seems to work because of another."""

import re
import signal
import time

from story import expect, story


def _taken_over(cluster, victim, addresses, timeout):
    """Every one of these is on another node; returns how long that took."""
    lab = cluster.lab
    asked = min(node for node in lab.nodes if node != victim)
    others = [node for node in lab.nodes if node != victim]
    began = time.monotonic()
    cluster.wait_for(lambda: all(any(address in lab.lifetimes(node) for node in others)
                                 for address in addresses), timeout,
                     f"nobody took {addresses} over; node {asked} says {lab.addresses(asked)}")
    return time.monotonic() - began


@story("fencing by the lease alone: a node that was cut off, alive and well, kept its addresses until something killed it",
       daemons=["jctdb"])
def the_lease_alone(cluster):
    """Neither the kernel's timer nor the launcher has anything to do, and lifetimes are far from their end."""
    lab, victim = cluster.lab, 0
    mine, daemon = lab.lifetimes(victim), lab.daemon_pid(victim)
    monitor = lab.start(f"node{victim}", "sh", "-c", "exec ip -4 monitor address > /tmp/addresses.log 2>&1")
    try:
        time.sleep(0.5)
        lab.partition(victim)
        took = _taken_over(cluster, victim, mine, 30)
        expect(lab.daemon_pid(victim) == daemon, "the daemon did not live through it")
    finally:
        lab.node(victim, "pkill", "-x", "ip")
        monitor.wait(timeout=5)
        lab.heal(victim)
    log = lab.node(victim, "cat", "/tmp/addresses.log").stdout
    left = [int(seconds) for seconds in
            re.findall(r"Deleted .*\n\s*valid_lft (\d+)sec", log)]
    cluster.note(f"taken over after {took:.1f} s; lifetimes at the release: {left} s")
    expect(len(left) >= len(mine), f"not released by the daemon: {log[-600:]}")
    expect(all(seconds > 0 for seconds in left), f"the kernel was first: {left}")
    lab.wait_healthy(timeout=90)


@story("fencing by the kernel's timer alone: a daemon hung, and its addresses and files stayed its own for ever",
       daemons=["jctdb"])
def the_dead_man_alone(cluster):
    """A stopped daemon cannot let go when its lease ends, and its addresses are made permanent behind its
    back. The kernel ends it, and only then can the launcher clear up."""
    lab, victim = cluster.lab, 1
    mine, daemon = lab.lifetimes(victim), lab.daemon_pid(victim)
    lab.kill_daemon(victim, signal.SIGSTOP)
    for address in mine:
        lab.node(victim, "ip", "addr", "change", f"{address}/24", "dev", "eth1", "valid_lft", "forever",
                 "preferred_lft", "forever")
    took = _taken_over(cluster, victim, mine, 30)
    cluster.note(f"taken over after {took:.1f} s")
    expect(not set(mine) & set(lab.lifetimes(victim)), f"still there: {lab.lifetimes(victim)}")
    cluster.wait_for(lambda: lab.daemon_pid(victim) not in (None, daemon), 30, "the stopped daemon still lives")
    cluster.revive(victim)
    lab.wait_healthy(timeout=90)


@story("fencing by lifetimes of addresses alone: nothing was left on a node to take its addresses away",
       daemons=["jctdb"])
def address_lifetimes_alone(cluster):
    """Daemon and launcher are killed at once: no lease is minded, no timer is left, nobody clears up."""
    lab, victim = cluster.lab, 2
    mine = lab.lifetimes(victim)
    lab.node(victim, "pkill", "-9", "-x", "jctdb-launcher", check=True)
    lab.kill_daemon(victim)
    left = lab.lifetimes(victim)
    took = _taken_over(cluster, victim, mine, 30)
    cluster.note(f"{left} s left when nobody was; taken over after {took:.1f} s")
    expect("forever" not in left.values(), f"addresses without an end: {left}")
    expect(not set(mine) & set(lab.lifetimes(victim)), f"still there: {lab.lifetimes(victim)}")
    cluster.revive(victim)
    lab.wait_healthy(timeout=90)
