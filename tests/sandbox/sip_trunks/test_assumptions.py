"""Each assumption about SIP trunks can be flipped, and changes what it says."""

import pytest
from support.asking import ADD, QUERY, UPDATE, ask, replacement, rule_of

from .provocations import SPARE

PAGE = {"current": 1, "size": 10, "params": {}}


NEW = {"type": 1, "sipTrunkName": "new", "sipGatewayIp": "g", "groupList": [{"voiceGroupId": SPARE}]}


@pytest.mark.parametrize(
    ("switch", "key_id", "changes"),
    [
        ("unknown_group_refused", 1, {"groupList": [{"voiceGroupId": 9}]}),
        ("unknown_field_refused", 1, {"sipTrunkNmae": "x"}),
        ("type_checked_on_update", 1, {"type": 2}),
        ("group_bound_once", 1, {"groupList": [{"voiceGroupId": 2_000_002}]}),
        ("gateway_bound_once", 1, {"sipGatewayIp": "10.0.0.3"}),
        ("white_address_bound_once", 2, {"sipWhiteIp": "10.0.0.4"}),
        ("address_form_checked", 1, {"sipGatewayIp": "two words"}),
        ("country_checked", 2, {"groupList": [{"voiceGroupId": 2_000_002, "number": "0"}]}),
        ("registration_needs_account", 1, {"sipTrunkState": True}),
    ],
)
async def test_a_check_that_is_switched_off_lets_through_and_says_so(sandbox, switch, key_id, changes):
    body = replacement(sandbox.trunk(key_id), **changes)
    assert (await ask(sandbox, UPDATE, body)).json()["status"] != "0"
    setattr(sandbox.assumptions, switch, False)
    response = await ask(sandbox, UPDATE, body)
    assert response.json()["status"] == "0"
    assert rule_of(response) == "0 assumed"
    assert sandbox.trunk(key_id).updates == 1


@pytest.mark.parametrize("code", [-22, -24, -56])
async def test_the_code_of_an_unknown_key_id(sandbox, code):
    sandbox.assumptions.unknown_key_code = code
    response = await ask(sandbox, UPDATE, replacement(sandbox.trunk(1), keyId=4711))
    assert response.json()["status"] == str(code)


@pytest.mark.parametrize(("assumption", "given"), [("left_out", ...), ("null", None), ("null", "")])
@pytest.mark.parametrize("effect", ["clears", "keeps"])
async def test_an_optional_field_without_a_value(sandbox, assumption, given, effect):
    setattr(sandbox.assumptions, assumption, effect)
    await ask(sandbox, UPDATE, replacement(sandbox.trunk(1), sipPrefix="9"))
    response = await ask(sandbox, UPDATE, replacement(sandbox.trunk(1), sipPrefix=given))
    assert rule_of(response) == "0 assumed"
    assert sandbox.trunk(1).sip_prefix == ("9" if effect == "keeps" else None)
    assert sandbox.trunk(1).updates == 2


@pytest.mark.parametrize(("effect", "groups"), [("replaces", [SPARE]), ("adds", [2_000_001, SPARE])])
async def test_group_list_replaces_or_adds(sandbox, effect, groups):
    sandbox.assumptions.group_list = effect
    await ask(sandbox, UPDATE, replacement(sandbox.trunk(1), groupList=[{"voiceGroupId": SPARE}]))
    assert [group.voice_group_id for group in sandbox.trunk(1).groups] == groups


@pytest.mark.parametrize(("enabled", "state"), [(True, 1), (False, 0)])
async def test_a_new_trunk_starts_enabled_or_not(sandbox, enabled, state):
    sandbox.assumptions.new_trunk_enabled = enabled
    key_id = (await ask(sandbox, ADD, {**NEW, "sipTrunkState": False})).json()["data"]
    assert sandbox.trunk(key_id).state == state


async def test_a_quota_of_trunks(sandbox):
    sandbox.assumptions.trunk_quota = 7
    assert (await ask(sandbox, ADD, {**NEW, "sipTrunkState": False})).json()["status"] == "0"
    again = await ask(sandbox, ADD, {**NEW, "sipTrunkState": False, "sipTrunkName": "newer"})
    assert again.json()["status"] == "-23"
    assert rule_of(again) == "23 assumed"


async def listed(sandbox, key_id):
    records = (await ask(sandbox, QUERY, PAGE)).json()["data"]["records"]
    return next(record for record in records if record["keyId"] == key_id)


@pytest.mark.parametrize(
    ("form", "shown"), [("clear", "made-up-password-3"), ("masked", "******"), ("absent", "no such field")]
)
async def test_how_the_listing_shows_a_password(sandbox, form, shown):
    sandbox.assumptions.listed_password = form
    assert (await listed(sandbox, 3)).get("sipPassword", "no such field") == shown
    assert (await listed(sandbox, 1)).get("sipPassword", "no such field") in (None, "no such field")


@pytest.mark.parametrize(("form", "kind"), [("array", list), ("object", dict)])
async def test_how_the_listing_shows_groups(sandbox, form, kind):
    sandbox.assumptions.listed_groups = form
    assert type((await listed(sandbox, 1))["groupList"]) is kind


@pytest.mark.parametrize(("form", "shown"), [("switch", True), ("live", False)])
async def test_what_the_listing_means_by_sip_trunk_state(sandbox, form, shown):
    sandbox.assumptions.listed_trunk_state = form
    assert (await listed(sandbox, 3))["sipTrunkState"] is shown
    assert (await listed(sandbox, 1))["sipTrunkState"] is False


@pytest.mark.parametrize("form", ["null", "absent"])
async def test_a_trunk_without_registration_in_the_listing(sandbox, form):
    sandbox.assumptions.listed_registration = form
    three = {"sipAccount", "sipPassword", "sipTrunkState"}
    assert (three <= (await listed(sandbox, 1)).keys()) is (form == "null")
    assert three <= (await listed(sandbox, 3)).keys()


@pytest.mark.parametrize(("order", "first"), [("oldest first", [1, 2]), ("newest first", [6, 5])])
async def test_the_order_of_the_listing(sandbox, order, first):
    sandbox.assumptions.listed_order = order
    records = (await ask(sandbox, QUERY, {**PAGE, "size": 2})).json()["data"]["records"]
    assert [record["keyId"] for record in records] == first
