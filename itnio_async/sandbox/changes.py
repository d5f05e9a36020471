"""What several families do alike: pages of listings, changes to some columns of a record, and lists of ids."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from attrs import evolve

from itnio_async.sandbox.fields import Field, Fields, ids
from itnio_async.sandbox.rules import C, Call, Decision, Rule, assumed, decide, is_integer

DELETE, DISABLE, ENABLE = 2, 3, 4


def page(
    call: Call[Any],
    query: str,
    filters: Mapping[str, str],
    record: Callable[[dict[str, Any]], Mapping[str, Any]],
    values: Mapping[str, object] | None = None,
    *,
    key: str = "key_id",
    size_shown: int | None = None,
) -> dict[str, Any]:
    """Return one page of what a query finds, in the order of its column `key`, as the vendor answers it.

    `filters` has the fields of `params` that narrow it, each with the column that has this value (or one of this list),
    or with a condition in SQL; those that are null or empty let all pass. `values` are for the query, or stand in for
    what the request has. `record` makes the answer's record of a row. Some samples show another size than was asked
    for: `size_shown`.
    """
    current, size = call.body["current"], call.body["size"]
    asked = {**(call.body.get("params") or {}), **(values or {})}
    given = {name: asked[name] for name in filters if asked.get(name) not in (None, "", [])}
    conditions = [_condition(name, filters[name], value) for name, value in given.items()]
    found = f"FROM ({query}) WHERE {' AND '.join(['TRUE', *conditions])}"
    arguments = {name: json.dumps(value) if isinstance(value, list) else value for name, value in asked.items()}
    total = call.database.rows(f"SELECT count(*) {found}", arguments)[0][0]
    order = f"{key} {'DESC' if call.assumptions.listed_order == 'newest first' else 'ASC'}"
    limit = f"LIMIT {size:d} OFFSET {(current - 1) * size:d}"
    rows = call.database.rows(f"SELECT * {found} ORDER BY {order} {limit}", arguments)
    return {
        "total": total,
        "size": size_shown or size,
        "current": current,
        "pages": -(-total // size),
        "records": [record(dict(row)) for row in rows],
    }


def _condition(name: str, condition: str, value: object) -> str:
    if ":" in condition:
        return condition
    return (
        f"{condition} IN (SELECT value FROM json_each(:{name}))"
        if isinstance(value, list)
        else f"{condition} = :{name}"
    )


def by_name(call: Call[Any], column: str, name: str) -> str:
    """Return the filter by a name of which, as the assumptions say, a part is enough."""
    return column if call.assumptions.name_filter == "whole" else f"instr({column}, :{name})"


def shown(row: Mapping[str, Any], *columns: str) -> dict[str, Any]:
    """Return these columns of a row, or all, under the vendor's names."""
    return {_vendors_name(column): row[column] for column in columns or row}


@cache
def _vendors_name(column: str) -> str:
    first, *others = column.split("_")
    return first + "".join(map(str.capitalize, others))


def changed(call: Call[Any], *names: str) -> dict[str, Any]:
    """Return the new values of the columns of optional fields, as the assumptions on missing ones say."""
    values = new_values(call, names)
    return {re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name): value for name, value in values.items()}


def new_values(call: Call[Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the new values of optional fields, likewise; those that stay as they are, are not among them."""
    values = {}
    for name in names:
        value = call.body.get(name)
        if value is None:
            effect = call.assumptions.change_null if name in call.body else call.assumptions.change_left_out
            if effect == "keeps":
                continue
        values[name] = None if value == "" else value
    return values


def quota(text: str, table: str, assumption: str) -> Rule[Any]:
    """Return the rule on how many records a table may have, as the assumption of that name says (None: any number)."""

    def is_reached(call: Call[Any]) -> bool:
        most = getattr(call.assumptions, assumption)
        return most is not None and call.database.count(table) >= most

    return assumed(-23, text, is_reached)


# The two pages of the call centre that delete, disable and enable.
BATCH: Fields = {
    "type": Field(is_integer, required=True, values=(DELETE, DISABLE, ENABLE)),
    "idList": ids(least=1),
}


def batch(call: C, rules: Sequence[Rule[C]], change: Callable[[int, int], object]) -> Decision | None:
    """Delete, disable or enable what a list of ids names; `change` is given an id and the action.

    Returns why it was refused, if it was: for the first id that breaks a rule, which looks for it as `keyId`.
    """
    action = call.body["type"]
    items = ({"keyId": id, "type": action} for id in dict.fromkeys(call.body["idList"]))
    return each(call, items, rules, lambda item: change(item["keyId"], action))


def each(
    call: C, items: Iterable[Mapping[str, Any]], rules: Sequence[Rule[C]], change: Callable[[Mapping[str, Any]], object]
) -> Decision | None:
    """Change each item, or none if one breaks a rule, or (by the assumption `batch`) those before that one.

    A rule looks at an item as the body of a call of its own.
    """
    calls = [evolve(call, body=item) for item in items]
    whole = call.assumptions.batch == "all or nothing"
    for item in calls if whole else ():
        if (decision := decide(rules, item)).code:
            return decision
    for item in calls:
        if not whole and (decision := decide(rules, item)).code:
            return decision
        change(item.body)
    return None
