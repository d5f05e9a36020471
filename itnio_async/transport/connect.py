"""From an origin to a connected socket: TLS settings, addresses, happy eyeballs, handshake.

asyncio's own happy eyeballs (CPython 3.11) lose the socket that won when the caller is cancelled in that very tick, and
uvloop tries one address after the other, each until the system gives up: so the race is run here.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections import deque
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from itnio_async.errors import ConfigurationError
from itnio_async.transport.http1 import Connection

# By scheme, the port that an address means which names none.
PORTS = {"http": 80, "https": 443}
# Seconds before the next address is tried beside the ones before it: RFC 8305 recommends this.
ATTEMPT_DELAY = 0.25
# A silent peer in the middle of an answer is found after two minutes, not after the system's two hours.
_PROBES = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}

_Address = tuple[int, Any]  # family, and what `connect` takes


class Origin(NamedTuple):
    """Where requests go: connections are shared by those that agree in all of it."""

    secure: bool
    host: str
    port: int
    server_name: str | None = None  # the name asked for in the TLS handshake, where it is not the host


# What names the authorities to trust in place of those that come with httpx.
_AUTHORITIES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
# The last settings for each choice of authorities, with what their files were then.
_contexts: dict[tuple[bool, tuple[str, str] | None], tuple[list[Any], ssl.SSLContext]] = {}


def _context(verify: bool, trust_env: bool) -> ssl.SSLContext:
    choice = (verify, _named_authorities() if verify and trust_env else None)
    files = _files_of(*choice)
    kept = _contexts.get(choice)
    if kept is None or kept[0] != files:
        kept = _contexts[choice] = (files, _make_context(*choice))
    return kept[1]


def _files_of(verify: bool, named: tuple[str, str] | None) -> list[Any]:
    """Return what tells the files of authorities from others that come to stand in their place."""
    if not verify:
        return []
    if named is None:
        import certifi  # what httpx trusts by default

        return [_state_of(Path(certifi.where()))]
    variable, value = named
    if variable == "SSL_CERT_FILE":
        return [_state_of(Path(value))]
    folders = [folder for name in value.split(os.pathsep) if (folder := Path(name)).is_dir()]
    return sorted((file, _state_of(file)) for folder in folders for file in folder.iterdir())


def _state_of(file: Path) -> tuple[int, ...]:
    try:
        found = file.stat()
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _make_context(verify: bool, named: tuple[str, str] | None) -> ssl.SSLContext:
    try:
        context = httpx.create_ssl_context(verify=verify, trust_env=named is not None)
    except OSError as error:
        if named is None:
            raise
        raise _unreadable(*named, error.strerror or "not readable") from error
    if named is not None and named[0] == "SSL_CERT_DIR" and not any(map(os.path.isdir, named[1].split(os.pathsep))):
        # OpenSSL would not mind, and then trust nobody.
        raise _unreadable(*named, "no such directory")
    context.set_alpn_protocols(["http/1.1"])
    return context


def _named_authorities() -> tuple[str, str] | None:
    """Return the variable that names the authorities, and what it says: the first that is set, as for httpx."""
    return next(((name, value) for name in _AUTHORITIES if (value := os.environ.get(name))), None)


def _unreadable(variable: str, path: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"{variable} names {path}, which gives no certificates of authorities ({why}). Correct or unset {variable}, or "
        "pass verify= (an ssl.SSLContext) or trust_env=False. Nothing was sent."
    )


async def tls_context(verify: bool | ssl.SSLContext, *, trust_env: bool) -> ssl.SSLContext:
    """Return the TLS settings: the caller's own untouched, others made in a thread (20 ms) and shared.

    They are made again when the files of authorities have changed.

    Raises `ConfigurationError` where the environment names files that cannot be read.
    """
    if isinstance(verify, ssl.SSLContext):
        return verify
    return await asyncio.get_running_loop().run_in_executor(None, _context, verify, trust_env)


async def connected_socket(host: str, port: int) -> socket.socket:
    """Return a socket that is connected with one of a host's addresses, the first that answers.

    Raises `OSError`. When it is cancelled, no socket is left open.
    """
    return await _first_connected(await _addresses(host, port))


async def open_connection(connection: Connection, origin: Origin, context: ssl.SSLContext | None) -> None:
    """Connect a `Connection`.

    Raises `OSError`. When it is cancelled, no socket is left open.
    """
    loop = asyncio.get_running_loop()
    tls: dict[str, Any] = {}
    if context is not None:
        tls = {"ssl": context, "server_hostname": host_name(origin.server_name or origin.host)}
    connected = await connected_socket(origin.host, origin.port)
    try:
        transport, _ = await loop.create_connection(lambda: connection, sock=connected, **tls)
    except BaseException:
        if not isinstance(loop, asyncio.BaseEventLoop):
            # uvloop has closed it, or will, by its number, which may be another socket's when this one is collected.
            connected.detach()
        raise
    chosen = transport.get_extra_info("ssl_object")
    protocol = None if chosen is None else chosen.selected_alpn_protocol()
    if protocol not in (None, "http/1.1"):
        connection.close()
        raise ConnectionError(f"The TLS settings let the peer choose {protocol}; only http/1.1 is spoken here.")


def host_name(name: str) -> str:
    """Return a host's name without the dot at its end, which is no part of what TLS asks for (RFC 6066, 3).

    Raises `OSError` for what cannot be one; Python has errors of other kinds for each.
    """
    try:
        name.encode("idna")
        if not name.strip("."):
            raise UnicodeError("it is empty")
    except UnicodeError as error:
        raise OSError(f"{name!r} cannot be the name of a host ({error})") from error
    return name.removesuffix(".")


async def _addresses(host: str, port: int) -> list[_Address]:
    """Return the host's addresses, families in turns, beginning with the one that the system puts first."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except (OSError, ValueError):
            continue
        return [(family, (host, port))]
    host_name(host)
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    by_family: dict[int, deque[_Address]] = {}
    for family, _, _, _, address in found:
        by_family.setdefault(family, deque()).append((family, address))
    queues = list(by_family.values())
    return [queue.popleft() for _ in range(max(map(len, queues))) for queue in queues if queue]


async def _first_connected(addresses: list[_Address]) -> socket.socket:
    if len(addresses) == 1:
        return await _connected(*addresses[0])
    loop = asyncio.get_running_loop()
    waiting = deque(addresses)
    attempts: list[asyncio.Task[socket.socket]] = []
    winner: asyncio.Task[socket.socket] | None = None
    try:
        while winner is None:
            if waiting:
                attempts.append(loop.create_task(_connected(*waiting.popleft())))
            pending = [attempt for attempt in attempts if not attempt.done()]
            if pending:
                await asyncio.wait(
                    pending, timeout=ATTEMPT_DELAY if waiting else None, return_when=asyncio.FIRST_COMPLETED
                )
            winner = next((one for one in attempts if one.done() and one.exception() is None), None)
            if winner is None and not waiting and all(attempt.done() for attempt in attempts):
                raise next(error for attempt in attempts if (error := attempt.exception()))
        return winner.result()
    finally:
        for attempt in attempts:
            if attempt is not winner:
                attempt.cancel()
                attempt.add_done_callback(_close_result)


def _close_result(attempt: asyncio.Task[socket.socket]) -> None:
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().close()


async def _connected(family: int, address: Any) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        _set_options(sock)
        await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


def _set_options(sock: socket.socket) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _PROBES.items():
        option = getattr(socket, name, None)
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)
