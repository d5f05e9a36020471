"""Answer requests: find the handler, let ordered faults strike, authenticate, handle, and write the answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from email.utils import formatdate
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson
from attrs import frozen
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from itnio_async.codes import SUCCESS
from itnio_async.sandbox.authentication import authenticate
from itnio_async.sandbox.faults import DELAYING, Fault, Order, striking
from itnio_async.sandbox.fields import number_of
from itnio_async.sandbox.handler import Handler
from itnio_async.sandbox.record import RecordedRequest
from itnio_async.sandbox.rules import Decision, is_integer

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from itnio_async.sandbox.server import Connection
    from itnio_async.sandbox.vendor import Vendor

JSON = "application/json;charset=UTF-8"

_INTEGER = re.compile("-?(0|[1-9][0-9]{0,17}+)")
_GARBAGE = b"\x00\x16\x03 this is not HTTP \xff\xfe\r\n\r\n"
_PAGE = b"<html><head><title>Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"


class _Cut(Response):
    """An answer that ends with its connection: `sent` are the bytes that still go out, HTTP or not."""

    def __init__(self, *, sent: bytes = b"", reset: bool = False) -> None:
        super().__init__()
        self._sent = sent
        self._reset = reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = _connection(scope)
        if self._sent:
            connection.write(self._sent)
        if self._reset:
            connection.reset()
        else:
            connection.close()
        # uvicorn logs an error if the application returns without an answer while the connection is still open.
        while (await receive())["type"] != "http.disconnect":
            pass


class _PathAsSent:
    """Routes requests by their paths as they were sent: decoded, a slash within an id would be one of the path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "path": scope["raw_path"].decode("ascii")}
        await self._app(scope, receive, send)


@frozen
class _Answer:
    """A decision and what it sends."""

    decision: Decision
    content: bytes
    http_status: int


class Application:
    """The ASGI application of a vendor and the handlers of its endpoints, by path.

    Each request is answered from what the vendor has at that moment: its data, assumptions, accounts and faults.
    """

    def __init__(self, vendor: Vendor, handlers: Mapping[str, Handler]) -> None:
        self._vendor = vendor
        self.asgi: Starlette = Starlette(
            routes=[
                Route(path, partial(self._endpoint, handler), methods=[handler.method])
                for path, handler in handlers.items()
            ],
            exception_handlers={HTTPException: self._unrouted},
            middleware=[Middleware(_PathAsSent)],
        )
        # A path with a slash at its end is another path; a redirection would show the headers around.
        self.asgi.router.redirect_slashes = False

    async def _unrouted(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        method, path = request.method, unquote(request.scope["path"])
        if error.status_code == 405:
            status, text = 405, f"The sandbox does not take {path} by {method}.\n"
        else:
            status = 501
            text = f"The sandbox does not imitate {path}: what the vendor would answer is not known here.\n"
        # Plain text, so that nobody takes it for an answer of the API.
        decision = Decision(status, "not imitated", assumed=True)
        self._record(request, decision)
        return self._response(decision, text.encode(), status, "text/plain;charset=UTF-8")

    async def _endpoint(self, handler: Handler, request: Request) -> Response:
        if request.method != handler.method:  # a HEAD, which comes with a GET unless it is kept out
            return await self._unrouted(request, HTTPException(405))
        try:
            content = await request.body()
        except ClientDisconnect:
            return _Cut()
        body = _from_address(handler, request.query_params) if handler.method == "GET" else _read(content)
        if body is not None:
            ids = {name: unquote(text) for name, text in request.path_params.items()}
            body = {**body, **_from_address(handler, ids)}
        key_id = _key_id(handler, body)
        struck, limits = striking(self._vendor.orders, handler.address, key_id)
        try:
            return await self._answered(request, handler, body, key_id, struck)
        finally:
            for order in limits:
                order.left()

    async def _answered(
        self,
        request: Request,
        handler: Handler,
        body: Mapping[str, Any] | None,
        key_id: int | None,
        struck: list[Order],
    ) -> Response:
        answer: _Answer | None = None
        for order in sorted(struck, key=lambda order: order.fault.after_processing):
            if order.fault.after_processing and answer is None:
                answer = self._handle(request, handler, body)
            if order.fault.kind not in DELAYING:
                return self._spoil(request, handler, key_id, order.fault, answer)
            if not await _delay(order, _connection(request.scope).stopping):
                return _Cut()
        answer = answer or self._handle(request, handler, body)
        decision = answer.decision
        fault = ",".join(order.fault.kind for order in struck) or None
        self._record(request, decision, key_id=key_id, code=decision.code, fault=fault)
        return self._response(decision, answer.content, answer.http_status)

    def _handle(self, request: Request, handler: Handler, body: Mapping[str, Any] | None) -> _Answer:
        vendor = self._vendor
        now = vendor.clock()
        data = None
        decision = authenticate(
            request.headers,
            request.client.host if request.client else "",
            accounts=vendor.accounts,
            allowed_addresses=vendor.allowed_addresses,
            now=now,
            window=vendor.assumptions.window,
        )
        if decision is None:
            if body is None:
                decision = Decision(-22, "the body is not a JSON object", assumed=False)
            else:
                decision, data = handler.handle(body, vendor.state, vendor.assumptions, now)
        return self._answer(handler, decision, data)

    def _answer(
        self, handler: Handler, decision: Decision, data: Any = None, http_status: int | None = None
    ) -> _Answer:
        code = decision.code
        status = code if handler.integer_status else str(code)
        code_key, text_key = handler.keys_of(self._vendor.assumptions)
        if code == SUCCESS:
            envelope = {code_key: status, text_key: "success", **(data if handler.beside else {"data": data})}
            return _Answer(decision, orjson.dumps(envelope), http_status or 200)
        envelope = {code_key: status, text_key: handler.family[code].wording}
        return _Answer(decision, orjson.dumps(envelope), http_status or self._vendor.assumptions.failure_http_status)

    def _spoil(
        self, request: Request, handler: Handler, key_id: int | None, fault: Fault, answer: _Answer | None
    ) -> Response:
        """Answer as the fault says; `answer` is what would have been said, where the request was carried out."""
        code = fault.code
        if code is None:
            self._record(request, None, key_id=key_id, fault=str(fault))
            nothing: dict[str, Any] | None = {} if handler.beside else None
            success = Decision(SUCCESS, "success", assumed=False)
            return self._broken(fault, answer or self._answer(handler, success, nothing))
        decision = Decision(code, "ordered as a fault", assumed=not handler.documents(code))
        self._record(request, decision, key_id=key_id, code=code, fault=str(fault))
        spoilt = self._answer(handler, decision, http_status=fault.http_status)
        return self._response(decision, spoilt.content, spoilt.http_status)

    def _broken(self, fault: Fault, answer: _Answer) -> Response:
        if fault.kind == "garbage":
            return _Cut(sent=_GARBAGE)
        if fault.kind == "half":
            head = f"HTTP/1.1 200 OK\r\ncontent-type: {JSON}\r\ncontent-length: {len(answer.content)}\r\n\r\n"
            return _Cut(sent=head.encode() + answer.content[: len(answer.content) // 2])
        if fault.kind in ("page", "limit"):
            headers = {"Date": self._now()}
            if fault.retry_after is not None:
                headers["Retry-After"] = str(fault.retry_after)
            status = fault.http_status or (502 if fault.kind == "page" else 429)
            return Response(_PAGE, status, headers, "text/html;charset=UTF-8")
        return _Cut(reset=fault.reset)

    def _response(self, decision: Decision, content: bytes, http_status: int, media_type: str = JSON) -> Response:
        headers = {"Date": self._now(), "X-Itnio-Rule": decision.rule, "X-Itnio-Rule-Text": decision.text}
        return Response(content, http_status, headers, media_type)

    def _now(self) -> str:
        """The vendor's clock as the header Date, from which a client may learn it."""
        return formatdate(int(self._vendor.clock()), usegmt=True)

    def _record(self, request: Request, decision: Decision | None, **more: Any) -> None:
        rule, text = (decision.rule, decision.text) if decision else ("", "")
        path = unquote(request.scope["path"])
        asked: dict[str, Any] = {"at": self._vendor.clock(), "method": request.method, "path": path}
        self._vendor.record.add(RecordedRequest(**asked, rule=rule, text=text, **more))


def _connection(scope: Scope) -> Connection:
    connection: Connection = scope["state"]["connection"]
    return connection


async def _delay(order: Order, stopping: asyncio.Event) -> bool:
    """Wait as ordered; False if the server stops meanwhile."""
    stop: asyncio.Future[Any] = asyncio.ensure_future(stopping.wait())
    release: asyncio.Future[Any] = asyncio.wrap_future(order.released())
    try:
        await asyncio.wait({stop, release}, timeout=order.fault.seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.cancel()
        release.cancel()
    return not stopping.is_set()


def _read(body: bytes) -> Mapping[str, Any] | None:
    """Read a JSON object; None for everything else."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _from_address(handler: Handler, parameters: Mapping[str, str]) -> Mapping[str, Any]:
    """Read what stands in a path or a query string; a number stays text where the page wants a text."""
    return {
        name: int(text) if _INTEGER.fullmatch(text) and handler.takes(name, int(text)) else text
        for name, text in parameters.items()
    }


def _key_id(handler: Handler, body: Mapping[str, Any] | None) -> int | None:
    value = body.get(handler.key_field) if body and handler.key_field else None
    # Some pages write an id as a text.
    return value if is_integer(value) else number_of(value)
