"""`python -m benchmarks call`: the rounds of all peers, interleaved, against one server."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.parse import urlsplit

from benchmarks import certificate
from benchmarks.measure import Measurement
from benchmarks.peers import IN_MEMORY, ONLY_IN_PAIRS, PAIRS, PEERS, SDKS
from benchmarks.process import Child, child, cores
from benchmarks.server import Server, builtin
from benchmarks.servers import SERVERS
from benchmarks.storm import Storm

# What the SDK adds is a small difference of two large numbers: many short rounds tell it better than a few long ones,
# since both of a pair then meet the same state of the machine.
_SHORTER = 5
# With more in flight, httpcore's own cost grows a hundredfold and drowns the difference.
_MOST_IN_PAIRS = 10
# They make no promise about cancelled calls.
_NOT_IN_STORMS = frozenset({"floor", "transport"})
_STORM_ROUNDS = 3


class Plan(NamedTuple):
    """What to measure: at which numbers in flight plainly, over TLS and in a storm; `only` keeps a number's peers."""

    peers: Sequence[str]
    concurrency: Sequence[int]
    tls: Sequence[int]
    storms: Sequence[int]
    rounds: int
    seconds: float
    pairs: bool = True
    only: dict[int, frozenset[str]] = {}  # noqa: RUF012 - nobody changes it


class Round(NamedTuple):
    """One round of one peer, and what the server says of it: requests and seconds of CPU.

    `pair` is where the SDK and its bare last hop are compared ("network" or "memory"), empty where all peers are.
    """

    peer: str
    in_flight: int
    measurement: Measurement
    server_requests: int
    server_cpu: float
    pair: str = ""
    tls: bool = False


class StormRound(NamedTuple):
    """One storm over one peer."""

    peer: str
    in_flight: int
    storm: Storm


class Setting(NamedTuple):
    """What all rounds share; `request_bytes` is the size of a peer's request, `left_out` why another one is not in."""

    server: Server
    authority: str
    request_bytes: dict[str, float]
    left_out: dict[str, str]


def bounds_plan(plan: Plan) -> Plan:
    """Return the least that the bounds of speed need."""
    ours = frozenset({"sdk", "httpx", "aiohttp", "floor"})
    two = frozenset({"sdk", "aiohttp"})
    wanted = ours | frozenset(SDKS)
    return plan._replace(
        peers=[peer for peer in plan.peers if peer in wanted],
        concurrency=[1, 100, 1000],
        tls=[100],
        storms=[],
        pairs=False,
        only={1: two, 1000: two},
    )


@contextmanager
def setting(plan: Plan, server: str) -> Iterator[Setting]:
    """Start the server, and let each peer show what it sends."""
    with TemporaryDirectory() as folder, ExitStack() as stack:
        made = certificate.make(Path(folder)) if plan.tls else None
        left_out = {} if made or not plan.tls else {"TLS": "trustme is not installed"}
        request_bytes = {}
        with builtin(cores()[0]) as checking:
            for peer in plan.peers:
                missing = PEERS[peer].missing()
                if missing:
                    left_out[peer] = f"{' and '.join(missing)} not installed"
                elif peer not in IN_MEMORY:
                    request_bytes[peer] = _shown(peer, checking)
        running = stack.enter_context(SERVERS[server](cores()[0], made))
        yield Setting(running, made.authority if made else "", request_bytes, left_out)


def _shown(peer: str, server: Server) -> float:
    """Return the size of a peer's request, which the server has checked whole."""
    with _peer(peer, server.url) as process:
        before = server.counts()
        process.ask({"work": "call"})
        after = server.counts()
    if after.requests - before.requests != 1:
        raise SystemExit(f"{peer} does not make one request a call.")
    return after.received - before.received


def run(plan: Plan, made: Setting) -> Iterator[Round | StormRound]:
    """Yield each round as it ends: those of all peers side by side, those of the pairs, and the storms."""
    there = [peer for peer in plan.peers if peer not in made.left_out]
    peers = [peer for peer in there if peer not in ONLY_IN_PAIRS]
    for in_flight in plan.concurrency:
        of_them = [peer for peer in peers if peer in plan.only.get(in_flight, peers)]
        yield from _rounds(of_them, in_flight, plan.rounds, plan.seconds, made)
    if made.authority:
        for in_flight in plan.tls:
            of_them = [peer for peer in peers if PEERS[peer].tls]
            yield from _rounds(of_them, in_flight, plan.rounds, plan.seconds, made, tls=True)
    for in_flight in plan.concurrency:
        for name, pair in PAIRS.items():
            if plan.pairs and in_flight <= _MOST_IN_PAIRS and set(pair) <= set(there):
                for each in _rounds(pair, in_flight, plan.rounds * _SHORTER, plan.seconds / _SHORTER, made):
                    yield each._replace(pair=name)
    for in_flight in plan.storms:
        for seed in range(min(plan.rounds, _STORM_ROUNDS)):
            for peer in peers:
                if peer not in _NOT_IN_STORMS:
                    yield _storm(peer, in_flight, plan.seconds, seed, made.server)


@contextmanager
def _peer(peer: str, url: str, authority: str = "") -> Iterator[Child]:
    core = cores()[1]
    pinned = () if core is None else ("--core", str(core))
    trusting = ("--authority", authority) if authority else ()
    with child("benchmarks.peers", peer, url, *pinned, *trusting) as process:
        yield process


def _rounds(
    peers: Sequence[str], in_flight: int, rounds: int, seconds: float, made: Setting, *, tls: bool = False
) -> Iterator[Round]:
    """Yield the rounds; every peer gets its turn in each, and they take turns to begin."""
    target = (made.server.tls_url, made.authority) if tls else (made.server.url,)
    # Processes of their own for each number in flight, so that the peak of memory belongs to it.
    with ExitStack() as stack:
        children = {peer: stack.enter_context(_peer(peer, *target)) for peer in peers}
        order = deque(peers)
        for _ in range(rounds):
            for peer in order:
                yield _round(peer, children[peer], in_flight, seconds, made.server)._replace(tls=tls)
            order.rotate(-1)


def _round(peer: str, process: Child, in_flight: int, seconds: float, server: Server) -> Round:
    before = server.counts()
    measurement = Measurement(**process.ask({"work": "measure", "in_flight": in_flight, "seconds": seconds}))
    after = server.counts()
    requests = after.requests - before.requests
    if requests != (0 if peer in IN_MEMORY else measurement.sent):
        raise SystemExit(f"{peer} says that it made {measurement.sent} calls, but the server counts {requests}.")
    return Round(peer, in_flight, measurement, requests, after.cpu - before.cpu)


def _storm(peer: str, in_flight: int, seconds: float, seed: int, server: Server) -> StormRound:
    """Return a storm's outcome; in a process of its own, since it may break the client for good."""
    with _peer(peer, server.url) as process:
        order = {"in_flight": in_flight, "seconds": seconds, "seed": seed, "port": urlsplit(server.url).port}
        return StormRound(peer, in_flight, Storm(**process.ask({"work": "storm", **order})))


def progress(each: Round | StormRound) -> None:
    """Say on standard error what has just been measured."""
    if isinstance(each, Round):
        rate, what = each.measurement.calls / each.measurement.elapsed, "TLS" if each.tls else ""
    else:
        rate, what = each.storm.calls / each.storm.elapsed, "storm"
    print(f"{each.in_flight:>5} in flight {what:<5}  {each.peer:<20} {rate:>10,.0f} calls/s", file=sys.stderr)
