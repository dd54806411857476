"""What goes out of a node: the NAT gateway, routes of addresses, static routes, and LVS."""

import contextlib
import os
import shutil

import nslab
from stories_addresses import _on
from story import expect, expect_equal, story

OUR_TOOL = "/srv/jctdb/bin/ctdb"
SHIPPED = "/srv/jctdb/share/ctdb/events/legacy"
LEGACY = "/etc/ctdb/events/legacy"
GATEWAY = "10.77.1.199"  # the address that natgw moves
WORLD = "10.88.0.0/16"


@contextlib.contextmanager
def _script(cluster, name, options, **files):
    """The script is enabled on every node, with these options and further files in /etc/ctdb."""
    lab = cluster.lab
    made = []
    for node in lab.nodes:
        etc = lab.node_path(node, "etc", "ctdb")
        link = os.path.join(etc, "events", "legacy", name + ".script")
        os.symlink(f"{SHIPPED}/{name}.script", link)
        made.append(link)
        for file, text in {f"events/legacy/{name}.options": options, **files}.items():
            made.append(os.path.join(etc, file))
            with open(made[-1], "w") as out:
                out.write(text)
    try:
        yield
    finally:
        for path in made:
            os.unlink(path)


def _nodes_file(lab, *words):
    return "".join(f"{nslab.PRIVATE_NET}.{node + 1}{word}\n" for node, word in zip(lab.nodes, words))


def _routes(lab, node, *words):
    return [line.strip() for line in lab.node(node, "ip", "route", "show", *words).stdout.splitlines()]


@story("the gateway to the outside was down for good with the server that it was on", daemons=["jctdb"])
def nat_gateway_moves(cluster):
    lab = cluster.lab
    options = (f"CTDB_NATGW_NODES=/etc/ctdb/natgw_nodes\nCTDB_NATGW_PUBLIC_IP={GATEWAY}/24\n"
               f"CTDB_NATGW_PUBLIC_IFACE=eth1\nCTDB_NATGW_DEFAULT_GATEWAY={nslab.CLIENT_ADDRESS}\n"
               f"CTDB_NATGW_PRIVATE_NETWORK={nslab.PRIVATE_NET}.0/24\n"
               f"CTDB_NATGW_STATIC_ROUTES={WORLD}\n")

    def leads(node):
        others = [other for other in lab.nodes if other != node]
        return (GATEWAY in _on(lab, node)
                and _routes(lab, node, WORLD) == [f"{WORLD} via {nslab.CLIENT_ADDRESS} dev eth1 metric 10"]
                and all(GATEWAY not in _on(lab, other) for other in others)
                and all(_routes(lab, other, WORLD)
                        == [f"{WORLD} via {nslab.PRIVATE_NET}.{node + 1} dev eth0 metric 10"]
                        for other in others))

    with _script(cluster, "11.natgw", options,
                 natgw_nodes=_nodes_file(lab, "", "", "\tfollower-only")):
        try:
            cluster.ctdb_ok(0, "ipreallocate")
            cluster.wait_for(lambda: leads(0), 10, "node 0 is not the gateway")
            expect_equal(lab.node(2, OUR_TOOL, "natgw", "leader").stdout, "0 10.77.0.1\n", "`ctdb natgw leader`")
            cluster.ctdb_ok(0, "disable")
            cluster.wait_for(lambda: leads(1), 10, "node 1 is not the gateway")
            expect_equal(lab.node(2, OUR_TOOL, "natgw", "leader").stdout, "1 10.77.0.2\n", "`ctdb natgw leader`")
            cluster.ctdb_ok(0, "enable")
            cluster.wait_for(lambda: leads(0), 10, "node 0 is not the gateway again")
        finally:
            for node in lab.nodes:
                lab.node(node, OUR_TOOL, "event", "run", "30", "legacy", "removenatgw")
    for node in lab.nodes:
        expect(GATEWAY not in _on(lab, node) and not _routes(lab, node, WORLD), "something is left")


@story("answers left by the wrong router, and the client's firewall threw them away", daemons=["jctdb"])
def every_address_has_its_routes(cluster):
    """A routing table and a rule for each address, and static routes, follow the addresses."""
    lab = cluster.lab
    address = cluster.address_of(1)
    table = f"ctdb.{address}"
    options = ("CTDB_PER_IP_ROUTING_CONF=/etc/ctdb/policy\nCTDB_PER_IP_ROUTING_RULE_PREF=100\n"
               "CTDB_PER_IP_ROUTING_TABLE_ID_LOW=1000\nCTDB_PER_IP_ROUTING_TABLE_ID_HIGH=1009\n")
    policy = f"{address} 10.77.1.0/24\n{address} 0.0.0.0/0 {nslab.CLIENT_ADDRESS}\n"

    def ruled(node):
        rules = lab.node(node, "ip", "rule", "show").stdout
        return f"from {address} lookup {table}" in rules and any(
            line.startswith(f"default via {nslab.CLIENT_ADDRESS} dev eth1")
            for line in _routes(lab, node, "table", table))

    with _script(cluster, "13.per_ip_routing", options, policy=policy), \
            _script(cluster, "11.routing", "",
                    **{"static-routes": f"eth1 {WORLD} {nslab.CLIENT_ADDRESS}\n"}):
        try:
            cluster.ctdb_ok(0, "ipreallocate")
            cluster.wait_for(lambda: ruled(1), 10, "no rule and table where the address is")
            expect(not ruled(2), "a rule where the address is not")
            expect_equal(_routes(lab, 1, WORLD), [f"{WORLD} via {nslab.CLIENT_ADDRESS} dev eth1"],
                         "the static route")
            cluster.ctdb_ok(0, "moveip", address, "2")
            cluster.wait_for(lambda: ruled(2) and not ruled(1), 10, "they do not follow the address")
            cluster.client_at(address).echo()
        finally:
            for node in lab.nodes:
                lab.node(node, f"{LEGACY}/13.per_ip_routing.script", "shutdown")
                lab.node(node, "ip", "route", "del", WORLD)
            cluster.ctdb(0, "ipreallocate")


@story("the load balancer did nothing, and did not say why", daemons=["jctdb"])
def lvs_needs_the_kernel(cluster):
    """Without IPVS in the kernel the node is kept unhealthy, and the log says why."""
    lab = cluster.lab
    if not shutil.which("ipvsadm", path=nslab.PATH) or os.path.exists("/proc/net/ip_vs"):
        cluster.note("left out: this machine has IPVS, or no ipvsadm")
        return
    options = ("CTDB_LVS_NODES=/etc/ctdb/lvs_nodes\nCTDB_LVS_PUBLIC_IP=10.77.1.198\n"
               "CTDB_LVS_PUBLIC_IFACE=eth1\n")
    with _script(cluster, "91.lvs", options, lvs_nodes=_nodes_file(lab, "", "", "")):
        expect_equal(lab.node(1, OUR_TOOL, "lvs", "leader").stdout, "0\n", "`ctdb lvs leader`")
        said = lab.node(1, f"{LEGACY}/91.lvs.script", "startup")
        expect(said.returncode != 0 and "IPVS" in said.stdout + said.stderr,
               f"startup: {said.returncode}, {said.stdout}{said.stderr}")
        cluster.note((said.stdout + said.stderr).strip())
