"""What a call of the API is and may be told, and what comes back: `Endpoint`, `Response`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import Enum
from functools import cached_property
from typing import Any, Generic, TypedDict, TypeVar

import httpx
from attrs import field, frozen

from itnio_async.codes import SHARED, CodeFamily
from itnio_async.config import TimeoutTypes
from itnio_async.retry import RetryPolicy

Q = TypeVar("Q")
R = TypeVar("R")


class CallOptions(TypedDict, total=False):
    """What each call may have of its own: `update(trunk, timeout=3, deadline=10)`; the client's for what is left out.

    `timeout` is httpx's, in seconds, `deadline` the seconds for the whole call (None: no bound), and `retry` says which
    failures are repeated.
    """

    timeout: TimeoutTypes
    deadline: float | None
    retry: RetryPolicy


class EnvelopeForm(Enum):
    """The keys of an answer that hold the code, its text, and the data, which may also stand beside them.

    Of several keys the first that an answer has counts. Source: the pages of `/voice/group/call/*` and
    `/voice/recallFlow/*` have `code` and `msg`, all others `status`. The pages of SMS (but for `/sms/recordMo`) and of
    the balance have no `data`: their results stand beside the code.
    """

    def __init__(self, code_keys: tuple[str, ...], text_keys: tuple[str, ...], data_key: str | None) -> None:
        self.code_keys = code_keys
        self.text_keys = text_keys
        self.data_key = data_key

    STATUS = (("status",), ("reason",), "data")
    # Of one endpoint the page in one language says `code` and `msg`, in another `status` and `reason`; of others the
    # table says the one and the sample the other.
    CODE = (("code", "status"), ("msg", "reason"), "data")
    BESIDE = (("status",), ("reason",), None)


_IN_PATH = re.compile(r"\{([A-Za-z]++)\}")


@frozen(cache_hash=True)
class Endpoint(Generic[Q, R]):
    """One call of the API, as data.

    Requests are of an attrs class, a dataclass or dict; models of other libraries are to be made one of these first.
    Fields of the request whose names stand in braces in `path` go there, the others into the query of a GET and into
    the JSON body of every other method. `response_type` None, or `NoneType`, of which type checkers see the type of the
    endpoint, means that the answer's `data` says nothing. `idempotent` says whether sending the same request twice does
    no harm. `check` raises `InvalidRequestError` for fields that do not go together; what one field may hold stands on
    it.

    `done_by` is the code of a refusal which, after an attempt that may have been processed, says that it was: a
    repeated delete that finds nothing. `in_parts` tells that a refusal may come after a part of the request was done.
    """

    method: str
    path: str
    request_type: type[Q]
    response_type: type[R] | None
    idempotent: bool
    family: CodeFamily = SHARED
    envelope: EnvelopeForm = EnvelopeForm.STATUS
    check: Callable[[Q], None] | None = field(default=None, repr=False, hash=False)
    done_by: int | None = None
    in_parts: bool = False

    @property
    def names_in_path(self) -> list[str]:
        """The vendor's names of the fields that go into the path."""
        return _IN_PATH.findall(self.path)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def _shown(data: Any) -> str:
    # Typed data leaves its own secrets out; what came without a type may have any.
    return f"<{type(data).__name__}>" if isinstance(data, dict | list) else repr(data)


@frozen
class Response(Generic[R]):
    """An answer with all that came with it.

    `data` is the typed part and `raw` the whole answer's decoded JSON; `status` is the vendor's code (0) and `reason`
    its text; `attempts` counts the attempts made and `elapsed` is the seconds from the call to its end, waits included.
    """

    data: R = field(repr=_shown)
    raw: Any = field(repr=False)
    status: int
    reason: str
    http_status: int
    _headers: httpx.Headers | Sequence[tuple[bytes, bytes]] = field(repr=False, eq=httpx.Headers)
    attempts: int
    elapsed: float

    @cached_property
    def headers(self) -> httpx.Headers:
        """The answer's headers; made when somebody asks, which few do, since httpx takes 2 µs for it."""
        return httpx.Headers(self._headers)
