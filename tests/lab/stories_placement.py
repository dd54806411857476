"""What an administrator says about public addresses: where they may be, and which there are."""

import contextlib
import os
import time

from ping import Pinger
from stories_addresses import _on
from story import expect, expect_equal, story

OUR_TOOL = "/srv/jctdb/bin/ctdb"


def _addresses_file(lab, node):
    return lab.node_path(node, "etc", "ctdb", "public_addresses")


@contextlib.contextmanager
def _files_kept(paths):
    """What is in these files, or that they are not there, is the same afterwards."""
    before = {}
    for path in paths:
        if os.path.exists(path):
            with open(path) as file:
                before[path] = file.read()
    try:
        yield before
    finally:
        for path in paths:
            if path in before:
                with open(path, "w") as file:
                    file.write(before[path])
            elif os.path.exists(path):
                os.unlink(path)


@contextlib.contextmanager
def _tunables(cluster, **wanted):
    """Set on every node, because any of them may lead; as they were, afterwards."""
    lab = cluster.lab
    before = {name: cluster.ctdb_ok(0, "getvar", name).split("=")[1].strip() for name in wanted}

    def put(values):
        for node in lab.nodes:
            for name, value in values.items():
                cluster.ctdb_ok(node, "setvar", name, str(value))

    put(wanted)
    try:
        yield
    finally:
        put(before)


@story("I added addresses to a server that had been started without any, and it could not take them",
       daemons=["jctdb"])
def a_node_that_was_started_without_addresses(cluster):
    lab = cluster.lab
    address = "10.77.1.192"
    file = _addresses_file(lab, 2)
    cluster.ctdb_ok(2, "shutdown")
    cluster.wait_for(lambda: not cluster.answers(2), 20, "node 2 does not end")
    os.rename(file, file + ".away")
    try:
        cluster.revive(2)
        lab.wait_healthy(timeout=60, spread=False)
        expect_equal(_on(lab, 2), [], "addresses of a node without any")
        began = time.monotonic()
        cluster.ctdb_ok(2, "addip", f"{address}/24", "eth1")
        cluster.wait_for(lambda: address in _on(lab, 2), 10, "it does not take the new address")
        cluster.note(f"served {time.monotonic() - began:.1f} s after `addip`")
        with Pinger(lab, [address]) as ping:
            cluster.wait_for(ping.all_answer, 5, "the new address does not answer")
        shown = lab.node(2, "ip", "-o", "addr", "show", "to", address).stdout
        expect("valid_lft" in shown and "valid_lft forever" not in shown,
               f"the kernel would keep it for ever: {shown}")
        _shown_by_the_tool(cluster, address)
        cluster.ctdb_ok(2, "delip", address)
        cluster.wait_for(lambda: address not in _on(lab, 2), 10, "a deleted address stays")
        expect("eth1" not in cluster.ctdb_ok(2, "ifaces"), "an interface without addresses stays")
    finally:
        os.rename(file + ".away", file)
        cluster.ctdb(2, "delip", address)
    cluster.ctdb_ok(2, "reloadips")
    cluster.wait_for(lambda: _on(lab, 2), 20, "it gets none of the addresses of its new file")


def _shown_by_the_tool(cluster, address):
    told = cluster.ctdb_ok(2, "ipinfo", address)
    for line in (f"IP:{address}", "CurrentNode:2", "NumInterfaces:1",
                 "Name:eth1 Link:up References:1 (active)"):
        expect(line in told, f"no {line!r} in {told!r}")
    expect("name:eth1 link:up references:1" in cluster.ctdb_ok(2, "ifaces"), "`ctdb ifaces`")
    other = cluster.ctdb(0, "ipinfo", address)
    expect(other.returncode != 0 and "does not know about IP" in other.stdout + other.stderr,
           f"node 0 claims to know it: {other.stdout}{other.stderr}")


@story("I changed the list of addresses, and had to restart the service to make it known",
       daemons=["jctdb"])
def the_list_changes_while_all_serve(cluster):
    lab = cluster.lab
    new = ["10.77.1.193", "fd77:1::193"]
    files = [_addresses_file(lab, node) for node in lab.nodes]
    before = lab.addresses(0)
    with _files_kept(files):
        for path in files:
            with open(path, "a") as file:
                file.write(f"# new\n{new[0]}/24 eth1\n{new[1]}/64 eth1\n")
        cluster.ctdb_ok(0, "reloadips", "all")
        cluster.wait_for(lambda: all(lab.addresses(0).get(a, -1) >= 0 for a in new), 10,
                         "a new address is served by nobody")
        with Pinger(lab, new) as ping:
            cluster.wait_for(ping.all_answer, 5, "a new address does not answer")
        for address, node in before.items():
            expect_equal(lab.addresses(0)[address], node, f"the node of {address}, which is not new")
        with open(files[1], "a") as file:
            file.write("10.77.1.194/24 eth9\n")
        cluster.ctdb(1, "reloadips")
        expect("10.77.1.194" not in cluster.ctdb_ok(1, "ip"), "a line with a wrong interface is taken")
        told = lab.log(1)
        expect("public_addresses:" in told and "eth9" in told, "nobody says which line is wrong")
    cluster.ctdb_ok(0, "reloadips", "all")
    cluster.wait_for(lambda: lab.addresses(0) == before, 10,
                     f"not as before: {before}, {lab.addresses(0)}")
    for node in lab.nodes:
        expect(not set(new) & set(_on(lab, node)), f"node {node} keeps a deleted address")


@story("I said that a network card is not to be used, and the addresses stayed on it",
       daemons=["jctdb"])
def an_interface_said_to_be_down(cluster):
    lab = cluster.lab
    address = cluster.address_of(1)

    def goes():
        cluster.ctdb_ok(1, "setifacelink", "eth1", "down")
        return lab.until(lambda: lab.addresses(0)[address] in (0, 2), 5)

    try:
        # A monitor event that has just looked at the card says that it is up, as ctdb's does: said once more, it holds.
        expect(goes() or goes(), "it stays")
        expect("name:eth1 link:down" in cluster.ctdb_ok(1, "ifaces"), "`ctdb ifaces` shows it as up")
        told = lab.node(0, OUR_TOOL, "ip", "explain", address).stdout
        expect(": cannot: no link on eth1" in told, f"nobody says why:\n{told}")
    finally:
        cluster.ctdb_ok(1, "setifacelink", "eth1", "up")
    cluster.wait_for(lambda: 1 in lab.addresses(0).values(), 20, "node 1 gets none again")
    expect(cluster.ctdb(1, "setifacelink", "eth7", "down").returncode != 0, "there is no eth7")


@story("I wanted addresses to stay where they are, and the cluster knew better", daemons=["jctdb"])
def where_addresses_shall_be(cluster):
    """NoIPTakeover, NoIPFailback, and home nodes, as the administrator sees them."""
    lab = cluster.lab
    before = lab.addresses(0)
    address = cluster.address_of(1)
    with _tunables(cluster, NoIPTakeover=1):
        cluster.ctdb_ok(1, "disable")
        cluster.wait_for(lambda: lab.addresses(0)[address] == -1, 10,
                         "NoIPTakeover: it has gone to another node")
        told = {a: node for a, node in lab.addresses(0).items() if a != address}
        expect_equal(told, {a: node for a, node in before.items() if a != address}, "the others")
        cluster.ctdb_ok(1, "enable")
    cluster.ctdb_ok(0, "ipreallocate")
    cluster.wait_for(lambda: lab.addresses(0) == before, 10, "node 1 does not serve again")
    with _tunables(cluster, NoIPFailback=1):
        cluster.ctdb_ok(1, "disable")
        cluster.wait_for(lambda: lab.addresses(0)[address] in (0, 2), 10, "nobody takes it")
        cluster.ctdb_ok(1, "enable")
        cluster.ctdb_ok(0, "ipreallocate")
        expect(1 not in lab.addresses(0).values(), "NoIPFailback: node 1 was given addresses back")
    cluster.ctdb_ok(0, "ipreallocate")
    cluster.wait_for(lambda: 1 in lab.addresses(0).values(), 10, "node 1 gets none again")
    # Each where it has never been.
    home = {a: (node + 1) % len(lab.nodes) for a, node in lab.addresses(0).items()}
    files = [lab.node_path(node, "etc", "ctdb", "home_nodes") for node in lab.nodes]
    with _files_kept(files):
        for path in files:
            with open(path, "w") as file:
                file.write("".join(f"{a} {node}\n" for a, node in home.items()))
        with _tunables(cluster, IPAllocAlgorithm=0):
            cluster.ctdb_ok(0, "ipreallocate")
            cluster.wait_for(lambda: lab.addresses(0) == home, 10,
                             f"not at home: {home}, {lab.addresses(0)}")
            cluster.ctdb_ok(1, "disable")
            cluster.wait_for(lambda: 1 not in lab.addresses(0).values(), 10, "node 1 keeps its own")
            cluster.ctdb_ok(1, "enable")
            cluster.wait_for(lambda: lab.addresses(0) == home, 10, "one does not come home")


SLOW_OR_FAILING = """#!/bin/sh
[ "$1" = takeip ] || exit 0
case "$3" in
SLOW) while [ -e /run/lab-takeip-goes-on ]; do sleep 0.1; done ;;
FAILING) [ "$(cat /etc/hostname)" != node0 ] ;;
esac
"""


@story("one script was slow for one address, and all the others were away just as long",
       daemons=["jctdb"])
def one_address_holds_up_no_other(cluster):
    lab = cluster.lab
    slow, failing, well = "10.77.1.195", "10.77.1.196", "10.77.1.197"
    added = (slow, failing, well)
    scripts = [lab.node_path(node, "etc", "ctdb", "events", "legacy", "99.odd.script")
               for node in (0, 1)]
    try:
        for address in added:
            for node in lab.nodes:
                cluster.ctdb_ok(node, "addip", f"{address}/24", "eth1")
        cluster.wait_for(lambda: all(lab.addresses(0).get(a, -1) >= 0 for a in added), 10,
                         "a new address is served by nobody")
        for address in added:
            cluster.ctdb_ok(0, "moveip", address, "2")
        for node, script in enumerate(scripts):
            with open(script, "w") as file:
                file.write(SLOW_OR_FAILING.replace("SLOW", slow).replace("FAILING", failing))
            os.chmod(script, 0o755)
            lab.node(node, "touch", "/run/lab-takeip-goes-on", check=True)
        moving = [a for a, node in lab.addresses(0).items() if node == 2]
        with Pinger(lab, moving) as ping:
            cluster.wait_for(ping.all_answer, 5, "an address does not answer")
            since = time.monotonic()
            move = lab.start("node2", "ctdb", "disable")
            cluster.wait_for(lambda: not set(moving) & set(_on(lab, 2)), 10, "node 2 keeps some")
            cluster.wait_for(ping.all_answer, 5, "an address is served by nobody")
            away = {a: ping.outage(a, since) for a in moving}
            cluster.note("; ".join(f"{a} away for {1000 * s:.0f} ms" for a, s in away.items()))
            expect(max(away.values()) <= 1.5, "away for too long")
            expect(failing in _on(lab, 1), f"{failing} is not where its script works")
            for node in (0, 1):
                lab.node(node, "rm", "-f", "/run/lab-takeip-goes-on")
            move.wait(30)
    finally:
        for node, script in enumerate(scripts):
            lab.node(node, "rm", "-f", "/run/lab-takeip-goes-on")
            if os.path.exists(script):
                os.unlink(script)
        cluster.ctdb(2, "enable")
        for address in added:
            for node in lab.nodes:
                cluster.ctdb(node, "delip", address)
        lab.until(lambda: not set(added) & set(lab.addresses(0)), 10)
