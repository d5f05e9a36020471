"""`to_dict`, `to_json` and `from_dict` of every request and record, whichever family it is of."""

import ast
import inspect
import itertools
import json
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st
from support.any_values import CLASSES, OF_EACH, VALUES, values_of
from support.values import registered_update, trunk_update

import itnio_async
from itnio_async import (
    UNSET,
    BoundGroup,
    GroupBinding,
    InvalidRequestError,
    Page,
    SipTrunk,
    SipTrunkUpdate,
    TrunkDirection,
)
from itnio_async.codec import Record, Request
from itnio_async.values import SECRET, PlainData, ReadOnlyMapping, wire_name

NAMES = st.sampled_from(["vendor", "python"])


@pytest.mark.parametrize("kind", VALUES)
@OF_EACH
@given(data=st.data(), names=NAMES)
def test_each_value_is_the_same_after_the_way_to_plain_data_and_back(kind: Any, data: Any, names: Any) -> None:
    value = data.draw(values_of(kind))
    plain = json.loads(json.dumps(value.to_dict(names=names, secrets=True)))
    assert plain == json.loads(value.to_json(names=names, secrets=True))
    back = kind.from_dict(plain, names=names)
    if names == "vendor":
        # What is never sent has no name of the vendor's.
        value = attrs.evolve(value, **dict.fromkeys({"direction"} & attrs.fields_dict(kind).keys(), UNSET))
    assert back == value
    assert getattr(back, "extra", {}) == getattr(value, "extra", {})


@pytest.mark.parametrize("kind", CLASSES)
def test_each_class_of_an_endpoint_has_plain_data(kind: type) -> None:
    assert issubclass(kind, PlainData)
    assert kind is Page or issubclass(kind, Request | Record)


@pytest.mark.parametrize("kind", [kind for kind in VALUES if any(SECRET in a.metadata for a in attrs.fields(kind))])
@OF_EACH
@given(data=st.data(), names=NAMES)
def test_no_secret_is_in_plain_data_unless_asked_for(kind: Any, data: Any, names: Any) -> None:
    value = data.draw(values_of(kind))
    hidden = {a.name: "hunter2-hidden" for a in attrs.fields(kind) if SECRET in a.metadata}
    value = attrs.evolve(value, **hidden, extra={"newPassword": "hunter2-new", "deep": [{"token": "hunter2-deep"}]})
    for told in (value, Page(records=[value])):
        assert "hunter2" not in told.to_json(names=names)
        assert "hunter2" not in json.dumps(told.to_dict(names=names))
        assert told.to_json(names=names, secrets=True).count("hunter2") == len(hidden) + 2


def test_a_listed_trunk_as_plain_data() -> None:
    trunk = SipTrunk(
        key_id=1,
        type=TrunkDirection.OUTBOUND,
        group_list=[BoundGroup(voice_group_id=7, extra={"new": 1})],
        sip_password="hunter2",
        extra={"searchCount": True},
    )
    vendor = trunk.to_dict()
    assert list(vendor) == [*(wire_name(a.name) for a in attrs.fields(SipTrunk) if a.name != "extra"), "searchCount"]
    assert vendor["groupList"] == [{"voiceGroupId": 7, "groupName": None, "number": None, "new": 1}]
    assert (vendor["type"], type(vendor["type"]), vendor["sipPassword"]) == (1, int, "***")
    python = trunk.to_dict(names="python")
    assert list(python) == [a.name for a in attrs.fields(SipTrunk)]
    assert python["group_list"][0]["extra"] == {"new": 1}


def test_an_update_as_plain_data_is_what_is_sent() -> None:
    update = registered_update(direction=TrunkDirection.OUTBOUND, extra={"type": TrunkDirection.OUTBOUND})
    sent = itnio_async.codec.converter.unstructure(update) | {"type": 1}
    assert update.to_dict(secrets=True) == sent
    assert {type(part) for part in update.to_dict(secrets=True).values()} == {int, str, list, bool}
    assert update.to_dict(names="python")["direction"] == 1
    assert "sipWhiteIp" not in sent


def test_a_masked_password_cannot_be_sent_after_the_way_back() -> None:
    back = SipTrunkUpdate.from_dict(registered_update().to_dict())
    with pytest.raises(InvalidRequestError, match="asterisks"):
        itnio_async.codec.encode(back, SipTrunkUpdate)


@pytest.mark.parametrize("names", ["wire", None, ["vendor"]])
@pytest.mark.parametrize("function", [SipTrunk().to_dict, SipTrunk().to_json])
def test_other_names_are_refused(function: Any, names: Any) -> None:
    with pytest.raises(ValueError, match="'vendor' or 'python'"):
        function(names=names)
    with pytest.raises(ValueError, match="'vendor' or 'python'"):
        SipTrunk.from_dict({}, names=names)
    with pytest.raises(ValueError, match="'vendor' or 'python'"):
        GroupBinding.from_dict({"voiceGroupId": 1}, names=names)


@pytest.mark.parametrize(
    ("kind", "body", "names", "field"),
    [
        (SipTrunk, {"groupList": [{"voiceGroupId": "hunter2"}]}, "vendor", "groupList[0].voiceGroupId"),
        (SipTrunk, {"key_id": 1, "keyId": 2}, "python", "keyId"),
        (SipTrunk, {"group_list": [{"no": "hunter2"}]}, "python", "group_list[0].no"),
        (SipTrunk, "hunter2", "vendor", "body"),
        (SipTrunk, ["hunter2"], "python", "body"),
        (GroupBinding, {"voice_group_id": 1, "numbers": "hunter2"}, "python", "numbers"),
        (GroupBinding, {"number": "hunter2"}, "vendor", "voiceGroupId"),
        (SipTrunkUpdate, trunk_update().to_dict() | {"groupList": ["hunter2"]}, "vendor", "groupList[0]"),
        (itnio_async.api.sip_trunks.SipTrunkQuery, {"current": 1, "size": 1, "params": {"nam": 1}}, "vendor", None),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_place(kind: Any, body: Any, names: Any, field: str | None) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        kind.from_dict(body, names=names)
    assert caught.value.field == (field or "params.nam")
    assert "hunter2" not in str(caught.value)
    trace = caught.value.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals["__name__"].startswith("itnio_async"):
            assert "hunter2" not in repr(trace.tb_frame.f_locals)
        trace = trace.tb_next


def test_a_record_is_read_from_any_mapping_as_leniently_as_an_answer() -> None:
    body = ReadOnlyMapping({"keyId": "5", "sipTrunkState": "true", "groupList": (ReadOnlyMapping({"number": 1}),)})
    assert SipTrunk.from_dict(body) == SipTrunk(key_id=5, sip_trunk_state=True, group_list=[BoundGroup(number="1")])


def test_a_page_is_indexed_like_a_list() -> None:
    page = Page(records=[1, 2, 3])
    assert (page[0], page[-1], page[1:]) == (1, 3, [2, 3])
    assert Page[int]()[:1] == []
    with pytest.raises(IndexError):
        page[3]


@pytest.mark.parametrize("kind", VALUES)
def test_each_field_is_explained_where_it_stands(kind: type) -> None:
    own = [base for base in kind.__mro__ if attrs.has(base)]
    bodies = [
        node.body
        for base in own
        for node in ast.walk(ast.parse(inspect.getsource(base)))
        if isinstance(node, ast.ClassDef)
    ]
    explained = {
        field.target.id
        for body in bodies
        for field, text in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(field.target, ast.Name)
    }
    assert explained == attrs.fields_dict(kind).keys()
