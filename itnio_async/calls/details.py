"""What is told about a call at its end: one value, of which log lines, `on_call` and telemetry are made."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Literal, Protocol

from attrs import asdict, field, frozen

from itnio_async.errors import ConfigurationError, DeadlineExceeded, ItnioError, RefusedError
from itnio_async.retry import RetryDetails
from itnio_async.values import ReadOnlyMapping, id_fields

Ended = Literal["succeeded", "failed", "refused", "timed_out", "cancelled"]

NO_IDS: Mapping[str, int | str] = ReadOnlyMapping()


@frozen(kw_only=True)
class CallDetails:
    """What `on_call` is told at the end of a call.

    `endpoint` is method and path, empty where a raw request had none that can be called. `ids` are the fields that say
    what the request is about, such as `key_id` and `sip_trunk_name`; a raw request has none. `ended` is how:
    `succeeded`, `failed`, `refused` (before anything was sent), `timed_out` (the deadline) or `cancelled`.

    `code` is the vendor's code and `http_status` that of the answer that the call ended with; each is None where there
    is none. `attempts` counts the attempts made, 0 where nothing was sent; `waited` is the seconds slept between them
    and `elapsed` those of the whole call. `error` is a copy of the `ItnioError` that the call raised, without traceback
    and cause, so that keeping it keeps nothing else alive; `error_type` is the name of the class of whatever was
    raised, also of a middleware's own error. `may_have_been_processed` is False only if certainly nothing was.
    """

    endpoint: str
    ids: Mapping[str, int | str] = field(repr=lambda ids: repr(dict(ids)), hash=False)
    ended: Ended
    code: int | None
    http_status: int | None
    attempts: int
    waited: float
    elapsed: float
    error: ItnioError | None
    error_type: str | None
    may_have_been_processed: bool

    @property
    def method(self) -> str:
        """The method of `endpoint`."""
        return self.endpoint.partition(" ")[0]

    @property
    def path(self) -> str:
        """The path of `endpoint`."""
        return self.endpoint.partition(" ")[2]

    def log_fields(self) -> dict[str, Any]:
        """Return the fields of a log line about the call, in values that JSON knows."""
        fields = asdict(self, recurse=False, filter=lambda attribute, _: attribute.name != "error")
        return {**fields, "ids": dict(self.ids)}


class Watch(Protocol):
    """Accompanies one call, from its begin to its end, in the call's own task."""

    def repeats(self, details: RetryDetails) -> None:
        """Take note of a repeat that follows now."""

    def ends(self, details: CallDetails) -> None:
        """Take note of the end."""


def ids_of(request: Any) -> Mapping[str, int | str]:
    """Return the fields of a request that say what it is about, but for values that could not be sent."""
    cls: Any = type(request)
    ids: dict[str, int | str] = {}
    for name, kind in id_fields(cls).items():
        value = getattr(request, name)
        if _is_told(value, kind):
            ids[name] = value
    return ReadOnlyMapping(ids)


def _is_told(value: Any, kind: Any) -> bool:
    # Neither what was put there by mistake, nor what exporters cannot encode: they would lose all that goes along.
    if type(value) is not kind:
        return False
    if kind is int:
        return bool(-(2**63) <= value < 2**63)
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)


def how_it_ended(error: BaseException | None, attempts: int) -> Ended:
    """Return the word for the end of a call that raised this error, or none."""
    if error is None:
        return "succeeded"
    if isinstance(error, asyncio.CancelledError | GeneratorExit):
        return "cancelled"
    if isinstance(error, DeadlineExceeded):
        return "timed_out"
    if attempts == 0 and isinstance(error, ConfigurationError | RefusedError):
        return "refused"
    return "failed"
