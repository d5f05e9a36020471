"""The columns that a file of trunks may have: the vendor's names or ours, and those of our own reports."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches

import attrs

from itnio_async.api.sip_trunks.types import SipTrunk, SipTrunkUpdate
from itnio_async.bulk.files.damage import Form, trimmed
from itnio_async.values import secret_fields, wire_name

VOICE_GROUP_IDS = "voice_group_ids"
NUMBERS = "numbers"
REPORT_COLUMNS = ("code", "reason", "meaning")
# Of an export: the account that it is of.
ACCOUNT_COLUMN = "#account"
# Of a listing: the account that it is of, and whether it shows the trunk registered.
LISTED_COLUMN = "#listed"
SECRET_FIELDS = secret_fields(SipTrunkUpdate)

# What the cells of each field can be made of; those of all others are whole numbers, switches or JSON.
FORMS: Mapping[str, Form] = {
    "sip_trunk_name": Form.NAME,
    "sip_password": Form.NAME,
    "sip_prefix": Form.NUMBER,
    NUMBERS: Form.NUMBER,
    "sip_gateway_ip": Form.CODE,
    "sip_white_ip": Form.CODE,
    "sip_account": Form.CODE,
}

# `direction` is not sent: what a trunk's direction is, the listing says. `extra` has no column: it has no one type.
FIELDS = tuple(field.name for field in attrs.fields(SipTrunkUpdate) if field.name not in ("direction", "extra"))
_OURS = (*FIELDS, VOICE_GROUP_IDS, NUMBERS)
_SHOWN_ONLY = frozenset(
    spelling.lower()
    for field in attrs.fields(SipTrunk)
    if field.name not in FIELDS
    for spelling in (field.name, wire_name(field.name))
)
_KNOWN: Mapping[str, str] = {
    **{spelling.lower(): name for name in _OURS for spelling in (name, wire_name(name))},
    # The vendor's own names, of one group, hold for several too.
    "voicegroupid": VOICE_GROUP_IDS,
    "voice_group_id": VOICE_GROUP_IDS,
    "number": NUMBERS,
}


def field_of(column: str) -> str | None:
    """Return the field that a column is for, or None; neither case nor blanks around matter."""
    return _KNOWN.get(trimmed(column).lower())


def is_ignored(column: str, ignored: Collection[str] = ()) -> bool:
    """Tell whether nothing is done with a column: it begins with #, or is among those to be ignored (lower case)."""
    name = trimmed(column).lower()
    return name.startswith("#") or name in ignored


def is_shown_only(column: str) -> bool:
    """Tell whether the column is one that a listing shows and an update does not have."""
    return trimmed(column).lower() in _SHOWN_ONLY


def explain_unknown(column: str) -> str:
    """Return what to do about a column that is none of ours."""
    name = column.strip().lower()
    bare = {known.replace("_", ""): field for known, field in _KNOWN.items()}
    near = get_close_matches("".join(filter(str.isalnum, name)), bare, n=1)
    if near:
        return f"there is no such column. Did you mean {bare[near[0]]}?"
    return f"there is no such column. There are: {', '.join(_OURS)}."
