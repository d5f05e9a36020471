"""What an update replaces of a trunk: compared field by field, and as JSON data without its secrets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen

from itnio_async.api.sip_trunks.types import BoundGroup, GroupBinding, SipTrunk, TrunkDirection
from itnio_async.bulk.trunks.columns import SECRET_FIELDS
from itnio_async.values import UNSET, is_masked

CHANGED = "(changed)"
# In the order in which people read a trunk.
FIELDS = (
    "sip_trunk_name",
    "sip_prefix",
    "group_list",
    "sip_gateway_ip",
    "sip_white_ip",
    "sip_trunk_state",
    "sip_account",
    "sip_password",
)
_NOTHING: tuple[Any, ...] = (None, UNSET, "", [], ())
_LISTS = (list, tuple)
_GROUPS = (BoundGroup, GroupBinding)
# What a group is as JSON data.
_GROUP = frozenset({"voice_group_id", "number"})
_PLAIN = (str, int, float, type(None))


@frozen
class FieldChange:
    """One field that an update changes.

    `before` and `after` are text, a bool, a tuple of `GroupBinding`, or None for nothing. Of a secret neither is kept:
    `after` is the text "(changed)".
    """

    name: str
    before: Any
    after: Any
    secret: bool = False

    def __str__(self) -> str:
        if self.secret:
            return f"{self.name}: {CHANGED}"
        return f"{self.name}: {shown(self.before)} -> {shown(self.after)}"


def shown(value: Any) -> str:
    """Return a setting as people read it."""
    if value is None:
        return "(nothing)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ";".join(str(g.voice_group_id) + (f"={g.number}" if g.number else "") for g in value) or "(nothing)"
    return str(value)


def settings_of(trunk: SipTrunk) -> dict[str, Any]:
    """Return what the listing shows of each field that an update replaces, nothing as None; the password too."""
    return {name: normal(getattr(trunk, name)) for name in FIELDS}


def normal(value: Any) -> Any:
    """Return a value as it compares: what is left out, null or empty is None, and groups have no order."""
    if not value and value in _NOTHING:
        return None
    if not isinstance(value, _LISTS):
        return value
    bindings = tuple(map(_binding, value))
    return bindings if len(bindings) == 1 else tuple(sorted(bindings, key=repr))


def _binding(group: Any) -> Any:
    if not isinstance(group, _GROUPS):
        return group  # refused with its place when the update is checked
    # The number as None, and not left out, so that two bindings compare.
    return GroupBinding(voice_group_id=group.voice_group_id, number=group.number or None)  # type: ignore[arg-type]


def filled(values: Mapping[str, Any], trunk: SipTrunk) -> Mapping[str, Any]:
    """Return the values of a row; a group without a number keeps the one that it has on the trunk."""
    groups = values.get("group_list")
    if not isinstance(groups, _LISTS) or not any(map(_lacks_number, groups)):
        return values
    numbers = {group.voice_group_id: group.number for group in trunk.group_list or ()}
    return {**values, "group_list": [_numbered(group, numbers) for group in groups]}


def _lacks_number(group: Any) -> bool:
    return isinstance(group, GroupBinding) and group.number is UNSET


def _numbered(group: Any, numbers: Mapping[int | None, str | None]) -> Any:
    number = numbers.get(group.voice_group_id) if _lacks_number(group) else None
    return group if number is None else GroupBinding(voice_group_id=group.voice_group_id, number=number)


def changes_between(trunk: SipTrunk, values: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    """Return what the values would change on the trunk; a password that the listing hides counts as changed."""
    changes = []
    for name in FIELDS:
        if name not in values:
            continue
        before, after = normal(getattr(trunk, name)), normal(values[name])
        if name in SECRET_FIELDS:
            if not _same_password(trunk, after):
                changes.append(FieldChange(name, None, CHANGED, secret=True))
        elif before != after or type(before) is not type(after):
            changes.append(FieldChange(name, before, after))
    return tuple(changes)


def _same_password(trunk: SipTrunk, wanted: Any) -> bool:
    shown = trunk.sip_password
    if wanted is None:
        # No password is shown where there is none, and where it is hidden.
        return not shown and not (trunk.sip_account or trunk.sip_trunk_state)
    return shown == wanted and not is_masked(shown)


def differences(trunk: SipTrunk, values: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    """Return where the trunk is not as the values want it, as far as the listing can tell."""
    hidden = not trunk.sip_password or is_masked(trunk.sip_password)
    return tuple(change for change in changes_between(trunk, values) if not (change.secret and hidden))


def is_inbound(trunk: SipTrunk) -> bool:
    """Tell whether calls come in over the trunk."""
    return trunk.type == TrunkDirection.INBOUND


# -- JSON data --------------------------------------------------------------------------------------------------------


def to_data(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as JSON data, without the secrets among them."""
    return {
        name: [_group_data(group) for group in value] if isinstance(value, _LISTS) else value
        for name, value in values.items()
        if name not in SECRET_FIELDS and value is not UNSET
    }


def _group_data(group: GroupBinding) -> dict[str, Any]:
    number = {} if group.number is UNSET else {"number": group.number}
    return {"voice_group_id": group.voice_group_id, **number}


def from_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that `to_data` made the data of.

    Raises `ValueError`, `TypeError` or `AttributeError` for data that it makes of none.
    """
    return {
        name: [_group(group) for group in value] if isinstance(value, list) else value for name, value in data.items()
    }


def _group(data: Mapping[str, Any]) -> GroupBinding:
    # The file may have been edited since, and ids are looked up.
    if not data.keys() <= _GROUP or not all(isinstance(value, _PLAIN) for value in data.values()):
        raise ValueError("a group that there is not")
    return GroupBinding(**data)


def same(before: Mapping[str, Any], trunk: SipTrunk, names: Iterable[str] = FIELDS) -> bool:
    """Tell whether the trunk still shows what it showed; secrets are not looked at."""
    return all(normal(before.get(name)) == normal(getattr(trunk, name)) for name in names if name not in SECRET_FIELDS)
