"""Each code for the condition that it names, and no code for a request that is right."""

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st
from support.asking import ADD, QUERY, UPDATE, ask, replacement, rule_of

from itnio_async.api.sip_trunks.codes import SIP_TRUNKS

from .provocations import CODES_OF_THE_PAGE, INBOUND, OUTBOUND, PROVOCATIONS, SPARE


def test_every_code_of_the_page_is_provoked():
    assert {provocation.code for provocation in PROVOCATIONS} == CODES_OF_THE_PAGE


@pytest.mark.parametrize("provocation", PROVOCATIONS, ids=str)
async def test_each_code_comes_for_its_condition(sandbox, provocation):
    body = replacement(sandbox.trunk(provocation.key_id), **provocation.changes)
    before = sandbox.trunks
    provocation.before(sandbox)
    response = await ask(sandbox, UPDATE, body)
    assert response.status_code == 200
    assert response.json() == {"status": str(provocation.code), "reason": SIP_TRUNKS[provocation.code].wording}
    assert rule_of(response) == provocation.rule
    assert sandbox.trunks == before
    assert sandbox.codes == {provocation.code: 1}


@pytest.mark.parametrize("key_id", range(1, 7))
async def test_a_trunk_does_not_conflict_with_itself(sandbox, key_id):
    before = sandbox.trunk(key_id)
    response = await ask(sandbox, UPDATE, replacement(before))
    assert response.json()["status"] == "0"
    assert rule_of(response) == "0 documented"
    after = sandbox.trunk(key_id)
    assert replacement(after) == replacement(before)
    assert after.updates == 1


async def test_what_one_trunk_gives_up_another_may_take(sandbox):
    first, third = sandbox.trunk(1), sandbox.trunk(3)
    moved = replacement(first, sipGatewayIp="gateway.example", groupList=[{"voiceGroupId": SPARE}], sipTrunkName="new")
    assert (await ask(sandbox, UPDATE, moved)).json()["status"] == "0"
    taken = replacement(
        third,
        sipGatewayIp=first.sip_gateway_ip,
        sipTrunkName=first.sip_trunk_name,
        groupList=[{"voiceGroupId": first.groups[0].voice_group_id}],
    )
    assert (await ask(sandbox, UPDATE, taken)).json()["status"] == "0"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"keyId": None, "sipTrunkName": ""}, "-56"),
        ({"keyId": 1}, "-45"),
        ({"keyId": 1, "sipTrunkName": "trunk00002"}, "-47"),
        ({"keyId": 1, "sipTrunkName": "n"}, "-48"),
        ({"keyId": 1, "sipTrunkName": "n", "groupList": [{"voiceGroupId": 7}]}, "-49"),
        ({"keyId": 2, "sipTrunkName": "n", "groupList": [{"voiceGroupId": 7}]}, "-22"),
        ({"keyId": 2, "sipTrunkName": "n", "groupList": [{"voiceGroupId": SPARE}]}, "-54"),
    ],
)
async def test_of_several_mistakes_the_first_in_the_stated_order_is_named(sandbox, body, code):
    assert (await ask(sandbox, UPDATE, body)).json()["status"] == code


@pytest.mark.parametrize(("given", "code"), [("2", "-54"), (3, "-44"), (None, "-44"), ("one", "-44"), ([], "-22")])
async def test_the_type_of_a_new_trunk(sandbox, given, code):
    body = {"type": given, "sipTrunkName": "n", "groupList": [{"voiceGroupId": SPARE, "number": "+1"}]}
    response = await ask(sandbox, ADD, {**body, "sipTrunkState": False})
    assert response.json()["status"] == code
    assert len(sandbox.trunks) == 6


@pytest.mark.parametrize(
    "body",
    [
        {"current": 1, "size": 10},
        {"current": 0, "size": 10, "params": {}},
        {"current": 1, "size": 101, "params": {}},
        {"current": 1, "size": 0, "params": {}},
        {"current": 2**40, "size": 10, "params": {}},
        {"current": "1", "size": 10, "params": {}},
        {"current": 1, "size": 10, "params": {"type": "1"}},
        {"current": 1, "size": 10, "params": {"type": 3}},
        {"current": 1, "size": 10, "params": {"state": 1}},
    ],
)
async def test_a_malformed_page_is_refused(sandbox, body):
    response = await ask(sandbox, QUERY, body)
    assert response.json() == {"status": -22, "reason": SIP_TRUNKS[-22].wording}


# Anything at all.


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=60),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_FIELDS = st.sampled_from(
    ["keyId", "sipTrunkName", "groupList", "sipGatewayIp", "sipWhiteIp", "sipTrunkState", "type", "current", "params"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    path=st.sampled_from([UPDATE, ADD, QUERY]), key_id=st.sampled_from([OUTBOUND, INBOUND]), field=_FIELDS, value=_JSON
)
@example(path=UPDATE, key_id=OUTBOUND, field="groupList", value=[{"voiceGroupId": 1.5, "number": []}])
@example(path=ADD, key_id=OUTBOUND, field="type", value=True)
async def test_no_json_value_in_any_place_brings_it_down(sandbox, path, key_id, field, value):
    body = {**replacement(sandbox.trunk(key_id)), field: value}
    if path == QUERY:
        body = {"current": 1, "size": 5, "params": {}, field: value}
    response = await ask(sandbox, path, body)
    assert response.status_code == 200
    assert int(response.json()["status"]) in CODES_OF_THE_PAGE | {0}


@pytest.mark.parametrize(
    ("path", "body", "is_of_the_type"),
    [
        (UPDATE, {"keyId": 2**31 - 1}, True),
        (UPDATE, {"keyId": -(2**31)}, True),
        (UPDATE, {"keyId": 2**31}, False),
        (UPDATE, {"keyId": -(2**31) - 1}, False),
        (UPDATE, {"keyId": 2**32}, False),
        (UPDATE, {"keyId": 1, "groupList": [{"voiceGroupId": 2**63 - 1}]}, True),
        (UPDATE, {"keyId": 1, "groupList": [{"voiceGroupId": 2**63}]}, False),
        (QUERY, {"current": 2**31 - 1, "size": 1, "params": {}}, True),
        (QUERY, {"current": 2**31, "size": 1, "params": {}}, False),
    ],
    ids=str,
)
async def test_an_integer_has_32_bits_and_a_long_64(sandbox, path, body, is_of_the_type):
    # An unknown key id has the same code, by an assumption.
    assert (rule_of(await ask(sandbox, path, body)) == "22 documented") is not is_of_the_type
