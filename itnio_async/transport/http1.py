"""One HTTP/1.1 connection: it writes one request at a time, reads the answer with llhttp, and knows when it is spent.

The connection itself gives its slot back, in the callback that ends the exchange, and not the task that waits for the
answer: whatever happens to that task, at any tick, the slot is not its to lose. `token` is the future of the exchange
under way; its holder may abandon the exchange, and a token that is no longer the connection's does nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import select
import socket
import ssl
from collections.abc import AsyncIterator
from contextvars import Context
from typing import Any, Protocol, cast

import httptools
import httpx
from attrs import define, field

from itnio_async.transport.messages import Details, LazyResponse, RawHeaders, extensions_of

# Unread bytes of an answer above which the connection stops reading: one read of asyncio's may bring as many.
BACKLOG = 256 * 1024
# Bytes of a request that are written at once. A longer one goes out in slices, as the system takes them, since TLS
# takes all that it is given, and then nobody knows what has gone. They are short for the time that TLS takes for one:
# an answer that comes in that time, with the end of the connection behind it, may be lost.
AT_ONCE = 64 * 1024
SLICE = 16 * 1024
# Turns of the event loop after the head: a peer that refuses a request mostly does so when it has seen that.
_TURNS_AFTER_HEAD = 20
# Turns of the event loop after which it has read what lay in a socket: it does so in the next one, but after the
# callback that was asked for here. Timers get as many: after a stop of the process they ring before anything is read.
TURNS_TO_READ = 2
# Linux only: has what came acknowledged at once.
_QUICKACK = getattr(socket, "TCP_QUICKACK", None)
# What an answer may begin with: llhttp also takes RTSP and ICE for HTTP, and skips line breaks, as we do.
_FIRST_BYTES = b"H\r\n"
# A line of a head that goes on in the next one (RFC 9112, 5.2), and the end of a head.
_FOLD = re.compile(rb"\r\n[ \t]++")
_HEAD_END = b"\r\n\r\n"
# How llhttp refuses such a line, behind a value and behind none.
_FOLD_REFUSED = ("Unexpected whitespace after header value", "Invalid header value char")
_INTERIM = re.compile(rb"HTTP/1\.[01] 1")
_VERSIONS = {"1.1": b"HTTP/1.1", "1.0": b"HTTP/1.0"}


class Owner(Protocol):
    """The maker of a connection, which is told what becomes of it."""

    def release(self, connection: Connection) -> None:
        """Take back a connection that is ready for another request."""

    def lost(self, connection: Connection, *, busy: bool) -> None:
        """Learn that a connection is spent, in an exchange or out of one."""

    def gone(self, connection: Connection) -> None:
        """Learn that its socket is closed."""


@define(eq=False, repr=False)
class Body:
    """The part of an answer that arrives while it is read; `head` are status, headers and extensions of the answer."""

    _connection: Connection
    _token: asyncio.Future[Answer]
    _parts: list[bytes]
    _head: tuple[int, RawHeaders, dict[str, Any]]
    _size: int = field(init=False)
    _wake: asyncio.Future[None] | None = None
    _ended: bool = False
    _error: Exception | None = None

    def __attrs_post_init__(self) -> None:
        self._size = sum(map(len, self._parts))

    def response(self) -> httpx.Response:
        """Return the answer with this body as its stream.

        It is made for the reader alone: the connection keeps the body, and must not keep what gives up the rest of an
        answer when it is collected.
        """
        status, headers, extensions = self._head
        return httpx.Response(status, headers=list(headers), stream=_BodyStream(self), extensions=extensions)

    @property
    def is_awaited(self) -> bool:
        """Whether someone waits for more of it."""
        return self._wake is not None and not self._wake.done()

    async def receive(self) -> bytes:
        """Return what has arrived, waiting if there is nothing yet; b"" is the end.

        Raises httpx's `ReadTimeout`, `ReadError`, `RemoteProtocolError`.
        """
        while not self._parts:
            if self._error is not None:
                raise self._error
            if self._ended:
                return b""
            self._wake = self._connection.reading_on()
            try:
                await self._wake
            except BaseException:
                self.discard()
                raise
        data = b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        if not self._ended:
            self._connection.resume()
        return data

    def discard(self) -> None:
        """Give up what has not arrived yet, and the connection with it."""
        self._parts.clear()
        if not self._ended:
            self.end(httpx.ReadError("The answer was closed before it had been read."))
            self._connection.abandon(self._token)

    def discard_from_outside(self) -> None:
        """Do so from a finalizer, which may run in any thread and at any moment."""
        if not self._ended:
            with contextlib.suppress(RuntimeError):  # the event loop is closed, and the connection with it
                self._token.get_loop().call_soon_threadsafe(self.discard)

    def feed(self, data: bytes) -> bool:
        """Take a part; tell whether there is room for more."""
        self._parts.append(data)
        self._size += len(data)
        self._rouse()
        return self._size < BACKLOG

    def end(self, error: Exception | None = None) -> None:
        """Learn that nothing more comes, and why, unless the answer is complete."""
        self._ended = True
        self._error = error
        self._rouse()

    def _rouse(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)


# What the future of an exchange gives.
Answer = LazyResponse | Body


class _BodyStream(httpx.AsyncByteStream):
    """httpx's view of a body that arrives while it is read."""

    def __init__(self, body: Body) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while part := await self._body.receive():
            yield part

    async def aclose(self) -> None:
        """Give up what has not arrived yet."""
        self._body.discard()

    def __del__(self) -> None:
        # An answer that was dropped half-read would keep its connection for ever.
        self._body.discard_from_outside()


class _RefusedError(Exception):
    """Ends the parser's work from within its callbacks; the text says what is wrong with the answer."""


class _Unfolding:
    """Stands in for the parser until a head with folded lines is whole."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._data = bytearray()

    def feed_data(self, data: bytes) -> None:
        """Take a part of the answer."""
        self._data += data
        if (answer := _unfolded(bytes(self._data))) is not None:
            parser = httptools.HttpResponseParser(self._connection)
            self._connection.parse_with(parser)
            parser.feed_data(answer)


def _unfolded(answer: bytes) -> bytes | None:
    """Return an answer with each fold of its head as a blank; None as long as the head is not whole."""
    before = b""  # interim heads
    while True:
        head, end, answer = answer.partition(_HEAD_END)
        if not end:
            return None
        # What is folded into the first line stays wrong: there is no field that it could belong to.
        first_line, line_break, fields = head.partition(b"\r\n")
        before += first_line + line_break + _FOLD.sub(b" ", fields) + end
        if not _INTERIM.match(first_line):
            return before + answer


@define(eq=False, repr=False)
class Connection(asyncio.Protocol):
    """One connection and the exchange on it.

    `number` names it in logs, from when it is connected; `owner` is told of its fate; `max_head_bytes` bounds an
    answer's head, with the interim answers before it, and what lies between the parts of its body.
    """

    _owner: Owner
    _loop: asyncio.AbstractEventLoop
    _max_head_bytes: int
    number: int = 0
    requests: int = 0
    received: bool = False
    is_closed: bool = False
    lost_by: Exception | None = None
    opened_at: float = 0.0
    idle_since: float = 0.0
    transport: asyncio.Transport | None = None  # the event loop's side of it
    _parser: httptools.HttpResponseParser | None = None
    _below: Any = None  # the transport under TLS, as far as the event loop shows it; else the same one
    _token: asyncio.Future[Answer] | None = None
    _drain: asyncio.Future[None] | None = None
    _timer: asyncio.Handle | None = None
    _timer_at: float = 0.0
    _deadline: float = 0.0
    _writer: asyncio.Handle | None = None  # the next slice's turn
    _read_timeout: float | None = None
    _write_timeout: float | None = None
    _paused: bool = False
    _write_paused: bool = False
    _poll: select.poll | None = None
    _keep: bool = False
    _head_only: bool = False
    # Of the exchange under way.
    _body: Body | None = field(init=False)
    _headers: list[tuple[bytes, bytes]] = field(init=False)
    _parts: list[bytes] = field(init=False)
    _seen: bytearray | None = field(init=False)  # of a head that comes in several parts
    _reason: bytes = field(init=False)
    _rest: bytes | memoryview = field(init=False)
    _answer_head: tuple[int, Details] | None = field(init=False)
    _framing: int = field(init=False)
    _complete: bool = field(init=False)
    _surplus: bool = field(init=False)
    _interim: bool = field(init=False)
    _chunked: bool = field(init=False)
    _close_delimited: bool = field(init=False)
    _sending: bool = field(init=False)
    _is_folded: bool = field(init=False)
    _is_going_out: bool = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._body = None
        self._headers = []
        self._parts = []
        self._seen = None
        self._reason = b""
        self._rest = b""
        self._answer_head = None
        self._framing = 0
        self._complete = self._surplus = self._interim = self._chunked = self._close_delimited = False
        self._sending = self._is_folded = self._is_going_out = False

    # What the pool does with it.

    @property
    def is_usable(self) -> bool:
        """Whether the event loop has no reason yet to think that it is gone."""
        return not self.is_closed and self.transport is not None and not self.transport.is_closing()

    def is_ready(self) -> bool:
        """Tell whether a request can go out: the connection is not gone, and nothing has come that nobody asked for."""
        transport = self.transport
        return not (self.is_closed or transport is None or transport.is_closing() or self.has_news())

    def has_news(self) -> bool:
        """Tell whether the peer has sent something, or closed, since the event loop last looked."""
        poll = self._poll
        if poll is None:
            assert self.transport is not None
            sock = self.transport.get_extra_info("socket")
            if sock is None or not hasattr(select, "poll"):
                return False
            # Kept, since making it costs three times as much as asking it.
            self._poll = poll = select.poll()
            poll.register(sock.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def start(
        self,
        data: bytes,
        read: float | None,
        write: float | None,
        *,
        head_only: bool = False,
        last: bool = False,
        uploading: bool = False,
    ) -> asyncio.Future[Answer]:
        """Write a request; the future gives the answer.

        `read` and `write` are seconds to wait for the next bytes to come and to go. An answer that is complete when its
        head arrives is a `LazyResponse`, any other one a `Body`. With `uploading`, `data` is the head, and `send` and
        `sent` follow.
        """
        token: asyncio.Future[Answer] = self._loop.create_future()
        self._token = token
        self._read_timeout = read
        self._write_timeout = write
        self._head_only = head_only
        self._keep = not last
        self._sending = uploading
        self.requests += 1
        self.received = False
        if len(data) <= AT_ONCE:
            self.transport.write(data)  # type: ignore[union-attr]  # it is connected
        else:
            self._rest = memoryview(data)
            self._write_on()
        if self._seen is not None:
            seen, self._seen = bytes(self._seen), None
            self._loop.call_soon(self.data_received, seen)
        self._expect(write if self._write_paused or self._rest else None if uploading else read)
        return token

    async def send(self, part: bytes) -> bool:
        """Write a part of the request and wait until it has gone; False where the answer does not wait for it."""
        token = self._token
        await self._all_written()  # the head, which may be long
        if token is None or token.done() or self.is_closed:
            return False
        self._rest = memoryview(part)
        self._write_on()
        await self._all_written()
        return self._token is token and not token.done()

    async def _all_written(self) -> None:
        if self._token is not None and self._is_writing:
            self._expect(self._write_timeout)
            self._drain = self._loop.create_future()
            await self._drain

    def sent(self, *, whole: bool) -> None:
        """Say that there are no more parts; a request that is not whole makes the connection its last."""
        if self._token is not None and not self.is_closed:
            self._sending = False
            self._keep = self._keep and whole
            self._expect(self._write_timeout if self._is_writing else self._read_timeout)

    def abandon(self, token: asyncio.Future[Answer]) -> None:
        """End an exchange that nobody waits for any more; one that has ended already stays as it is."""
        if token.done() and not token.cancelled():
            token.exception()  # so that the event loop does not report it as unseen
        if self._token is token:
            self._end_exchange()
            self.close()
            self._owner.lost(self, busy=True)

    def close(self) -> None:
        """Close the connection at once, telling a TLS peer so as far as that needs no waiting."""
        self.is_closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        transport = self.transport
        if transport is not None:
            if not transport.is_closing():
                transport.close()
            transport.abort()

    def end(self, why: str) -> None:
        """Close the connection, and tell its user."""
        if not self.is_closed:
            self._fail(why)

    def bury(self) -> None:
        """Close the socket after the event loop was closed without closing it.

        asyncio has no public way: `abort` wants a running loop, and a transport that keeps its socket warns when it is
        collected. Another event loop closes its sockets itself.
        """
        self.is_closed = True
        transport, self.transport, self._parser = self.transport, None, None
        if transport is None:
            return
        with contextlib.suppress(RuntimeError):  # it says that the loop is closed, once it has marked itself so
            transport.abort()
        sock = getattr(self._below, "_sock", None)
        if sock is not None:
            sock.close()
            self._below._sock = None

    # What a reader of the body asks for.

    def reading_on(self) -> asyncio.Future[None]:
        """Return a future for the next part, with the read timeout running."""
        self._expect(self._read_timeout)
        return self._loop.create_future()

    def resume(self) -> None:
        """Go on reading after a pause."""
        if self._paused:
            self._paused = False
            if self.transport is not None and not self.is_closed:
                # asyncio makes the callback for what comes again, with the context of this moment.
                Context().run(self.transport.resume_reading)

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = transport = cast(asyncio.Transport, transport)  # uvloop's has another base
        self._below = getattr(getattr(transport, "_ssl_protocol", None), "_transport", transport)
        # As low as TLS allows: a request counts as written when the system has taken all of it.
        transport.set_write_buffer_limits(high=1, low=0)
        self._parser = httptools.HttpResponseParser(self)

    def data_received(self, data: bytes) -> None:
        """Read on in the answer."""
        if self._token is None or self._parser is None:
            if self.is_closed:  # TLS hands over what it still has while it closes
                return
            if self.requests:
                self._fail("The peer sent bytes that nobody had asked for")
            else:  # it refuses the first request before it has seen it
                self._keep_for_later(data)
            return
        if not self.received:
            self.received = True
            if data[0] not in _FIRST_BYTES:
                self._refuse("The answer is not HTTP/1.1.")
                return
        self._framing += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if self._answer_head is None and self._read_unfolded(data):
                return
            # Behind the head, that is about a trailer. Trailers are dropped, and the body before them is whole.
            self._complete |= self._answer_head is not None and str(error) in _FOLD_REFUSED
            if not self._complete:
                self._refuse(_what_is_wrong(error))
                return
            self._surplus = True
        if self._complete:
            self._finish(surplus=self._surplus or (self._head_only and not data.endswith(b"\r\n\r\n")))
        elif self._framing > self._max_head_bytes:
            self._refuse(f"The answer's head has more than {self._max_head_bytes} bytes.")
        else:
            self._go_on(data)

    def eof_received(self) -> None:
        """Learn that the peer has said all that it wants to."""
        if not self.is_closed:
            self._end_of_input(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Learn that the socket is closed."""
        if exc is not None:
            self._take_what_came()
        self.lost_by = exc
        if not self.is_closed:
            self._end_of_input(exc)
        self._parser = None  # the two refer to each other
        self._owner.gone(self)

    def pause_writing(self) -> None:
        """Learn that the system takes no more for now."""
        self._write_paused = True

    def resume_writing(self) -> None:
        """Learn that the system has taken all."""
        self._write_paused = False
        self._write_on()

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Stop where another answer follows."""
        if self._complete:
            raise _RefusedError("surplus")

    def on_status(self, reason: bytes) -> None:
        """Take the reason phrase, which may come in pieces."""
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; trailers are dropped, as RFC 9112 allows."""
        if self._answer_head is None:
            self._headers.append((name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        """Read the head."""
        parser = self._parser
        assert parser is not None
        status = parser.get_status_code()
        version = _VERSIONS.get(parser.get_http_version())
        if version is None:
            raise _RefusedError("The answer's version of HTTP is not 1.1 or 1.0.")
        if status < 200:
            if status < 100 or status == 101:
                raise _RefusedError(f"The answer's status is {status}.")
            self._interim = True
            self._headers = []
            self._reason = b""
            return
        if self._framing > self._max_head_bytes and self._head_bytes() > self._max_head_bytes:
            raise _RefusedError(f"The answer's head has more than {self._max_head_bytes} bytes.")
        self._answer_head = (status, (version, self._reason, self.requests > 1, self.transport))
        if self._head_only:
            # llhttp cannot be told that no body follows: what it still reads does not belong to this answer.
            self._keep = self._keep and parser.should_keep_alive()
            self._complete = True
            self._parser = httptools.HttpResponseParser(self)

    def on_chunk_header(self) -> None:
        """Check the coding of a chunked answer, once."""
        if self._complete:
            self._surplus = True
        elif not self._chunked:
            self._read_framing()

    def on_body(self, data: bytes) -> None:
        """Take a part of the body."""
        self._framing = 0
        if self._complete:
            self._surplus = True
        elif self._body is None:
            self._parts.append(data)
        elif not self._body.feed(data) and not self._paused and self.transport is not None:
            self._paused = True
            if not self.transport.is_closing():
                self.transport.pause_reading()

    def on_message_complete(self) -> None:
        """Learn that the answer is complete."""
        if self._interim:
            self._interim = False
        elif not self._complete:
            assert self._parser is not None
            self._complete = True
            self._keep = self._keep and self._parser.should_keep_alive()

    def _read_unfolded(self, data: bytes) -> bool:
        """Read the answer once more from its beginning if its head has folded lines, which the parser refuses."""
        seen = bytes(self._seen or b"") + data
        if self._is_folded or not _FOLD.search(seen):
            return False
        self._is_folded, self._interim = True, False
        self._headers, self._reason, self._framing = [], b"", 0
        self._parser = cast(httptools.HttpResponseParser, _Unfolding(self))
        self.data_received(seen)
        return True

    def _keep_for_later(self, data: bytes) -> None:
        if self._seen is None:
            self._seen = bytearray()
        self._seen += data

    def parse_with(self, parser: httptools.HttpResponseParser) -> None:
        """Go on with this parser."""
        self._parser = parser

    # How an exchange goes on and ends.

    @property
    def _is_writing(self) -> bool:
        return self._write_paused or len(self._rest) > 0

    def _write_on(self) -> None:
        """Write a slice of what is left of the request, unless there is something to read first.

        A peer that refuses a request half-way answers and closes: a write fails then, and after that no event loop
        reads the answer. So the loop gets its turns to read between two slices.
        """
        if self._rest and self._writer is None and not self._write_paused and not self._below.is_closing():
            assert self.transport is not None
            is_first, self._is_going_out = not self._is_going_out, True
            # The head of a body in parts has gone before.
            is_after_head = is_first and self._sending
            if not is_after_head and (self._paused or not self.has_news()):
                self.transport.write(self._rest[:SLICE])
                self._rest = self._rest[SLICE:]
            turns = _TURNS_AFTER_HEAD if is_first else TURNS_TO_READ
            self._writer = self._loop.call_soon(self._write_in_turn, turns - 1)
        if self._below.is_closing():
            self._take_what_came()
        if self._is_writing:
            self._expect(self._write_timeout)
        elif self._drain is not None:
            self._release_sender()
        elif self._token is not None and not self._sending:
            self._expect(self._read_timeout)

    def _write_in_turn(self, turns: int) -> None:
        if turns:
            self._writer = self._loop.call_soon(self._write_in_turn, turns - 1)
            return
        self._writer = None
        if _QUICKACK is not None and not self._below.is_closing():
            # A peer may hold an answer back until what it sent before (TLS sends tickets) was acknowledged, and lose it
            # where it closes first; the system takes its time to acknowledge what comes while it sends.
            self._below.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
        self._write_on()

    def _take_what_came(self) -> None:
        """Read the answer from the socket after a write has failed: the event loop reads nothing any more then.

        Not over TLS on uvloop, which does not show what is under it.
        """
        protocol, its_own = self._below.get_protocol(), self._below.get_extra_info("socket")
        if self._token is None or its_own is None:
            return
        if protocol is self and self._below.get_extra_info("ssl_object") is not None:
            return
        with contextlib.suppress(OSError), socket.fromfd(its_own.fileno(), its_own.family, its_own.type) as sock:
            sock.setblocking(False)
            while not self.is_closed and (data := sock.recv(SLICE)):
                if protocol is self:
                    self.data_received(data)
                else:  # TLS
                    protocol.get_buffer(len(data))[: len(data)] = data
                    protocol.buffer_updated(len(data))

    def _go_on(self, data: bytes) -> None:
        if self._answer_head is None:
            if not self._is_folded:
                self._keep_for_later(data)
            self._expect(self._read_timeout)
            return
        if self._body is None:
            try:
                self._read_framing()
            except _RefusedError as error:
                self._refuse(str(error))
                return
            token = self._token
            assert token is not None
            status, details = self._answer_head
            self._body = Body(self, token, self._parts, (status, self._headers, extensions_of(self.number, details)))
            if not token.done():
                token.set_result(self._body)
            self._release_sender()
        elif self._body.is_awaited:
            self._expect(self._read_timeout)

    def _read_framing(self) -> None:
        """Find out how the body ends, for an answer that is not complete at once."""
        codings = [value for name, value in self._headers if name.lower() == b"transfer-encoding"]
        if codings and (len(codings) > 1 or codings[0].lower() != b"chunked"):
            raise _RefusedError("The answer has a Transfer-Encoding that nobody asked for.")
        self._chunked = bool(codings)
        self._close_delimited = not codings and all(name.lower() != b"content-length" for name, _ in self._headers)

    def _head_bytes(self) -> int:
        return sum(len(name) + len(value) + 4 for name, value in self._headers)

    def _finish(self, *, surplus: bool) -> None:
        token, body = self._token, self._body
        assert token is not None
        if body is not None:
            body.end()
        elif not token.done() and self._answer_head is not None:
            status, details = self._answer_head
            parts = self._parts
            content = parts[0] if len(parts) == 1 else b"".join(parts)
            token.set_result(LazyResponse(status, self._headers, content, self.number, details))
        # An answer that came before all of its request had gone leaves the connection in the middle of that request.
        keep = self._keep and not surplus and not (self._sending or self._write_paused or self._rest)
        self._end_exchange()
        if keep:
            if self._paused:
                self.resume()
            self._owner.release(self)
        else:
            self.close()
            self._owner.lost(self, busy=True)

    def _end_exchange(self) -> None:
        self._token = None
        if self._writer is not None:
            self._writer.cancel()
            self._writer = None
        if self._drain is not None:
            self._release_sender()
        self._reset()

    def _release_sender(self) -> None:
        if self._drain is not None:
            if not self._drain.done():
                self._drain.set_result(None)
            self._drain = None

    def _end_of_input(self, error: Exception | None) -> None:
        if error is None and self._close_delimited and not self._sending and self._was_closed_properly():
            self._keep = False
            self._finish(surplus=False)
        else:
            self._fail("The connection was lost", error)

    def _was_closed_properly(self) -> bool:
        """Tell whether it was the peer that ended its answer: over TLS anybody on the way can end TCP."""
        assert self.transport is not None
        tls = self.transport.get_extra_info("ssl_object")
        if tls is None:
            return True
        try:
            return bool(tls.read(1) == b"")  # TLS's own end
        except ssl.SSLError:  # it waits for more
            return False

    def _fail(self, what: str, cause: BaseException | None = None) -> None:
        if self._answer_head is not None:
            text = f"{what} in the middle of the answer."
        else:
            text = f"{what} {'in the head of' if self.received else 'before'} the answer."
        if isinstance(cause, ssl.SSLError) and cause.reason:  # what the peer's TLS had to say
            text = f"{text} TLS: {cause.reason.replace('_', ' ').lower()}."
        kind = httpx.WriteError if (self._is_writing or self._sending) and not self.received else httpx.ReadError
        self._end_with(kind(text), cause)

    def _refuse(self, text: str) -> None:
        self._end_with(httpx.RemoteProtocolError(text))

    def _end_with(self, error: Exception, cause: BaseException | None = None) -> None:
        error.__cause__ = cause
        token, body = self._token, self._body
        if token is not None and not token.done():
            token.set_exception(error)
        elif body is not None:
            body.end(error)
        self._end_exchange()
        self.close()
        self._owner.lost(self, busy=token is not None)

    # The timer is armed once and looked at when it rings: most calls neither arm nor cancel one.

    def _expect(self, timeout: float | None) -> None:
        """Let the wait for the peer take so many seconds from now."""
        if timeout is None:
            self._deadline = 0.0
            return
        self._deadline = deadline = self._loop.time() + timeout
        if self._timer is None or self._timer_at > deadline:
            if self._timer is not None:
                self._timer.cancel()
            self._arm(deadline)

    def _arm(self, deadline: float) -> None:
        self._timer_at = deadline
        self._timer = self._loop.call_at(deadline, self._ring, context=Context())

    def _ring(self, turns: int = TURNS_TO_READ) -> None:
        self._timer = None
        if self._token is None or not self._deadline:
            return
        if self._loop.time() < self._deadline:
            self._arm(self._deadline)
        elif turns:
            self._timer = self._loop.call_soon(self._ring, turns - 1)
        elif self._is_writing:
            self._end_with(httpx.WriteTimeout("The peer did not take the request in time (timeout.write)."))
        elif not self._sending and (self._body is None or self._body.is_awaited):
            self._end_with(httpx.ReadTimeout("The peer did not answer in time (timeout.read)."))


def _what_is_wrong(error: Exception) -> str:
    if isinstance(error.__context__, _RefusedError):
        return str(error.__context__)
    return f"The answer is not valid HTTP/1.1: {error}."
