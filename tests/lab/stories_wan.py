"""One cluster, two places: three nodes here, one at a branch office behind a slow line."""

import time

import nslab
from story import STRETCHED, Failed, expect, story

SITE, REMOTE = "branch", 3


class Line:
    """The branch's line as a story needs it, and a good one afterwards."""

    def __init__(self, cluster, commands):
        self.cluster, self.commands = cluster, commands

    def __enter__(self):
        self.tell(self.commands)
        return self

    def __exit__(self, *_):
        self.tell("up; delay_ms 0 jitter_ms 0 loss_percent 0 rate_mbit 0")

    def tell(self, commands):
        return self.cluster.lab.wan(SITE, commands)


@story("the line that the lab puts between the sites is not the one that I asked for", layout=STRETCHED)
def line_is_what_it_says(cluster):
    with Line(cluster, "to-remote delay_ms 40; to-main delay_ms 60"):
        took = [round_trip_ms(cluster, 0, REMOTE) for _ in range(5)]
        cluster.note(f"round trip over 40 and 60 ms: {min(took):.2f} to {max(took):.2f} ms")
        expect(100 <= min(took) and min(took) < 101, f"the round trip took {took} ms")


def round_trip_ms(cluster, source, target):
    """A connection's set-up to a port where nobody listens: the refusal is one round trip away."""
    with cluster.lab.inside_network(f"node{source}"):
        begin = time.monotonic()
        try:
            nslab.socket.create_connection((f"{nslab.PRIVATE_NET}.{target + 1}", 9), 5).close()
        except ConnectionRefusedError:
            return (time.monotonic() - begin) * 1e3
    raise Failed("somebody listens on port 9")
