"""Each assumption is listed, can be flipped, and changes what it says; `strict` fails who relied on one."""

import attrs
import pytest

from itnio_async.errors import ConfigurationError
from itnio_async.sandbox import AssumedRuleError, Assumptions, Sandbox

from .asking import ADD, QUERY, SPARE, UPDATE, ask, replacement, rule_of

PAGE = {"current": 1, "size": 10, "params": {}}
NEW = {"type": 1, "sipTrunkName": "new", "sipGatewayIp": "g", "groupList": [{"voiceGroupId": SPARE}]}


def test_all_are_listed_with_their_reason_and_value(sandbox):
    listed = {assumption.name: assumption for assumption in sandbox.assumptions}
    assert list(listed) == [field.name for field in attrs.fields(Assumptions)]
    assert all(len(assumption.text) > 40 for assumption in listed.values())
    assert listed["window"].value == 300
    sandbox.assumptions.group_bound_once = False
    assert next(a for a in sandbox.assumptions if a.name == "group_bound_once").value is False


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("group_bound_once", 1),
        ("group_bound_once", None),
        ("listed_password", "hidden"),
        ("listed_password", []),
        ("unknown_key_code", -1),
        ("window", 0),
        ("window", True),
        ("window", float("nan")),
        ("trunk_quota", -1),
        ("trunk_quota", "5"),
    ],
)
def test_a_value_that_one_cannot_take_is_refused(sandbox, name, value):
    before = getattr(sandbox.assumptions, name)
    with pytest.raises(ConfigurationError, match=f"assumptions.{name} is"):
        setattr(sandbox.assumptions, name, value)
    assert getattr(sandbox.assumptions, name) == before


def test_a_misspelt_one_is_refused(sandbox):
    with pytest.raises(AttributeError):
        sandbox.assumptions.group_bound_twice = False


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


@pytest.mark.parametrize("http_status", [200, 400, 500])
async def test_the_http_status_of_a_refusal(sandbox, http_status):
    sandbox.assumptions.failure_http_status = http_status
    response = await ask(sandbox, UPDATE, {})
    assert (response.status_code, response.json()["status"]) == (http_status, "-56")


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


# Strict.


async def test_strict_names_what_was_relied_on():
    sandbox = await Sandbox(trunks=4, strict=True).__aenter__()
    await ask(sandbox, UPDATE, replacement(sandbox.trunk(1)))
    await ask(sandbox, UPDATE, replacement(sandbox.trunk(2), groupList=[{"voiceGroupId": 9, "number": "+1"}]))
    with pytest.raises(AssumedRuleError) as caught:
        await sandbox.__aexit__(None, None, None)
    assert "1 request was" in str(caught.value)
    assert f"POST {UPDATE} key id 2: 22 assumed (an agent group does not exist)" in str(caught.value)
    assert isinstance(caught.value, AssertionError)


async def test_strict_shows_the_first_twenty_and_counts_the_rest():
    sandbox = Sandbox(strict=True).__enter__()
    for _ in range(25):
        await ask(sandbox, "/nowhere", {})
    with pytest.raises(AssumedRuleError, match=r"^25 requests were(?s:.*)and 5 more$"):
        sandbox.__exit__(None, None, None)


async def test_strict_says_nothing_where_all_is_documented():
    async with Sandbox(trunks=2, strict=True) as sandbox:
        await ask(sandbox, UPDATE, replacement(sandbox.trunk(1)))
        await ask(sandbox, UPDATE, {})
        await ask(sandbox, QUERY, PAGE)
        sandbox.order("minus18")
        await ask(sandbox, UPDATE, replacement(sandbox.trunk(1)))
    assert sandbox.codes == {0: 2, -56: 1, -18: 1}


async def relying_and_failing():
    async with Sandbox(strict=True) as sandbox:
        await ask(sandbox, "/nowhere", {})
        raise ZeroDivisionError


async def test_strict_leaves_an_error_of_the_test_itself_alone():
    with pytest.raises(ZeroDivisionError):
        await relying_and_failing()
