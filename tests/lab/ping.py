"""Echo requests to addresses from the client's namespace, every 10 ms unless told otherwise: how long each is not there."""

import socket
import struct
import threading
import time

INTERVAL_S = 0.01
GAP_S = 0.05


class Pinger:
    """Pings IPv4 and IPv6 addresses until it is closed."""

    def __init__(self, lab, addresses, interval_s=INTERVAL_S):
        self.addresses = list(addresses)
        self._interval_s = interval_s
        self.last = dict.fromkeys(self.addresses)
        self._gaps = []
        self._closed = threading.Event()
        with lab.inside_network("client"):
            self._sockets = {False: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
                             True: socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58)}
        for one in self._sockets.values():
            one.settimeout(0.2)
            threading.Thread(target=self._receive, args=(one,), daemon=True).start()
        threading.Thread(target=self._send, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._closed.set()

    def all_answer(self):
        return all(when is not None and time.monotonic() - when < 0.2
                   for when in self.last.values())

    def outage(self, address, since):
        """The longest time without an answer that ended after `since`, in seconds."""
        gaps = [end - begin for one, begin, end in list(self._gaps) if one == address and end > since]
        return max([*gaps, time.monotonic() - (self.last[address] or since)])

    def end_of_outage(self, address, since):
        """When the address answered again after its longest time away; now, if it has not."""
        gaps = [(end - begin, end) for one, begin, end in list(self._gaps)
                if one == address and end > since]
        now = time.monotonic()
        return max([*gaps, (now - (self.last[address] or since), now)])[1]

    def _send(self):
        count = 0
        while not self._closed.wait(self._interval_s):
            count = (count + 1) & 0xFFFF
            for address in self.addresses:
                six = ":" in address
                body = struct.pack("!BBHHH", 128 if six else 8, 0, 0, 7, count)
                if not six:  # the kernel fills in the checksum of ICMPv6 only
                    total = sum(struct.unpack("!4H", body))
                    total = ~((total >> 16) + (total & 0xFFFF)) & 0xFFFF
                    body = struct.pack("!BBHHH", 8, 0, total, 7, count)
                try:
                    self._sockets[six].sendto(body, (address, 0))
                except OSError:
                    pass  # nobody has it at the moment

    def _receive(self, one):
        while not self._closed.is_set():
            try:
                sender = one.recvfrom(200)[1][0]
            except OSError:
                continue
            if sender in self.last:
                now, before = time.monotonic(), self.last[sender]
                if before and now - before > GAP_S:
                    self._gaps.append((sender, before, now))
                self.last[sender] = now
