"""`python -m benchmarks call`: the rounds of all peers, interleaved, against one server."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from benchmarks.measure import Measurement
from benchmarks.peers import IN_MEMORY, ONLY_IN_PAIRS, PAIRS
from benchmarks.process import Child, child, cores
from benchmarks.server import SERVERS, Server

# What the SDK adds is a small difference of two large numbers: many short rounds tell it better than a few long ones,
# since both of a pair then meet the same state of the machine.
_SHORTER = 5
# With more in flight, httpcore's own cost grows a hundredfold and drowns the difference.
_MOST_IN_PAIRS = 10


class Round(NamedTuple):
    """One round of one peer, and what the server says of it: requests, seconds of CPU, and the size of a request.

    `pair` is where the SDK and its bare last hop are compared ("network" or "memory"), empty where all peers are.
    """

    peer: str
    in_flight: int
    measurement: Measurement
    server_requests: int
    server_cpu: float
    request_bytes: float
    pair: str = ""


def run(
    peers: Sequence[str], concurrency: Sequence[int], *, rounds: int, seconds: float, server: str
) -> Iterator[Round]:
    """Yield each round as it ends: first those of all peers side by side, then those of the pairs."""
    with SERVERS[server](cores()[0]) as running:
        side_by_side = [peer for peer in peers if peer not in ONLY_IN_PAIRS]
        for in_flight in concurrency:
            yield from _rounds(side_by_side, in_flight, rounds, seconds, running)
        for in_flight in concurrency:
            for name, pair in PAIRS.items():
                if in_flight <= _MOST_IN_PAIRS and set(pair) <= set(peers):
                    for each in _rounds(pair, in_flight, rounds * _SHORTER, seconds / _SHORTER, running):
                        yield each._replace(pair=name)


def _rounds(peers: Sequence[str], in_flight: int, rounds: int, seconds: float, server: Server) -> Iterator[Round]:
    """Yield the rounds; every peer gets its turn in each, and they take turns to begin."""
    core = cores()[1]
    pinned = () if core is None else ("--core", str(core))
    # Processes of their own for each number in flight, so that the peak of memory belongs to it.
    with ExitStack() as stack:
        children = {peer: stack.enter_context(child("benchmarks.peers", peer, server.url, *pinned)) for peer in peers}
        order = deque(peers)
        for _ in range(rounds):
            for peer in order:
                yield _round(peer, children[peer], in_flight, seconds, server)
            order.rotate(-1)


def _round(peer: str, process: Child, in_flight: int, seconds: float, server: Server) -> Round:
    before = server.counts()
    process.write({"in_flight": in_flight, "seconds": seconds})
    measurement = Measurement(**process.read())
    after = server.counts()
    requests = after.requests - before.requests
    if requests != (0 if peer in IN_MEMORY else measurement.sent):
        raise SystemExit(f"{peer} says that it made {measurement.sent} calls, but the server counts {requests}.")
    return Round(
        peer=peer,
        in_flight=in_flight,
        measurement=measurement,
        server_requests=requests,
        server_cpu=after.cpu - before.cpu,
        request_bytes=(after.received - before.received) / requests if requests else 0,
    )
