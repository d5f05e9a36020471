"""The typed calls against what the vendor's pages say: paths, fields, types, limits, codes and secrets."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from importlib import import_module
from types import NoneType
from typing import Any, get_args, get_origin

import attrs
import pytest
from support.any_values import VALUES, classes_in
from support.facts import FACTS, answer_fields, codes_of, is_listing, is_unknown_answer, request_fields
from support.families import all_of

from itnio_async import ENDPOINTS, AsyncClient, Page
from itnio_async.api.paths import FAMILIES, Call, calls, calls_of, codes_of as family_codes, service_of
from itnio_async.codec import Request
from itnio_async.codes import SHARED
from itnio_async.limits import Limit, limit_of
from itnio_async.redaction import secrets_in, without_named_secrets, without_secrets
from itnio_async.values import AS_TEXT, BITS, SECRET, Unset, fields_of, wire_name
from itnio_async.wire import JOINED, MILLISECONDS, form_of

BY_NAME = {str(endpoint): endpoint for endpoint in ENDPOINTS}
EACH = pytest.mark.parametrize("name", BY_NAME)


OPEN_TYPES, OPEN_REQUIRED, OPEN_LIMITS, OPEN_FIELDS, OPEN_ANSWERS, OPEN_ANSWER_TYPES, IN_WORDS = map(
    all_of,
    ("OPEN_TYPES", "OPEN_REQUIRED", "OPEN_LIMITS", "OPEN_FIELDS", "OPEN_ANSWERS", "OPEN_ANSWER_TYPES", "IN_WORDS"),
)
OPEN_PLACES, SAID_ELSEWHERE, SECRETS = map(all_of, ("OPEN_PLACES", "SAID_ELSEWHERE", "SECRETS"))


def test_the_endpoints_are_those_of_the_pages() -> None:
    assert BY_NAME.keys() == FACTS.keys()


# -- the registry -----------------------------------------------------------------------------------------------------

# What a method's first word means, wherever it stands.
VERBS = {
    "add": "Create ",
    "update": ("Change ", "Give ", "Set ", "Replace "),
    "list": "List ",
    "get": "Return ",
    "delete": ("Delete ", "Take "),
    "disable": "Keep ",
    "enable": "Let ",
    "upload": "Store ",
    "create": "Make ",
    "submit": "Create ",
    "resend": ("Call ", "Send "),
    "cancel": "Cancel ",
    "send": ("Send ", "Call "),
    "verify": "Check ",
    "report": "Tell ",
    "reset": "Give ",
    "bind": "Bind ",
    "unbind": "End ",
}


@pytest.mark.parametrize("call", list(calls()), ids=str)
def test_each_call_has_a_method_that_says_what_it_does(call: Call) -> None:
    assert inspect.isfunction(call.method)
    assert call.method is getattr(getattr(AsyncClient, call.family), call.verb)
    assert (call.method.__doc__ or "").startswith(VERBS[call.verb.partition("_")[0]])
    assert "options" in inspect.signature(call.method).parameters
    assert inspect.iscoroutinefunction(call.method) or call.verb.startswith("list")


@pytest.mark.parametrize("family", FAMILIES)
def test_each_method_of_a_service_is_a_call_or_many_of_one(family: str) -> None:
    service = getattr(AsyncClient, family)
    methods = {name for name, _ in inspect.getmembers(service, inspect.isfunction) if name[0] != "_"}
    verbs = {call.verb for call in calls_of(family)}
    many = {name for name in methods if name.endswith("_many")}
    assert methods - many == verbs
    assert {name.removesuffix("_many") for name in many} <= verbs


def test_what_must_not_be_repeated_blindly() -> None:
    assert {str(call) for call in calls() if not call.endpoint.idempotent} == all_of("NOT_REPEATED").keys()


@EACH
def test_each_reason_not_to_repeat_stands_beside_its_endpoint(name: str) -> None:
    endpoint = BY_NAME[name]
    (call, *_) = [call for call in calls() if call.endpoint is endpoint]
    source = inspect.getsource(import_module(service_of(call.family).__module__)).splitlines()
    line = next(number for number, text in enumerate(source) if f'"{endpoint.path}"' in text)
    start = next(number for number in range(line, 0, -1) if re.search(r" = Endpoint\b", source[number]))
    assert endpoint.idempotent or source[start - 1].startswith("#")


# -- requests ---------------------------------------------------------------------------------------------------------


def is_local(attribute: Any) -> bool:
    return "itnio_async.local" in attribute.metadata


def sent_fields(kind: Any, before: str = "") -> dict[str, tuple[Any, Any]]:
    """Return each field that a request sends, also those within others, by its path on the wire."""
    found = {}
    for attribute, part in fields_of(kind):
        if attribute.name == "extra" or is_local(attribute):
            continue
        path = f"{before}{wire_name(attribute.name)}"
        found[path] = (attribute, part)
        for inner in classes_in(part) if not before else ():
            found |= sent_fields(inner, f"{path}.")
    return found


def documented_fields(name: str) -> dict[str, dict[str, Any]]:
    """Return what a page says of each field of a request, by its path: nothing of those that are not in its table."""
    others = {path: {} for endpoint, path in OPEN_FIELDS if endpoint == name}
    return others | dict(request_fields(FACTS[name]))


def members(kind: Any) -> set[Any]:
    """Return the types that a field takes, but for nothing."""
    parts = get_args(kind) if get_origin(kind) not in (list, Mapping) and get_args(kind) else (kind,)
    return {part for part in parts if part not in (type(None), Unset)}


def plain_type(kind: Any) -> Any:
    """Return the plain type whose values those of an enumeration are."""
    plain = (bool, int, float, str, datetime)
    return next((one for one in plain if isinstance(kind, type) and issubclass(kind, one)), kind)


# How the facts call the form of a text, and what it is in Python.
WIRE_FORMS: dict[Any, Any] = {JOINED: ("comma-separated", list[str]), MILLISECONDS: ("epoch-milliseconds", datetime)}


def fits(fact: dict[str, Any], kind: Any, metadata: Any) -> bool:
    """Tell whether what is sent has the type of the page's table."""
    parts = members(kind)
    wanted = fact["type"]
    if form := form_of(metadata):
        form_of_page, in_python = WIRE_FORMS[form]
        return wanted == "String" and fact["format"] == form_of_page and parts == {in_python}
    if fact.get("format") == "comma-separated":
        return False
    if wanted == "Object":
        return all(attrs.has(part) for part in parts)
    if wanted in ("Array", "Map"):
        many = [part for part in parts if get_origin(part) is (list if wanted == "Array" else Mapping)]
        if not many:
            return False
        *_, inner = get_args(many[0])
        # Of a list that the table says nothing about, any.
        return "of" not in fact or fits({"type": fact["of"]}, inner, {})
    plain = set(map(plain_type, parts))
    if wanted in ("Integer", "Long"):
        bits = metadata.get(BITS, 32)
        return AS_TEXT not in metadata and int in plain and bits == (32 if wanted == "Integer" else 64)
    if wanted in ("Boolean", "Double"):
        return plain == {READS[wanted]}
    if int in plain:
        return AS_TEXT in metadata
    return bool(plain & {str, datetime})


@EACH
def test_a_request_has_the_fields_of_its_page(name: str) -> None:
    fields = sent_fields(BY_NAME[name].request_type)
    documented = documented_fields(name)
    assert fields.keys() == documented.keys()
    for path, (attribute, kind) in fields.items():
        fact = documented[path]
        if not fact:
            continue
        if (name, path) in OPEN_TYPES:
            assert not fits(fact, kind, attribute.metadata), "not open any more"
        else:
            assert fits(fact, kind, attribute.metadata), path
        is_required = attribute.default is attrs.NOTHING
        assert is_required == (fact["required"] == "yes" and (name, path) not in OPEN_REQUIRED), path


@EACH
def test_where_the_fields_go(name: str) -> None:
    in_path = BY_NAME[name].names_in_path
    for path, fact in request_fields(FACTS[name]):
        if (name, path, fact.get("in")) in OPEN_PLACES:
            continue
        assert (fact.get("in") == "path") == (path in in_path), path
        assert (fact.get("in") == "query") == (BY_NAME[name].method == "GET" and path not in in_path), path


RANGES = [
    (r"1\.\.N", lambda: (1, None, "")),
    # Of two pages, the newer one's.
    (
        r"([\d.]*\d)\.\.(\d+)(?: (?:seconds|minutes)| \(newer\), [\d.]+ \(older\))?(?:;.*)?",
        lambda a, b: (a, b, ""),
    ),
    (r"(\d+) characters on the newer page; .*", lambda b: (None, b, "characters")),
    (r"at most (\d+) \(newer\) or \d+ \(older\); \d+-\d+ digits each", lambda b: (1, b, "items")),
    (r"(?:IPs, |globally unique, )?(\d+)-(\d+) (?:characters|digits).*", lambda a, b: (a, b, "characters")),
    (r"(\d+)-(\d+)(?: minutes| seconds|, \d+ by default){1,2}", lambda a, b: (a, b, "")),
    (
        r"at most (\d+) (?:characters|letters and digits)(?:, format checked)?(?: \(-\d+\))?",
        lambda b: (0, b, "characters"),
    ),
    (r"at most \d+ characters \((\d+) on the newest page\)", lambda b: (0, b, "characters")),
    (r"(?:mp3, wav or m4a; )?at most (\d+) MB.*", lambda b: (1, b * 2**20, "bytes")),
    (r"at most (\d+) characters; URL-encoded by GET", lambda b: (0, b, "characters")),
    # Of lists the pages say the most, and not of what.
    (r"at most (?:\d+ by GET, )?(\d+)(?: by POST| seconds)?(?:;.*)?", lambda b: (None, b, "")),
    (r"0 by default; at most 50000 results a call", lambda: (0, None, "")),
    (r"at most (\d+) distinct tags of at most (\d+) characters.*", lambda b, _: (None, b, "items")),
]


@EACH
def test_the_limits_are_those_of_the_page(name: str) -> None:
    documented = documented_fields(name)
    for path, (attribute, kind) in sent_fields(BY_NAME[name].request_type).items():
        words = SAID_ELSEWHERE.get((name, path)) or documented[path].get("constraints", "")
        limit = limit_of(attribute)
        if not words or words in IN_WORDS or any(words.startswith(text) for text in IN_WORDS):
            # A list that acts on nothing, no agents at all and an empty file are refused without a word of the page.
            if limit is not None and JOINED is form_of(attribute.metadata):
                limit = limit._replace(each=None, least_code=None)
                limit = None if limit == Limit(unit="items") else limit
            assert (
                limit in (None, Limit(1), Limit(1, unit="items"), Limit(1, unit="bytes")) or limit.form or limit.endings
            ), path
            continue
        words = words.replace(",000", "000")
        found = next((make(*map(float, m.groups())) for text, make in RANGES if (m := re.fullmatch(text, words))), None)
        enums = classes_of_enums(kind)
        if found is None or enums:
            assert enums or (limit is not None and limit.form is not None), (path, words)
            continue
        assert limit is not None, (path, words)
        least, most, unit = found
        is_list = limit.unit == "items"
        # No items at all, and what the page has a code of its own for, are refused besides.
        is_least = limit.least == least or (limit.least == 1 and (limit.least_code or is_list))
        is_unit = limit.unit == unit or (is_list and not unit)
        is_open = (name, path) in OPEN_LIMITS
        assert (is_least and limit.most == most and is_unit) is not is_open, path
        if "digits" in words and not (is_list and classes_in(kind)):
            assert (limit.each or limit).form is not None
        part = re.search(r"must contain (\S+)", words)
        assert limit.part == (part[1] if part else ""), path


def classes_of_enums(kind: Any) -> list[type[Enum]]:
    parts = [part for member in members(kind) for part in (get_args(member) or (member,))]
    parts = [inner for part in parts for inner in (get_args(part) or (part,))]
    return [part for part in parts if isinstance(part, type) and issubclass(part, Enum) and part is not Unset]


@EACH
def test_the_enumerations_have_the_values_of_the_page(name: str) -> None:
    documented = documented_fields(name)
    for path, (_, kind) in sent_fields(BY_NAME[name].request_type).items():
        words = SAID_ELSEWHERE.get((name, path)) or documented[path].get("constraints", "")
        numbers = [int(number) for number in re.findall(r"(?:^|, )(-?\d+) (?!or |as )[a-z]", words)]
        for enum in classes_of_enums(kind):
            if numbers and isinstance(next(iter(enum)).value, int):
                assert sorted(enum) == sorted(numbers), path


# -- answers ----------------------------------------------------------------------------------------------------------

READS = {
    "Integer": int,
    "Long": int,
    "Double": float,
    "String": str,
    "DateTime": str,
    "Boolean": bool,
}


def record_of(name: str) -> Any:
    kind = BY_NAME[name].response_type
    inner: Any = get_args(kind)[0] if get_origin(kind) in (Page, list) else kind
    return inner if attrs.has(inner) else None


@EACH
def test_an_answer_has_the_fields_of_its_page(name: str) -> None:
    fact = FACTS[name]
    record = record_of(name)
    documented = {field["name"]: field for field in answer_fields(fact)}
    assert (get_origin(BY_NAME[name].response_type) is Page) == is_listing(fact)
    if record is None:
        assert not documented
        assert BY_NAME[name].response_type in ((Any, NoneType) if is_unknown_answer(fact) else (NoneType, int, str))
        return
    names = {wire_name(field.name): (field, part) for field, part in fields_of(record) if field.name != "extra"}
    other = {alias for field in documented.values() for alias in field.get("other_names", ())}
    wanted = {known for known in documented if (name, known) not in OPEN_ANSWERS}
    # A table that could not be read to its end may have more.
    assert names.keys() - other == wanted or (is_cut(fact) and wanted < names.keys())
    for known, field in documented.items():
        if known not in names or field["type"] not in READS or (name, known) in OPEN_ANSWER_TYPES:
            continue
        attribute, part = names[known]
        if form_of(attribute.metadata):
            assert fits(field, part, attribute.metadata), known
        else:
            assert READS[field["type"]] in set(map(plain_type, members(part))), known


def inner_objects(name: str) -> dict[str, tuple[Any, dict[str, Any]]]:
    """Return the objects within an answer's record: the class of each, and what the page says of it."""
    record = record_of(name)
    documented = {field["name"]: field for field in answer_fields(FACTS[name])}
    found = {}
    for attribute, kind in fields_of(record) if record is not None else ():
        inner = classes_in(kind)
        if attribute.name != "extra" and inner and wire_name(attribute.name) in documented:
            (part,) = inner
            found[wire_name(attribute.name)] = part, documented[wire_name(attribute.name)]
    return found


@EACH
def test_an_object_within_an_answer_has_the_fields_of_its_page(name: str) -> None:
    for known, (part, said) in inner_objects(name).items():
        names = {wire_name(field.name) for field in attrs.fields(part)} - {"extra"}
        wanted = {field["name"] for field in said.get("items", ())}
        # A class that serves several pages has the fields of all of them, and one page may not have been read whole.
        pages = [other for each in BY_NAME for kind, other in inner_objects(each).values() if kind is part]
        all_wanted = {field["name"] for page in pages for field in page.get("items", ())}
        is_open = any(page.get("items_incomplete") for page in pages)
        assert wanted <= names, known
        assert is_open or names == all_wanted, known


def is_cut(fact: dict[str, Any]) -> bool:
    """Tell whether the table of an answer's fields could not be read to its end."""
    return any(field.get("items_incomplete") for field in fact["response"] if field["name"] == "data")


@EACH
def test_what_the_pages_call_secret_is(name: str) -> None:
    said = {
        path.rpartition(".")[2]
        for path, field in [*request_fields(FACTS[name]), *((f["name"], f) for f in answer_fields(FACTS[name]))]
        if "secret" in field.get("meaning", "")
    }
    said |= {path for endpoint, path in SECRETS if endpoint == name}
    kinds = {*classes_in(BY_NAME[name].request_type), *classes_in(BY_NAME[name].response_type)} - {Page}
    marked = {wire_name(field.name) for kind in kinds for field in attrs.fields(kind) if SECRET in field.metadata}
    assert marked == said


@pytest.mark.parametrize("kind", VALUES)
def test_the_name_of_each_secret_is_known_where_text_is_blanked_out(kind: Any) -> None:
    body = {wire_name(field.name): "hunter2" for field in attrs.fields(kind) if SECRET in field.metadata}
    if issubclass(kind, Request):
        sent = json.dumps(body).encode()
        assert set(secrets_in(sent)) == {*body.values()}
        assert b"hunter2" not in without_named_secrets(sent, of_request=True)
    else:
        assert "hunter2" not in str(without_secrets({"data": body}, ()))


# -- codes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_the_codes_of_a_family_are_those_of_its_pages(family: str) -> None:
    said = set().union(*(codes_of(FACTS[str(call.endpoint)]) for call in calls_of(family)))
    codes = family_codes(family).codes
    assert said <= codes.keys()
    assert codes.keys() - SHARED.codes.keys() <= said
    for call in calls_of(family):
        assert call.endpoint.family.name == family_codes(family).name


def test_the_same_number_means_different_things() -> None:
    assert "agents" in family_codes("agent_groups")[-64].meaning
    assert "password" in family_codes("agents")[-64].meaning
