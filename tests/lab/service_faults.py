"""What happens to a service and its node, one after the other, while a client works on an address."""

import os
import time

import story

# The `monitor` event's interval in these stories, in seconds; the default is 15. What docs/ says of the time
# until something is noticed was measured with 5.
MONITOR_INTERVAL_S = int(os.environ.get("JCTDB_LAB_MONITOR_S", "2"))


def monitor_often(cluster, *nodes):
    """A story need not wait for what only takes its time; a daemon that starts again is back at the default."""
    for node in nodes or cluster.lab.nodes:
        cluster.ctdb_ok(node, "setvar", "MonitorInterval", str(MONITOR_INTERVAL_S))


def through_faults(cluster, client, process, port, path, restart=None):
    """The client's work survives: a planned move, the service killed, stopped (SIGSTOP) and cut off
    from its clients by a packet filter, and a power cut; after each, all that was acknowledged is at
    `path`. `process` is the service's program, `port` its clients' port; `restart` mends a service that
    nothing starts again, as an administrator would.
    """
    lab = cluster.lab
    monitor_often(cluster)
    goes_on(cluster, client, "at the start")
    _planned_move(cluster, client)
    expect_nothing_lost(client, path, "planned move")
    for what, begin, end in (
            (f"{process} killed", lambda node: lab.node(node, "killall", "-9", process, check=True),
             restart),
            (f"{process} stopped", lambda node: lab.node(node, "killall", "-STOP", process,
                                                         check=True),
             lambda node: (lab.node(node, "killall", "-q", "-CONT", process),
                           restart and restart(node))),
            (f"port {port} blocked", lambda node: block(lab, node, port),
             lambda node: unblock(lab, node, port))):
        _fault(cluster, client, what, begin, end)
        expect_nothing_lost(client, path, what)
    host = host_of(cluster, client.address)
    client.start_of_gap()
    lab.power_off(host)
    goes_on(cluster, client, "power cut")
    expect_nothing_lost(client, path, "power cut")


def _planned_move(cluster, client):
    lab, host = cluster.lab, host_of(cluster, client.address)
    client.start_of_gap()
    cluster.ctdb_ok(host, "disable")
    cluster.wait_for(lambda: lab.addresses(host).get(client.address) not in (host, -1), 30,
                     "the address does not leave a disabled node")
    goes_on(cluster, client, "planned move")
    cluster.ctdb_ok(host, "enable")
    lab.wait_healthy(timeout=60)


def _fault(cluster, client, what, begin, end):
    """Notes how long it took until the node was called unhealthy, or the client could work again."""
    lab, host = cluster.lab, host_of(cluster, client.address)
    ask = next(node for node in lab.nodes if node != host)
    client.start_of_gap()
    begin(host)
    began, before = time.monotonic(), client.acknowledged
    noticed = lab.until(lambda: "Unhealthy" in lab.node_states(ask).get(host, set())
                        or client.acknowledged > before + 50, 90, pause=0.1)
    noticed_s = time.monotonic() - began
    unhealthy = "Unhealthy" in lab.node_states(ask).get(host, set())
    try:
        story.expect(noticed, f"{what}: nobody notices")
        goes_on(cluster, client, what, f"{'unhealthy' if unhealthy else 'mended on its node'} after "
                f"{noticed_s:.1f} s, ")
    finally:
        if end:
            end(host)
    lab.wait_healthy(timeout=100)


def goes_on(cluster, client, what, more=""):
    before = client.acknowledged
    cluster.wait_for(lambda: client.acknowledged > before + 20, 100, f"nothing written: {what}")
    cluster.note(f"{what}: {more}longest gap {client.longest_gap_s:.2f} s, "
                 f"{client.acknowledged} writes acknowledged")


def host_of(cluster, address, ask=None):
    lab = cluster.lab
    ask = next(node for node in lab.nodes if cluster.answers(node)) if ask is None else ask
    cluster.wait_for(lambda: lab.addresses(ask).get(address, -1) >= 0, 60, f"nobody has {address}")
    return lab.addresses(ask)[address]


def block(lab, node, port):
    """Drops what comes for the port. A chain of its own: the scripts have rules for ports, too."""
    lab.node(node, "sh", "-ec", f"iptables -N lab-blocked; iptables -A lab-blocked -j DROP; "
             f"iptables -I INPUT -p tcp --dport {port} -j lab-blocked", check=True)


def unblock(lab, node, port):
    lab.node(node, "sh", "-c", f"iptables -D INPUT -p tcp --dport {port} -j lab-blocked; "
             "iptables -F lab-blocked; iptables -X lab-blocked", check=True)


def expect_nothing_lost(client, path, after="all"):
    lost = client.lost(path)
    story.expect(not lost, f"after {after}, {len(lost)} of {client.acknowledged} acknowledged writes are "
                 f"not on disk, the first is {lost[:3]}")


def disable_scripts(lab, node, *scripts):
    """On its disk, so that a node that is off does not start them when it comes back."""
    for script in scripts:
        link = lab.node_path(node, "etc", "ctdb", "events", "legacy", script + ".script")
        if os.path.lexists(link):
            os.unlink(link)


def end_processes(lab, *names):
    for node in lab.nodes:
        if lab._alive(f"node{node}"):
            lab.node(node, "killall", "-q", "-9", *names)
