"""The agent groups of a trunk in one row: two columns of lists, or one of JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from itnio_async.api.sip_trunks.types import BoundGroup, GroupBinding
from itnio_async.bulk.files import cells
from itnio_async.bulk.files.cells import CLEAR, BadCell
from itnio_async.bulk.files.damage import Form
from itnio_async.values import UNSET, Unset

_LIST = frozenset(";|")
_MISREAD = cells.misread(Form.NUMBER)
_MISREAD_TYPED = cells.misread(Form.NUMBER, is_typed=True)
_KEYS = {"voicegroupid": "voice_group_id", "voice_group_id": "voice_group_id", "number": "number"}
# What a listing shows of a group besides.
_SHOWN_KEYS = frozenset({"groupname", "group_name"})


def ids_of(value: Any) -> list[int]:
    """Return the ids in a cell such as `1000026;1000027` (`|` will do too), or in a JSON list."""
    return list(map(cells.whole_number, _parts(value)))


Understand = Callable[[Any], Any]
"""What a number's cell says; it is called for each number in its order."""


def numbers_of(value: Any, count: int, understand: Understand | None) -> Sequence[str | Unset]:
    """Return the numbers of so many groups; an empty one is left out, so that the group keeps what it has.

    `understand` None says that they are plain. Raises `BadCell` where there are more or fewer.
    """
    if value is CLEAR:
        return [""] * count
    parts = _parts(value) if understand is not None else value.split(";")
    if len(parts) != count:
        raise BadCell(f"{len(parts)} numbers stand beside {count} groups. Give one for each, or none between two ;.")
    return parts if understand is None else [_number(part, understand) for part in parts]


def bound(ids: list[int], numbers: Any, understand: Understand | None) -> list[GroupBinding]:
    """Return the groups of these ids, with the numbers beside them unless those are None."""
    if numbers is None:
        return [GroupBinding(voice_group_id=key) for key in ids]
    beside = numbers_of(numbers, len(ids), understand)
    return [GroupBinding(voice_group_id=key, number=number) for key, number in zip(ids, beside, strict=True)]


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
    return GroupBinding(
        voice_group_id=cells.whole_number(given["voice_group_id"]),
        number=_number(given.get("number"), understand),
    )


def _number(value: Any, understand: Understand) -> str | Unset:
    value = understand(value)
    return UNSET if value is None or value == "" else cells.text(value)


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
        or (_LIST.isdisjoint(group.number) and not _MISREAD(group.number.lstrip("'+")) and group.number[:1] != "'")
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
        | ({"number": cells.protect(group.number, _MISREAD_TYPED)} if group.number else {})
        for group in groups
    ]
