"""Write listed trunks as rows that a plan reads, and know which cells of them are still as they were listed."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from itnio_async.api.sip_trunks.types import SipTrunk
from itnio_async.bulk.trunks.columns import FIELDS, LISTED_COLUMN, SECRET_FIELDS
from itnio_async.bulk.trunks.export import cells_of, columns_for
from itnio_async.bulk.trunks.where import BY_WORD
from itnio_async.values import UNSET, wire_name

# No password is shown, and nothing unknown, which may be one.
LISTED_FIELDS: tuple[str, ...] = tuple(
    field.name for field in attrs.fields(SipTrunk) if field.name not in SECRET_FIELDS and field.name != "extra"
)
"""The fields of a trunk that a listing may show."""
_BY_SPELLING = {spelling.lower(): name for name in LISTED_FIELDS for spelling in (name, wire_name(name))}
# What conditions are about and a listing shows under another name.
_SHOWN_IN = {"group": "group_list", "number": "group_list", "direction": "type"}
# In the order of their checks in a mark.
_CHECKED = tuple(name for name in LISTED_FIELDS if name in FIELDS and name != "key_id")


def listed_field(name: str) -> str | None:
    """Return the field that a column of a listing is for, by our name, the vendor's or one that conditions know."""
    word = name.strip().replace("-", "_").lower()
    meant = BY_WORD.get(word, word)
    return _BY_SPELLING.get(_SHOWN_IN.get(meant, meant))


def listed_object(trunk: SipTrunk, names: Sequence[str], account: str) -> dict[str, Any]:
    """Return these fields of a trunk as JSON data; a row that can be planned with has the listing's mark.

    `account` is `Identity.mark`. By the mark, reading knows which cells somebody has changed since. Only those are
    given: above all, the gateway's status must not be sent as the registration switch, which has the same name.
    """
    shown = {name: getattr(trunk, name) for name in names}
    if trunk.group_list is not None and "group_list" in shown:
        shown["group_list"] = [
            {"voice_group_id": group.voice_group_id, "group_name": group.group_name, "number": group.number}
            for group in trunk.group_list
        ]
    return shown | _mark(trunk, names, account)


def listed_table(trunks: Iterable[SipTrunk], names: Sequence[str], account: str) -> list[list[str]]:
    """Return the same as the cells of a table, after a row with the names of its columns."""
    trunks = list(trunks)
    rows = [{name: getattr(trunk, name) for name in names} for trunk in trunks]
    columns = columns_for(rows, names)
    heading = [*columns, *([LISTED_COLUMN] if "key_id" in names else [])]
    return [
        heading,
        *(
            [*cells_of(row, columns), *_mark(trunk, names, account).values()]
            for trunk, row in zip(trunks, rows, strict=True)
        ),
    ]


def _mark(trunk: SipTrunk, names: Sequence[str], account: str) -> dict[str, str]:
    """Return the mark under its column's name: the account, and a check for each cell that an update could change."""
    if "key_id" not in names:
        return {}
    return {LISTED_COLUMN: f"{account} {'.'.join(check_of(getattr(trunk, name)) for name in _CHECKED)}"}


def check_of(value: Any) -> str:
    """Return what tells whether a cell, or the value that it gives, is still what the listing showed."""
    return f"{zlib.crc32(_plain(value).encode('utf-8', 'surrogatepass')):08x}"


def _plain(value: Any) -> str:
    """Return a value of a trunk, of a row or of a JSON cell as the text that it is checked by."""
    if value is None or value is UNSET:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list | tuple):
        return ";".join(map(_plain_group, value))
    return str(value)


def _plain_group(group: Any) -> str:
    if isinstance(group, Mapping):
        return f"{_plain(group.get('voice_group_id'))}={_plain(group.get('number'))}"
    return f"{_plain(getattr(group, 'voice_group_id', group))}={_plain(getattr(group, 'number', None))}"


def checks_of(mark: object) -> dict[str, str]:
    """Return what the mark of a listed row says of each cell (`check_of`); one that is damaged says nothing of them."""
    _, _, checks = str(mark).strip().partition(" ")
    return dict(zip(_CHECKED, checks.split("."), strict=False))


def account_of_mark(mark: object) -> str:
    """Return the account that the mark of an export or a listing names."""
    return str(mark).strip().removeprefix("'").partition(" ")[0]
