"""The servers that the pool's suite runs against: the scripted one by itself, and with nginx before it.

nginx brings what real servers do: it ends a connection after three requests or a second without one, answers in its own
packets and from another process, and has its own ideas of a handshake.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from attrs import frozen

from support import programs
from support.certificates import issued, write_certificate
from support.fault_server import FaultServer
from support.nginx import Nginx
from support.raw_server import Handler, RawServer

KEPT_FOR = 3
# The first part of a path is the port of the server behind: one nginx stands before those of all tests.
_TO_THAT_PORT = r"""location ~ ^/(\d+)/?(.*)$ {
    proxy_pass http://127.0.0.1:$1/$2$is_args$args;
    proxy_http_version 1.1;
    proxy_buffering off;
    proxy_request_buffering off;
    client_max_body_size 0;
}"""


def front(folder: Path, *, tls: bool) -> Nginx:
    """nginx before any server of this machine."""
    files = write_certificate(issued(), folder) if tls else None
    server = f"keepalive_requests {KEPT_FOR};\nkeepalive_timeout 1s;"
    return Nginx(folder / "nginx", tls=files, server=server, locations=_TO_THAT_PORT)


class Behind(RawServer):
    """A server that nginx stands before: `url` leads there, by way of nginx."""

    def __init__(self, handler: Handler, front: Nginx) -> None:
        super().__init__(handler)
        self.front = front

    @property
    def url(self) -> str:
        return f"{self.front.url}/{super().url.rpartition(':')[2]}"

    async def quiet(self) -> None:
        """Wait until nobody has a connection to nginx."""
        await programs.until(self._is_quiet)

    async def _is_quiet(self) -> bool:
        return await self.front.connections() == 0


@frozen
class Peer:
    """`async with peer(handler) as server`: a server that does what the handler says."""

    tls: bool
    front: Nginx | None = None

    @property
    def keeps(self) -> float:
        """The number of requests that it takes on one connection."""
        return math.inf if self.front is None else KEPT_FOR

    def __call__(self, handler: Handler) -> Any:
        return FaultServer(handler, tls=self.tls) if self.front is None else Behind(handler, self.front)

    def number(self, request: int) -> tuple[int, bool]:
        """The connection that takes the nth of requests that come one after another, and whether it is a used one."""
        if self.front is None:
            return 1, request > 0
        return 1 + request // KEPT_FOR, request % KEPT_FOR > 0
