"""What an accepted request leaves behind, and what the listing looks like."""

import pytest
from support.asking import ADD, QUERY, UPDATE, ask, rule_of

VENDORS_OWN_SAMPLE = {
    "keyId": 1,
    "groupList": [{"voiceGroupId": 1000026}],
    "sipTrunkName": "22232",
    "sipGatewayIp": "12.325.353.2",
    "sipTrunkState": False,
}


async def test_the_vendors_own_sample_is_accepted(sandbox):
    response = await ask(sandbox, UPDATE, VENDORS_OWN_SAMPLE)
    assert response.json() == {"status": "0", "reason": "success", "data": None}
    assert rule_of(response) == "0 documented"
    trunk = sandbox.trunk(1)
    assert (trunk.sip_trunk_name, trunk.sip_gateway_ip, trunk.updates) == ("22232", "12.325.353.2", 1)
    assert [group.voice_group_id for group in trunk.groups] == [1000026]


async def test_a_new_trunk_is_stored(sandbox):
    body = {**VENDORS_OWN_SAMPLE, "type": 1}
    del body["keyId"]
    response = await ask(sandbox, ADD, body)
    assert response.json() == {"status": "0", "reason": "success", "data": 7}
    assert (sandbox.trunk(7).type, sandbox.trunk(7).state) == (1, 1)
    again = await ask(sandbox, ADD, body)
    assert again.json()["status"] == "-47"


async def test_the_listing_has_the_vendors_deviations(sandbox):
    response = await ask(sandbox, QUERY, {"current": 2, "size": 4, "params": {}})
    page = response.json()["data"]
    assert response.json()["status"] == 0
    assert {name: page[name] for name in page if name != "records"} == {
        "total": 6,
        "size": 50,
        "current": 2,
        "searchCount": True,
        "pages": 2,
    }
    assert [record["keyId"] for record in page["records"]] == [5, 6]
    record = page["records"][0]
    assert record["sipWhiteIp"] is None
    assert record["groupList"] == [{"voiceGroupId": 2000005, "groupName": "group5", "number": None}]


@pytest.mark.parametrize(
    ("params", "found"),
    [({"type": 2}, [2, 4, 6]), ({"sipTrunkName": "0003"}, [3]), ({"type": 1, "sipTrunkName": "%"}, [])],
)
async def test_the_listing_filters(sandbox, params, found):
    response = await ask(sandbox, QUERY, {"current": 1, "size": 100, "params": params})
    assert [record["keyId"] for record in response.json()["data"]["records"]] == found
