"""An endpoint as the sandbox imitates it: a `Handler`, made of the function that does what it is for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Generic, TypeVar

from attrs import field, frozen

from itnio_async.codes import CodeFamily
from itnio_async.sandbox.database import Database
from itnio_async.sandbox.fields import Fields, form
from itnio_async.sandbox.rules import C, Call, Decision, Rule, decide

Act = TypeVar("Act", bound=Callable[[Any], Any])

# What nearly all pages list; the first four come of nothing that a body could say.
AUTHENTICATION = frozenset({-1, -2, -16})
COMMON = AUTHENTICATION | {-18, -22}
STORING = COMMON | {-20, -23}


@frozen(kw_only=True)
class Handler:
    """One endpoint.

    Args:
        method: the HTTP method. The fields of a GET are those of its query string.
        path: where it is; a name in braces is a field of the request that stands there.
        family: what its codes mean.
        act: does what it is for, given the `Call`; returns the answer's data, or a `Decision` to refuse.
        call: the class of its calls.
        fields: the fields of its request.
        rules: what a request must pass.
        codes: the codes that the page lists.
        acting: those of them that `act` refuses with, or a rule that has several.
        key_field: the field of the body that says which record the request is about, if there is one.
        without_condition: codes of the page that no request could bring about: that they ever come is an assumption.
        integer_status: the page's sample has `"status": 0` instead of `"0"`.
        keys: the keys of the code and its text in the answer.
        keys_by: the assumption that says which keys these are, where the pages disagree.
        beside: the data is an object whose fields stand beside `status`.
    """

    method: str = "POST"
    path: str
    family: CodeFamily
    act: Callable[[Any], Any]
    call: type[Call[Any]] = Call
    fields: Fields = field(factory=dict)
    rules: Sequence[Rule[Any]] = ()
    codes: Collection[int] = STORING
    acting: Collection[int] = ()
    key_field: str | None = None
    integer_status: bool = False
    keys: tuple[str, str] = ("status", "reason")
    keys_by: str | None = None
    beside: bool = False
    without_condition: Collection[int] = field()

    @without_condition.default
    def _never_brought_about(self) -> Collection[int]:
        conditions = {rule.code for rule in self.rules}
        return {*self.codes} - AUTHENTICATION - {-18} - conditions - {*self.acting}

    @property
    def address(self) -> str:
        """The path without the fields of the request in it, by which faults name the endpoint."""
        return self.path.partition("/{")[0]

    def keys_of(self, assumptions: Any) -> tuple[str, str]:
        """Return the keys of the code and its text in an answer."""
        is_other = self.keys_by is not None and getattr(assumptions, self.keys_by) == "status"
        return ("status", "reason") if is_other else self.keys

    def handle(self, body: Mapping[str, Any], database: Database, assumptions: Any, now: float) -> tuple[Decision, Any]:
        """Carry out a request that has passed authentication, in one step; return the decision and the data."""
        call = self.call(body, database, assumptions, now)
        with database.transaction():
            decision = decide(self.rules, call)
            data = None if decision.code else self.act(call)
        return (data, None) if isinstance(data, Decision) else (decision, data)

    def takes(self, name: str, value: object) -> bool:
        """Tell whether a field has the type of that value."""
        return name in self.fields and self.fields[name].is_of_kind(value)

    def documents(self, code: int) -> bool:
        """Tell whether the page names the code for something that happens."""
        return code in self.codes and code not in self.without_condition


class Family(Generic[C]):
    """The endpoints of a family.

    Args:
        family: what its codes mean.
        path: what its paths begin with.
        call: the class of its calls.
        tables: the SQL that makes its tables.
        common: what its handlers have in common.
    """

    def __init__(self, family: CodeFamily, path: str, call: type[C], tables: str, **common: Any) -> None:
        self.handlers: list[Handler] = []
        self.tables = tables
        self._path = path
        self._common = {"family": family, "call": call, **common}

    def endpoint(
        self, path: str, *, fields: Fields, rules: Sequence[Rule[C]] = (), form_code: int | str = -22, **arguments: Any
    ) -> Callable[[Act], Act]:
        """Declare an endpoint by the function that does what it is for; the arguments are those of `Handler`.

        The rules on the form of the fields, which `form_code` is the code of, come before those that are given.
        """

        def declare(act: Act) -> Act:
            general = {
                "path": f"{self._path}/{path}",
                "act": act,
                "fields": fields,
                "rules": (*form(fields, form_code), *rules),
            }
            self.handlers.append(Handler(**{**self._common, **general, **arguments}))
            return act

        return declare
