"""Any JSON in any field of an answer is typed data or our error, and what the checks pass is sent as right JSON."""

from __future__ import annotations

import json
from datetime import datetime
from enum import Enum
from types import NoneType
from typing import Any, get_args, get_origin

import attrs
import orjson
import pytest
from hypothesis import given, strategies as st
from support.any_values import OF_EACH, VALUES, classes_in, values_of
from support.facts import FACTS
from support.scripted import answer

from itnio_async import ENDPOINTS, InvalidRequestError, Page
from itnio_async.api.agent_groups import AgentGroupSettingsUpdate
from itnio_async.api.agents import AgentAdd, AgentFilter, IdBatch
from itnio_async.api.call_records import VoiceCallRecordFilter
from itnio_async.api.call_tasks import CallTaskFilter
from itnio_async.api.team_leaders import TeamLeaderFilter
from itnio_async.codec import Mismatch, Record, Request, check_value, decode, encode
from itnio_async.values import Unset, fields_of, wire_name

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["0", "1", "12", "-16", "true", "", "1.0", "1e3", "9" * 21, "2025-01-10 11:31:21", 2.0, 1e300]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
RECORDS = [kind for kind in VALUES if issubclass(kind, Record)]
REQUESTS = sorted(
    (endpoint for endpoint in ENDPOINTS if attrs.fields(endpoint.request_type)), key=lambda endpoint: endpoint.path
)


def assert_typed(value: Any, kind: Any) -> None:
    """Check a value that was read against the annotation of its field, all the way down."""
    if value is None or kind is Any:
        return
    members = get_args(kind) if get_origin(kind) not in (None, list, Page) else (kind,)
    for member in members:
        if get_origin(member) is list and isinstance(value, list):
            for item in value:
                assert_typed(item, get_args(member)[0])
            return
        if attrs.has(member) and isinstance(value, member):
            for attribute, part in fields_of(member):
                if attribute.name != "extra":
                    assert_typed(getattr(value, attribute.name), part)
            return
        if isinstance(member, type) and isinstance(value, member) and (type(value) is bool) == (member is bool):
            return
    pytest.fail(f"{value!r} is not of {kind}")


def result_or_error(function: Any, *arguments: Any) -> Any:
    """Return what a function gives, or its refusal; any other exception passes."""
    try:
        return function(*arguments)
    except (Mismatch, InvalidRequestError) as error:
        return error


@pytest.mark.parametrize("kind", RECORDS)
@OF_EACH
@given(value=JSON, data=st.data())
def test_any_json_in_any_field_of_a_record(kind: Any, value: Any, data: Any) -> None:
    fields = [wire_name(attribute.name) for attribute in attrs.fields(kind) if attribute.name != "extra"]
    name = data.draw(st.sampled_from([*fields, "unknown"]))
    body = orjson.loads(orjson.dumps({name: value}))
    record = result_or_error(decode, body, kind)
    if isinstance(record, Mismatch):
        assert record.where().startswith(name)
        assert str(record).startswith("expected ")
        return
    assert_typed(record, kind)
    if name == "unknown":
        assert record.extra == body


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
@OF_EACH
@given(value=JSON)
def test_any_json_as_the_whole_of_an_answer(endpoint: Any, value: Any) -> None:
    data = result_or_error(decode, orjson.loads(orjson.dumps(value)), endpoint.response_type)
    if isinstance(data, Mismatch):
        assert str(data).startswith("expected ")
        return
    assert data is None or endpoint.response_type is not NoneType
    if endpoint.response_type in RECORDS:
        assert_typed(data, endpoint.response_type)


# -- requests ---------------------------------------------------------------------------------------------------------


class Strange(str):
    """A text that raises when it is looked at closely."""

    __slots__ = ()

    def isascii(self) -> bool:
        raise RuntimeError("made-up")


class StrangeTime(datetime):
    """A moment as `pandas.NaT` is one."""

    def utcoffset(self) -> Any:
        raise ValueError("made-up")


class StrangeNumber(int):
    def __ge__(self, other: object) -> bool:
        raise TypeError("made-up")

    __le__ = __lt__ = __gt__ = __ge__


class StrangeList(list[Any]):
    def __iter__(self) -> Any:
        raise OSError("made-up")


CIRCLE: dict[str, Any] = {}
CIRCLE["made-up"] = [CIRCLE]
STRANGE = [Strange("made-up"), StrangeTime(2025, 1, 1), StrangeNumber(3), StrangeList([1]), CIRCLE, [CIRCLE], object()]


@pytest.mark.parametrize("value", STRANGE, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("kind", sorted({kind for kind in VALUES if issubclass(kind, Request)}, key=str))
def test_what_raises_when_it_is_looked_at_is_refused_by_its_place(kind: Any, value: Any) -> None:
    for name in {attribute.name for attribute in attrs.fields(kind)} - {"extra", "direction"}:
        with pytest.raises(InvalidRequestError) as refused:
            check_value(name, value, kind)
        assert refused.value.field.startswith(name)
        assert "made-up" not in f"{refused.value!r} {refused.value.__context__!r}"


@pytest.mark.parametrize("value", STRANGE, ids=lambda value: type(value).__name__)
def test_what_raises_when_it_is_looked_at_is_refused_beside_the_fields(value: Any) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        encode(AgentAdd(voice_group_id=1, size=1, extra={"a": value}), AgentAdd)
    assert refused.value.field.startswith("extra")


async def test_an_item_that_raises_when_it_is_looked_at_does_not_end_a_run(scripted: Any) -> None:
    client, _ = scripted(answer(data=[]), answer(data=[]))
    items = [AgentAdd(voice_group_id=1, size=1, extra={"a": value}) for value in (1, CIRCLE, Strange("made-up"), 2)]
    assert [outcome.ok async for outcome in client.agents.add_many(items, ordered=True)] == [True, False, False, True]


WIRE = {
    "String": {str},
    "Integer": {int},
    "Long": {int},
    "Double": {int, float},
    "Boolean": {bool},
    "DateTime": {str},
    "Array": {list},
    "Object": {dict},
}


def assert_fits_the_page(sent: dict[str, Any], fields: list[dict[str, Any]]) -> None:
    """Check what is sent against the page's table: its names, its types, and what is required."""
    known = {field["name"]: field for field in fields}
    assert {name for name, field in known.items() if field["required"] == "yes"} - OPTIONAL <= sent.keys()
    for name, value in sent.items():
        field = known[name]
        # Where the sample has another type than the table, and the table's is impossible, the sample's is sent.
        kinds = set().union(*(WIRE[field[key]] for key in ("type", "sample_type") if key in field))
        assert value is None or type(value) in kinds, name
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                assert_fits_the_page(item, field.get("items", []))
            elif "of" in field:
                assert value is None or type(item) in WIRE[field["of"]], name


OPTIONAL = {"strTime", "endTime"}


def mostly(kind: Any) -> st.SearchStrategy[Any]:
    """Values as the class annotates them, without what it does not know; now and then one of another type."""
    wrong = (
        st.none() | st.booleans() | st.integers(-2, 2**40) | st.text(max_size=60) | st.lists(st.integers(), max_size=2)
    )

    def part(attribute: Any, annotated: Any) -> st.SearchStrategy[Any]:
        if attribute.name == "extra":
            return st.just({})
        inner = [one for one in classes_in(annotated) if issubclass(one, Request)]
        right = mostly(inner[0]) if inner else values_of(annotated)
        if inner and any(get_origin(member) is list for member in (annotated, *get_args(annotated))):
            right = st.lists(right, min_size=1, max_size=2)
        return st.one_of(right, right, right, right, wrong)

    fields = {attribute.name: part(attribute, annotated) for attribute, annotated in fields_of(kind)}
    return st.fixed_dictionaries(fields).map(lambda given: kind(**given))


@pytest.mark.parametrize("endpoint", REQUESTS, ids=str)
@OF_EACH
@given(data=st.data())
def test_what_the_checks_pass_is_right_json_by_its_page(endpoint: Any, data: Any) -> None:
    request = data.draw(mostly(endpoint.request_type))
    refused = result_or_error(endpoint.check, request) if endpoint.check is not None else None
    content = refused or result_or_error(encode, request, endpoint.request_type)
    if isinstance(content, InvalidRequestError):
        assert content.field
        return
    assert_fits_the_page(json.loads(content), FACTS[str(endpoint)]["request"])


@pytest.mark.parametrize("endpoint", REQUESTS, ids=str)
@OF_EACH
@given(data=st.data())
def test_a_request_comes_through_its_plain_data(endpoint: Any, data: Any) -> None:
    """What the checks pass is sent alike after the way to JSON data and back, as files and the command go it."""
    request = data.draw(values_of(endpoint.request_type))
    try:
        content = encode(request, endpoint.request_type)
    except InvalidRequestError:
        return
    back = endpoint.request_type.from_dict(request.to_dict(secrets=True))
    assert json.loads(encode(back, endpoint.request_type)) == json.loads(content)


@pytest.mark.parametrize(
    "kind",
    [AgentGroupSettingsUpdate, AgentFilter, TeamLeaderFilter, CallTaskFilter, IdBatch],
    ids=lambda kind: kind.__name__,
)
def test_a_closed_enumeration_takes_its_members_only(kind: Any) -> None:
    found = 0
    for attribute, annotated in fields_of(kind):
        parts = [part for part in get_args(annotated) or (annotated,) if part not in (NoneType, Unset)]
        enums = [part for part in parts if isinstance(part, type) and issubclass(part, Enum)]
        if len(enums) == len(parts) == 1:
            found += 1
            for bare in (next(iter(enums[0])).value, True, "0"):
                with pytest.raises(InvalidRequestError, match=f"such as|{enums[0].__name__}") as refused:
                    check_value(attribute.name, bare, kind)
                assert refused.value.field == attribute.name
            for member in enums[0]:
                check_value(attribute.name, member, kind)
    assert found


def test_a_moment_without_a_zone_is_refused() -> None:
    moment = datetime(2022, 1, 1)
    with pytest.raises(InvalidRequestError, match="datetime with its zone, got one without") as refused:
        encode(VoiceCallRecordFilter(str_time=moment, end_time=moment), VoiceCallRecordFilter)
    assert refused.value.field == "str_time"
