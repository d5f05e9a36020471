"""What is refused before sending, with the vendor's code and the field, and how a listed trunk becomes an update."""

import copy
import itertools
import json
import pickle
from types import NoneType
from typing import Any

import attrs
import pytest
from hypothesis import example, given, settings, strategies as st

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
from itnio_async.api.paths import calls_of
from itnio_async.api.sip_trunks import ADD, LIST, UPDATE, SipTrunkFilter, SipTrunkQuery
from itnio_async.codec import converter, encode
from itnio_async.values import wire_name

OUT, IN = TrunkDirection.OUTBOUND, TrunkDirection.INBOUND

# The vendor's own samples.
UPDATE_SAMPLE = SipTrunkUpdate(
    key_id=1,
    sip_trunk_name="22232",
    group_list=[GroupBinding(voice_group_id=1000026)],
    sip_gateway_ip="12.325.353.2",
    sip_trunk_state=False,
)
ADD_SAMPLE = SipTrunkAdd(
    type=OUT,
    sip_trunk_name="22232",
    group_list=[GroupBinding(voice_group_id=1000026)],
    sip_gateway_ip="12.325.353.2",
    sip_trunk_state=False,
)
NUMBERED = [GroupBinding(voice_group_id=1, number="8613800138000")]
ABSENT = [UNSET, None, ""]
ENDPOINTS = [call.endpoint for call in calls_of("sip_trunks")]


def check(request: SipTrunkUpdate | SipTrunkAdd | SipTrunkQuery) -> None:
    """Do to a request what a call does before sending."""
    (endpoint,) = (endpoint for endpoint in ENDPOINTS if endpoint.request_type is type(request))
    if endpoint.check is not None:
        endpoint.check(request)  # type: ignore[arg-type]
    encode(request, type(request))


def refusal(request: Any) -> tuple[str | None, int | None] | None:
    """Return field and code of the refusal, or None."""
    try:
        check(request)
    except InvalidRequestError as error:
        return error.field, error.code
    return None


def update(**changes: Any) -> SipTrunkUpdate:
    return attrs.evolve(UPDATE_SAMPLE, **changes)


def add(**changes: Any) -> SipTrunkAdd:
    return attrs.evolve(ADD_SAMPLE, **changes)


BOTH = pytest.mark.parametrize("make", [update, add])


# -- what goes through ------------------------------------------------------------------------------------------------


@BOTH
def test_the_vendors_sample_goes_through(make: Any) -> None:
    assert refusal(make()) is None


@BOTH
@pytest.mark.parametrize(
    "address", ["12.325.353.2", "sip.example.com", "[2001:db8::1]:5060", "1.2.3.4:5060", "x", "é", " "]
)
def test_the_form_of_an_address_is_not_checked(make: Any, address: str) -> None:
    assert refusal(make(sip_gateway_ip=address, sip_white_ip=address)) is None


@BOTH
def test_an_inbound_trunk_with_all_it_needs_goes_through(make: Any) -> None:
    inbound = {"direction": IN} if make is update else {"type": IN}
    assert refusal(make(**inbound, sip_white_ip="10.0.0.1", sip_gateway_ip=UNSET, group_list=NUMBERED)) is None


# -- each check with its field and code -------------------------------------------------------------------------------


@pytest.mark.parametrize("key_id", [None, UNSET, ""])
def test_no_key_id(key_id: Any) -> None:
    assert refusal(update(key_id=key_id)) == ("key_id", -56)


@pytest.mark.parametrize("key_id", [0, -1])
def test_which_key_ids_there_are_the_vendor_alone_knows(key_id: int) -> None:
    assert refusal(update(key_id=key_id)) is None


@pytest.mark.parametrize(
    ("changes", "field", "bits"),
    [
        ({"key_id": "number"}, "key_id", 32),
        ({"group_list": [GroupBinding(voice_group_id=1), "group"]}, "group_list[1].voice_group_id", 64),
    ],
    ids=["Integer", "Long"],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_whole_numbers_have_the_bits_that_the_page_gives_them(
    changes: dict[str, Any], field: str, bits: int, sign: int
) -> None:
    def filled(number: int) -> dict[str, Any]:
        groups = {"group_list": [GroupBinding(voice_group_id=1), GroupBinding(voice_group_id=number)]}
        return {"key_id": number} if "key_id" in changes else groups

    edge = 2 ** (bits - 1) - 1 if sign > 0 else -(2 ** (bits - 1))
    assert refusal(update(**filled(edge))) is None
    assert refusal(update(**filled(edge + sign))) == (field, None)
    with pytest.raises(InvalidRequestError, match=f"at most {bits} bits"):
        check(update(**filled(edge + sign)))


@pytest.mark.parametrize("key_id", ["1", True, 1.0, b"1", [1], 2**64, 2**32])
def test_a_key_id_of_another_type_is_refused_and_not_converted(key_id: Any) -> None:
    assert refusal(update(key_id=key_id)) == ("key_id", None)


@BOTH
@pytest.mark.parametrize("name", ["", None])
def test_no_name(make: Any, name: Any) -> None:
    assert refusal(make(sip_trunk_name=name)) == ("sip_trunk_name", -45)


@BOTH
@pytest.mark.parametrize("groups", [[], (), None, UNSET])
def test_no_group(make: Any, groups: Any) -> None:
    assert refusal(make(group_list=groups)) == ("group_list", -48)


@BOTH
@pytest.mark.parametrize(
    ("ids", "place"), [([1, 1], 1), ([1, 2, 1], 2), ([1, 2, 2, 1], 2), ([3, TrunkDirection.INBOUND, 2], 2)]
)
def test_a_group_twice(make: Any, ids: list[int], place: int) -> None:
    groups = [GroupBinding(voice_group_id=group) for group in ids]
    assert refusal(make(group_list=groups)) == (f"group_list[{place}].voice_group_id", -51)


@BOTH
@pytest.mark.parametrize(("name", "code"), [("sip_gateway_ip", -50), ("sip_white_ip", -55)])
@pytest.mark.parametrize(("length", "refused"), [(49, False), (50, False), (51, True), (5000, True)])
def test_addresses_have_at_most_50_characters(make: Any, name: str, code: int, length: int, refused: bool) -> None:
    # Characters, not bytes.
    assert refusal(make(**{name: "é" * length})) == ((name, code) if refused else None)


@BOTH
@pytest.mark.parametrize(("length", "refused"), [(49, False), (50, False), (51, True)])
def test_numbers_have_at_most_50_characters(make: Any, length: int, refused: bool) -> None:
    groups = [*NUMBERED, GroupBinding(voice_group_id=2, number="1" * length)]
    assert refusal(make(group_list=groups)) == (("group_list[1].number", -58) if refused else None)


@pytest.mark.parametrize(
    "direction", [0, 3, -1, "1", "2", "", True, False, 1.0, 2.0, 1.5, [], {}, {1}, b"1", object(), ...]
)
def test_a_direction_that_is_none(direction: Any) -> None:
    assert refusal(update(direction=direction)) == ("direction", -44)


@pytest.mark.parametrize(
    "kind", [0, 3, -1, "1", "2", "", True, False, 1.0, 2.0, 1.5, [], {}, {1}, b"1", None, UNSET, object()]
)
def test_a_type_that_is_none(kind: Any) -> None:
    assert refusal(add(type=kind)) == ("type", -44)


@pytest.mark.parametrize("direction", [1, 2])
def test_a_direction_may_be_a_plain_number(direction: int) -> None:
    filled = {"sip_white_ip": "a", "group_list": NUMBERED}
    assert refusal(update(direction=direction, **filled)) is None
    assert refusal(add(type=direction, **filled)) is None


# -- directions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", [OUT, 1, IN, 2, UNSET, None])
@pytest.mark.parametrize(("gateway", "white"), list(itertools.product([*ABSENT, "a.example"], repeat=2)))
def test_which_address_is_missing(direction: Any, gateway: Any, white: Any) -> None:
    found = refusal(update(direction=direction, sip_gateway_ip=gateway, sip_white_ip=white, group_list=NUMBERED))
    if direction == OUT:
        expected = None if gateway else ("sip_gateway_ip", -49)
    elif direction == IN:
        expected = None if white else ("sip_white_ip", -54)
    else:
        expected = None if gateway or white else ("sip_gateway_ip", -49)
    assert found == expected
    if direction in (1, 2):
        added = add(type=direction, sip_gateway_ip=gateway, sip_white_ip=white, group_list=NUMBERED)
        assert refusal(added) == expected


# Known by what is set, or where nothing is, by the one address that is given.
KNOWN_INBOUND = [
    {"direction": IN, "sip_white_ip": "a"},
    {"direction": IN, "sip_white_ip": "a", "sip_gateway_ip": UNSET},
    {"direction": UNSET, "sip_white_ip": "a", "sip_gateway_ip": UNSET},
    {"direction": None, "sip_white_ip": "a", "sip_gateway_ip": ""},
]
KNOWN_OUTBOUND = [
    {"direction": OUT},
    {"direction": OUT, "sip_white_ip": "a"},
    {"direction": UNSET, "sip_white_ip": UNSET},
    {"direction": None, "sip_white_ip": None},
    {"direction": UNSET, "sip_white_ip": ""},
]
UNKNOWN = [{"direction": UNSET, "sip_white_ip": "a"}, {"direction": None, "sip_white_ip": "a"}]


@pytest.mark.parametrize("number", ABSENT)
@pytest.mark.parametrize(
    ("known", "refused"),
    [(known, known in KNOWN_INBOUND) for known in KNOWN_INBOUND + KNOWN_OUTBOUND + UNKNOWN],
    ids=str,
)
def test_an_inbound_trunk_needs_a_number_for_each_group(known: dict[str, Any], refused: bool, number: Any) -> None:
    groups = [*NUMBERED, GroupBinding(voice_group_id=2, number=number)]
    assert refusal(update(**known, group_list=groups)) == (("group_list[1].number", -57) if refused else None)


@pytest.mark.parametrize(
    ("account", "password", "field"),
    [
        *((absent, "secret", "sip_account") for absent in ABSENT),
        *(("me", absent, "sip_password") for absent in ABSENT),
        (UNSET, UNSET, "sip_account"),
        ("me", "secret", None),
    ],
)
@pytest.mark.parametrize("state", [True, False])
@pytest.mark.parametrize(
    ("known", "outbound"),
    [(known, known in KNOWN_OUTBOUND) for known in KNOWN_INBOUND + KNOWN_OUTBOUND + UNKNOWN],
    ids=str,
)
def test_an_outbound_trunk_that_registers_needs_account_and_password(
    known: dict[str, Any], outbound: bool, state: bool, account: Any, password: Any, field: str | None
) -> None:
    request = update(**known, sip_trunk_state=state, sip_account=account, sip_password=password, group_list=NUMBERED)
    found = refusal(request)
    assert found == ((field, None) if field and outbound and state else None)


@pytest.mark.parametrize("kind", [OUT, IN])
def test_an_added_trunk_is_checked_by_its_type(kind: TrunkDirection) -> None:
    registering = add(type=kind, sip_white_ip="a", sip_trunk_state=True, group_list=NUMBERED)
    assert refusal(registering) == (("sip_account", None) if kind is OUT else None)
    bare = add(type=kind, sip_white_ip="a", group_list=[GroupBinding(voice_group_id=1)])
    assert refusal(bare) == (("group_list[0].number", -57) if kind is IN else None)


def test_a_refusal_says_what_is_wrong_and_what_to_do_and_no_secret() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        check(update(sip_gateway_ip="g" * 51, sip_password="hunter2"))
    assert str(caught.value) == (
        "sip_gateway_ip: the gateway address is malformed or longer than 50 characters. Correct sip_gateway_ip. "
        "(the vendor's code -50)"
    )
    assert "hunter2" not in repr(vars(caught.value))


# -- any object in any field ------------------------------------------------------------------------------------------


class Undecided:
    def __bool__(self) -> bool:
        raise ValueError("neither true nor false")


class Sized:
    def __len__(self) -> int:
        return 99


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(exclude_categories=())),
    st.binary(),
    st.text(min_size=51, max_size=60),
    st.complex_numbers(),
    st.lists(st.integers() | st.text() | st.none(), max_size=3),
    st.dictionaries(st.text(), st.integers(), max_size=2),
    st.sets(st.integers(), max_size=2),
    st.builds(Undecided),
    st.builds(Sized),
    st.builds(bytearray),
    st.builds(object),
    st.builds(iter, st.just(())),
    st.sampled_from(
        [UNSET, ..., NotImplemented, int, len, OUT, IN, Sized, range(2), UPDATE_SAMPLE, SipTrunk(), BoundGroup()]
    ),
)
GROUPS = st.lists(st.builds(GroupBinding, voice_group_id=ODD, number=ODD) | ODD, max_size=3)
DIRECTIONS = st.sampled_from([OUT, IN, UNSET, None]) | ODD


@settings(deadline=None, max_examples=400)
@given(
    changes=st.fixed_dictionaries(
        {},
        optional={
            "key_id": ODD,
            "sip_trunk_name": ODD,
            "group_list": GROUPS | GROUPS.map(tuple) | ODD,
            "sip_trunk_state": st.just(True) | ODD,
            "sip_prefix": ODD,
            "sip_gateway_ip": ODD,
            "sip_white_ip": ODD,
            "sip_account": ODD,
            "sip_password": ODD,
        },
    ),
    direction=DIRECTIONS,
)
@example(changes={"group_list": [GroupBinding(voice_group_id=[]), GroupBinding(voice_group_id=[])]}, direction=UNSET)
@example(changes={"group_list": {1: 2}}, direction=IN)
def test_nothing_but_our_refusal_is_ever_raised(changes: dict[str, Any], direction: Any) -> None:
    for request in (
        update(**changes, direction=direction),
        add(**{k: v for k, v in changes.items() if k != "key_id"}, type=direction),
    ):
        found = refusal(request)
        if found is not None:
            assert found[0] is not None
            assert found[0].split("[")[0] in {field.name for field in attrs.fields(type(request))}


@settings(deadline=None)
@given(current=ODD, size=ODD, kind=ODD, name=ODD)
def test_nothing_but_our_refusal_is_raised_for_a_listing(current: Any, size: Any, kind: Any, name: Any) -> None:
    for filters in (SipTrunkFilter(), SipTrunkFilter(type=kind, sip_trunk_name=name), kind):
        found = refusal(SipTrunkQuery(current=current, size=size, params=filters))
        assert found is None or found[0] is not None


@pytest.mark.parametrize(
    ("current", "size", "expected"),
    [
        (1, 1, None),
        (10**6, 100, None),
        (0, 10, ("current", -22)),
        (-1, 10, ("current", -22)),
        (1, 0, ("size", -22)),
        (1, 101, ("size", -22)),
        ("1", 10, ("current", None)),
        (1, True, ("size", None)),
        (1, 10.0, ("size", None)),
    ],
)
def test_page_numbers_and_sizes(current: Any, size: Any, expected: Any) -> None:
    assert refusal(SipTrunkQuery(current=current, size=size, params=SipTrunkFilter())) == expected


# -- building requests ------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys(("key_id", "sip_trunk_name", "group_list", "sip_trunk_state"), ODD)))
def test_building_a_request_never_fails_on_its_contents(contents: dict[str, Any]) -> None:
    assert SipTrunkUpdate(**contents).key_id is contents["key_id"]


@pytest.mark.parametrize("kind", [SipTrunkUpdate, SipTrunkAdd, GroupBinding, SipTrunkQuery])
def test_required_fields_are_required_keyword_arguments(kind: Any) -> None:
    with pytest.raises(TypeError, match="required keyword"):
        kind()
    with pytest.raises(TypeError, match="positional"):
        kind(1)


@pytest.mark.parametrize("request_", [UPDATE_SAMPLE, ADD_SAMPLE])
def test_a_password_is_not_in_a_repr(request_: Any) -> None:
    shown = repr(attrs.evolve(request_, sip_account="visible", sip_password="hunter2"))
    assert "hunter2" not in shown
    assert "visible" in shown


@pytest.mark.parametrize("kind", [SipTrunkUpdate, SipTrunkAdd, SipTrunk])
def test_a_password_is_held_so_that_nothing_that_is_printed_shows_it(kind: Any) -> None:
    required = {} if kind is SipTrunk else {**attrs.asdict(UPDATE_SAMPLE, recurse=False), "type": OUT}
    given = {name: value for name, value in required.items() if name in attrs.fields_dict(kind)}
    value = kind(**{**given, "sip_account": "me", "sip_password": "hunter2"})
    shown = repr(attrs.asdict(value)) + repr(value) + repr(attrs.astuple(value)) + f"{[value.sip_password]}"
    assert "hunter2" not in shown
    assert "***" in shown
    # In all else it is that text.
    again = pickle.loads(pickle.dumps(value))
    for held in (value.sip_password, again.sip_password, copy.deepcopy(value).sip_password):
        assert held == "hunter2"
        assert hash(held) == hash("hunter2")
        assert json.dumps(held) == '"hunter2"'
        assert f"{held}" == str(held) == "hunter2"
    assert again == value
    assert attrs.evolve(value, sip_prefix="9").sip_password == "hunter2"
    assert b'"sipPassword":"hunter2"' in encode(value, kind)


@pytest.mark.parametrize("password", ["*", "***", "********"])
def test_asterisks_are_refused_in_the_place_of_a_secret(password: str) -> None:
    for request in (update(sip_password=password), add(sip_password=password)):
        assert refusal(request) == ("sip_password", None)
        with pytest.raises(InvalidRequestError, match="asterisks"):
            check(request)
    # Elsewhere they are a text like any other, and a secret may have some.
    assert refusal(update(sip_prefix=password, sip_password=f"{password}a")) is None


# -- what the vendor wants beside the page's fields -------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KNOWN = {wire_name(name) for name in attrs.fields_dict(SipTrunkUpdate)}


@settings(deadline=None)
@given(extra=st.dictionaries(st.text().filter(lambda name: name not in KNOWN), JSON, max_size=4))
def test_extra_is_sent_as_it_is(extra: dict[str, Any]) -> None:
    plain = json.loads(encode(UPDATE_SAMPLE, SipTrunkUpdate))
    request = update(extra=extra)
    assert json.loads(encode(request, SipTrunkUpdate)) == {**plain, **extra}
    assert request.extra == extra
    assert request == update(extra=dict(extra))
    assert (request == UPDATE_SAMPLE) is (not extra)


@pytest.mark.parametrize(
    ("extra", "field"),
    [
        ({"keyId": 2}, "extra.keyId"),
        ({"sipPassword": "x"}, "extra.sipPassword"),
        ({"a": {"b": [1, object()]}}, "extra.a.b[1]"),
        ({1: 2}, "extra"),
        (["type"], "extra"),
        (None, "extra"),
        ("type", "extra"),
    ],
)
@BOTH
def test_an_extra_that_cannot_be_sent_is_refused_by_its_place(make: Any, extra: Any, field: str) -> None:
    if make is add and "keyId" in (extra or ()):
        return  # an add has no such field
    assert refusal(make(extra=extra)) == (field, None)


def test_a_groups_extra_is_sent_with_the_group() -> None:
    groups = [GroupBinding(voice_group_id=1, extra={"weight": 2}), GroupBinding(voice_group_id=2)]
    sent = json.loads(encode(update(group_list=groups), SipTrunkUpdate))
    assert sent["groupList"] == [{"voiceGroupId": 1, "weight": 2}, {"voiceGroupId": 2}]
    assert refusal(update(group_list=[GroupBinding(voice_group_id=1, extra={"number": "1"})])) == (
        "group_list[0].extra.number",
        None,
    )


def test_only_the_names_of_an_extra_are_shown() -> None:
    shown = repr(update(extra={"newSecret": "hunter2"}))
    assert "newSecret" in shown
    assert "hunter2" not in shown


def test_what_the_listing_has_beyond_its_class_is_not_sent_back() -> None:
    listed = attrs.evolve(LISTED, extra={"balance": 1})
    assert "balance" not in json.loads(encode(listed.to_update(), SipTrunkUpdate))
    assert listed.to_update(extra={"type": 1}).extra == {"type": 1}


def test_a_repr_leaves_out_what_is_unset() -> None:
    assert repr(UPDATE_SAMPLE) == (
        "SipTrunkUpdate(key_id=1, sip_trunk_name='22232', group_list=[GroupBinding(voice_group_id=1000026)], "
        "sip_trunk_state=False, sip_gateway_ip='12.325.353.2')"
    )
    assert "sip_prefix=None" in repr(update(sip_prefix=None))
    assert repr(SipTrunkFilter()) == "SipTrunkFilter()"


# -- from the vendor's JSON -------------------------------------------------------------------------------------------

PAGE_SAMPLE = """
{
"keyId":1,
"groupList": [{
"voiceGroupId": 1000026
}],
"sipTrunkName": "22232",
"sipGatewayIp": "12.325.353.2",
"sipTrunkState": false
}
"""


def test_the_pages_sample_becomes_a_request_as_it_stands() -> None:
    request = SipTrunkUpdate.from_dict(json.loads(PAGE_SAMPLE))
    assert request == UPDATE_SAMPLE
    assert json.loads(encode(request, SipTrunkUpdate)) == json.loads(PAGE_SAMPLE)
    assert refusal(request) is None


BODIES = st.fixed_dictionaries(
    {
        "keyId": JSON,
        "sipTrunkName": JSON,
        "groupList": st.lists(st.fixed_dictionaries({"voiceGroupId": st.integers(-(2**63), 2**63 - 1)}), max_size=2),
        "sipTrunkState": st.booleans(),
    },
    optional={"sipPrefix": st.none() | st.text(), "sipPassword": st.none() | st.text("ab"), "type": JSON, "": JSON},
)


@settings(deadline=None)
@given(BODIES)
def test_any_body_comes_out_as_it_went_in_or_is_refused_when_it_is_sent(body: dict[str, Any]) -> None:
    request = SipTrunkUpdate.from_dict(body)
    try:
        sent = encode(request, SipTrunkUpdate)
    except InvalidRequestError:
        return
    assert json.loads(sent) == body
    assert converter.structure(converter.unstructure(request), SipTrunkUpdate) == request


@settings(deadline=None)
@given(JSON)
def test_from_dict_raises_nothing_but_our_refusal(body: Any) -> None:
    with pytest.raises(InvalidRequestError):
        SipTrunkUpdate.from_dict(body)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (None, "body"),
        ([], "body"),
        ({}, "keyId"),
        ({"key_id": 1}, "keyId"),
        ({**json.loads(PAGE_SAMPLE), "groupList": [{"voiceGroupId": 1}, {}]}, "groupList[1].voiceGroupId"),
        ({**json.loads(PAGE_SAMPLE), "groupList": [1]}, "groupList[0]"),
    ],
)
def test_what_a_body_lacks_is_said_by_the_vendors_name(body: Any, field: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        SipTrunkUpdate.from_dict(body)
    assert caught.value.field == field


def test_the_converter_works_on_listed_trunks_too() -> None:
    listed = attrs.evolve(LISTED, sip_account="me", sip_password="hunter2", extra={"balance": 1})
    data = converter.unstructure(listed)
    assert (data["sipPassword"], data["balance"], data["groupList"][0]["voiceGroupId"]) == ("hunter2", 1, 1000026)
    again = converter.structure(data, SipTrunk)
    assert (again, again.extra) == (listed, {"balance": 1})


# -- a listed trunk as an update --------------------------------------------------------------------------------------

LISTED = SipTrunk(
    key_id=5000028,
    type=OUT,
    state=1,
    sip_trunk_name="22232",
    group_list=[BoundGroup(voice_group_id=1000026, group_name="a", number=None)],
    sip_gateway_ip="12.325.353.2",
    sip_trunk_state=False,
    cc_ip="0000.000.0.00",
    create_time="2025-01-10 11:31:21",
)


def test_a_listed_trunk_becomes_its_full_replacement() -> None:
    assert LISTED.to_update() == SipTrunkUpdate(
        key_id=5000028,
        sip_trunk_name="22232",
        group_list=[GroupBinding(voice_group_id=1000026)],
        sip_gateway_ip="12.325.353.2",
        sip_trunk_state=False,
        direction=OUT,
    )
    check(LISTED.to_update())


def test_changes_win_over_the_listing() -> None:
    groups = [GroupBinding(voice_group_id=7)]
    changed = LISTED.to_update(key_id=9, sip_trunk_name="new", group_list=groups, sip_gateway_ip="b", direction=UNSET)
    assert changed == SipTrunkUpdate(
        key_id=9, sip_trunk_name="new", group_list=groups, sip_gateway_ip="b", sip_trunk_state=False
    )


@pytest.mark.parametrize("name", ["sip_prefix", "sip_gateway_ip", "sip_white_ip", "sip_account", "sip_password"])
def test_nulls_of_the_listing_are_left_out_and_a_change_to_none_is_sent(name: str) -> None:
    listed = attrs.evolve(LISTED, sip_white_ip="w")
    without = attrs.evolve(listed, **{name: None}).to_update()
    assert getattr(without, name) is UNSET
    assert wire_name(name).encode() not in encode(without, SipTrunkUpdate)
    changed = listed.to_update(**{name: None})
    assert getattr(changed, name) is None
    assert f'"{wire_name(name)}":null'.encode() in encode(changed, SipTrunkUpdate)
    unset = listed.to_update(**{name: UNSET})
    assert getattr(unset, name) is UNSET


def test_each_groups_number_is_kept_and_its_name_left_out() -> None:
    groups = [
        BoundGroup(voice_group_id=1, number="7"),
        BoundGroup(voice_group_id=2),
        BoundGroup(voice_group_id=3, number=""),
    ]
    assert attrs.evolve(LISTED, group_list=groups).to_update().group_list == [
        GroupBinding(voice_group_id=1, number="7"),
        GroupBinding(voice_group_id=2),
        GroupBinding(voice_group_id=3, number=""),
    ]


def test_a_group_without_an_id_is_refused_with_its_place_when_it_is_sent() -> None:
    groups = [BoundGroup(voice_group_id=1), BoundGroup(group_name="nameless")]
    assert refusal(attrs.evolve(LISTED, group_list=groups).to_update()) == ("group_list[1].voice_group_id", None)


@pytest.mark.parametrize("name", ["state", "type", "cc_ip", "create_time", "sipTrunkName", "keyId", "nonsense", ""])
def test_a_change_that_an_update_does_not_know_is_refused_by_name(name: str) -> None:
    with pytest.raises(InvalidRequestError, match="no such field") as caught:
        LISTED.to_update(**{name: 1})
    assert caught.value.field == name


@pytest.mark.parametrize("name", ["key_id", "sip_trunk_name", "group_list", "sip_trunk_state"])
def test_what_the_listing_lacks_must_be_given(name: str) -> None:
    lacking = attrs.evolve(LISTED, **{name: None})
    with pytest.raises(InvalidRequestError) as caught:
        lacking.to_update()
    assert caught.value.field == name
    assert getattr(lacking.to_update(**{name: getattr(UPDATE_SAMPLE, name)}), name) == getattr(UPDATE_SAMPLE, name)


@pytest.mark.parametrize("kind", [3, 0, -1])
def test_a_direction_that_the_vendor_added_since_does_not_stand_in_the_way(kind: int) -> None:
    assert refusal(attrs.evolve(LISTED, type=kind).to_update()) is None


USABLE = {None: False, "": False, "*": False, "******": False, "clear": True, "*a*": True}


@pytest.mark.parametrize("account", [None, "", "me"])
@pytest.mark.parametrize("state", [None, False, True])
@pytest.mark.parametrize("password", USABLE)
@pytest.mark.parametrize("given_password", [UNSET, None, "", "given", "not given"])
@pytest.mark.parametrize("given_state", [True, False, "not given"])
def test_the_two_guards(account: Any, state: Any, password: Any, given_password: Any, given_state: Any) -> None:
    changes: dict[str, Any] = {}
    if given_password != "not given":
        changes["sip_password"] = given_password
    if given_state != "not given":
        changes["sip_trunk_state"] = given_state
    trunk = attrs.evolve(LISTED, sip_account=account, sip_trunk_state=state, sip_password=password)

    registered = bool(account) or state is True
    asked = set()
    if registered and "sip_password" not in changes and not USABLE[password]:
        asked.add("sip_password")
    if registered and "sip_trunk_state" not in changes and state is not True:
        asked.add("sip_trunk_state")
    if state is None and "sip_trunk_state" not in changes:
        asked.add("sip_trunk_state")

    if asked:
        with pytest.raises(InvalidRequestError) as caught:
            trunk.to_update(**changes)
        assert caught.value.field in asked
        return
    made = trunk.to_update(**changes)
    assert made.sip_trunk_state is changes.get("sip_trunk_state", state)
    expected = changes.get("sip_password", password if registered else UNSET)
    assert made.sip_password == expected


@settings(deadline=None)
@given(
    st.builds(
        SipTrunk,
        key_id=st.none() | st.integers(),
        type=st.none() | st.integers(-1, 4),
        sip_trunk_name=st.none() | st.text(),
        group_list=st.none()
        | st.lists(st.builds(BoundGroup, voice_group_id=st.none() | st.integers(), number=st.none() | st.text())),
        sip_gateway_ip=st.none() | st.text(),
        sip_white_ip=st.none() | st.text(),
        sip_trunk_state=st.none() | st.booleans(),
        sip_account=st.none() | st.text(),
        sip_password=st.none() | st.text("*a"),
    )
)
def test_any_listed_trunk_becomes_an_update_or_is_refused_by_field(trunk: SipTrunk) -> None:
    try:
        made = trunk.to_update()
    except InvalidRequestError as error:
        field = error.field
    else:
        assert made.key_id == trunk.key_id
        field = (refusal(made) or ("key_id", None))[0]
    assert field is not None
    assert field.split("[")[0] in attrs.fields_dict(SipTrunkUpdate)


# -- endpoints --------------------------------------------------------------------------------------------------------


def test_the_endpoints_are_as_documented() -> None:
    assert [(str(endpoint), endpoint.idempotent) for endpoint in ENDPOINTS] == [
        ("POST /v3/cc/sipTrunk/update", True),
        ("POST /v3/cc/sipTrunk/add", False),
        ("POST /v3/cc/sipTrunk/query", True),
    ]
    assert (UPDATE.response_type, ADD.response_type, LIST.response_type) == (NoneType, int, Page[SipTrunk])
