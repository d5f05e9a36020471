"""The bytes of a request: its head, checked, joined with its body, or with a plan for sending the body in parts."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, Iterable
from typing import NamedTuple

import httpx
from attrs import define

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++")
# What would end the target, or split the request in two.
_NOT_IN_TARGET = re.compile(rb"[^\x21-\x7e]")


@define(eq=False)
class Upload:
    """A body that is sent in parts: as many bytes as `length` says, or chunked where that is None."""

    stream: AsyncIterable[bytes]
    length: int | None

    def frame(self, part: bytes) -> bytes:
        """Return what goes over the wire for one part."""
        if self.length is None:
            return b"%x\r\n%b\r\n" % (len(part), part)
        return part

    def end(self) -> bytes:
        """Return what goes over the wire after the last part."""
        return b"0\r\n\r\n" if self.length is None else b""


class Outgoing(NamedTuple):
    """A request as it goes over the wire: `data` is all of it, or its head where there is an `upload`."""

    data: bytes
    upload: Upload | None = None
    last: bool = False  # the request asks the peer to close the connection after it


def head(method: bytes, target: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the head of a request, with the empty line after it.

    Raises `httpx.LocalProtocolError` for whatever could be read as a second request.
    """
    if not _TOKEN.fullmatch(method) or method == b"CONNECT":
        raise httpx.LocalProtocolError("The request's method is not one that can be sent.")
    if not target or _NOT_IN_TARGET.search(target):
        raise httpx.LocalProtocolError("The request's target has a character that cannot stand in one.")
    headers = list(headers)
    if not all(_TOKEN.fullmatch(name) for name, _ in headers):
        raise httpx.LocalProtocolError("A header's name has a character that cannot stand in one.")
    # One join, and three scans at memory speed, instead of a pattern for each value.
    block = b"\r\n".join([b"%b %b HTTP/1.1" % (method, target), *map(b": ".join, headers), b""])
    lines = len(headers) + 1
    if block.count(b"\n") != lines or block.count(b"\r") != lines or b"\0" in block:
        raise httpx.LocalProtocolError("A header's value has a line break or a NUL in it.")
    return block + b"\r\n"


def outgoing(request: httpx.Request) -> Outgoing:
    """Return the bytes of httpx's request; its framing headers must fit its body, and are added where they lack.

    Raises `httpx.LocalProtocolError`.
    """
    headers = request.headers.raw
    host = length = None
    chunked = last = False
    for name, value in headers:
        match name.lower():
            case b"host":
                host = _once(host, value, "Host")
            case b"content-length":
                length = _once(length, value, "Content-Length")
            case b"transfer-encoding":
                if chunked or value.lower() != b"chunked":
                    raise httpx.LocalProtocolError("The only Transfer-Encoding that can be sent is chunked, once.")
                chunked = True
            case b"connection":
                last = last or b"close" in value.lower()
    if chunked and length is not None:
        raise httpx.LocalProtocolError("A request has either Content-Length or Transfer-Encoding.")
    if length is not None and not length.isdigit():
        raise httpx.LocalProtocolError("The request's Content-Length is not a number.")
    if host is None:
        headers = [(b"Host", request.url.netloc), *headers]
    method, target = request.method.encode("ascii", "replace"), request.url.raw_path
    if isinstance(request.stream, httpx.ByteStream) and not chunked:
        return Outgoing(_joined(method, target, headers, length, b"".join(request.stream)), None, last)
    stream = request.stream
    if not isinstance(stream, httpx.AsyncByteStream):
        raise httpx.LocalProtocolError("The request's body is not one that can be read asynchronously.")
    if not chunked and length is None:
        headers = [*headers, (b"Transfer-Encoding", b"chunked")]
    upload = Upload(stream, None if length is None else int(length))
    return Outgoing(head(method, target, headers), upload, last)


def _joined(
    method: bytes, target: bytes, headers: list[tuple[bytes, bytes]], length: bytes | None, body: bytes
) -> bytes:
    if length is not None:
        if int(length) != len(body):
            raise httpx.LocalProtocolError(f"Content-Length says {int(length)}, and the body has {len(body)} bytes.")
    elif body:
        headers = [*headers, (b"Content-Length", b"%d" % len(body))]
    return head(method, target, headers) + body


def _once(before: bytes | None, value: bytes, name: str) -> bytes:
    if before is not None:
        raise httpx.LocalProtocolError(f"The request has {name} twice.")
    return value
