"""Each code of the update page, provoked for real and seen as its exception through the client."""

import pytest
from support.asking import UPDATE, replacement

from itnio_async import (
    AsyncClient,
    AuthenticationError,
    ConflictError,
    GroupBinding,
    IpNotAllowedError,
    QuotaError,
    RetryPolicy,
    ServerError,
    SipTrunkUpdate,
    TimestampExpiredError,
    UnexpectedResponseError,
    ValidationError,
)
from itnio_async.sandbox import Sandbox

from .provocations import CODES_OF_THE_PAGE, PROVOCATIONS

EXCEPTIONS = {
    -1: AuthenticationError,
    -2: IpNotAllowedError,
    -16: TimestampExpiredError,
    -18: ServerError,
    -23: QuotaError,
    **dict.fromkeys((-20, -47, -52, -53, -59, -60), ConflictError),
    **dict.fromkeys((-22, -44, -45, -48, -49, -50, -51, -54, -55, -56, -57, -58, -61), ValidationError),
}


@pytest.fixture
async def client(sandbox):
    options = {"base_url": sandbox.url, "retry": RetryPolicy(attempts=1)}
    async with AsyncClient(sandbox.api_key, sandbox.api_secret, **options) as made:
        yield made


def test_every_code_of_the_page_has_its_exception():
    assert set(EXCEPTIONS) == CODES_OF_THE_PAGE


@pytest.mark.parametrize("provocation", PROVOCATIONS, ids=str)
async def test_each_code_is_seen_as_its_exception(sandbox, client, provocation):
    # By `request`, since the typed call refuses most of these before it sends anything.
    body = replacement(sandbox.trunk(provocation.key_id), **provocation.changes)
    provocation.before(sandbox)
    with pytest.raises(EXCEPTIONS[provocation.code]) as caught:
        await client.request("POST", UPDATE, json=body)
    assert type(caught.value) is EXCEPTIONS[provocation.code]
    assert caught.value.code == provocation.code
    assert sandbox.codes[provocation.code] >= 1


@pytest.mark.parametrize("key_id", range(1, 7))
async def test_a_listed_trunk_goes_back_as_it_is(sandbox, client, key_id):
    before = replacement(sandbox.trunk(key_id))
    trunks = {trunk.key_id: trunk async for trunk in client.sip_trunks.list()}
    await client.sip_trunks.update(trunks[key_id].to_update(sip_prefix="9"))
    assert replacement(sandbox.trunk(key_id)) == {**before, "sipPrefix": "9"}


async def test_the_vendors_own_sample_goes_through(sandbox, client):
    update = SipTrunkUpdate(
        key_id=1,
        sip_trunk_name="22232",
        group_list=[GroupBinding(voice_group_id=1000026)],
        sip_gateway_ip="12.325.353.2",
        sip_trunk_state=False,
    )
    assert await client.sip_trunks.update(update) is None
    assert sandbox.trunk(1).sip_gateway_ip == "12.325.353.2"


async def test_all_pages_of_a_listing_are_read_although_the_size_differs():
    async with (
        Sandbox(trunks=120) as sandbox,
        AsyncClient(sandbox.api_key, sandbox.api_secret, base_url=sandbox.url) as client,
    ):
        listed = [trunk.key_id async for trunk in client.sip_trunks.list(size=7)]
    assert listed == list(range(1, 121))
    assert len(sandbox.requests) == 18


async def test_a_shifted_clock_is_learnt_from_the_date(sandbox, client):
    clock = sandbox.clock
    sandbox.clock = lambda: clock() + 3600
    assert len(await client.with_options(retry=RetryPolicy()).sip_trunks.list()) == 6
    assert sandbox.codes == {-16: 1, 0: 1}


async def test_an_unknown_path_is_never_a_success(client):
    with pytest.raises(UnexpectedResponseError) as caught:
        await client.request("POST", "/v3/cc/sipTrunk/delete", json={"keyId": 1})
    assert caught.value.http_status == 501
