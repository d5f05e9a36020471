"""An endpoint as the sandbox imitates it: a `Handler`, and the `Context` in which it handles a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from attrs import frozen

from itnio_async.codes import CodeFamily
from itnio_async.sandbox.assumptions import SharedAssumptions
from itnio_async.sandbox.database import Database
from itnio_async.sandbox.rules import Decision

A = TypeVar("A", bound=SharedAssumptions)


@frozen
class Context(Generic[A]):
    """What a handler works on: the stored data, the assumptions in force, and the vendor's time."""

    database: Database
    assumptions: A
    now: float

    @property
    def moment(self) -> str:
        """The vendor's time as the listings write it, without a zone."""
        return written(self.now)


def written(seconds: float) -> str:
    """Write a Unix time as the vendor's listings do: without a zone, here in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


@frozen(kw_only=True)
class Handler:
    """One endpoint.

    Args:
        method: the HTTP method.
        path: where it is.
        family: the codes that it answers.
        handle: carries out a request that has passed authentication, given its body; returns the decision and the data.
        key_field: the field of the body that says which record the request is about, if there is one.
        without_condition: codes of the vendor's page that no request could bring about: that they ever come is an
            assumption.
        integer_status: the page's sample has `"status": 0` instead of `"0"`.
    """

    method: str = "POST"
    path: str
    family: CodeFamily
    handle: Callable[[Context[Any], Mapping[str, Any]], tuple[Decision, Any]]
    key_field: str | None = None
    without_condition: tuple[int, ...] = ()
    integer_status: bool = False
