#!/usr/bin/python3
"""The address watcher: was a public address ever on two nodes at one instant?

usage: watch.py LAB_DIRECTORY NETWORK…

A small resident process of every lab. It holds a netlink socket in each node's network namespace, so the
kernel tells it of every address that comes or goes. All nodes are on one kernel with one clock: times of
different nodes (CLOCK_MONOTONIC, seconds) can be compared. What happens between two turns of this process
is taken as removals first, then additions; it runs at realtime priority, so a turn is well under a millisecond
after the event, and an overlap shorter than that is the only one that it cannot see.

An IPv6 address counts from the moment when the kernel answers for it: not while it is tentative, nor
when duplicate address detection refused it.

Commands come as packets to the socket LAB_DIRECTORY/watch.sock:
  node NAME     with the node's network namespace as a descriptor: watch it from now on
  gone NAME     the node has no power: let go of its namespace
  report        answered with JSON, see Watcher.report
Every change is written to LAB_DIRECTORY/addresses.log.
"""

import ctypes
import errno
import ipaddress
import json
import os
import select
import socket
import struct
import sys
import time

NEW_ADDRESS, DELETE_ADDRESS, GET_ADDRESS, DONE = 20, 21, 22, 3
FAMILIES = {socket.AF_INET: 4, socket.AF_INET6: 16}
ATTRIBUTE_ADDRESS, ATTRIBUTE_LOCAL, ATTRIBUTE_FLAGS = 1, 2, 8
TENTATIVE, DUPLICATE = 0x40, 0x08
GROUPS = 0x10 | 0x100  # changes of IPv4 and of IPv6 addresses
CLONE_NEWNET = 0x40000000


class NodeSocket:
    """The kernel's news of one namespace."""

    def __init__(self, name, namespace):
        self.name = name
        libc = ctypes.CDLL(None, use_errno=True)
        home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            if libc.setns(namespace, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
            libc.setns(home, CLONE_NEWNET)
        finally:
            os.close(home)
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)  # SO_RCVBUFFORCE
        self.socket.bind((0, GROUPS))
        self.ask_for_all()

    def ask_for_all(self):
        self.socket.send(struct.pack("=IHHIIBBBBI", 24, GET_ADDRESS, 0x301, 1, 0, 0, 0, 0, 0, 0))

    def changes(self):
        """What the kernel has said since: (added or not, address) in its order."""
        found = []
        while True:
            try:
                data = self.socket.recv(1 << 16)
            except BlockingIOError:
                return found
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self.ask_for_all()  # it said more than we read: look at the whole again
                continue
            found += list(parse(data))


def parse(data):
    while len(data) >= 16:
        length, kind = struct.unpack_from("=IH", data)
        if length < 16:
            return
        if kind in (NEW_ADDRESS, DELETE_ADDRESS):
            yield parse_address(kind, data[16:length])
        data = data[(length + 3) & ~3:]


def parse_address(kind, data):
    family, _, flags = struct.unpack_from("=BBB", data)
    data = data[8:]
    raw = {}
    while len(data) >= 4:
        length, attribute = struct.unpack_from("=HH", data)
        if length < 4:
            break
        raw[attribute] = data[4:length]
        data = data[(length + 3) & ~3:]
    if ATTRIBUTE_FLAGS in raw:
        flags = struct.unpack("=I", raw[ATTRIBUTE_FLAGS])[0]
    address = raw.get(ATTRIBUTE_LOCAL, raw.get(ATTRIBUTE_ADDRESS, b""))
    if FAMILIES.get(family) != len(address):
        return False, None
    answered_for = kind == NEW_ADDRESS and not flags & (TENTATIVE | DUPLICATE)
    return answered_for, str(ipaddress.ip_address(address))


class Watcher:
    """Which node holds which public address, and since when."""

    def __init__(self, networks, log):
        self.networks = [ipaddress.ip_network(network) for network in networks]
        self.log = log
        self.holders = {}  # address: {node: since}
        self.twice = {}  # address: since, for those on two nodes now
        self.overlaps = []

    def learn(self, news, now):
        """`news`: {node: [(added, address)…]} of one turn."""
        last = {}
        for node, changes in news.items():
            for added, address in changes:
                if address is not None and self._is_public(address):
                    last[node, address] = added
        for wanted in (False, True):
            for (node, address), added in last.items():
                if added == wanted and added != (node in self.holders.get(address, {})):
                    self._change(node, address, added, now)

    def forget(self, node, now):
        for address, nodes in list(self.holders.items()):
            if node in nodes:
                self._change(node, address, False, now)

    def report(self, now):
        """What was on two nodes, with those that still are, and who holds what."""
        still = [self._overlap(address, now) for address in self.twice]
        return {"overlaps": self.overlaps + still,
                "holders": {address: sorted(nodes) for address, nodes in self.holders.items()}}

    def _is_public(self, address):
        parsed = ipaddress.ip_address(address)
        return any(parsed in network for network in self.networks)

    def _change(self, node, address, added, now):
        nodes = self.holders.setdefault(address, {})
        if not added and len(nodes) == 2:
            self.overlaps.append(self._overlap(address, now))
            del self.twice[address]
        if added:
            nodes[node] = now
            if len(nodes) == 2:
                self.twice[address] = now
        else:
            del nodes[node]
        self.log.write(f"{now:.4f} {node} {'+' if added else '-'} {address}"
                       f"{'  TWICE: ' + ' '.join(sorted(nodes)) if len(nodes) > 1 else ''}\n")

    def _overlap(self, address, now):
        return {"address": address, "nodes": sorted(self.holders[address]),
                "from": self.twice[address], "to": now}


class Server:
    """The loop over the nodes' sockets and the commands."""

    def __init__(self, directory, networks):
        self.watcher = Watcher(networks, open(directory + "/addresses.log", "a", buffering=1))
        self.nodes = {}
        self.clients = {}
        self.poll = select.poll()
        os.chdir(directory)  # the path of a socket must be short
        self.commands = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.commands.bind("watch.sock")
        self.commands.listen(64)
        self.poll.register(self.commands, select.POLLIN)

    def run(self):
        while True:
            ready = {fd for fd, _ in self.poll.poll()}
            self._read_nodes()
            if self.commands.fileno() in ready:
                client, _ = self.commands.accept()
                self.clients[client.fileno()] = client
                self.poll.register(client, select.POLLIN)
            for fd in ready & set(self.clients):
                self._answer(self.clients[fd])

    def _read_nodes(self):
        news = {node.name: node.changes() for node in self.nodes.values()}
        self.watcher.learn(news, time.monotonic())

    def _answer(self, client):
        data, descriptors, _, _ = socket.recv_fds(client, 256, 1)
        words = data.decode().split()
        if not words:
            self.poll.unregister(client)
            del self.clients[client.fileno()]
            client.close()
            return
        if words[0] == "node":
            self._forget(words[1])
            node = NodeSocket(words[1], descriptors[0])
            self.nodes[words[1]] = node
            self.poll.register(node.socket, select.POLLIN)
        elif words[0] == "gone":
            self._forget(words[1])
        for descriptor in descriptors:
            os.close(descriptor)
        self._read_nodes()
        client.send(json.dumps(self.watcher.report(time.monotonic())).encode())

    def _forget(self, name):
        node = self.nodes.pop(name, None)
        if node is not None:
            self.poll.unregister(node.socket)
            node.socket.close()
            self.watcher.forget(name, time.monotonic())


def main():
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    except OSError:
        os.nice(-15)
    Server(sys.argv[1], sys.argv[2:]).run()


if __name__ == "__main__":
    main()
