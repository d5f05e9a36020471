"""`python -m benchmarks call`: the rounds of all peers, interleaved, against one server."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.parse import urlsplit

from benchmarks import certificate, golang
from benchmarks.measure import Measurement
from benchmarks.nginx import SERVERS
from benchmarks.peers import AROUND, IN_MEMORY, PAIRS, PEERS, SDKS, SIDE_BY_SIDE
from benchmarks.process import Child, child, cores, module
from benchmarks.server import Server, builtin
from benchmarks.storm import Storm

# What the SDK adds is a small difference of two large numbers: many short rounds tell it better than a few long ones,
# since both of a pair then meet the same state of the machine.
_SHORTER = 5
# With more in flight, httpcore's own cost grows a hundredfold and drowns the difference.
_MOST_IN_PAIRS = 10
# They make no promise about cancelled calls, or cannot be told to cancel them.
_NOT_IN_STORMS = frozenset({"floor", "transport", "go"})
_STORM_ROUNDS = 3


class Group(NamedTuple):
    """Peers that take turns, at a number in flight.

    `setup` is what is particular: "" for plain calls, "TLS", "around" for what stands around them in users' programs,
    "storm", or the name of a pair, the SDK and its bare last hop.
    """

    setup: str
    in_flight: int
    peers: Sequence[str]


class Plan(NamedTuple):
    """What to measure."""

    groups: Sequence[Group]
    rounds: int
    seconds: float


class Round(NamedTuple):
    """One round of one peer, and what the server says of it: requests and seconds of CPU."""

    peer: str
    in_flight: int
    setup: str
    measurement: Measurement
    server_requests: int
    server_cpu: float


class StormRound(NamedTuple):
    """One storm over one peer."""

    peer: str
    in_flight: int
    storm: Storm


class Setting(NamedTuple):
    """What all rounds share: the server, who answers for its certificate, and the program of the peer `go`.

    `request_bytes` is the size of a peer's request, `left_out` why another one is not in.
    """

    server: Server
    authority: str
    program: str
    request_bytes: dict[str, float]
    left_out: dict[str, str]


def groups(
    peers: Sequence[str],
    concurrency: Sequence[int],
    *,
    tls: Sequence[int],
    storms: Sequence[int],
    around: Sequence[int],
) -> list[Group]:
    """Return what is measured of these peers, at those numbers in flight."""
    plain = [peer for peer in peers if peer in SIDE_BY_SIDE]
    secured = [peer for peer in plain if PEERS[peer].tls]
    stormy = [peer for peer in plain if peer not in _NOT_IN_STORMS]
    surrounded = [peer for peer in peers if "+" in peer]
    alone = dict.fromkeys(peer.partition("+")[0] for peer in surrounded)
    pairs = {name: pair for name, pair in PAIRS.items() if set(pair) <= set(peers)}
    found = [Group("", number, plain) for number in concurrency]
    found += [Group("TLS", number, secured) for number in tls]
    found += [Group("around", number, [*alone, *surrounded]) for number in around]
    found += [
        Group(name, number, pair) for number in concurrency if number <= _MOST_IN_PAIRS for name, pair in pairs.items()
    ]
    found += [Group("storm", number, stormy) for number in storms]
    return [group for group in found if group.peers]


def bounds_groups() -> list[Group]:
    """Return the least that the bounds of speed need."""
    two = ["sdk", "aiohttp"]
    return [
        Group("", 1, two),
        Group("", 100, [*two, "httpx", "floor", *SDKS]),
        Group("", 1000, two),
        Group("TLS", 100, two),
        Group("around", 100, [*two, *(name for what in AROUND for peer in two if (name := f"{peer}+{what}") in PEERS)]),
    ]


@contextmanager
def setting(plan: Plan, server: str) -> Iterator[Setting]:
    """Start the server, and let each peer show what it sends."""
    peers = list(dict.fromkeys(peer for group in plan.groups for peer in group.peers))
    secured = any(group.setup == "TLS" for group in plan.groups)
    left_out = {peer: f"{' and '.join(missing)} not installed" for peer in peers if (missing := PEERS[peer].missing())}
    with TemporaryDirectory() as folder, ExitStack() as stack:
        made = certificate.make(Path(folder)) if secured else None
        if secured and made is None:
            left_out["TLS"] = "trustme not installed"
        program = golang.build(Path(folder)) if "go" in peers and "go" not in left_out else ""
        there = [peer for peer in peers if peer not in left_out]
        with builtin(cores()[0]) as checking:
            request_bytes = {peer: _shown(peer, checking, program) for peer in there if peer not in IN_MEMORY}
        running = stack.enter_context(SERVERS[server](cores()[0], made))
        yield Setting(running, made.authority if made else "", program, request_bytes, left_out)


def _shown(peer: str, server: Server, program: str) -> float:
    """Return the size of a peer's request, which the server has checked whole."""
    with _peer(peer, server.url, program) as process:
        before = server.counts()
        process.ask({"work": "call"})
        after = server.counts()
    if after.requests - before.requests != 1:
        raise SystemExit(f"{peer} does not make one request a call.")
    return after.received - before.received


def run(plan: Plan, made: Setting) -> Iterator[Round | StormRound]:
    """Yield each round as it ends, group by group."""
    for group in plan.groups:
        there = group._replace(peers=[peer for peer in group.peers if peer not in made.left_out])
        if group.setup == "storm":
            for seed in range(min(plan.rounds, _STORM_ROUNDS)):
                for peer in there.peers:
                    yield _storm(peer, group.in_flight, plan.seconds, seed, made)
        elif group.setup in PAIRS:
            if there.peers == list(group.peers):
                yield from _rounds(there, plan.rounds * _SHORTER, plan.seconds / _SHORTER, made)
        elif group.setup != "TLS" or made.authority:
            yield from _rounds(there, plan.rounds, plan.seconds, made)


def _peer(peer: str, url: str, program: str, authority: str = "") -> AbstractContextManager[Child]:
    if PEERS[peer].open is None:
        return child([program, golang.argument(url, authority)], cores()[1])
    return child(module("benchmarks.peers", peer, url, "--authority", authority), cores()[1])


def _rounds(group: Group, rounds: int, seconds: float, made: Setting) -> Iterator[Round]:
    """Yield the rounds; every peer gets its turn in each, and they take turns to begin."""
    url, authority = (made.server.tls_url, made.authority) if group.setup == "TLS" else (made.server.url, "")
    # Processes of their own for each number in flight, so that the peak of memory belongs to it.
    with ExitStack() as stack:
        children = {peer: stack.enter_context(_peer(peer, url, made.program, authority)) for peer in group.peers}
        order = deque(group.peers)
        for _ in range(rounds):
            for peer in order:
                yield _round(peer, children[peer], group, seconds, made.server)
            order.rotate(-1)


def _round(peer: str, process: Child, group: Group, seconds: float, server: Server) -> Round:
    before = server.counts()
    order = {"work": "measure", "in_flight": group.in_flight, "seconds": seconds}
    measurement = Measurement(**process.ask(order))
    after = server.counts()
    requests = after.requests - before.requests
    if requests != (0 if peer in IN_MEMORY else measurement.sent):
        raise SystemExit(f"{peer} says that it made {measurement.sent} calls, but the server counts {requests}.")
    return Round(peer, group.in_flight, group.setup, measurement, requests, after.cpu - before.cpu)


def _storm(peer: str, in_flight: int, seconds: float, seed: int, made: Setting) -> StormRound:
    """Return a storm's outcome; in a process of its own, since it may break the client for good."""
    with _peer(peer, made.server.url, made.program) as process:
        order = {"in_flight": in_flight, "seconds": seconds, "seed": seed, "port": urlsplit(made.server.url).port}
        return StormRound(peer, in_flight, Storm(**process.ask({"work": "storm", **order})))


def progress(each: Round | StormRound) -> None:
    """Say on standard error what has just been measured."""
    if isinstance(each, Round):
        rate, what = each.measurement.calls / each.measurement.elapsed, each.setup
    else:
        rate, what = each.storm.calls / each.storm.elapsed, "storm"
    print(f"{each.in_flight:>5} in flight {what:<7}  {each.peer:<22} {rate:>10,.0f} calls/s", file=sys.stderr)
