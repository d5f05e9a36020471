"""Conditions: which trunks of an account are meant, such as `gateway=10.0.0.1` or `name=berlin-*`, as values."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from attrs import field, frozen

from itnio_async.api.sip_trunks.types import SipTrunk, TrunkDirection
from itnio_async.errors import InvalidRequestError

_STATES = {"enabled": 1, "disabled": 0, "1": 1, "0": 0}
_DIRECTIONS = {direction.name.lower(): direction.value for direction in TrunkDirection}
_DIRECTIONS |= {str(direction.value): direction.value for direction in TrunkDirection}
_SIGNS = ("*", "?")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}+")


@frozen
class Condition:
    """One condition on a trunk: its field has this value, or with `negated` has another one.

    `text` is how it was written. `value` None stands for nothing: the trunk has no value there.
    """

    text: str
    name: str
    value: Any
    negated: bool = False
    _test: Callable[[SipTrunk], bool] = field(repr=False, eq=False, kw_only=True)

    def matches(self, trunk: SipTrunk) -> bool:
        """Tell whether the condition holds for the trunk."""
        return self._test(trunk) is not self.negated

    def __str__(self) -> str:
        return self.text


@frozen
class _Field:
    """A field that a condition can be about: what is read from its text, and what the trunk has of it."""

    name: str
    words: tuple[str, ...]
    read: Callable[[str], Any]
    values_of: Callable[[SipTrunk], Collection[Any]]
    is_pattern: bool = False

    def condition(self, text: str, value: Any, *, negated: bool) -> Condition:
        """Return the condition that this field has the value."""
        return Condition(text, self.name, value, negated, test=self._test(value))

    def _test(self, value: Any) -> Callable[[SipTrunk], bool]:
        values_of = self.values_of
        if value is None:
            return lambda trunk: not values_of(trunk)
        if self.is_pattern:
            pattern = _pattern(value)
            return lambda trunk: any(fnmatchcase(found, pattern) for found in values_of(trunk))
        return lambda trunk: value in values_of(trunk)


def _pattern(text: str) -> str:
    """Return a pattern of `fnmatch`: `*` is any text and `?` one character; a backslash takes that from them."""
    parts = re.findall(r"\\[*?\\]|.", text, re.DOTALL)
    return "".join(part if part in _SIGNS else f"[{part[-1]}]" if part[-1] in "*?[" else part[-1] for part in parts)


def _text(text: str) -> str | None:
    return text or None


def _number(text: str) -> int | None:
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise ValueError("a whole number is wanted")
    return int(text)


def _key_id(text: str) -> int:
    number = _number(text)
    if number is None:
        raise ValueError("a whole number is wanted")
    return number


def _one_of(choices: Mapping[str, int]) -> Callable[[str], int]:
    def read(text: str) -> int:
        value = choices.get(text.lower())
        if value is None:
            raise ValueError(f"one of {', '.join(word for word in choices if not word.isdigit())} is wanted")
        return value

    return read


def _own(name: str) -> Callable[[SipTrunk], Collection[Any]]:
    """Return what reads one value of a trunk; what is null or empty is nothing."""

    def values_of(trunk: SipTrunk) -> Collection[Any]:
        value = getattr(trunk, name)
        return () if value is None or value == "" else (value,)

    return values_of


def _groups(trunk: SipTrunk) -> Collection[Any]:
    return [group.voice_group_id for group in trunk.group_list or () if group.voice_group_id is not None]


def _numbers(trunk: SipTrunk) -> Collection[Any]:
    return [group.number for group in trunk.group_list or () if group.number]


_FIELDS = (
    _Field("key_id", ("keyid",), _key_id, _own("key_id")),
    _Field("sip_trunk_name", ("name", "siptrunkname"), _text, _own("sip_trunk_name"), is_pattern=True),
    _Field("group", ("voice_group_id", "voice_group_ids", "voicegroupid", "voicegroupids"), _number, _groups),
    _Field("number", ("numbers",), _text, _numbers),
    _Field("sip_prefix", ("prefix", "sipprefix"), _text, _own("sip_prefix")),
    _Field("sip_gateway_ip", ("gateway", "sipgatewayip"), _text, _own("sip_gateway_ip")),
    _Field("sip_white_ip", ("whitelist", "white", "sipwhiteip"), _text, _own("sip_white_ip")),
    _Field("sip_account", ("account", "sipaccount"), _text, _own("sip_account")),
    _Field("state", (), _one_of(_STATES), _own("state")),
    _Field("direction", ("type",), _one_of(_DIRECTIONS), _own("type")),
)
_BY_WORD: Mapping[str, _Field] = {word: field for field in _FIELDS for word in (field.name, *field.words)}
CONDITION_FIELDS: tuple[str, ...] = tuple(field.name for field in _FIELDS)
"""The fields that conditions can be about."""


def condition_of(text: str) -> Condition:
    """Return the condition that a text such as `gateway=10.0.0.1` or `prefix!=00` stands for.

    Names are ours (`sip_gateway_ip`), the vendor's (`sipGatewayIp`) or short ones (`gateway`). A value is compared as a
    whole; only that of the name is a pattern, where `*` is any text and `?` one character. Nothing after the sign means
    that the trunk has nothing there.

    Raises `InvalidRequestError` for a text that is not a condition.
    """
    name, sign, value = text.partition("=")
    if not sign:
        raise InvalidRequestError(f"{text!r} is not a condition. Write FIELD=VALUE or FIELD!=VALUE.")
    negated = name.endswith("!")
    word = name.removesuffix("!").strip().lower()
    found = _BY_WORD.get(word)
    if found is None:
        near = get_close_matches(word, _BY_WORD, n=1)
        hint = f"Did you mean {_BY_WORD[near[0]].name}? " if near else ""
        raise InvalidRequestError(f"trunks are not chosen by {word!r}. {hint}There are: {', '.join(CONDITION_FIELDS)}.")
    try:
        return found.condition(text, found.read(value), negated=negated)
    except ValueError as error:
        raise InvalidRequestError(f"{text!r}: {error.args[0]}.") from None


def chosen(trunks: Iterable[SipTrunk], conditions: Iterable[Condition]) -> list[SipTrunk]:
    """Return the trunks for which all of the conditions hold, in their order."""
    wanted = tuple(conditions)
    return [trunk for trunk in trunks if all(condition.matches(trunk) for condition in wanted)]
