"""All trunks, each once."""

from __future__ import annotations

import json

import httpx
import pytest
from hypothesis import given, strategies as st
from support.scripted import answer

from itnio_async import AsyncClient, UnexpectedResponseError
from itnio_async.bulk.trunks.listing import list_trunks
from itnio_async.errors import ApiError
from itnio_async.sandbox import Sandbox


class Pages(httpx.AsyncBaseTransport):
    """A vendor that answers page n with what `page(n)` gives, each time it is asked; `asked` are the numbers."""

    def __init__(self, page):
        self.asked = []
        self._page = page

    async def handle_async_request(self, request):
        number = json.loads(await request.aread())["current"]
        self.asked.append(number)
        return answer(data=self._page(number, self.asked.count(number)))


def page(ids, **counts):
    return {"records": [{"keyId": key_id, "sipTrunkName": f"t{key_id}"} for key_id in ids], **counts}


@pytest.mark.parametrize("trunks", [0, 1, 100, 101, 250])
async def test_every_trunk_of_the_sandbox_once(trunks):
    with Sandbox(trunks=trunks) as sandbox:
        async with AsyncClient(sandbox.api_key, sandbox.api_secret, base_url=sandbox.url) as client:
            listed = await list_trunks(client)
        assert [trunk.key_id for trunk in listed] == [trunk.key_id for trunk in sandbox.trunks]
        assert sum(sandbox.codes.values()) == max(1, -(-trunks // 100))


async def test_pages_that_repeat_a_key_id_are_read_again_one_after_the_other(make_client):
    def moving(number, time):
        first = [[1, 2], [2, 3]][number - 1] if time == 1 else [[1, 2], [3, 4]][number - 1]
        return page(first, total=4, pages=2)

    transport = Pages(moving)
    assert [trunk.key_id for trunk in await list_trunks(make_client(transport))] == [1, 2, 3, 4]
    assert transport.asked == [1, 2, 1, 2]


@pytest.mark.parametrize("total", [3, 5])
async def test_a_listing_that_never_adds_up_is_refused(make_client, total):
    transport = Pages(lambda number, _: page([2 * number - 1, 2 * number], total=total, pages=2))
    with pytest.raises(UnexpectedResponseError, match=f"shows 4 trunks and counts {total}.*Try again"):
        await list_trunks(make_client(transport))
    assert transport.asked == [1, 2, 1, 2]


@pytest.mark.parametrize("counts", [{}, {"total": 0, "pages": 0}, {"total": None}])
async def test_without_a_count_the_pages_are_followed_to_the_empty_one(make_client, counts):
    transport = Pages(lambda number, _: page([[1, 2], [3], []][number - 1], **counts))
    assert [trunk.key_id for trunk in await list_trunks(make_client(transport))] == [1, 2, 3]


async def test_the_pages_are_those_of_the_size_that_the_vendor_gives(make_client):
    transport = Pages(lambda number, _: page(range(number * 2 - 1, min(number * 2, 5) + 1), total=5, size=50))
    assert [trunk.key_id for trunk in await list_trunks(make_client(transport))] == [1, 2, 3, 4, 5]
    assert sorted(transport.asked) == [1, 2, 3]


async def test_a_page_that_fails_is_the_listings_failure(make_client):
    def failing(number, _):
        return page([number], total=3, pages=3)

    class Failing(Pages):
        async def handle_async_request(self, request):
            given = await super().handle_async_request(request)
            return answer(-22) if self.asked[-1] == 2 else given

    with pytest.raises(ApiError) as caught:
        await list_trunks(make_client(Failing(failing)))
    assert caught.value.code == -22


@given(ids=st.lists(st.integers(1, 8), max_size=12), size=st.integers(1, 4), total=st.integers(0, 12))
async def test_a_listing_is_whole_or_refused(ids, size, total):
    pages = -(-len(ids) // size)
    transport = Pages(lambda number, _: page(ids[(number - 1) * size : number * size], total=total, pages=pages))
    async with AsyncClient("key", "made-up-secret", transport=transport) as client:
        try:
            listed = await list_trunks(client)
        except UnexpectedResponseError:
            assert len(set(ids)) < len(ids) or (total and total != len(ids))
        else:
            assert [trunk.key_id for trunk in listed] == ids
            assert len(set(ids)) == len(ids)
            assert not total or total == len(ids)
