"""Public addresses move, and nobody must notice more than a hiccup."""

import contextlib
import os
import pty
import statistics
import subprocess
import time

import capture
import nslab
from ping import Pinger
from story import Writer, expect, expect_equal, story

IP6 = ["fd00:77::101", "fd00:77::102", "fd00:77::103"]
CLIENT_IP6 = "fd00:77::250/64"
FLAPPING_S = float(os.environ.get("JCTDB_LAB_FLAPPING_S", "30"))
# Few and slow, or each second for as long as asked; then the node would be kept away for 320 s.
LINK_FLAPS, LINK_FLAP_S = (int(FLAPPING_S / 2), 1) if "JCTDB_LAB_FLAPPING_S" in os.environ else (4, 1.7)
KEPT = "/var/lib/ctdb/tickles"  # where a node keeps the connections to public addresses


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
        # They go with the next takeover run, which must not be another story's.
        lab.until(lambda: not set(IP6) & set(lab.addresses(0)), 10)


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
    began = time.monotonic()
    lab.wait_healthy(timeout=60)
    cluster.note(f"every node serves again {time.monotonic() - began:.1f} s after the last `continue`")


def _on(lab, node):
    text = lab.node(node, "ip", "-o", "addr", "show", "dev", "eth1", "scope", "global").stdout
    return [line.split()[3].split("/")[0] for line in text.splitlines()]


@story("my Explorer window hung for a minute after the server had been taken down for maintenance",
       daemons=["jctdb"])
def an_idle_session_notices_the_move(cluster):
    """Real smbclient, idle; what is on the wire when its address moves; and how it goes on."""
    lab = cluster.lab
    address = cluster.address_of(1)
    with capture.Capture(lab, "client", "eth0") as wire, \
            _smbclient(lab, address) as session:
        session.command("mkdir idle-session")
        port = session.port
        time.sleep(2)  # idle
        since = time.time()
        cluster.ctdb_ok(0, "moveip", address, "2")
        cluster.wait_for(lambda: not session.is_connected(), 5,
                         "the client still believes in its connection")
        noticed = time.time()
        arrived = wire.first(since, lambda p: p.arp_for == address)
        tickle = wire.first(since, lambda p: p.is_tcp(address, 445, None, port)
                            and p.flags == capture.ACK and (p.seq, p.ack, p.window) == (0, 0, 1234))
        expect_equal((tickle.ttl, len(tickle.ip), tickle.payload), (255, 40, b""),
                     "TTL, length and content of the tickle")
        answer = wire.first(tickle.at, lambda p: p.is_tcp(None, port, address, 445))
        expect(answer.flags == capture.ACK and answer.seq and answer.ack,
               "the client did not answer with its true numbers")
        reset = wire.first(answer.at, lambda p: p.is_tcp(address, 445, None, port)
                           and p.flags & capture.RST)
        expect_equal(reset.seq, answer.ack, "the number of the reset")
        cluster.note(f"tickle {1000 * (tickle.at - arrived.at):.0f} ms after the address was announced, "
                     f"reset after {1000 * (reset.at - arrived.at):.0f} ms; "
                     f"{1000 * (reset.at - since):.0f} ms after the command")
        expect(reset.at - since <= 1 and noticed - since <= 1.5,
               f"the client noticed after {noticed - since:.1f} s only")
        expect("CONNECTION" in session.complaint(), "smbclient did not notice")
    with _smbclient(lab, address) as session:
        session.command("rmdir idle-session")
        # Not the whole directory: other stories leave thousands of files there.
        expect("NO_SUCH_FILE" in session.command("ls idle-session"), "its directory is still there")
    cluster.ctdb_ok(0, "ipreallocate")  # node 1 has none


SLOW_TAKE = """#!/bin/sh
[ "$1" = takeip ] || exit 0
while [ -e /run/lab-takeip-goes-on ]; do sleep 0.1; done
"""


@story("after each maintenance some users, and always others, had to close their windows by hand",
       daemons=["jctdb"])
def a_client_that_comes_while_scripts_still_run(cluster):
    """The address is there and serves, but takeip has not ended: who connects now is woken later, too."""
    lab = cluster.lab
    address = cluster.address_of(0)
    script = lab.node_path(1, "etc", "ctdb", "events", "legacy", "99.slow.script")
    with open(script, "w") as file:
        file.write(SLOW_TAKE)
    os.chmod(script, 0o755)
    lab.node(1, "touch", "/run/lab-takeip-goes-on", check=True)
    try:
        cluster.client_at(address).echo()  # its machine knows where the address is, and must learn anew
        move = lab.start("node0", "ctdb", "moveip", address, "1")
        cluster.wait_for(lambda: address in _on(lab, 1), 5, f"{address} does not move")
        with _smbclient(lab, address) as session:
            expect(move.poll() is None, "the event has ended already")
            lab.node(1, "rm", "/run/lab-takeip-goes-on", check=True)
            expect_equal(move.wait(20), 0, "`ctdb moveip`, exit code")
            os.unlink(script)
            since = time.time()
            cluster.ctdb_ok(0, "moveip", address, "2")
            cluster.wait_for(lambda: not session.is_connected(), 5,
                             "the client still believes in its connection")
            expect(time.time() - since <= 1.5, f"noticed after {time.time() - since:.1f} s only")
    finally:
        lab.node(1, "rm", "-f", "/run/lab-takeip-goes-on")
        if os.path.exists(script):
            os.unlink(script)
        cluster.ctdb(0, "ipreallocate")


@story("after a server had been restarted, the clients that were moved back to it hung", daemons=["jctdb"])
def clients_of_a_node_that_comes_back(cluster):
    """A daemon that starts knows at most the connections that it has kept itself; those of the others
    are told to it before it takes any."""
    lab = cluster.lab
    address = cluster.address_of(1)
    with _smbclient(lab, address) as session:
        cluster.ctdb_ok(2, "shutdown")
        cluster.wait_for(lambda: not cluster.answers(2), 20, "node 2 does not end")
        lab.node(2, "rm", "-f", KEPT, check=True)
        cluster.revive(2)
        lab.wait_healthy(timeout=60)
        expect_equal(lab.addresses(0)[address], 1, "the node that serves the client's address")
        listed = cluster.ctdb_ok(2, "-X", "gettickles", address)
        expect(f"|{session.port}|" in listed, f"node 2 does not know of the connection: {listed}")
        since = time.time()
        cluster.ctdb_ok(0, "moveip", address, "2")
        cluster.wait_for(lambda: not session.is_connected(), 5,
                         "the client still believes in its connection")
        expect(time.time() - since <= 1.5, f"noticed after {time.time() - since:.1f} s only")
    cluster.ctdb_ok(0, "ipreallocate")


@story("after a power failure of the whole rack every window had to be closed by hand", daemons=["jctdb"])
def a_power_cut_of_all_nodes(cluster):
    """Nobody is left who could tell a node what connections there were: it has kept them itself. The
    client says nothing, or the first thing that it said would tell it as well."""
    lab = cluster.lab
    address = cluster.address_of(1)
    with capture.Capture(lab, "client", "eth0") as wire:
        client = cluster.client_at(address)
        cluster.wait_for(lambda: all(f":{client.port} " in lab.node(node, "cat", KEPT).stdout
                                     for node in lab.nodes), 10, "a node does not keep the connection")
        for node in lab.nodes:
            lab.power_off(node)
        for node in lab.nodes:
            lab.power_on(node)
        expect(client.connected, "the client's connection does not outlive the servers")
        since = time.time()
        lab.start_cluster(timeout=90)
        wire.first(since, lambda p: p.is_tcp(address, 445, None, client.port)
                   and p.flags == capture.ACK and (p.seq, p.ack, p.window) == (0, 0, 1234))
        cluster.wait_for(lambda: not client.connected, 3, "the client still believes in its connection")


class _smbclient:
    """An interactive smbclient, as a user has it open."""

    PROMPT = "smb: \\> "

    def __init__(self, lab, address):
        self._lab, self._address = lab, address
        self._terminal, theirs = pty.openpty()  # without one it shows no prompt
        self._process = lab.start("client", "smbclient", f"//{address}/{nslab.SHARE}", "-U",
                                  f"{nslab.USER}%{nslab.PASSWORD}", stdin=theirs, stdout=theirs,
                                  stderr=theirs, start_new_session=True)
        os.close(theirs)
        os.set_blocking(self._terminal, False)
        self._text = ""

    def __enter__(self):
        try:
            self._until_prompt(10)
            self.port = self._established()
            expect(self.port, "smbclient has no connection")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait(5)
        os.close(self._terminal)

    def is_connected(self):
        return self._established() == self.port

    def _established(self):
        """The client's port of its connection, or None."""
        shown = self._lab.client("ss", "-Htnp", "state", "established", "dst", self._address,
                                 "dport", "=", ":445").stdout
        mine = [line.split()[2] for line in shown.splitlines() if '"smbclient"' in line]
        return int(mine[0].rpartition(":")[2]) if mine else None

    def _read(self):
        with contextlib.suppress(OSError):  # nothing yet, or it has gone
            self._text += os.read(self._terminal, 65536).decode(errors="replace")
        return self._text

    def _until_prompt(self, seconds):
        end = time.monotonic() + seconds
        while self.PROMPT not in self._read():
            expect(time.monotonic() < end and self._process.poll() is None,
                   f"smbclient says {self._text!r}")
            time.sleep(0.02)
        text, _, self._text = self._text.partition(self.PROMPT)
        return text

    def command(self, line):
        os.write(self._terminal, line.encode() + b"\n")
        return self._until_prompt(10)

    def complaint(self):
        """What it says when it is used after its connection has gone."""
        with contextlib.suppress(OSError):
            os.write(self._terminal, b"ls\n")
        end = time.monotonic() + 8
        while "CONNECTION" not in self._read() and time.monotonic() < end:
            time.sleep(0.02)
        return self._text


@story("a loose cable made the addresses jump to and fro, and nobody could work", daemons=["jctdb"])
def a_flapping_link(cluster):
    lab = cluster.lab
    port, had = "n2-pub", [set()]

    def look():
        has = {address for address, node in lab.addresses(0).items() if node == 2}
        if has != had[-1]:
            had.append(has)

    look()

    try:
        for _ in range(LINK_FLAPS):
            for state in ("down", "up"):
                lab._outer_ip(f"link set {port} {state}")
                end = time.monotonic() + LINK_FLAP_S
                while time.monotonic() < end:
                    look()
                    time.sleep(0.1)
    finally:
        lab._outer_ip(f"link set {port} up")
    look()
    cluster.note(f"node 2 had {[sorted(has) for has in had[1:]]}")
    expect(len(had) - 2 <= 6, f"{len(had) - 2} moves")
    expect(not had[-1], "it has addresses again, though its link comes and goes")
    address = max(set().union(*had))
    # A monitor event may have seen the link down: then the node is unhealthy, and that is the reason.
    if had[1:].count(set()) >= 3:
        cluster.wait_for(lambda: "not given to node 2 before it has been steady for" in lab.node(
            0, "/srv/jctdb/bin/ctdb", "ip", "explain", address).stdout, 25, "nobody says why")
    if LINK_FLAPS > 4:
        cluster.ctdb(2, "shutdown")  # a daemon that starts has a clean record
        lab.until(lambda: not cluster.answers(2), 20)
        return
    began = time.monotonic()
    cluster.wait_for(lambda: 2 in lab.addresses(0).values(), 90, "node 2 stays without addresses")
    cluster.note(f"node 2 has addresses again {time.monotonic() - began:.0f} s after the last time")


@story("a server that crashed and came back all the time took its users with it each time", daemons=["jctdb"])
def a_flapping_service(cluster):
    """smbd down and up each second, and a node that looks each second."""
    lab = cluster.lab
    had = [set()]

    def look():
        has = {address for address, node in lab.addresses(0).items() if node == 2}
        if has != had[-1]:
            had.append(has)

    look()
    cluster.ctdb_ok(2, "setvar", "MonitorInterval", "1")
    end = time.monotonic() + FLAPPING_S
    try:
        while time.monotonic() < end:
            for what in ("stop", "start"):
                until = time.monotonic() + 1
                lab.node(2, "service", "smbd", what)
                while time.monotonic() < until:
                    look()
                    time.sleep(0.1)
        look()
        cluster.note(f"node 2 had {[sorted(has) for has in had[1:]]}")
        expect(3 <= len(had) <= 9, f"{len(had) - 2} moves")
        expect(not had[-1], "it has addresses again, though its service comes and goes")
        told = lab.node(0, "/srv/jctdb/bin/ctdb", "ip", "explain", max(set().union(*had))).stdout
        expect("not given to node 2 before it has been steady for" in told, f"nobody says why:\n{told}")
    finally:
        lab.node(2, "service", "smbd", "start")
        cluster.ctdb(2, "shutdown")  # a daemon that starts has a clean record
        lab.until(lambda: not cluster.answers(2), 20)


@story("one of two network cards died, and the whole node was given up", daemons=["jctdb"])
def two_interfaces_of_a_node(cluster):
    """IPv4 and IPv6, on an interface with a VLAN's name, and known to one node only."""
    lab = cluster.lab
    addresses = ["10.77.1.191", "fd77:1::191"]
    options = lab.node_path(1, "etc", "ctdb", "script.options")
    with open(options) as file:
        before = file.read()
    lab._plug("node1", "pub", "n1-v12", "eth1.12")
    try:
        with open(options, "a") as file:
            file.write("CTDB_PARTIALLY_ONLINE_INTERFACES=yes\n")
        for address in addresses:
            cluster.ctdb_ok(1, "addip", f"{address}/{64 if ':' in address else 24}", "eth1,eth1.12")
        cluster.wait_for(lambda: all(lab.addresses(0).get(a) == 1 for a in addresses), 20,
                         "node 1 does not serve what only it knows")
        with Pinger(lab, addresses) as ping:
            cluster.wait_for(ping.all_answer, 10, "an address does not answer")
            here = _interfaces_of(lab, 1, addresses)
            expect(set(here.values()) <= {"eth1", "eth1.12"}, f"they are on {here}")
            for dead, alive, port in (("eth1.12", "eth1", "n1-v12"), ("eth1", "eth1.12", "n1-pub")):
                cluster.wait_for(ping.all_answer, 20, "an address does not answer")
                since = time.monotonic()
                lab._outer_ip(f"link set {port} down")
                cluster.wait_for(
                    lambda: set(_interfaces_of(lab, 1, addresses).values()) == {alive}, 10,
                    f"not moved from {dead} to {alive}: {_interfaces_of(lab, 1, addresses)}")
                cluster.wait_for(ping.all_answer, 10, "an address does not answer")
                cluster.note(f"{dead} lost its link: " + ", ".join(
                    f"{a} away for {ping.outage(a, since):.2f} s" for a in addresses))
                expect(max(ping.outage(a, since) for a in addresses) <= 3, "away for too long")
                lab._outer_ip(f"link set {port} up")
                time.sleep(1.5)
        lab._outer_ip("link set n1-v12 down", "link set n1-pub down")
        cluster.wait_for(lambda: all(lab.addresses(0).get(a) == -1 for a in addresses), 10,
                         "addresses stay on a node without a link")
        told = lab.node(1, "/srv/jctdb/bin/ctdb", "ip", "explain", addresses[0]).stdout
        expect(": cannot: no link on eth1, eth1.12" in told or ": cannot: UNHEALTHY" in told,
               f"nobody says why:\n{told}")
        expect(told.count(": cannot: its public_addresses does not have it") == 2, told)
    finally:
        lab._outer_ip("link set n1-v12 up", "link set n1-pub up")
        for address in addresses:
            cluster.ctdb(1, "delip", address)
        lab.until(lambda: not _interfaces_of(lab, 1, addresses), 10)
        lab._outer_ip("link del n1-v12")
        with open(options, "w") as file:
            file.write(before)


def _interfaces_of(lab, node, addresses):
    """{address: interface} of those that the node has."""
    found = {}
    for line in lab.node(node, "ip", "-o", "addr", "show").stdout.splitlines():
        words = line.split()
        if words[3].split("/")[0] in addresses:
            found[words[3].split("/")[0]] = words[1]
    return found


LISTENER = """
import socket, sys, threading
def serve(connection, peer):
    try:
        while connection.recv(100):
            pass
        print(peer[1], "closed", flush=True)
    except OSError as error:
        print(peer[1], error.strerror, flush=True)
listener = socket.create_server((sys.argv[1], 7777))
print("listening", flush=True)
while True:
    connection, peer = listener.accept()
    print(peer[1], "connected", flush=True)
    threading.Thread(target=serve, args=(connection, peer), daemon=True).start()
"""


@story("a connection to a node that had given its address away hung until its time-out", daemons=["jctdb"])
def connections_are_killed_without_the_kernels_help(cluster):
    """ctdb_killtcp by hand, which tells one end; and by the event script, which tells both."""
    lab = cluster.lab
    address = cluster.address_of(1)
    options = lab.node_path(1, "etc", "ctdb", "script.options")
    with open(options) as file:
        before = file.read()
    listener = lab.start("node1", nslab.PYTHON, "-c", LISTENER, address, stdout=subprocess.PIPE)
    try:
        expect_equal(listener.stdout.readline(), "listening\n", "the listener")
        with contextlib.closing(lab.connect(address, 7777)) as one:
            port = one.getsockname()[1]
            expect_equal(listener.stdout.readline(), f"{port} connected\n", "the listener")
            killed = lab.node(1, "/srv/jctdb/libexec/ctdb/ctdb_killtcp", "eth1",
                              input=f"{nslab.CLIENT_ADDRESS}:{port} {address}:7777\n")
            expect_equal((killed.returncode, killed.stdout + killed.stderr), (0, ""), "ctdb_killtcp")
            expect_equal(listener.stdout.readline(), f"{port} Connection reset by peer\n",
                         "the server's end")
            one.settimeout(0.3)
            with contextlib.suppress(TimeoutError):
                expect(False, f"the client's end heard of it: {one.recv(1)}")
        with open(options, "a") as file:
            file.write("CTDB_KILLTCP_USE_SS_KILL=no\n")
        with contextlib.closing(lab.connect(address, 7777)) as two:
            port = two.getsockname()[1]
            expect_equal(listener.stdout.readline(), f"{port} connected\n", "the listener")
            began = time.monotonic()
            cluster.ctdb_ok(0, "moveip", address, "2")
            two.settimeout(5)
            with contextlib.suppress(ConnectionResetError):
                expect(False, f"the client's end: {two.recv(1)}")
            cluster.note(f"both ends knew {time.monotonic() - began:.2f} s after the command")
            expect_equal(listener.stdout.readline(), f"{port} Connection reset by peer\n",
                         "the server's end")
    finally:
        listener.kill()
        listener.wait(5)
        with open(options, "w") as file:
            file.write(before)
        cluster.ctdb(0, "ipreallocate")


@story("the NFS server's clients hung after their server had lost power, though I had registered them",
       daemons=["jctdb"])
def connections_that_scripts_register(cluster):
    """`ctdb addtickle`, as scripts for other services use it: woken by whoever takes the address."""
    lab = cluster.lab
    address = cluster.address_of(1)
    listener = lab.start("node1", nslab.PYTHON, "-c", LISTENER, address, stdout=subprocess.PIPE)
    try:
        expect_equal(listener.stdout.readline(), "listening\n", "the listener")
        with capture.Capture(lab, "client", "eth0") as wire, \
                contextlib.closing(lab.connect(address, 7777)) as one, \
                contextlib.closing(lab.connect(address, 7777)) as other:
            ports = [connection.getsockname()[1] for connection in (one, other)]
            ends = [(f"{nslab.CLIENT_ADDRESS}:{port}", f"{address}:7777") for port in ports]
            for end in ends:
                cluster.ctdb_ok(1, "addtickle", *end)
            cluster.ctdb_ok(1, "deltickle", *ends[1])
            cluster.wait_for(lambda: all(_knows(lab, node, ports[0]) for node in lab.nodes), 25,
                             "a node does not know of the connection")
            shown = cluster.ctdb_ok(2, "-X", "gettickles", address, "7777")
            expect(f"|{ports[0]}|" in shown and f"|{ports[1]}|" not in shown, shown)
            since = time.time()
            lab.power_off(1)
            tickle = wire.first(since, lambda p: p.is_tcp(address, 7777, None, ports[0])
                                and p.flags == capture.ACK and (p.seq, p.ack, p.window) == (0, 0, 1234),
                                within_s=10)
            one.settimeout(5)
            with contextlib.suppress(ConnectionResetError):
                expect(False, f"the client's end: {one.recv(1)}")
            cluster.note(f"woken {tickle.at - since:.1f} s after the power had gone")
            expect(not [p for p in wire.packets if p.is_tcp(address, 7777, None, ports[1])
                        and p.at >= since], "the other connection was woken, too")
    finally:
        listener.kill()
        listener.wait(5)


def _knows(lab, node, port):
    return f":{port} " in lab.node(node, "cat", KEPT).stdout


@story("IPv6 users waited two seconds longer than the others, or for ever", daemons=["jctdb"])
def ip6_addresses_move_at_once(cluster):
    """Under load, no address is ever tentative; and a machine that claims it, too, changes nothing."""
    lab = cluster.lab
    with ip6_addresses(cluster):
        address = IP6[0]
        watches = [lab.start(f"node{node}", "sh", "-c", "ip -6 -o monitor address & read _; kill $!",
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE) for node in lab.nodes]
        writer = Writer(cluster, address, "ip6")
        writer.start()
        try:
            cluster.wait_for(lambda: writer.saved_since(5), 10, "nothing is saved over IPv6")
            writer.longest_gap_s = 0.0
            moves = 6
            for _ in range(moves):
                node = (lab.addresses(0)[address] + 1) % len(lab.nodes)
                cluster.ctdb_ok(0, "moveip", address, str(node))
                saved = len(writer.acknowledged)
                cluster.wait_for(lambda: writer.saved_since(saved + 3), 10,
                                 "nothing is saved after the move")
            cluster.note(f"{moves} moves, the longest pause of who writes: {writer.longest_gap_s:.2f} s")
            expect(writer.longest_gap_s <= 3, "a pause as if duplicates had been looked for")
        finally:
            writer.finish()
            seen = "".join(watch.communicate("\n", timeout=10)[0] for watch in watches)
        mine = [line for line in seen.splitlines() if address in line]
        expect(len([line for line in mine if not line.startswith("Deleted")]) >= moves, seen)
        expect(not [line for line in mine if "tentative" in line or "dadfailed" in line],
               f"it was looked for duplicates: {mine}")
        _claimed_by_another_machine(cluster, address)


def _claimed_by_another_machine(cluster, address):
    lab = cluster.lab
    node = (lab.addresses(0)[address] + 1) % len(lab.nodes)
    lab._outer_ip("link set pub up", f"addr add {address}/64 dev pub nodad")
    try:
        cluster.ctdb_ok(0, "moveip", address, str(node))
        shown = lab.node(node, "ip", "-6", "-o", "addr", "show", "to", address).stdout
        expect(address in shown and "dadfailed" not in shown and "tentative" not in shown,
               f"not taken: {shown!r}")
        expect_equal(lab.node_states(0)[node] - {"ThisNode"}, set(), "what it is counted as")
    finally:
        lab._outer_ip(f"addr del {address}/64 dev pub")
