"""What several families do alike: pages of listings, changes to some columns of a record, and lists of ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import frozen

from itnio_async.sandbox.fields import Field, Fields, ids
from itnio_async.sandbox.handler import Call
from itnio_async.sandbox.rules import Decision, Rule, decide, is_integer

DELETE, DISABLE, ENABLE = 2, 3, 4


def page(
    call: Call[Any, Any], found: tuple[int, Sequence[Mapping[str, Any]]], *, size_shown: int | None = None
) -> dict[str, Any]:
    """Return one page as the vendor answers it: `found` is how many records there are and those of this page.

    Some samples show another size than was asked for: `size_shown`.
    """
    total, records = found
    size = call.body["size"]
    return {
        "total": total,
        "size": size_shown or size,
        "current": call.body["current"],
        "pages": -(-total // size),
        "records": records,
    }


def sought(call: Call[Any, Any]) -> dict[str, Any]:
    """Return what `Database.page` needs to know of a listing's request."""
    current, size = call.body["current"], call.body["size"]
    newest_first = call.assumptions.listed_order == "newest first"
    return {"newest_first": newest_first, "limit": size, "offset": (current - 1) * size}


def changed(call: Call[Any, Any], columns: Mapping[str, str]) -> dict[str, Any]:
    """Return the new values of optional columns, given by their fields, as the assumptions on missing ones say."""
    values = {}
    for name, column in columns.items():
        value = call.body.get(name)
        if value is None:
            effect = call.assumptions.change_null if name in call.body else call.assumptions.change_left_out
            if effect == "keeps":
                continue
        values[column] = None if value == "" else value
    return values


@frozen
class Item:
    """One id of a list: what a rule on it looks at."""

    call: Call[Any, Any]
    id: int
    action: int

    @property
    def assumptions(self) -> Any:
        """The assumptions in force."""
        return self.call.assumptions


# The two pages of the call centre that delete, disable and enable.
BATCH: Fields = {
    "type": Field(is_integer, required=True, values=(DELETE, DISABLE, ENABLE)),
    "idList": ids(least=1),
}


def batch(call: Call[Any, Any], rules: Sequence[Rule[Item]], change: Callable[[int, int], object]) -> Decision | None:
    """Delete, disable or enable what a list of ids names; `change` is given an id and the action.

    Returns why it was refused, if it was: for the first id that breaks a rule.
    """
    items = [Item(call, id, call.body["type"]) for id in dict.fromkeys(call.body["idList"])]
    return each(call, items, rules, lambda item: change(item.id, item.action))


def each(
    call: Call[Any, Any], items: Sequence[Item], rules: Sequence[Rule[Item]], change: Callable[[Item], object]
) -> Decision | None:
    """Change each item, or none if one breaks a rule, or (by the assumption `batch`) those before that one."""
    whole = call.assumptions.batch == "all or nothing"
    for item in items if whole else ():
        if (decision := decide(rules, item)).code:
            return decision
    for item in items:
        if not whole and (decision := decide(rules, item)).code:
            return decision
        change(item)
    return None
