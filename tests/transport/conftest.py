"""The peers that the tests of the pool are run against."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Iterator

import pytest
from support.nginx import Nginx
from support.peers import Peer, front


@pytest.fixture(scope="session")
def fronts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[bool], Nginx]]:
    """Starts nginx, with and without TLS, when it is asked for first."""
    started: list[Nginx] = []

    @functools.cache
    def start(tls: bool) -> Nginx:
        nginx = front(tmp_path_factory.mktemp("front"), tls=tls)
        asyncio.run(nginx.start())
        started.append(nginx)
        return nginx

    yield start
    for nginx in started:
        asyncio.run(nginx.stop())


@pytest.fixture(
    params=[(False, False), (True, False), (False, True), (True, True)],
    ids=["tcp", "tls", "nginx-tcp", "nginx-tls"],
)
def peer(request: pytest.FixtureRequest, fronts: Callable[[bool], Nginx]) -> Peer:
    """Any well-behaved server will do."""
    tls, is_nginx = request.param
    return Peer(tls, fronts(tls) if is_nginx else None)
