"""Public addresses move, and nobody must notice more than a hiccup."""

import contextlib
import statistics
import time

from ping import Pinger
from story import expect, expect_equal, story

IP6 = ["fd00:77::101", "fd00:77::102", "fd00:77::103"]
CLIENT_IP6 = "fd00:77::250/64"


@contextlib.contextmanager
def ip6_addresses(cluster):
    """Three more public addresses on every node, which go again with the story."""
    lab = cluster.lab
    lab.client("ip", "addr", "add", CLIENT_IP6, "dev", "eth0", "nodad", check=True)
    try:
        for node in lab.nodes:
            for address in IP6:
                cluster.ctdb_ok(node, "addip", f"{address}/64", "eth1")
        cluster.wait_for(lambda: all(lab.addresses(0).get(a, -1) >= 0 for a in IP6), 20,
                         "the new addresses are served by nobody")
        yield
    finally:
        for node in lab.nodes:
            for address in IP6:
                cluster.ctdb(node, "delip", address)
        lab.client("ip", "addr", "del", CLIENT_IP6, "dev", "eth0")


def _moved(cluster, ping, ask, what, *words):
    """Runs a command and returns the outages of the addresses that it has moved."""
    lab = cluster.lab
    before, since = lab.addresses(ask), time.monotonic()
    cluster.ctdb_ok(*words)
    time.sleep(1.5)
    after = lab.addresses(ask)
    moved = [address for address in ping.addresses if before[address] != after[address]]
    outages = {address: ping.outage(address, since) for address in moved}
    cluster.note(f"{what}: " + ", ".join(f"{address} {1000 * outage:.0f} ms"
                                         for address, outage in outages.items()))
    return list(outages.values())


@story("whenever the administrator moved an address, its users hung for seconds", daemons=["jctdb"])
def planned_moves(cluster):
    lab = cluster.lab
    with ip6_addresses(cluster):
        with Pinger(lab, sorted(lab.addresses(0))) as ping:
            cluster.wait_for(ping.all_answer, 20, "an address does not answer")
            outages = []
            for node in (1, 2):
                address = cluster.address_of(node)
                outages += _moved(cluster, ping, 0, "moveip", 0, "moveip", address, "0")
                outages += _moved(cluster, ping, 0, "disable", node, "disable")
                outages += _moved(cluster, ping, 0, "enable", node, "enable")
                outages += _moved(cluster, ping, 0, "stop", node, "stop")
                outages += _moved(cluster, ping, 0, "continue", node, "continue")
                cluster.wait_for(lambda: not lab.node_states(0).get(node, {"?"}) - {"ThisNode"}, 20,
                                 f"node {node} does not come back")
            expect(len(outages) >= 8, f"only {len(outages)} moves were seen")
            median = statistics.median(outages)
            cluster.note(f"median {1000 * median:.0f} ms, longest {1000 * max(outages):.0f} ms")
            expect(median <= 0.2, f"half of the moves took longer than {1000 * median:.0f} ms")


@story("somebody took an address off an interface by hand, and it stayed away", daemons=["jctdb"])
def a_vanished_address_is_put_back(cluster):
    lab = cluster.lab
    address = cluster.address_of(1)
    lab.node(1, "ip", "addr", "del", f"{address}/24", "dev", "eth1", check=True)
    cluster.wait_for(lambda: address in _on(lab, 1), 3, f"{address} is not put back")
    expect_equal(lab.addresses(0)[address], 1, "its node")


@story("an address was left on an interface and two servers answered for it", daemons=["jctdb"])
def an_address_that_should_not_be_there_is_removed(cluster):
    lab = cluster.lab
    address = "10.77.1.190"
    for node in lab.nodes:
        cluster.ctdb_ok(node, "addip", f"{address}/24", "eth1")
    try:
        cluster.wait_for(lambda: lab.addresses(0).get(address, -1) >= 0, 20, "nobody serves it")
        cluster.ctdb_ok(0, "moveip", address, "0")
        cluster.ctdb_ok(0, "disable", "-n", "1")
        expect(lab.addresses(0)[address] == 0, "it did not move")
        for node in lab.nodes:
            cluster.ctdb_ok(node, "delip", address)
        cluster.wait_for(lambda: address not in _on(lab, 0), 10, "a deleted address stayed")
    finally:
        for node in lab.nodes:
            cluster.ctdb(node, "delip", address)
        cluster.ctdb(0, "enable", "-n", "1")


@story("with all nodes stopped `ctdb ipreallocate` never came back", daemons=["jctdb"])
def stopping_the_last_node(cluster):
    lab = cluster.lab
    try:
        for node in lab.nodes:
            cluster.ctdb_ok(node, "stop")
        for node in lab.nodes:
            expect(not _on(lab, node), f"the stopped node {node} kept {_on(lab, node)}")
        cluster.ctdb_ok(0, "ipreallocate")
    finally:
        for node in lab.nodes:
            cluster.ctdb_ok(node, "continue")
    lab.wait_healthy(timeout=60)


def _on(lab, node):
    text = lab.node(node, "ip", "-o", "addr", "show", "dev", "eth1", "scope", "global").stdout
    return [line.split()[3].split("/")[0] for line in text.splitlines()]
