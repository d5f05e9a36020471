"""Assignments such as `sip_prefix=00`: the same values for all trunks that are meant, read as a row of a file is."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from itnio_async.api.sip_trunks.types import SipTrunk
from itnio_async.bulk.files.cells import CLEAR_WORD
from itnio_async.bulk.files.places import WITHOUT_FILE, Place
from itnio_async.bulk.files.source import Source
from itnio_async.bulk.trunks.columns import FIELDS, SECRET_FIELDS, VOICE_GROUP_IDS, explain_unknown, field_of
from itnio_async.bulk.trunks.rows import TrunkChange, read_changes
from itnio_async.bulk.trunks.where import BY_WORD
from itnio_async.errors import InvalidRequestError


def values_of(texts: Sequence[str]) -> Mapping[str, Any]:
    """Return the values that texts such as `sip_gateway_ip=10.0.0.9` give; nothing after the sign empties a field.

    Raises `InvalidRequestError` for a text that does not, and for a password, which everyone on the machine could read
    in the list of its processes.
    """
    row: dict[str, Any] = {"key_id": 1}
    for text in texts:
        name, sign, value = text.partition("=")
        word = BY_WORD.get(name.strip().lower(), name)
        field = field_of(VOICE_GROUP_IDS if word == "group" else word)
        if not sign:
            raise InvalidRequestError(f"{text!r} is not an assignment. Write FIELD=VALUE.")
        if field is None:
            raise InvalidRequestError(f"{name}: {explain_unknown(name)}")
        if field == "key_id":
            raise InvalidRequestError("the key id cannot be changed: it says which trunk is meant.")
        if field in SECRET_FIELDS:
            raise InvalidRequestError(f"{field} is never given as an argument. Write it in a file, and apply that.")
        given: Any = value or CLEAR_WORD
        if field == VOICE_GROUP_IDS and ":" in value:
            field, given = "group_list", list(map(_group, value.replace("|", ";").split(";")))
        if field in row:
            raise InvalidRequestError(f"{field} is given twice.")
        row[field] = given
    # A person has typed it: nothing is a spreadsheet's doing.
    source = Source("-", format="jsonl", stdin=io.BytesIO(json.dumps(row).encode()))
    rows = read_changes(source, literal=[*FIELDS, "voice_group_ids", "numbers"])
    for bad in rows.bad:
        raise InvalidRequestError(f"{bad.place.column}: {bad.reason}" if bad.place.column else bad.reason)
    (change,) = rows.changes
    return change.values


def _group(text: str) -> dict[str, Any]:
    """Return the group that `ID:NUMBER` stands for; `ID` alone keeps its number, and `ID:` empties it."""
    key, colon, number = text.partition(":")
    return {"voice_group_id": key.strip()} | ({"number": number.strip() or CLEAR_WORD} if colon else {})


def changes_to(texts: Sequence[str], values: Mapping[str, Any], trunks: Iterable[SipTrunk]) -> list[TrunkChange]:
    """Return for each of the trunks that it shall have these values, by key id."""
    ids = sorted(trunk.key_id for trunk in trunks if trunk.key_id is not None)
    return [TrunkChange(Place(place_of(texts), key_id), key_id, None, values) for key_id in ids]


def place_of(texts: Sequence[str]) -> str:
    """Return what stands for a file in the places of such changes, whose lines are key ids."""
    return WITHOUT_FILE + " ".join(texts)
