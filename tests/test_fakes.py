"""Faking the SDK in a program's tests with the means of the standard library."""

from unittest.mock import create_autospec

import pytest
from support.values import trunk_update

from itnio_async import AsyncClient, Listing, Page, ServerError, SipTrunk


def fake_client() -> AsyncClient:
    return create_autospec(AsyncClient, instance=True)


async def test_a_fake_client_has_the_families_and_their_methods():
    client = fake_client()
    client.sip_trunks.add.return_value = 5
    client.sip_trunks.update.side_effect = ServerError("busy", code=-18)
    assert await client.sip_trunks.add(trunk_update(), timeout=3) == 5
    with pytest.raises(ServerError):
        await client.sip_trunks.update(trunk_update())
    client.sip_trunks.update.assert_awaited_once_with(trunk_update())


async def test_a_fake_listing_is_made_of_pages():
    async def page(current):
        return Page(records=[SipTrunk(key_id=current)], pages=2)

    client = fake_client()
    client.sip_trunks.list.return_value = Listing(page, current=1, size=1)
    assert (await client.sip_trunks.list())[0].key_id == 1
    assert [trunk.key_id async for trunk in client.sip_trunks.list()] == [1, 2]


def test_a_fake_client_has_no_other_attribute_and_takes_no_other_argument():
    client = fake_client()
    with pytest.raises(AttributeError):
        _ = client.sip_trunk
    with pytest.raises(AttributeError):
        _ = client.sip_trunks.updat
    with pytest.raises(TypeError):
        client.sip_trunks.update()


async def test_a_service_is_made_once_for_each_client_and_view():
    async with AsyncClient("key", "secret", base_url="http://127.0.0.1:1") as client:
        assert client.sip_trunks is client.sip_trunks
        assert client.with_options(deadline=1).sip_trunks is not client.sip_trunks
        assert AsyncClient.sip_trunks is type(client.sip_trunks)
