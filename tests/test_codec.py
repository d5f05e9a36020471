"""Requests are strict and name their wrong field; answers take any lossless form, and nothing but our error else."""

import json
import math
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple, TypedDict

import attrs
import orjson
import pytest
from hypothesis import example, given, settings, strategies as st
from support.values import shown

from itnio_async import (
    UNSET,
    BoundGroup,
    GroupBinding,
    InvalidRequestError,
    Page,
    SipTrunk,
    SipTrunkAdd,
    SipTrunkUpdate,
    TrunkDirection,
)
from itnio_async.api.sip_trunks import SipTrunkFilter, SipTrunkQuery
from itnio_async.codec import Mismatch, decode, encode, json_bytes, read_int
from itnio_async.values import Secret, wire_name

# Other programs run on the machine: how long an example takes says nothing.
relaxed = settings(deadline=None)

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(
        ["0", "1", "12", "-16", "true", "false", "True", "", " ", "1.0", "1e3", "9" * 21, "***", 2.0, 1e300]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
FIELDS = {
    SipTrunk: [wire_name(field.name) for field in attrs.fields(SipTrunk) if field.name != "extra"],
    BoundGroup: [wire_name(field.name) for field in attrs.fields(BoundGroup) if field.name != "extra"],
    Page[SipTrunk]: [wire_name(field.name) for field in attrs.fields(Page) if field.name != "extra"],
}
TRUNK = {
    "keyId": 5000028,
    "sipGatewayIp": "12.325.353.2",
    "sipWhiteIp": None,
    "type": 1,
    "state": 1,
    "sipTrunkName": "22232",
    "sipPrefix": None,
    "ccIp": "0000.000.0.00",
    "createTime": "2025-01-10 11:31:21",
    "groupList": [{"voiceGroupId": 1000026, "groupName": "a", "number": "8613800138000"}],
}
PAGE = {"total": 1, "size": 50, "current": 1, "searchCount": True, "pages": 1, "records": [TRUNK]}


# -- answers: any JSON in the place of any field ----------------------------------------------------------------------


def result_or_error(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function gives, or its refusal; any other exception passes."""
    try:
        return function(*arguments)
    except (Mismatch, InvalidRequestError) as error:
        return error


def as_on_the_wire(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value))


def assert_typed(value: Any, kind: Any) -> None:
    """Check a decoded value against the annotations of its class, all the way down."""
    if kind == "direction":
        assert value is None or type(value) in (int, TrunkDirection)
    elif isinstance(kind, type):
        assert value is None or type(value) is kind
    elif value is not None:
        assert isinstance(value, list)
        for item in value:
            assert_record(item, kind)


def assert_record(record: Any, kinds: Any) -> None:
    names = [field.name for field in attrs.fields(type(record)) if field.name != "extra"]
    assert names == list(kinds)
    for name in names:
        assert_typed(getattr(record, name), kinds[name])


GROUP_KINDS = {"voice_group_id": int, "group_name": str, "number": str}
TRUNK_KINDS = {
    "key_id": int,
    "type": "direction",
    "state": int,
    "sip_trunk_name": str,
    "sip_prefix": str,
    "group_list": GROUP_KINDS,
    "sip_gateway_ip": str,
    "sip_white_ip": str,
    "sip_trunk_state": bool,
    "sip_account": str,
    "sip_password": Secret,
    "cc_ip": str,
    "create_time": str,
    "update_time": str,
}
PAGE_KINDS = {"records": TRUNK_KINDS, "total": int, "size": int, "current": int, "pages": int}


@relaxed
@given(value=JSON_VALUES, data=st.data())
def test_any_json_in_the_place_of_a_trunks_field_is_data_or_a_mismatch_with_its_path(value: Any, data: Any) -> None:
    name = data.draw(st.sampled_from(FIELDS[SipTrunk]))
    page = as_on_the_wire({**PAGE, "records": [TRUNK, {**TRUNK, name: value}]})
    decoded = result_or_error(decode, page, Page[SipTrunk])
    if isinstance(decoded, Mismatch):
        assert decoded.where().startswith(f"records[1].{name}")
    else:
        assert_record(decoded, PAGE_KINDS)


@relaxed
@given(value=JSON_VALUES, name=st.sampled_from(FIELDS[BoundGroup]))
def test_any_json_in_the_place_of_a_groups_field(value: Any, name: str) -> None:
    record = as_on_the_wire({**TRUNK, "groupList": [{}, {name: value}]})
    decoded = result_or_error(decode, record, SipTrunk)
    if isinstance(decoded, Mismatch):
        assert decoded.where() == f"groupList[1].{name}"
    else:
        assert_record(decoded, TRUNK_KINDS)


@relaxed
@given(value=JSON_VALUES, name=st.sampled_from(FIELDS[Page[SipTrunk]]))
def test_any_json_in_the_place_of_a_pages_field(value: Any, name: str) -> None:
    decoded = result_or_error(decode, as_on_the_wire({**PAGE, name: value}), Page[SipTrunk])
    if isinstance(decoded, Mismatch):
        assert decoded.where().startswith(name)
    else:
        assert_record(decoded, PAGE_KINDS)


@relaxed
@given(value=JSON_VALUES, kind=st.sampled_from([Page[SipTrunk], SipTrunk, BoundGroup, int, None]))
@example(value={"<extra>": 1}, kind=SipTrunk)
@example(value={"extra": 1}, kind=SipTrunk)
def test_any_json_as_the_whole_data(value: Any, kind: Any) -> None:
    decoded = result_or_error(decode, as_on_the_wire(value), kind)
    if isinstance(decoded, Mismatch):
        assert str(decoded).startswith("expected ")
    elif kind is None:
        assert decoded is None
    elif kind is int:
        assert decoded is None or type(decoded) is int
    else:
        assert_record(decoded, {Page[SipTrunk]: PAGE_KINDS, SipTrunk: TRUNK_KINDS, BoundGroup: GROUP_KINDS}[kind])


@relaxed
@given(st.text("0123456789", min_size=12, max_size=30))
def test_a_mismatch_tells_the_type_and_never_the_value(secret: str) -> None:
    with pytest.raises(Mismatch) as caught:
        decode({"sipPassword": [secret]}, SipTrunk)
    assert secret not in str(caught.value)
    assert str(caught.value) == "expected a string, got an array"
    with pytest.raises(InvalidRequestError) as refused:
        encode(attrs.evolve(UPDATE, sip_password=[secret]), SipTrunkUpdate)
    assert secret not in str(refused.value)
    assert secret not in repr(refused.value)


# -- answers: the lossless forms --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        (12, 12),
        ("12", 12),
        ("-12", -12),
        (12.0, 12),
        (-0.0, 0),
        ("0", 0),
        (2**63, 2**63),
        (str(2**64), 2**64),
        (None, None),
        ("", None),
    ],
)
def test_whole_numbers_in_forms_that_lose_nothing(value: Any, meaning: int | None) -> None:
    decoded = decode({"keyId": value}, SipTrunk).key_id
    assert decoded == meaning
    assert type(decoded) in (int, type(None))


@pytest.mark.parametrize(
    "value",
    [
        True,
        False,
        1.5,
        "1.5",
        "1.0",
        " ",
        " 12",
        "12 ",
        "+12",
        "1_2",
        "0x1",
        "١٢",
        "1e3",
        "9" * 21,
        2.0**54,
        math.inf,
        math.nan,
        [],
        {},
        [12],
    ],
)
def test_what_is_no_whole_number_without_loss_is_refused(value: Any) -> None:
    with pytest.raises(Mismatch, match="expected an integer"):
        decode({"keyId": value}, SipTrunk)
    with pytest.raises(Mismatch):
        read_int(value)


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        (True, True),
        (False, False),
        (1, True),
        (0, False),
        ("true", True),
        ("false", False),
        ("1", True),
        ("0", False),
        (None, None),
        ("", None),
    ],
)
def test_truths_in_forms_that_lose_nothing(value: Any, meaning: bool | None) -> None:
    assert decode({"sipTrunkState": value}, SipTrunk).sip_trunk_state is meaning


@pytest.mark.parametrize("value", [2, -1, 1.0, 0.0, "yes", "True ", " ", "null", [], [True], {}])
def test_what_is_no_truth_is_refused(value: Any) -> None:
    with pytest.raises(Mismatch, match="expected a boolean") as caught:
        decode({"sipTrunkState": value}, SipTrunk)
    assert caught.value.where() == "sipTrunkState"


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        ("", ""),
        ("é\0", "é\0"),
        (12, "12"),
        (2**64 - 1, str(2**64 - 1)),
        (0.0, "0.0"),
        (-1.5, "-1.5"),
        (0.0123, "0.0123"),
        (1e-05, "0.00001"),
        (None, None),
    ],
)
def test_text_in_forms_that_lose_nothing(value: Any, meaning: str | None) -> None:
    decoded = decode({"sipTrunkName": value}, SipTrunk).sip_trunk_name
    assert decoded == meaning
    assert type(decoded) in (str, type(None))


@pytest.mark.parametrize("value", [1e22, -(2.0**53), math.inf, math.nan, True, [], {}, ["a"]])
def test_what_is_no_text_without_loss_is_refused(value: Any) -> None:
    with pytest.raises(Mismatch, match="expected a string"):
        decode({"sipTrunkName": value}, SipTrunk)


@relaxed
@given(st.dictionaries(st.sampled_from(FIELDS[SipTrunk]), st.none()))
def test_null_and_absence_are_both_none(nulls: dict[str, None]) -> None:
    decoded = decode(nulls, SipTrunk)
    assert decoded == SipTrunk()
    assert all(getattr(decoded, field.name) is None for field in attrs.fields(SipTrunk) if field.name != "extra")


@pytest.mark.parametrize("data", [None, {}, [], "", [{}], [None], {"records": None}, {"records": ""}, {"records": {}}])
def test_a_page_without_anything_is_an_empty_page(data: Any) -> None:
    page = decode(data, Page[SipTrunk])
    assert len(page) == 0
    assert list(page) == []
    assert page.total is None


def test_an_object_may_stand_for_a_list_of_one_and_the_other_way_round() -> None:
    (trunk,) = decode([PAGE | {"records": TRUNK | {"groupList": {"voiceGroupId": "7"}}}], Page[SipTrunk])
    assert trunk.group_list == [BoundGroup(voice_group_id=7)]
    with pytest.raises(Mismatch):
        decode([PAGE, PAGE], Page[SipTrunk])


def test_an_object_without_anything_is_a_list_without_anything() -> None:
    assert decode({"records": {}}, Page[SipTrunk]).records == []
    assert decode({"groupList": {}}, SipTrunk).group_list == []


@pytest.mark.parametrize(
    ("value", "meaning"),
    [(1, TrunkDirection.OUTBOUND), ("2", TrunkDirection.INBOUND), (3, 3), ("77", 77), (-1, -1), (None, None)],
)
def test_enums_are_open(value: Any, meaning: Any) -> None:
    decoded = decode({"type": value}, SipTrunk).type
    assert decoded == meaning
    assert type(decoded) is type(meaning)


@relaxed
@given(extra=st.dictionaries(st.text(max_size=8), JSON_VALUES, max_size=4))
def test_unknown_keys_are_kept_in_extra_apart_from_the_value(extra: dict[str, Any]) -> None:
    extra = as_on_the_wire({key: value for key, value in extra.items() if key not in FIELDS[SipTrunk]})
    trunk = decode(TRUNK | extra, SipTrunk)
    assert dict(trunk.extra) == extra
    assert list(trunk.extra) == list(extra)
    assert trunk == decode(TRUNK, SipTrunk)
    assert repr(trunk) == repr(decode(TRUNK, SipTrunk))
    copy = pickle.loads(pickle.dumps(trunk))
    assert copy == trunk
    assert copy.extra == trunk.extra


@pytest.mark.parametrize("level", ["page", "trunk", "group"])
def test_extra_exists_at_every_level_and_cannot_be_changed(level: str) -> None:
    data = PAGE | {"new": 1, "records": [TRUNK | {"new": 1, "groupList": [{"new": 1}]}]}
    page = decode(data, Page[SipTrunk])
    holder = {"page": page, "trunk": page.records[0], "group": page.records[0].group_list[0]}[level]
    assert holder.extra["new"] == 1
    with pytest.raises(TypeError):
        holder.extra["new"] = 2
    with pytest.raises(TypeError):
        del holder.extra["new"]
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        holder.extra = {}


@dataclass
class Bird:
    name: str


@dataclass
class Refusing:
    name: str = ""

    def __post_init__(self) -> None:
        raise LookupError("hush")


class Pair(NamedTuple):
    first: int
    second: int


class Named(TypedDict):
    name: str


@pytest.mark.parametrize("kind", [Bird, Refusing, Pair, Named, dict[str, int], tuple[int, int], list[Bird]])
@given(data=JSON_VALUES | st.fixed_dictionaries({"name": st.integers() | st.text()}))
def test_an_answer_for_a_class_that_is_not_ours_is_data_or_a_mismatch(kind: Any, data: Any) -> None:
    try:
        decode(data, kind)
    except Mismatch as mismatch:
        assert "hush" not in str(mismatch)  # noqa: PT017 - that it is raised is not certain


def test_a_mismatch_of_a_class_that_is_not_ours_names_it() -> None:
    with pytest.raises(Mismatch, match=r"^expected data that Bird takes, got an object with which it raises KeyError$"):
        decode({}, Bird)


def test_the_answers_own_data_is_left_as_it_was() -> None:
    data = as_on_the_wire(PAGE)
    decode(data, Page[SipTrunk])
    assert data == PAGE


def test_a_password_of_a_listing_is_not_shown() -> None:
    trunk = decode({"sipPassword": "hunter2", "sipPasswordNew": "hunter3"}, SipTrunk)
    assert "hunter" not in repr(trunk)
    assert "hunter" not in repr(trunk.extra)
    assert trunk.sip_password == "hunter2"


# -- requests ---------------------------------------------------------------------------------------------------------

UPDATE = SipTrunkUpdate(
    key_id=1,
    sip_trunk_name="22232",
    group_list=[GroupBinding(voice_group_id=1000026)],
    sip_gateway_ip="12.325.353.2",
    sip_trunk_state=False,
)
ADD = SipTrunkAdd(
    type=TrunkDirection.OUTBOUND,
    sip_trunk_name="22232",
    group_list=[GroupBinding(voice_group_id=1000026)],
    sip_gateway_ip="12.325.353.2",
    sip_trunk_state=False,
)
QUERY = SipTrunkQuery(current=1, size=15, params=SipTrunkFilter(type=1, sip_trunk_name="12"))


def test_the_vendors_samples_are_what_is_sent() -> None:
    assert json.loads(encode(UPDATE, SipTrunkUpdate)) == {
        "keyId": 1,
        "groupList": [{"voiceGroupId": 1000026}],
        "sipTrunkName": "22232",
        "sipGatewayIp": "12.325.353.2",
        "sipTrunkState": False,
    }
    assert json.loads(encode(ADD, SipTrunkAdd)) == {
        "groupList": [{"voiceGroupId": 1000026}],
        "type": 1,
        "sipTrunkName": "22232",
        "sipGatewayIp": "12.325.353.2",
        "sipTrunkState": False,
    }
    assert json.loads(encode(QUERY, SipTrunkQuery)) == {
        "current": 1,
        "size": 15,
        "params": {"type": 1, "sipTrunkName": "12"},
    }


def test_a_query_without_filters_has_params_all_the_same() -> None:
    empty = SipTrunkQuery(current=1, size=100, params=SipTrunkFilter())
    assert encode(empty, SipTrunkQuery) == b'{"current":1,"size":100,"params":{}}'


OPTIONAL = ["sip_prefix", "sip_gateway_ip", "sip_white_ip", "sip_account", "sip_password"]


@pytest.mark.parametrize("name", OPTIONAL)
@pytest.mark.parametrize(("request_", "kind"), [(UPDATE, SipTrunkUpdate), (ADD, SipTrunkAdd)])
def test_unset_is_left_out_and_none_is_sent_as_null(request_: Any, kind: type, name: str) -> None:
    assert wire_name(name) not in json.loads(encode(attrs.evolve(request_, **{name: UNSET}), kind))
    assert json.loads(encode(attrs.evolve(request_, **{name: None}), kind))[wire_name(name)] is None
    assert json.loads(encode(attrs.evolve(request_, **{name: ""}), kind))[wire_name(name)] == ""


def test_a_groups_number_may_be_left_out_null_or_text() -> None:
    groups = [
        GroupBinding(voice_group_id=1),
        GroupBinding(voice_group_id=2, number=None),
        GroupBinding(voice_group_id=3, number="7"),
    ]
    sent = json.loads(encode(attrs.evolve(UPDATE, group_list=groups), SipTrunkUpdate))["groupList"]
    assert sent == [{"voiceGroupId": 1}, {"voiceGroupId": 2, "number": None}, {"voiceGroupId": 3, "number": "7"}]


@pytest.mark.parametrize("direction", [1, 2, None, UNSET, TrunkDirection.INBOUND, "nonsense"])
def test_direction_is_never_sent(direction: Any) -> None:
    assert b"irection" not in encode(attrs.evolve(UPDATE, direction=direction), SipTrunkUpdate)


def test_a_tuple_is_a_list() -> None:
    changed = attrs.evolve(UPDATE, group_list=(GroupBinding(voice_group_id=1000026),))
    assert encode(changed, SipTrunkUpdate) == encode(UPDATE, SipTrunkUpdate)


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "something else"


class Name(StrEnum):
    MAIN = "main"


class Number(IntEnum):
    SEVEN = 7


class Float(float):
    pass


@pytest.mark.parametrize(
    ("changes", "sent"),
    [
        ({"sip_trunk_name": Text("kept")}, "kept"),
        ({"sip_trunk_name": Name.MAIN}, "main"),
        ({"sip_trunk_name": "é\0\n\U0001f600"}, "é\0\n\U0001f600"),
        ({"key_id": Number.SEVEN}, 7),
        ({"key_id": 2**31 - 1}, 2**31 - 1),
        ({"key_id": -(2**31)}, -(2**31)),
    ],
)
def test_subclasses_and_extremes_are_sent_as_what_they_are(changes: dict[str, Any], sent: Any) -> None:
    (name,) = changes
    assert json.loads(encode(attrs.evolve(UPDATE, **changes), SipTrunkUpdate))[wire_name(name)] == sent


NO_TEXT = [1, True, 1.5, b"bytes", ["a"], {}, object(), "\ud800", "a\udfff", ..., Number.SEVEN]
NO_INTEGER = ["1", True, False, 1.0, 1.9, math.nan, math.inf, None, b"1", [1], {}, 2**64, -(2**63) - 1, 10**400, ...]
NO_TRUTH = [0, 1, "true", "", None, 1.0, [], ...]
REQUIRED_TEXT = [*NO_TEXT, None, UNSET]


@pytest.mark.parametrize(
    ("request_", "kind", "name", "values"),
    [
        (UPDATE, SipTrunkUpdate, "key_id", [*NO_INTEGER, UNSET]),
        (UPDATE, SipTrunkUpdate, "sip_trunk_name", REQUIRED_TEXT),
        (UPDATE, SipTrunkUpdate, "sip_trunk_state", [*NO_TRUTH, UNSET]),
        (
            UPDATE,
            SipTrunkUpdate,
            "group_list",
            [None, UNSET, 1, "ab", {}, {1}, iter([]), GroupBinding(voice_group_id=1)],
        ),
        *((UPDATE, SipTrunkUpdate, name, NO_TEXT) for name in OPTIONAL),
        (ADD, SipTrunkAdd, "type", [*NO_INTEGER, UNSET]),
        (ADD, SipTrunkAdd, "sip_trunk_name", REQUIRED_TEXT),
        (ADD, SipTrunkAdd, "sip_trunk_state", [*NO_TRUTH, UNSET]),
        (ADD, SipTrunkAdd, "group_list", [None, UNSET, 1, "ab", {}]),
        *((ADD, SipTrunkAdd, name, NO_TEXT) for name in OPTIONAL),
        (QUERY, SipTrunkQuery, "current", [*NO_INTEGER, UNSET]),
        (QUERY, SipTrunkQuery, "size", [*NO_INTEGER, UNSET]),
        (QUERY, SipTrunkQuery, "params", [None, {}, UNSET, GroupBinding(voice_group_id=1)]),
    ],
)
def test_a_wrong_type_in_any_field_is_refused_with_the_fields_name(
    request_: Any, kind: type, name: str, values: list[Any]
) -> None:
    for value in values:
        with pytest.raises(InvalidRequestError) as caught:
            encode(attrs.evolve(request_, **{name: value}), kind)
        assert caught.value.field == name, value
        assert caught.value.may_have_been_processed is False


@pytest.mark.parametrize(
    ("group", "field"),
    [
        *((GroupBinding(voice_group_id=value), "group_list[1].voice_group_id") for value in [*NO_INTEGER, UNSET]),
        *((GroupBinding(voice_group_id=1, number=value), "group_list[1].number") for value in NO_TEXT),
        *((value, "group_list[1]") for value in [None, {}, {"voiceGroupId": 1}, 1, "a", GroupBinding, BoundGroup()]),
    ],
    ids=shown,
)
def test_a_wrong_type_in_a_group_is_refused_with_its_place(group: Any, field: str) -> None:
    wrong = attrs.evolve(UPDATE, group_list=[GroupBinding(voice_group_id=1), group])
    with pytest.raises(InvalidRequestError) as caught:
        encode(wrong, SipTrunkUpdate)
    assert caught.value.field == field


@pytest.mark.parametrize(("name", "values"), [("type", NO_INTEGER), ("sip_trunk_name", [*NO_TEXT, None])])
def test_a_wrong_type_in_a_filter_is_refused_with_its_place(name: str, values: list[Any]) -> None:
    for value in values:
        wrong = attrs.evolve(QUERY, params=SipTrunkFilter(**{name: value}))
        with pytest.raises(InvalidRequestError) as caught:
            encode(wrong, SipTrunkQuery)
        assert caught.value.field == f"params.{name}", value


class Incomparable:
    """As pandas.NA: whether it equals something cannot be asked."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> Any:
        return self

    def __bool__(self) -> bool:
        raise TypeError("boolean value of NA is ambiguous")


@pytest.mark.parametrize(
    ("request_", "kind"), [(UPDATE, SipTrunkUpdate), (ADD, SipTrunkAdd), (SipTrunkFilter(), SipTrunkFilter)]
)
def test_an_object_that_cannot_be_compared_is_refused_by_name(request_: Any, kind: type) -> None:
    for field in attrs.fields(kind):
        if field.name != "direction":
            with pytest.raises(InvalidRequestError) as caught:
                encode(attrs.evolve(request_, **{field.name: Incomparable()}), kind)
            assert caught.value.field == field.name


ODD_OBJECTS = st.one_of(
    JSON_VALUES,
    st.binary(),
    st.integers(),
    st.floats(),
    st.text(st.characters(exclude_categories=())),
    st.complex_numbers(),
    st.tuples(st.integers()),
    st.frozensets(st.integers()),
    st.builds(set),
    st.builds(object),
    st.sampled_from(
        [
            UNSET,
            ...,
            NotImplemented,
            int,
            Number.SEVEN,
            Name.MAIN,
            Text("x"),
            Float(1.0),
            range(3),
            len,
            GroupBinding,
            Incomparable(),
        ]
    ),
)


@relaxed
@given(value=ODD_OBJECTS, data=st.data())
def test_any_object_in_any_field_is_sent_exactly_or_refused_with_its_place(value: Any, data: Any) -> None:
    request_, kind = data.draw(st.sampled_from([(UPDATE, SipTrunkUpdate), (ADD, SipTrunkAdd), (QUERY, SipTrunkQuery)]))
    name = data.draw(st.sampled_from([field.name for field in attrs.fields(kind)]))
    sent = result_or_error(encode, attrs.evolve(request_, **{name: value}), kind)
    if isinstance(sent, InvalidRequestError):
        assert sent.field is not None
        assert sent.field.startswith(name)
        return
    decoded = json.loads(sent)
    if name == "direction" or value is UNSET:
        assert wire_name(name) not in decoded
    elif name == "extra":
        assert decoded == json.loads(encode(request_, kind)) | value
    elif isinstance(value, tuple):
        assert decoded[wire_name(name)] == list(value)
    else:
        assert decoded[wire_name(name)] == value


@attrs.frozen
class Measure:
    amount: float
    other: float | None = None


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (1.5, b"1.5"),
        (5, b"5"),
        (Float(2.5), b"2.5"),
        (Number.SEVEN, b"7"),
        (-0.0, b"-0.0"),
        (2**53, b"9007199254740992"),
    ],
)
def test_numbers_with_a_fraction_are_sent(value: Any, sent: bytes) -> None:
    assert encode(Measure(value), Measure) == b'{"amount":%b,"other":null}' % sent


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, Float("nan"), True, "1.5", None, 2**64, 10**400, -(10**400)]
)
def test_what_is_no_finite_number_of_64_bits_is_refused(value: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        encode(Measure(value), Measure)
    assert caught.value.field == "amount"


@pytest.mark.parametrize(("value", "meaning"), [(1.5, 1.5), (2, 2.0), ("2.5", 2.5), ("-3", -3.0), ("1e3", 1000.0)])
def test_numbers_of_answers_in_forms_that_lose_nothing(value: Any, meaning: float) -> None:
    decoded = decode({"amount": value}, Measure)
    assert decoded.amount == meaning
    assert type(decoded.amount) is float


@pytest.mark.parametrize("value", ["", "nan", "inf", "1e999", "1,5", True, [], {}])
def test_what_is_no_number_in_an_answer_is_refused(value: Any) -> None:
    with pytest.raises(Mismatch, match="expected a number"):
        decode({"amount": value}, Measure)


# -- untyped JSON -----------------------------------------------------------------------------------------------------


@relaxed
@given(JSON_VALUES)
def test_untyped_json_goes_out_unchanged(value: Any) -> None:
    assert orjson.loads(json_bytes(value)) == value


@pytest.mark.parametrize("value", [Float(1.5), Number.SEVEN, Name.MAIN, Text("kept"), (1, 2)])
def test_untyped_json_takes_subclasses_for_what_they_are(value: Any) -> None:
    plain = {Float: 1.5, Number: 7, Name: "main", Text: "kept", tuple: [1, 2]}[type(value)]
    assert orjson.loads(json_bytes({"a": value})) == {"a": plain}


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (math.nan, "json"),
        ({"a": math.inf}, "json.a"),
        ({"a": [1, {"b": {1}}]}, "json.a[1].b"),
        ([1, object()], "json[1]"),
        ([[2**64]], "json[0][0]"),
        ({"a": {1: 2}}, "json.a"),
        ({1: 2}, "json"),
        ({"\ud800": 1}, "json"),
        ({"a": "\ud800"}, "json.a"),
        ({"a": UNSET}, "json.a"),
        ({"a": b"x"}, "json.a"),
        ({"a": UPDATE}, "json.a"),
    ],
)
def test_untyped_data_that_is_no_json_is_refused_with_its_place(value: Any, field: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        json_bytes(value)
    assert caught.value.field == field


@relaxed
@given(ODD_OBJECTS)
def test_untyped_data_is_json_or_refused(value: Any) -> None:
    sent = result_or_error(json_bytes, {"a": value})
    if isinstance(sent, InvalidRequestError):
        assert sent.field is not None
    else:
        assert json.loads(sent).keys() == {"a"}


def nested(depth: int, wrap: Any) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = wrap(value)
    return value


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"a": inner}], ids=["lists", "objects"])
@pytest.mark.parametrize("depth", [300, 5_000])
def test_data_that_is_nested_too_deeply_is_refused(depth: int, wrap: Any) -> None:
    with pytest.raises(InvalidRequestError, match="nested too deeply"):
        json_bytes(nested(depth, wrap))


def test_data_that_refers_to_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(InvalidRequestError, match="refers to itself"):
        json_bytes(loop)


@pytest.mark.parametrize(
    ("name", "wire"),
    [("key_id", "keyId"), ("sip_white_ip", "sipWhiteIp"), ("type", "type"), ("cc_ip", "ccIp"), ("records", "records")],
)
def test_the_vendors_names(name: str, wire: str) -> None:
    assert wire_name(name) == wire
