"""Conditions: which trunks of an account are meant, such as `gateway=10.0.0.1` or `name=berlin-*`, as values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from attrs import frozen

from itnio_async.api.sip_trunks.types import SipTrunk, TrunkDirection
from itnio_async.errors import InvalidRequestError

_CHOICES: Mapping[str, Mapping[str, int]] = {
    "state": {"enabled": 1, "disabled": 0, "1": 1, "0": 0},
    "direction": {word: each.value for each in TrunkDirection for word in (each.name.lower(), str(each.value))},
}
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}+")
# The fields that conditions can be about, and by what other words.
_WORDS: Mapping[str, Sequence[str]] = {
    "key_id": ["keyid"],
    "sip_trunk_name": ["name", "siptrunkname"],
    "group": ["groups", "voice_group_id", "voice_group_ids", "voicegroupid", "voicegroupids"],
    "number": ["numbers"],
    "sip_prefix": ["prefix", "sipprefix"],
    "sip_gateway_ip": ["gateway", "sipgatewayip"],
    "sip_white_ip": ["whitelist", "white", "sipwhiteip"],
    "sip_account": ["account", "sipaccount"],
    "state": [],
    "direction": ["type"],
}
BY_WORD: Mapping[str, str] = {word: name for name, words in _WORDS.items() for word in (name, *words)}
"""The same fields by every word for them, in lower case; assignments and listings know them too."""
CONDITION_FIELDS: tuple[str, ...] = tuple(_WORDS)
"""The fields that conditions can be about."""


@frozen
class Condition:
    """One condition on a trunk: its field has this value, or with `negated` has another one.

    `text` is how it was written. `value` None stands for nothing: the trunk has no value there. That of a name is a
    pattern of `fnmatch`.
    """

    text: str
    name: str
    value: Any
    negated: bool = False

    def matches(self, trunk: SipTrunk) -> bool:
        """Tell whether the condition holds for the trunk."""
        found = _values_of(trunk, self.name)
        if self.value is None:
            holds = not found
        elif self.name == "sip_trunk_name":
            holds = any(fnmatchcase(name, self.value) for name in found)
        else:
            holds = self.value in found
        return holds is not self.negated

    def __str__(self) -> str:
        return self.text


def _values_of(trunk: SipTrunk, name: str) -> list[Any]:
    """Return what a trunk has of a field; what is null or empty is nothing."""
    groups = trunk.group_list or ()
    if name == "group":
        found: list[Any] = [group.voice_group_id for group in groups]
    elif name == "number":
        found = [group.number for group in groups]
    else:
        found = [getattr(trunk, "type" if name == "direction" else name)]
    return [value for value in found if value is not None and value != ""]


def _value(name: str, text: str) -> Any:
    """Return the value of a field that a text stands for; raises `ValueError` where it stands for none."""
    if name in _CHOICES:
        choices = _CHOICES[name]
        if text.lower() not in choices:
            raise ValueError(f"one of {', '.join(word for word in choices if not word.isdigit())} is wanted")
        return choices[text.lower()]
    if not text and name != "key_id":
        return None
    if name in ("key_id", "group"):
        if not _NUMBER.fullmatch(text):
            raise ValueError("a whole number is wanted")
        return int(text)
    # `*` is any text and `?` one character; a backslash takes that from them.
    parts = re.findall(r"\\[*?\\]|.", text, re.DOTALL)
    if name == "sip_trunk_name":
        return "".join(part if part in "*?" else f"[{part[-1]}]" if part[-1] in "*?[" else part[-1] for part in parts)
    if "*" in parts or "?" in parts:
        raise ValueError(r"only a name is a pattern. If the signs themselves are meant, write \* and \?")
    return "".join(part[-1] for part in parts)


def condition_of(text: str) -> Condition:
    """Return the condition that a text such as `gateway=10.0.0.1` or `prefix!=00` stands for.

    Names are ours (`sip_gateway_ip`), the vendor's (`sipGatewayIp`) or short ones (`gateway`). A value is compared as a
    whole; only that of the name is a pattern, where `*` is any text and `?` one character. After a backslash they are
    themselves. Nothing after the sign means that the trunk has nothing there.

    Raises `InvalidRequestError` for a text that is not a condition.
    """
    name, sign, value = text.partition("=")
    if not sign:
        raise InvalidRequestError(f"{text!r} is not a condition. Write FIELD=VALUE or FIELD!=VALUE.")
    negated = name.endswith("!")
    word = name.removesuffix("!").strip().lower()
    found = BY_WORD.get(word)
    if found is None:
        near = get_close_matches(word, BY_WORD, n=1)
        hint = f"Did you mean {BY_WORD[near[0]]}? " if near else ""
        raise InvalidRequestError(f"trunks are not chosen by {word!r}. {hint}There are: {', '.join(CONDITION_FIELDS)}.")
    try:
        return Condition(text, found, _value(found, value), negated)
    except ValueError as error:
        raise InvalidRequestError(f"{text!r}: {error.args[0]}.") from None


def chosen(trunks: Iterable[SipTrunk], conditions: Iterable[Condition]) -> list[SipTrunk]:
    """Return the trunks for which all of the conditions hold, in their order."""
    wanted = tuple(conditions)
    return [trunk for trunk in trunks if all(condition.matches(trunk) for condition in wanted)]
