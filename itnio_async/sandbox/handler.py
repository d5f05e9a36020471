"""An endpoint as the sandbox imitates it: a `Handler`, and the `Context` in which it handles a request.

`endpoint` makes the handler of most: the rules that a `Call` must pass, then what is done for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from attrs import field, frozen

from itnio_async.codes import CodeFamily
from itnio_async.sandbox.assumptions import SharedAssumptions
from itnio_async.sandbox.database import Database
from itnio_async.sandbox.fields import Fields, form
from itnio_async.sandbox.rules import Decision, Rule, decide

A = TypeVar("A", bound=SharedAssumptions)
S = TypeVar("S")

# What nearly all pages list; the first four come of nothing that a body could say.
AUTHENTICATION = frozenset({-1, -2, -16})
COMMON = AUTHENTICATION | {-18, -22}
STORING = COMMON | {-20, -23}


@frozen
class Context(Generic[A]):
    """What a handler works on: the stored data, the assumptions in force, and the vendor's time."""

    database: Database
    assumptions: A
    now: float

    @property
    def moment(self) -> str:
        """The vendor's time as the listings write it, without a zone."""
        return written(self.now, self.assumptions.utc_offset)


def written(seconds: float, utc_offset: int = 0) -> str:
    """Write a Unix time as the vendor's listings do: without a zone, `utc_offset` hours ahead of UTC."""
    return (datetime.fromtimestamp(seconds, UTC) + timedelta(hours=utc_offset)).strftime("%Y-%m-%d %H:%M:%S")


@frozen
class Call(Generic[S, A]):
    """What rules look at and actions work on: a request's body, the family's stored records, and the context."""

    body: Mapping[str, Any]
    stored: S
    context: Context[A]

    @property
    def assumptions(self) -> A:
        """The assumptions in force."""
        return self.context.assumptions

    @property
    def now(self) -> float:
        """The vendor's time, in Unix seconds."""
        return self.context.now


@frozen(kw_only=True)
class Handler:
    """One endpoint.

    Args:
        method: the HTTP method. The fields of a GET are those of its query string.
        path: where it is.
        family: the codes that it answers.
        handle: carries out a request that has passed authentication, given its body; returns the decision and the data.
        fields: the fields of its request, for endpoints that state them.
        codes: the codes that the page lists; None: all of the family.
        key_field: the field of the body that says which record the request is about, if there is one.
        without_condition: codes of the vendor's page that no request could bring about: that they ever come is an
            assumption.
        integer_status: the page's sample has `"status": 0` instead of `"0"`.
        beside: the data is an object whose fields stand beside `status`.
    """

    method: str = "POST"
    path: str
    family: CodeFamily
    handle: Callable[[Context[Any], Mapping[str, Any]], tuple[Decision, Any]]
    fields: Fields = field(factory=dict)
    codes: frozenset[int] | None = None
    key_field: str | None = None
    without_condition: Sequence[int] = ()
    integer_status: bool = False
    beside: bool = False

    def takes(self, name: str, value: object) -> bool:
        """Tell whether a field has the type of that value."""
        return name in self.fields and self.fields[name].is_of_kind(value)

    def documents(self, code: int) -> bool:
        """Tell whether the page names the code for something that happens."""
        listed = self.family.codes if self.codes is None else self.codes
        return code in listed and code not in self.without_condition


def endpoint(
    path: str,
    act: Callable[[Any], Any],
    *,
    store: Callable[[Database], Any],
    family: CodeFamily,
    fields: Fields = {},  # noqa: B006  (never changed)
    rules: Sequence[Rule[Any]] = (),
    codes: frozenset[int] = STORING,
    acting: Sequence[int] = (),
    **handler: Any,
) -> Handler:
    """Return the handler that checks the fields' form and then the rules, and does what `act` says, all in one step.

    `act` is given the `Call` and returns the answer's data, or a `Decision` to refuse; `acting` are the codes that it
    refuses with. `codes` are those of the page. Other arguments are those of `Handler`.
    """
    checks = (*form(fields), *rules)

    def handle(context: Context[Any], body: Mapping[str, Any]) -> tuple[Decision, Any]:
        with context.database.transaction():
            call = Call(body, store(context.database), context)
            decision = decide(checks, call)
            if decision.code:
                return decision, None
            data = act(call)
        return (data, None) if isinstance(data, Decision) else (decision, data)

    conditions = {rule.code for rule in checks if isinstance(rule.code, int)}
    return Handler(
        path=path,
        family=family,
        handle=handle,
        fields=fields,
        codes=codes,
        without_condition=sorted(codes - AUTHENTICATION - {-18} - conditions - {*acting}),
        **handler,
    )
