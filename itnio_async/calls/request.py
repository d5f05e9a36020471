"""What goes out: the request of a call, and each attempt to send it.

A `Template` is what all calls of one endpoint through a client have in common, a `CallRequest` what one call asks for,
and an `Attempt` one sending of it with what came back so far.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from math import isfinite
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import attrs
import httpx
from attrs import define, evolve, field, frozen

from itnio_async.codec import as_json, dumped, encode
from itnio_async.endpoint import Endpoint
from itnio_async.errors import InvalidRequestError
from itnio_async.redaction import secrets_in, secrets_in_query
from itnio_async.transport.head import head
from itnio_async.transport.messages import LazyRequest, RawHeaders, RequestHead, connection_of, raw_headers_of
from itnio_async.transport.pooled import IDEMPOTENT_EXTENSION
from itnio_async.transport.signing import SENDING_EXTENSION, Sending
from itnio_async.values import wire_name

R = TypeVar("R")

_METHOD = re.compile(r"[A-Za-z]++")
# What cannot stand in a URL's path, or would make another URL of it.
_NOT_IN_PATH = re.compile(r"[^\x21-\x7e]|[?#\\]")
# About what common servers take; httpx itself raises an error of its own beyond 65,536.
_LONGEST_PATH = 8000


@frozen(eq=False)
class Template(Generic[R]):
    """What the calls of one endpoint through one client have in common, made once.

    `headers` are those of every request, unsigned. With `in_address`, fields of each request go into its address, and
    `url` ends where the first of them is put.
    """

    endpoint: Endpoint[Any, R]
    url: httpx.URL = field(repr=False)  # its query may have a secret
    headers: tuple[tuple[bytes, bytes], ...]
    in_address: bool = False

    @cached_property
    def head(self) -> RequestHead:
        """The part of a request that is the same in all of them, checked."""
        method = self.endpoint.method
        opening = head(method.encode(), self.url.raw_path, self.headers).removesuffix(b"\r\n")
        return RequestHead(method, self.url, self.headers, opening)


@define(eq=False)
class CallRequest(Generic[R]):
    """What one call asks for; `started` is when, on `time.monotonic`. Nothing changes it."""

    template: Template[R]
    content: bytes = field(repr=False)
    started: float


@define(eq=False)
class Attempt(Sending, Generic[R]):
    """One attempt of a call: a sending of its request, and what came back so far.

    `number` counts from 1, and `correction` is that of the clock which it is signed by. `http_status`, `headers` and
    `connection` are those of the answer as soon as its head is there (before, the status is 0); `is_judged` tells
    whether the answer came whole and was understood, be it as a refusal.
    """

    request: CallRequest[R] = field(kw_only=True)
    number: int = field(kw_only=True)
    correction: float = field(kw_only=True, default=0.0)
    http_status: int = 0
    headers: RawHeaders = ()
    connection: int | None = None
    is_judged: bool = False

    def secrets(self) -> tuple[str, ...]:
        """Return what must not appear in an error of this attempt."""
        request = self.request
        return (*super().secrets(), *secrets_in(request.content), *secrets_in_query(request.template.url))

    def note_head(self, response: httpx.Response) -> None:
        """Take note of the head of the answer."""
        self.http_status = response.status_code
        self.headers = raw_headers_of(response)
        self.connection = connection_of(response)

    def for_httpx(self, timeout: dict[str, float | None]) -> httpx.Request:
        """Return the request as the chain of transports takes it, unsigned."""
        template = self.request.template
        extensions = {"timeout": timeout, IDEMPOTENT_EXTENSION: template.endpoint.idempotent, SENDING_EXTENSION: self}
        return LazyRequest(template.head, self.request.content, extensions)


def request_of(template: Template[R], request: Any) -> CallRequest[R]:
    """Return what a call of the template's endpoint sends, checked.

    Raises `InvalidRequestError` for what cannot be sent.
    """
    started, endpoint = time.monotonic(), template.endpoint
    if not isinstance(request, endpoint.request_type):
        raise InvalidRequestError(
            f"{endpoint} takes a {endpoint.request_type.__name__}, not a {type(request).__name__}.", field="request"
        )
    if endpoint.check is not None:
        endpoint.check(request)
    if template.in_address:
        fields = {} if request is None else as_json(request, endpoint.request_type)
        return _addressed(template, fields, started)
    return CallRequest(template, encode(request, endpoint.request_type), started)


def up_to_ids(path: str) -> str:
    """Return the part of an endpoint's path that is the same in all its calls."""
    return path.partition("{")[0]


def check_request(endpoint: Endpoint[Any, Any], request: Any) -> None:
    """Check a request as a call does before it sends it; raises `InvalidRequestError` for what cannot be sent."""
    if endpoint.check is not None:
        endpoint.check(request)
    as_json(request, endpoint.request_type)


def has_address_fields(endpoint: Endpoint[Any, Any]) -> bool:
    """Tell whether fields of a request go into its address."""
    return endpoint.method == "GET" or bool(endpoint.names_in_path)


def _addressed(template: Template[R], fields: Any, started: float) -> CallRequest[R]:
    """Return the request whose fields stand in the path, in the query of a GET, and else in the body."""
    endpoint, url = template.endpoint, template.url
    if not isinstance(fields, dict):
        message = f"{endpoint} takes fields: an attrs class, a dataclass or a dict is wanted."
        raise InvalidRequestError(message, field="request")
    tail = endpoint.path.removeprefix(up_to_ids(endpoint.path))
    for name in endpoint.names_in_path:
        tail = tail.replace(f"{{{name}}}", _segment(endpoint, name, fields.pop(name, None)))
    if tail:
        url = url.copy_with(raw_path=url.raw_path + tail.encode())
    content = b""
    if endpoint.method != "GET":
        content = dumped(fields)
    elif fields:
        url = with_params(url, {name: value for name, value in fields.items() if value is not None})
    return CallRequest(evolve(template, url=url), content, started)


def _segment(endpoint: Endpoint[Any, Any], name: str, value: Any) -> str:
    """Return an id as a part of a path; raises `InvalidRequestError` for one that would make another path of it."""
    text = str(value) if isinstance(value, str | int) else ""
    if text in ("", ".", ".."):
        kind = endpoint.request_type
        own = [attribute.name for attribute in attrs.fields(kind)] if attrs.has(kind) else []
        named = next((one for one in own if wire_name(one) == name), name)
        raise InvalidRequestError("it is a part of the address: give the id.", field=named)
    return quote(text, safe="")


def method_and_path(method: Any, path: Any) -> tuple[str, str]:
    """Return method and path of an untyped request.

    Raises `InvalidRequestError` for anything but a path: an absolute URL would take the signed headers with it.
    """
    # CONNECT asks a proxy for a tunnel, and has no path.
    if not isinstance(method, str) or not _METHOD.fullmatch(method) or method.upper() == "CONNECT":
        raise InvalidRequestError(f"a name such as POST is wanted, not {method!r}.", field="method")
    if not isinstance(path, str) or len(path) > _LONGEST_PATH:
        raise InvalidRequestError(f"a string of at most {_LONGEST_PATH} characters is wanted.", field="path")
    if not path.startswith("/") or path.startswith("//") or _NOT_IN_PATH.search(path):
        raise InvalidRequestError(
            "it must begin with one slash, such as /v3/cc/sipTrunk/query, and have no host, query or fragment: "
            "the signed headers go to base_url only, and queries go into params.",
            field="path",
        )
    return method.upper(), path


def with_params(url: httpx.URL, params: Any) -> httpx.URL:
    """Return the address with a query; raises `InvalidRequestError` for what makes none."""
    values = (str, int, float, bool, type(None))
    if not isinstance(params, Mapping):
        raise InvalidRequestError("a mapping of names to values is wanted.", field="params")
    for name, value in params.items():
        items = value if isinstance(value, list | tuple) else [value]
        fits = isinstance(name, str) and all(isinstance(item, values) for item in items)
        if not fits or any(isinstance(item, float) and not isfinite(item) for item in items):
            raise InvalidRequestError(
                "names are strings, values strings, finite numbers or lists of them.", field=f"params.{name}"
            )
    merged = None
    with suppress(httpx.InvalidURL, UnicodeEncodeError):
        merged = url.copy_merge_params(params)
    if merged is None:
        # Not raised while those errors are: they hold the values, and a query may have secrets too.
        message = "together they make no query: too long, or text with lone surrogates."
        raise InvalidRequestError(message, field="params")
    return merged
