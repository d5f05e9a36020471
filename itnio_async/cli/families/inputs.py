"""What a call takes, as options and arguments of its command: their names, their help, and how their texts are read."""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from enum import Enum
from functools import cache
from inspect import Parameter
from itertools import pairwise
from math import isfinite
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import attrs
import typer
from attrs import evolve, frozen

from itnio_async.api.paths import Call
from itnio_async.cli.account import secret_of
from itnio_async.cli.exits import CommandError
from itnio_async.cli.families.words import in_a_shell, option_name
from itnio_async.codec import Request
from itnio_async.errors import InvalidRequestError
from itnio_async.limits import limit_of
from itnio_async.uploads import FileSource
from itnio_async.values import CLEAR, Base64, Clear, Unset, secret_fields, wire_name

_NOTHING = (Unset, type(None))
_MOST_DIGITS = 20
# Of listings: the command lists all that there is, or as many as `--limit` says.
_PAGE = ("current", "size")


class _Unread(ValueError):
    """A text that cannot be read; the message says what is wanted."""


@frozen
class Reader:
    """How the text of an option becomes a value, and the word for it in the help.

    `may_be_shown` says whether a text that cannot be read may be: one with many values in it may have a secret among
    them. `names` are those of the values in it.
    """

    metavar: str
    read: Callable[[str], Any]
    may_be_shown: bool = True
    names: tuple[str, ...] = ()

    def value_of(self, text: str, option: str) -> Any:
        """Return the value; raises `CommandError` where the text cannot be read."""
        try:
            return self.read(text)
        except _Unread as error:
            what = f"is {text!r}" if self.may_be_shown else "cannot be read"
            raise CommandError(f"{option} {what}.", f"give {str(error).rstrip('.')}.") from None


@frozen
class Input:
    """One thing that a call takes.

    `owner` is the parameter of the method whose request it is a field of, or empty where it is a parameter itself. An
    empty text stands for no item where there may be many. `is_content` says that it is a file's content, which another
    input is the file of: all that it can be by itself is null.
    """

    name: str
    reader: Reader
    is_many: bool
    is_required: bool
    help: str
    owner: str = ""
    may_be_null: bool = False
    is_argument: bool = False
    is_secret: bool = False
    is_content: bool = False

    @property
    def key(self) -> str:
        """The name of its parameter: one that no other option has, such as `account`."""
        return f"input_{self.name}"

    @property
    def option(self) -> str:
        """What sets it on the command line."""
        name = option_name(self.name)
        if self.is_secret:
            return f"--{name}-file or --ask-{name}"
        return self.name.upper() if self.is_argument else f"--{name}"

    def parameters(self) -> Iterator[Parameter]:
        """Yield the parameters for typer."""
        option = self.option
        if self.is_content:
            return
        if self.is_secret:
            in_file, on_terminal = option.split(" or ")
            file = typer.Option(in_file, metavar="FILE", help=f"{self.help} It is this file's only line.")
            yield parameter(f"{self.key}_file", Annotated[Path | None, file], None)
            asked = typer.Option(on_terminal, help="Ask for it on the terminal.")
            yield parameter(f"{self.key}_asked", Annotated[bool, asked], False)
            return
        kind: Any = list[str] if self.is_many else str
        if self.is_argument:
            choices = self.reader.metavar.split("|")
            text = f"{self.help} One of {', '.join(choices)}." if len(choices) > 1 else self.help
            about = typer.Argument(metavar=option, help=text)
        else:
            text = f"{self.help} One each time; may be repeated." if self.is_many else self.help
            if names := self.reader.names:
                text = f"{text} A JSON object has {', '.join(names[:-1])} and {names[-1]}."
            about = typer.Option(option, metavar=self.reader.metavar, help=text)
        if self.is_required:
            yield parameter(self.key, Annotated[kind, about])
        else:
            yield parameter(self.key, Annotated[kind | None, about], None)

    def take(self, given: dict[str, Any]) -> Any:
        """Take its value out of what typer gives; None where there is none."""
        if self.is_content:
            return None
        if not self.is_secret:
            value = given.pop(self.key)
            if not self.is_many:
                return None if value is None else self.reader.value_of(value, self.option)
            # typer gives an empty list where the option is not given.
            return [self.reader.value_of(text, self.option) for text in value if text] if value else None
        file, ask = given.pop(f"{self.key}_file"), given.pop(f"{self.key}_asked")
        what = self.name.replace("_", " ")
        if self.is_required and file is None and not ask:
            raise CommandError(f"the {what} is missing.", f"give {self.option}.")
        return secret_of(option_name(self.name), file, ask=ask, what=what)


def inputs_of(call: Call) -> list[Input]:
    """Return all that a call takes, but for the options that every call has."""
    types = get_type_hints(call.method)
    found: list[Input] = []
    for taken in list(inspect.signature(call.method).parameters.values())[1:]:
        kind = types.get(taken.name)
        if taken.kind is Parameter.VAR_KEYWORD or taken.name in _PAGE:
            continue
        if isinstance(kind, type) and issubclass(kind, Request):
            found += _fields_of(kind, taken.name)
        else:
            found.append(_of_parameter(call, taken, kind))
    return [evolve(wanted, help=in_a_shell(wanted.help, call)) for wanted in found]


def arguments_of(call: Call, inputs: Iterable[Input], given: dict[str, Any], nulls: Sequence[str]) -> dict[str, Any]:
    """Return the arguments for the method, with the requests that it takes made of their fields; `nulls` are null."""
    types = get_type_hints(call.method)
    arguments: dict[str, Any] = {}
    requests: dict[str, dict[str, Any]] = {}
    nullable = {wanted.name for wanted in inputs if wanted.may_be_null}
    for name in nulls:
        if name.replace("-", "_") not in nullable:
            names = ", ".join(sorted(map(option_name, nullable)))
            raise CommandError(f"--null is {name!r}.", f"give one of {names}.")
    for wanted in inputs:
        if wanted.owner:
            fields = requests.setdefault(wanted.owner, {})
        value = wanted.take(given)
        is_null = option_name(wanted.name) in map(option_name, nulls)
        if is_null and value is not None:
            raise CommandError(f"{wanted.option} has a value, and --null makes it null.", "give one of them.")
        if value is not None or is_null:
            (fields if wanted.owner else arguments)[wanted.name] = value
    return arguments | {name: types[name](**fields) for name, fields in requests.items()}


def parameter(name: str, annotation: Any, default: Any = Parameter.empty) -> Parameter:
    """Return a parameter for typer, which gives all by their names."""
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _fields_of(request: type[Any], owner: str) -> Iterator[Input]:
    types, texts, secrets = get_type_hints(request), field_texts(request), secret_fields(request)
    # First what the request itself has, then what it takes beside that.
    for field in sorted(attrs.fields(request), key=lambda field: field.name == "extra"):
        limit = limit_of(field)
        reader, is_many = _reader_of(types[field.name])
        yield Input(
            field.name,
            reader,
            is_many,
            is_required=field.default is attrs.NOTHING,
            help=_with_limit(texts.get(field.name, ""), str(limit or "")),
            owner=owner,
            may_be_null=type(None) in get_args(types[field.name]),
            is_secret=field.name in secrets,
            is_content=Base64 in get_args(types[field.name]),
        )


def _of_parameter(call: Call, taken: Parameter, kind: Any) -> Input:
    reader, is_many = _reader_of(kind)
    is_required = taken.default is Parameter.empty
    is_secret = taken.name in secret_fields(call.endpoint.request_type)
    return Input(
        taken.name,
        reader,
        is_many,
        is_required,
        help=_texts_of(call).get(taken.name) or _text_of_content(call, kind),
        is_argument=is_required and taken.kind is not Parameter.KEYWORD_ONLY and not is_secret,
        is_secret=is_secret,
    )


def _texts_of(call: Call) -> Mapping[str, str]:
    """Return what the fields of a call's request are, those of a listing's filter included."""
    request = call.endpoint.request_type
    filters = get_type_hints(request).get("params")
    own = field_texts(request)
    return own | field_texts(filters) if isinstance(filters, type) else own


def _text_of_content(call: Call, kind: Any) -> str:
    """Return what a file is whose content goes into a field of the request; empty for anything else."""
    request = call.endpoint.request_type
    contents = [name for name, part in get_type_hints(request).items() if Base64 in get_args(part)]
    return field_texts(request).get(contents[0], "") if contents and _is_file(kind) else ""


def _with_limit(text: str, limit: str) -> str:
    return text if limit in text else f"{text} {limit[0].upper()}{limit[1:]}.".strip()


# -- texts -----------------------------------------------------------------------------------------------------------


def _reader_of(kind: Any) -> tuple[Reader, bool]:
    """Return how a value of this type is read, and whether there may be many of them."""
    if _is_file(kind):
        return Reader("FILE", str), False
    origin = get_origin(kind)
    options = get_args(kind) if origin in (Union, UnionType) else (kind,)
    wanted = [option for option in options if option not in _NOTHING]
    if len(wanted) == 1 and isinstance(get_origin(wanted[0]), type) and get_origin(wanted[0]) is not Mapping:
        origin = get_origin(wanted[0])
        if issubclass(origin, Iterable) and not issubclass(origin, Mapping):
            return _reader_of(get_args(wanted[0])[0])[0], True
    reader = _single(wanted)
    if Clear not in wanted:
        return reader, False
    return evolve(reader, read=lambda text: CLEAR if text == "" else reader.read(text)), False


def _is_file(kind: Any) -> bool:
    return {*get_args(kind)} - {type(None)} == {*get_args(FileSource)}


def _single(wanted: list[Any]) -> Reader:
    enum = next(
        (kind for kind in wanted if isinstance(kind, type) and issubclass(kind, Enum) and kind is not Clear), None
    )
    if enum is not None:
        return _choice(enum, wanted)
    if datetime in wanted:
        return _time(is_text_allowed=str in wanted)
    request = next((kind for kind in wanted if isinstance(kind, type) and issubclass(kind, Request)), None)
    if request is not None and str in wanted:
        read_object = _request(request)
        return Reader(
            "TEXT|JSON",
            lambda text: read_object(text) if text.startswith("{") else text,
            may_be_shown=False,
            names=_names_in(request),
        )
    if str in wanted:
        return Reader("TEXT", str)
    for kind, reader in _SIMPLE.items():
        if kind in wanted:
            return reader
    if request is None:
        return Reader("JSON", _object, may_be_shown=False)
    return Reader("JSON", _request(request), may_be_shown=False, names=_names_in(request))


def _choice(enum: type[Enum], wanted: list[Any]) -> Reader:
    names = {option_name(member.name.lower()): member for member in enum}
    others: Any = _whole if int in wanted else (str if str in wanted else None)

    def read(text: str) -> Any:
        if (member := names.get(text.lower())) is not None:
            return member
        if others is not None:
            try:
                return others(text)
            except ValueError:
                pass
        raise _Unread(f"one of {', '.join(names)}{', or the number of another' if others is _whole else ''}")

    return Reader("|".join(names), read)


def _time(*, is_text_allowed: bool) -> Reader:
    def read(text: str) -> Any:
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            found = None
        if found is not None and (found.tzinfo is not None or is_text_allowed):
            return found if found.tzinfo is not None else text
        raise _Unread("a time with its zone, such as 2025-01-10T00:00:00+08:00")

    return Reader("TIME", read)


def _whole(text: str) -> int:
    # Python itself refuses thousands of digits; no number of the API has more than 20.
    if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) <= _MOST_DIGITS):
        raise _Unread("a whole number")
    return int(text)


def _number(text: str) -> float:
    with suppress(ValueError):
        # Python reads 1_000 and nan as numbers too.
        if "_" not in text and isfinite(number := float(text)):
            return number
    raise _Unread("a number")


def _truth(text: str) -> bool:
    if text.lower() not in ("yes", "no", "true", "false"):
        raise _Unread("yes or no")
    return text.lower() in ("yes", "true")


def read_json(text: str | bytes) -> Any:
    """Return what a JSON text is; raises ValueError that says where it is wrong, and not how it reads."""
    # Python's own: a whole number of any length stays one, and is refused where the API takes no such number.
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        wrong = f"{error.msg}, line {error.lineno} column {error.colno}"
    except UnicodeDecodeError:
        wrong = "it is not text in UTF-8"
    except RecursionError:
        wrong = "it is nested too deeply"
    raise ValueError(wrong)


def _object(text: str) -> dict[str, Any]:
    try:
        found = read_json(text)
    except ValueError as error:
        raise _Unread(f"a JSON object; this is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise _Unread("a JSON object")
    return found


def _names_in(kind: type[Request]) -> tuple[str, ...]:
    """Return the vendor's names of what an object has that is a value of an option, those that it must have first."""
    fields: Iterable[attrs.Attribute[Any]] = attrs.fields(kind)  # type: ignore[arg-type]  # its classes are all attrs
    by_need = sorted(fields, key=lambda field: field.default is not attrs.NOTHING)
    return tuple(wire_name(field.name) for field in by_need if field.name != "extra")


def _request(kind: type[Request]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return kind.from_dict(_object(text))
        except InvalidRequestError as error:
            raise _Unread(f"a JSON object with the right fields: {error.field}: {error.args[0]}") from None

    return read


_SIMPLE: dict[type[Any], Reader] = {
    bool: Reader("YES|NO", _truth),
    int: Reader("NUMBER", _whole),
    float: Reader("NUMBER", _number),
}


# -- what fields are -------------------------------------------------------------------------------------------------


def field_texts(kind: type[Any]) -> dict[str, str]:
    """Return the first sentences of the docstrings under the fields of a class.

    They stand in its source only, which a frozen program does not have: there it is without them.
    """
    return {name: text for base in reversed(kind.__mro__) if attrs.has(base) for name, text in _own_texts(base).items()}


@cache
def _own_texts(kind: type[Any]) -> dict[str, str]:
    try:
        body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    except (OSError, TypeError):
        return {}
    assert isinstance(body, ast.ClassDef)
    return {
        field.target.id: " ".join(text.value.value.split("\n\n")[0].split()).replace("`", "")
        for field, text in pairwise(body.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
