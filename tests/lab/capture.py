"""What is on the wire of a namespace: a packet socket, without tcpdump."""

import socket
import struct
import threading
import time

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
ETH_P_ALL, ETH_P_IP, ETH_P_ARP, ETH_P_IPV6 = 3, 0x0800, 0x0806, 0x86DD
TCP = 6


class Packet:
    """A frame: of TCP `source`, `destination` as (address, port), and the numbers of its header."""

    def __init__(self, at, frame):
        self.at = at  # time.time()
        self.source = self.destination = self.arp_for = None
        kind, = struct.unpack_from("!H", frame, 12)
        self.ip = frame[14:]
        if kind == ETH_P_ARP:
            self.arp_for = self._gratuitous(self.ip)
        elif kind == ETH_P_IP and self.ip[9] == TCP:
            length, = struct.unpack_from("!H", self.ip, 2)
            self.ip, self.ttl = self.ip[:length], self.ip[8]
            self._tcp(socket.inet_ntop(socket.AF_INET, self.ip[12:16]),
                      socket.inet_ntop(socket.AF_INET, self.ip[16:20]),
                      self.ip[(self.ip[0] & 15) * 4:])
        elif kind == ETH_P_IPV6 and self.ip[6] == TCP:
            length, = struct.unpack_from("!H", self.ip, 4)
            self.ip, self.ttl = self.ip[:40 + length], self.ip[7]
            self._tcp(socket.inet_ntop(socket.AF_INET6, self.ip[8:24]),
                      socket.inet_ntop(socket.AF_INET6, self.ip[24:40]), self.ip[40:])

    @staticmethod
    def _gratuitous(arp):
        """The address that an ARP packet announces: sender and target are the same."""
        return socket.inet_ntop(socket.AF_INET, arp[14:18]) if arp[14:18] == arp[24:28] else None

    def _tcp(self, source, destination, segment):
        from_port, to_port, self.seq, self.ack, offset, self.flags, self.window = \
            struct.unpack_from("!HHIIBBH", segment)
        self.source, self.destination = (source, from_port), (destination, to_port)
        self.payload = segment[(offset >> 4) * 4:]

    def is_tcp(self, source, source_port, destination, destination_port):
        """None: any address."""
        return (self.source is not None
                and (self.source[1], self.destination[1]) == (source_port, destination_port)
                and source in (None, self.source[0])
                and destination in (None, self.destination[0]))


class Capture:
    """Everything that an interface sends and receives, from now until it is closed."""

    def __init__(self, lab, who, interface):
        self.packets = []
        self._closed = threading.Event()
        with lab.inside_network(who):
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            self._socket.bind((interface, ETH_P_ALL))
        self._socket.settimeout(0.2)
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._closed.set()
        self._thread.join(5)
        self._socket.close()

    def first(self, since, wanted, within_s=5):
        """The first packet after `since` that is `wanted`; LookupError if there comes none."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            for packet in list(self.packets):
                if packet.at >= since and wanted(packet):
                    return packet
            time.sleep(0.02)
        raise LookupError("no such packet: " + "; ".join(
            f"{p.source}->{p.destination} flags {p.flags:#x} seq {p.seq} ack {p.ack} window {p.window}"
            for p in self.packets if p.at >= since and p.source)[:2000])

    def _receive(self):
        while not self._closed.is_set():
            try:
                frame = self._socket.recv(65536)
            except TimeoutError:
                continue
            try:
                self.packets.append(Packet(time.time(), frame))
            except (struct.error, ValueError, IndexError):
                pass  # not whole, and not ours
