"""The form of a request's fields as a page states it, and the rules that refuse a body of another form.

The tables of fields are the sandbox's own reading of the pages, apart from the client's. A `Field` may hold members (of
a list) or fields (of an object); a rule names the first field that does not fit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from attrs import field, frozen

from itnio_async.sandbox.rules import Rule, assumed, is_integer, is_object, is_text

Kind = Callable[[object], bool]
Fields = Mapping[str, "Field"]


def _as_kinds(kinds: Kind | tuple[Kind, ...]) -> tuple[Kind, ...]:
    return kinds if isinstance(kinds, tuple) else (kinds,)


@frozen
class Field:
    """One field of a request.

    Args:
        kinds: its types, of which a value has any; both where the page's sample has another type than its table.
        required: whether the page says so without a condition.
        least: the smallest number, or the fewest characters or members.
        most: the largest number, or the most characters or members.
        values: the only values, if the page lists them.
        form: a regular expression for the whole text.
        joined: a text has members with commas between them, and `least` and `most` are about these.
        members: what a list holds.
        fields: what an object holds.
        mistyped_code: the code where it has another type, if that is not the one for all that is wrong with a form.
        missing_code: the code where it is required and not there, likewise.
        beyond_code: the code where it is beyond its limits, likewise.
    """

    kinds: tuple[Kind, ...] = field(converter=_as_kinds)
    required: bool = field(default=False, kw_only=True)
    least: float | None = field(default=None, kw_only=True)
    most: float | None = field(default=None, kw_only=True)
    values: tuple[object, ...] | None = field(default=None, kw_only=True)
    form: re.Pattern[str] | None = field(default=None, kw_only=True)
    joined: bool = field(default=False, kw_only=True)
    members: Field | None = field(default=None, kw_only=True)
    fields: Fields | None = field(default=None, kw_only=True)
    mistyped_code: int | str | None = field(default=None, kw_only=True)
    missing_code: int | str | None = field(default=None, kw_only=True)
    beyond_code: int | str | None = field(default=None, kw_only=True)

    def is_of_kind(self, value: object) -> bool:
        """Tell whether a value has the right type, apart from what it holds."""
        return any(kind(value) for kind in self.kinds)

    def is_within(self, value: Any) -> bool:
        """Tell whether a value of the right type is within the limits; an empty one of an optional field is."""
        if value in (None, "") or isinstance(value, dict):
            return True
        sized = value.split(",") if self.joined else value
        size = len(sized) if isinstance(sized, str | list) else sized
        return (
            (self.least is None or size >= self.least)
            and (self.most is None or size <= self.most)
            and (self.values is None or value in self.values)
            and (self.form is None or not isinstance(value, str) or self.form.fullmatch(value) is not None)
        )


def is_list(value: object) -> bool:
    """Tell whether a JSON value is an array."""
    return isinstance(value, list)


def form(fields: Fields, code: int | str = -22) -> tuple[Rule[Any], ...]:
    """Return the rules on the form of a body: types, required fields, limits, and no other fields.

    `code` is the one for what breaks them; where the page has none, it is the name of the assumption that says which.
    """
    return (
        *_rules(
            fields, code, "a field has another type than documented", _is_mistyped, lambda each: each.mistyped_code
        ),
        *_rules(fields, code, "a field is required", _is_missing, lambda each: each.missing_code),
        *_rules(fields, code, "a field is beyond its limits", _is_beyond, lambda each: each.beyond_code),
        assumed(
            code,
            "a field is not documented",
            lambda call: _has_unknown(call.body, fields),
            switch="unknown_field_refused",
        ),
    )


def _rules(
    fields: Fields,
    code: int | str,
    text: str,
    is_wrong: Callable[[Field, Any], bool],
    own_code: Callable[[Field], int | str | None],
) -> Iterator[Rule[Any]]:
    """Yield the rule on all fields, once for each of the codes that they have for it."""

    def broken_by(one: int | str) -> Callable[[Any], str | None]:
        def is_so(each: Field, value: Any) -> bool:
            return (own_code(each) or code) == one and is_wrong(each, value)

        return lambda call: _first(call.body, fields, is_so)

    for one in dict.fromkeys([code, *(own_code(each) or code for each in _all_of(fields))]):
        yield Rule(one, text, broken_by(one), assumed=isinstance(one, str))


def _all_of(fields: Fields) -> Iterator[Field]:
    """Yield all fields, those of objects and of lists' members included."""
    for each in fields.values():
        while each.members is not None:
            yield each
            each = each.members
        yield each
        yield from _all_of(each.fields or {})


def _is_mistyped(each: Field, value: object) -> bool:
    return value is not None and not each.is_of_kind(value)


def _is_missing(each: Field, value: object) -> bool:
    return each.required and value in (None, "")


def _is_beyond(each: Field, value: object) -> bool:
    return not each.is_within(value)


def _values(body: Mapping[str, Any], fields: Fields, path: str = "") -> Iterator[tuple[str, Field, Any]]:
    """Go through all fields that a body may have, each with its value, None if it has none."""
    for name, each in fields.items():
        value = body.get(name)
        yield f"{path}{name}", each, value
        if value and (each.fields or each.members):
            yield from _inside(f"{path}{name}", each, value)


def _inside(path: str, each: Field, value: Any) -> Iterator[tuple[str, Field, Any]]:
    if each.fields is not None and isinstance(value, dict):
        yield from _values(value, each.fields, f"{path}.")
    if each.members is not None and isinstance(value, list):
        for index, member in enumerate(value):
            yield f"{path}[{index}]", each.members, member
            yield from _inside(f"{path}[{index}]", each.members, member)


def _first(body: Mapping[str, Any], fields: Fields, is_wrong: Callable[[Field, Any], bool]) -> str | None:
    return next((path for path, each, value in _values(body, fields) if is_wrong(each, value)), None)


def _has_unknown(body: Mapping[str, Any], fields: Fields) -> bool:
    objects = [(body, fields), *((value, each.fields) for _, each, value in _values(body, fields) if each.fields)]
    return any(isinstance(value, dict) and value.keys() - known.keys() for value, known in objects)


def number_of(value: object) -> int | None:
    """Return an id that came as a number or as its text, None if it is neither."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


# Fields of many pages.


def ids(*, required: bool = True, least: int | None = None) -> Field:
    """Return the field of a list of ids."""
    return Field(is_list, required=required, least=least, members=ID)


def filters(fields: Fields, *, beside: Fields | None = None) -> Fields:
    """Return the fields of a listing's request, whose `params` are these filters."""
    return {**PAGE, "params": Field(is_object, required=True, fields=fields), **(beside or {})}


def numbers(*values: int) -> Field:
    """Return the field of a list of some of these numbers."""
    return Field(is_list, members=Field(is_integer, required=True, values=values))


ID = Field(is_integer, required=True)
OPTIONAL_ID = Field(is_integer)
TEXT = Field(is_text)
REQUIRED_TEXT = Field(is_text, required=True)
TEXTS = Field(is_list, members=REQUIRED_TEXT)
ON_OFF = Field(is_integer, values=(0, 1))
# The pages are an Integer; more would overflow the offset.
PAGE = {
    "current": Field(is_integer, required=True, least=1, most=2**31 - 1),
    "size": Field(is_integer, required=True, least=1, most=100),
}
