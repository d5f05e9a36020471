"""The agent groups of a trunk in one row: two columns of lists, or one of JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from itnio_async.api.sip_trunks.types import BoundGroup, GroupBinding
from itnio_async.bulk.files import cells
from itnio_async.bulk.files.cells import CLEAR, BadCell
from itnio_async.bulk.files.damage import Form
from itnio_async.values import UNSET

_LIST = frozenset(";|")
_KEYS = {"voicegroupid": "voice_group_id", "voice_group_id": "voice_group_id", "number": "number"}
# What a listing shows of a group besides.
_SHOWN_KEYS = frozenset({"groupname", "group_name"})


def ids_of(value: Any) -> list[int]:
    """Return the ids in a cell such as `1000026;1000027` (`|` will do too), or in a JSON list."""
    return list(map(cells.whole_number, _parts(value)))


Understand = Callable[[Any, int], Any]
"""What the cell of a number says, which is that of the group of this id."""


def bound(ids: list[int], numbers: Any, understand: Understand) -> list[GroupBinding]:
    """Return the groups of these ids, with the numbers beside them unless those are None.

    An empty number is left out, so that the group keeps what it has. Raises `BadCell` where there are more numbers or
    fewer.
    """
    if numbers is None:
        return [GroupBinding(voice_group_id=key) for key in ids]
    parts = _parts(numbers) if numbers is not CLEAR else [CLEAR] * len(ids)
    if len(parts) != len(ids):
        raise BadCell(f"{len(parts)} numbers stand beside {len(ids)} groups. Give one for each, or none between two ;.")
    return [_bound(key, part, understand) for key, part in zip(ids, parts, strict=True)]


def bindings_of(value: Any, understand: Understand) -> list[GroupBinding]:
    """Return the groups of a `group_list`: JSON objects with `voice_group_id` and `number`, or their text."""
    if value is CLEAR:
        return []
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise BadCell('it is no JSON. Write it like [{"voice_group_id": 1000026, "number": "0086"}].') from None
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list):
        raise BadCell("a JSON list of groups is wanted.")
    return [_binding(item, understand) for item in value]


def _binding(item: Any, understand: Understand) -> GroupBinding:
    given: dict[str, Any] = {}
    for key, value in item.items() if isinstance(item, Mapping) else (("", item),):
        if key.strip().lower() in _SHOWN_KEYS:
            continue
        name = _KEYS.get(key.strip().lower())
        if name is None or name in given:
            raise BadCell("a group is an object with voice_group_id and number, and nothing else.")
        given[name] = value
    if given.get("voice_group_id") is None:
        raise BadCell("a group has no voice_group_id.")
    return _bound(cells.whole_number(given["voice_group_id"]), given.get("number"), understand)


def _bound(key: int, number: Any, understand: Understand) -> GroupBinding:
    said = understand(number, key)
    return GroupBinding(voice_group_id=key, number=UNSET if said is None or said == "" else cells.text(said))


def _parts(value: Any) -> list[Any]:
    if isinstance(value, str):
        return list(map(str.strip, value.replace("|", ";").split(";")))
    if isinstance(value, list):
        return value
    return [] if value is CLEAR else [value]


# -- to cells ---------------------------------------------------------------------------------------------------------


def fit_lists(groups: Sequence[BoundGroup]) -> bool:
    """Tell whether two columns of lists can say what these groups are."""
    return all(
        not group.number
        or (
            _LIST.isdisjoint(group.number)
            and not cells.is_misread(group.number.lstrip("'+"), Form.NUMBER)
            and group.number[:1] != "'"
        )
        for group in groups
    )


def lists_of(groups: Sequence[BoundGroup]) -> tuple[str, str]:
    """Return the two cells of lists; the second is empty where no group has a number."""
    ids = ";".join("" if group.voice_group_id is None else str(group.voice_group_id) for group in groups)
    numbers = ";".join(group.number or "" for group in groups)
    return ids, numbers if numbers.strip(";") else ""


def objects_of(groups: Sequence[BoundGroup]) -> list[dict[str, Any]]:
    """Return the groups as JSON objects."""
    return [
        {"voice_group_id": group.voice_group_id}
        | ({"number": cells.protect(group.number, Form.NUMBER, is_typed=True)} if group.number else {})
        for group in groups
    ]
