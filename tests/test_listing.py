"""Listings: one page, all pages, and a vendor that counts in its own way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given, settings, strategies as st
from support.scripted import ScriptedTransport, answer, hang, until
from support.values import KEY, SECRET

from itnio_async import (
    AsyncClient,
    ConfigurationError,
    InvalidRequestError,
    ItnioError,
    Listing,
    Page,
    RetryPolicy,
    ServerError,
    SipTrunk,
    TrunkDirection,
    UnexpectedResponseError,
)

ENDLESS = 50


class Vendor:
    """Lists `count` trunks; the options are its ways to contradict itself."""

    def __init__(self, count: int, *, own_size: int | None = None, **said: Any) -> None:
        self.count = count
        self.own_size = own_size
        self.said = said
        self.asked: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        self.asked.append(body)
        assert len(self.asked) < ENDLESS, "the listing does not end"
        size = self.own_size or body["size"]
        first = (body["current"] - 1) * size
        records = [{"keyId": number + 1} for number in range(first, min(first + size, self.count))]
        data = {
            "total": self.count,
            "size": size,
            "current": body["current"],
            "pages": -(-self.count // size),
            "records": records,
            **self.said,
        }
        return answer(data={name: value for name, value in data.items() if value is not ...})


def client_of(vendor: Any) -> AsyncClient:
    return AsyncClient(KEY, SECRET, transport=ScriptedTransport(vendor))


async def until_it_fails(listing: Listing[SipTrunk]) -> tuple[list[int | None], Exception | None]:
    seen = []
    try:
        async for trunk in listing:
            seen.append(trunk.key_id)  # noqa: PERF401 - what came before the failure counts
    except ItnioError as error:
        return seen, error
    return seen, None


async def keys(vendor: Vendor, **options: Any) -> list[int | None]:
    async with client_of(vendor) as client:
        return [trunk.key_id async for trunk in client.sip_trunks.list(**options)]


async def test_awaited_it_is_the_one_page_that_was_asked_for() -> None:
    vendor = Vendor(25)
    async with client_of(vendor) as client:
        page = await client.sip_trunks.list(current=2, size=10)
    assert isinstance(page, Page)
    assert [trunk.key_id for trunk in page] == list(range(11, 21))
    assert (len(page), page.total, page.size, page.current, page.pages) == (10, 25, 10, 2, 3)
    assert all(isinstance(trunk, SipTrunk) for trunk in page)
    assert vendor.asked == [{"current": 2, "size": 10, "params": {}}]


async def test_the_filters_are_sent_only_where_given() -> None:
    vendor = Vendor(1)
    async with client_of(vendor) as client:
        await client.sip_trunks.list(type=TrunkDirection.INBOUND, sip_trunk_name="22")
        await client.sip_trunks.list(type=1)
    assert [asked["params"] for asked in vendor.asked] == [{"type": 2, "sipTrunkName": "22"}, {"type": 1}]
    assert vendor.asked[0]["size"] == 100


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 25])
@pytest.mark.parametrize(
    "said",
    [
        {},
        {"pages": None},
        {"total": None},
        {"pages": None, "total": None},
        {"pages": ..., "total": ..., "size": ..., "current": ...},
        {"total": 0, "pages": 0, "searchCount": False},  # a count that was not made
        {"size": 7, "current": 1},
        {"total": "999", "pages": None},
    ],
    ids=str,
)
async def test_each_record_comes_once_whatever_the_answer_says_of_itself(count: int, said: dict[str, Any]) -> None:
    assert await keys(Vendor(count, **said), size=10) == list(range(1, count + 1))


@pytest.mark.parametrize(("own", "count"), [(4, 9), (50, 70), (100, 250)])
@pytest.mark.parametrize("pages", [{}, {"pages": None}, {"pages": None, "total": None}], ids=str)
async def test_a_vendor_with_a_page_size_of_its_own_loses_nothing(own: int, count: int, pages: dict[str, Any]) -> None:
    assert await keys(Vendor(count, own_size=own, **pages), size=10) == list(range(1, count + 1))


@given(
    count=st.integers(0, 30),
    size=st.integers(1, 100),
    own_size=st.none() | st.integers(3, 40),
    known=st.sets(st.sampled_from(["total", "pages"])),
)
@settings(max_examples=60, deadline=None)
async def test_each_record_comes_once_for_any_sizes(
    count: int, size: int, own_size: int | None, known: set[str]
) -> None:
    said = {name: None for name in ("total", "pages") if name not in known}
    vendor = Vendor(count, own_size=own_size or max(size, 1), **said)
    assert await keys(vendor, size=size) == list(range(1, count + 1))


async def test_no_page_is_asked_for_that_cannot_be_there() -> None:
    vendor = Vendor(20)
    await keys(vendor, size=10)
    assert [asked["current"] for asked in vendor.asked] == [1, 2]


@pytest.mark.parametrize("said", [{}, {"pages": None}, {"pages": None, "total": None}], ids=str)
async def test_it_begins_at_the_page_that_was_asked_for(said: dict[str, Any]) -> None:
    vendor = Vendor(25, **said)
    assert await keys(vendor, size=10, current=2) == list(range(11, 26))
    assert vendor.asked[0]["current"] == 2


@pytest.mark.parametrize("own", [4, 10, 40])
@pytest.mark.parametrize("said", [{}, {"pages": None}, {"pages": None, "total": None}], ids=str)
async def test_it_begins_there_in_the_vendors_page_size_too(said: dict[str, Any], own: int) -> None:
    assert await keys(Vendor(100, own_size=own, **said), size=10, current=2) == list(range(own + 1, 101))


async def test_a_page_beyond_the_end_is_empty() -> None:
    vendor = Vendor(5)
    assert await keys(vendor, current=9) == []
    assert len(vendor.asked) == 1


@pytest.mark.parametrize("data", [None, {}, [], {"records": None}, {"records": []}, {"total": "0"}], ids=str)
async def test_an_empty_listing_in_all_its_forms(data: Any) -> None:
    async with client_of(lambda _: answer(data=data)) as client:
        page = await client.sip_trunks.list()
        assert list(page) == []
        assert [trunk async for trunk in client.sip_trunks.list()] == []


async def test_a_vendor_that_gives_the_same_page_again_is_noticed() -> None:
    asked = 0

    def stubborn(_: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        return answer(data={"total": 500, "pages": 50, "records": [{"keyId": 1}, {"keyId": 2}]})

    async with client_of(stubborn) as client:
        seen, error = await until_it_fails(client.sip_trunks.list(size=2))
    assert isinstance(error, UnexpectedResponseError)
    assert "again" in str(error)
    assert seen == [1, 2]
    assert asked == 2


LISTINGS: dict[str, Any] = {
    "sip_trunks": lambda client: client.sip_trunks.list(size=2),
    "agent_groups": lambda client: client.agent_groups.list(size=2),
    "agents": lambda client: client.agents.list(size=2),
    "team_leaders": lambda client: client.team_leaders.list(size=2),
    "call_tasks": lambda client: client.call_tasks.list(size=2),
    "numbers": lambda client: client.call_tasks.list_numbers(1, size=2),
    "call_records": lambda client: client.call_records.list(MOMENT, MOMENT, size=2),
    "inbound": lambda client: client.sms.list_inbound("sandbox1", MOMENT, MOMENT, size=2),
    "voice": lambda client: client.call_records.list_voice(MOMENT, MOMENT, size=2),
}
MOMENT = datetime(2025, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize("name", LISTINGS)
async def test_pages_that_differ_only_in_what_no_class_knows_are_all_read(name: str) -> None:
    def vendor(request: httpx.Request) -> httpx.Response:
        current = json.loads(request.content)["current"]
        return answer(data={"total": 6, "records": [{"unknown": 2 * current}, {"unknown": 2 * current + 1}]})

    async with client_of(vendor) as client:
        assert [record.extra["unknown"] async for record in LISTINGS[name](client)] == [2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("name", LISTINGS)
async def test_in_every_family_a_page_that_comes_again_is_noticed(name: str) -> None:
    async with client_of(lambda _: answer(data={"total": 6, "records": [{"unknown": 1}, {}]})) as client:
        with pytest.raises(UnexpectedResponseError, match="again"):
            _ = [record async for record in LISTINGS[name](client)]


async def test_the_pages_one_by_one() -> None:
    async with client_of(Vendor(25)) as client:
        assert [len(page) async for page in client.sip_trunks.list(size=10).pages()] == [10, 10, 5]


async def test_one_object_is_awaited_and_iterated_as_often_as_wanted() -> None:
    async with client_of(Vendor(15)) as client:
        listing = client.sip_trunks.list(size=10)
        assert len(await listing) == 10
        assert len([trunk async for trunk in listing]) == 15
        assert len(await listing) == 10
        assert len([trunk async for trunk in listing]) == 15


async def test_one_that_nobody_awaits_sends_nothing() -> None:
    vendor = Vendor(15)
    async with client_of(vendor) as client:
        client.sip_trunks.list()
    assert vendor.asked == []


async def test_leaving_early_asks_for_no_more() -> None:
    vendor = Vendor(1000)
    async with client_of(vendor) as client:
        async for _ in client.sip_trunks.list(size=10):
            break
        assert len(vendor.asked) == 1
        assert client.stats.in_use == 0


async def test_an_error_on_a_later_page_comes_after_the_records_before_it() -> None:
    vendor = Vendor(25)

    def fails_on_page_two(request: httpx.Request) -> httpx.Response:
        return vendor(request) if not vendor.asked else answer(-18)

    async with client_of(fails_on_page_two) as client:
        seen, error = await until_it_fails(client.with_options(retry=RetryPolicy(on=())).sip_trunks.list(size=10))
    assert isinstance(error, ServerError)
    assert len(seen) == 10


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"current": 0}, "current"),
        ({"current": -1}, "current"),
        ({"current": "1"}, "current"),
        ({"current": 1.0}, "current"),
        ({"current": True}, "current"),
        ({"current": None}, "current"),
        ({"current": 2**70}, "current"),
        ({"size": 0}, "size"),
        ({"size": 101}, "size"),
        ({"size": "10"}, "size"),
        ({"size": 10.5}, "size"),
        ({"size": None}, "size"),
        ({"size": False}, "size"),
        ({"type": "1"}, "params.type"),
        ({"type": True}, "params.type"),
        ({"type": 1.0}, "params.type"),
        ({"sip_trunk_name": 22}, "params.sip_trunk_name"),
        ({"sip_trunk_name": "\ud800"}, "params.sip_trunk_name"),
    ],
    ids=str,
)
@pytest.mark.parametrize("how", ["await", "async for"])
async def test_wrong_arguments_are_refused_by_name(options: dict[str, Any], field: str, how: str) -> None:
    vendor = Vendor(1)
    async with client_of(vendor) as client:
        listing = client.sip_trunks.list(**options)
        with pytest.raises(InvalidRequestError) as caught:
            await (listing if how == "await" else anext(aiter(listing)))
    assert caught.value.field == field
    assert vendor.asked == []


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ("records", "data"),
        (5, "data"),
        ([{"records": []}, {"records": []}], "data"),
        ({"records": "[]"}, "data.records"),
        ({"records": [5]}, "data.records[0]"),
        ({"records": [{}, {"keyId": "x"}]}, "data.records[1].keyId"),
        ({"records": [{"groupList": [{}, {"voiceGroupId": 1.5}]}]}, "data.records[0].groupList[1].voiceGroupId"),
        ({"total": {}}, "data.total"),
    ],
    ids=str,
)
async def test_an_answer_of_an_impossible_type_names_its_path(data: Any, path: str) -> None:
    async with client_of(lambda _: answer(data=data)) as client:
        with pytest.raises(UnexpectedResponseError) as caught:
            await client.sip_trunks.list()
    assert f"`{path}`" in str(caught.value)
    assert isinstance(caught.value, ItnioError)


# -- in a task of its own ---------------------------------------------------------------------------------------------


async def by_create_task(listing: Listing[Any]) -> Page[Any]:
    return await asyncio.create_task(listing)


async def by_ensure_future(listing: Listing[Any]) -> Page[Any]:
    return await asyncio.ensure_future(listing)


async def by_gather(listing: Listing[Any]) -> Page[Any]:
    (page,) = await asyncio.gather(listing)
    return page


async def by_wait_for(listing: Listing[Any]) -> Page[Any]:
    return await asyncio.wait_for(listing, 5)


async def by_task_group(listing: Listing[Any]) -> Page[Any]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(listing)
    return task.result()


async def by_await(listing: Listing[Any]) -> Page[Any]:
    return await listing


WAYS = [by_create_task, by_ensure_future, by_gather, by_wait_for, by_task_group, by_await]
each_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
Way = Callable[[Listing[Any]], Awaitable[Page[Any]]]


@each_way
async def test_a_listing_is_awaited_in_any_way_and_again(way: Way) -> None:
    vendor = Vendor(3)
    async with client_of(vendor) as client:
        listing = client.sip_trunks.list()
        for asked in (1, 2):
            assert [trunk.key_id for trunk in await way(listing)] == [1, 2, 3]
            assert len(vendor.asked) == asked


@each_way
async def test_the_error_of_a_listing_comes_out_in_any_way(way: Way) -> None:
    async with client_of(answer(-22)) as client:
        with pytest.raises((ItnioError, ExceptionGroup)) as caught:
            await way(client.sip_trunks.list())
        assert getattr(caught.value, "exceptions", [caught.value])[0].code == -22


async def test_the_task_of_a_listing_can_be_cancelled_and_leaves_nothing_behind() -> None:
    vendor = Vendor(1)
    transport = ScriptedTransport(hang, vendor)
    async with AsyncClient(KEY, SECRET, transport=transport) as client:
        listing = client.sip_trunks.list()
        task = asyncio.create_task(listing)
        await until(lambda: transport.sent)
        assert client.stats.in_use == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert client.stats.in_use == 0
        assert len(await asyncio.create_task(listing)) == 1


async def test_two_tasks_at_once_need_two_listings() -> None:
    transport = ScriptedTransport(hang)
    async with AsyncClient(KEY, SECRET, transport=transport) as client:
        listing = client.sip_trunks.list()
        first = asyncio.create_task(listing)
        await until(lambda: transport.sent)
        with pytest.raises(RuntimeError, match="by another task already"):
            await asyncio.create_task(listing)
        assert not first.done()
        first.cancel()
        await asyncio.wait([first])


def test_asyncio_runs_a_listing() -> None:
    async def closing() -> None:
        await client.aclose()

    client = client_of(Vendor(2))
    assert len(asyncio.run(client.sip_trunks.list())) == 2
    asyncio.run(closing())


async def test_a_listing_that_is_closed_gives_its_slot_back() -> None:
    async with AsyncClient(KEY, SECRET, transport=ScriptedTransport(hang)) as client:
        listing = client.sip_trunks.list()
        listing.close()
        listing.send(None)
        assert client.stats.in_use == 1
        listing.close()
        assert client.stats.in_use == 0


# -- several pages at once --------------------------------------------------------------------------------------------


class Gate:
    """A listing's pages, each of which comes when the test lets it; `asked` are those that were asked for."""

    def __init__(self, pages: int, *, tells: bool = True) -> None:
        self.pages = pages
        self.said = {"pages": pages if tells else None}
        self.asked: list[int] = []
        self.cancelled: list[int] = []
        self.open: dict[int, asyncio.Event] = {}

    async def __call__(self, number: int) -> Page[int]:
        self.asked.append(number)
        try:
            await self.open.setdefault(number, asyncio.Event()).wait()
        except asyncio.CancelledError:
            self.cancelled.append(number)
            raise
        return Page(records=[number] if number <= self.pages else [], **self.said)

    def let(self, *numbers: int) -> None:
        for number in numbers:
            self.open.setdefault(number, asyncio.Event()).set()


def taken(listing: Listing[Any], into: list[Any], **options: Any) -> asyncio.Task[None]:
    """Take all records, in a task."""

    async def take() -> None:
        async for record in listing.records(**options):
            into.append(record)  # noqa: PERF401 - what came before a failure counts

    return asyncio.create_task(take())


async def test_several_pages_are_asked_for_at_once_and_come_in_their_order() -> None:
    gate, seen = Gate(6), list[int]()
    task = taken(Listing(gate, current=1, size=1), seen, concurrency=3)
    await until(lambda: gate.asked == [1])
    gate.let(1)
    await until(lambda: gate.asked == [1, 2, 3, 4])
    gate.let(3, 4)
    await asyncio.sleep(0)
    assert seen == [1]
    gate.let(2)
    await until(lambda: seen == [1, 2, 3, 4] and gate.asked == [1, 2, 3, 4, 5, 6])
    gate.let(5, 6)
    await task
    assert seen == [1, 2, 3, 4, 5, 6]
    assert gate.asked == [1, 2, 3, 4, 5, 6]


async def test_the_next_page_is_read_while_one_is_worked_on() -> None:
    gate = Gate(3)
    gate.let(1, 2, 3)
    pages = Listing(gate, current=1, size=1).pages(read_ahead=True)
    assert (await anext(pages)).records == [1]
    await until(lambda: gate.asked == [1, 2])
    for _ in range(5):
        await asyncio.sleep(0)
    assert gate.asked == [1, 2]
    assert (await anext(pages)).records == [2]
    await until(lambda: gate.asked == [1, 2, 3])
    await pages.aclose()


@pytest.mark.parametrize("options", [{"read_ahead": True}, {"concurrency": 4}])
async def test_where_nothing_tells_the_end_only_the_next_page_is_asked_for(options: dict[str, Any]) -> None:
    gate, seen = Gate(3, tells=False), list[int]()
    gate.let(1, 2, 3, 4)
    await taken(Listing(gate, current=1, size=1), seen, **options)
    assert (seen, gate.asked) == ([1, 2, 3], [1, 2, 3, 4])


async def test_leaving_early_cancels_the_pages_that_were_asked_for() -> None:
    gate = Gate(9)
    gate.let(1)
    pages = Listing(gate, current=1, size=1).pages(concurrency=3)
    await anext(pages)
    await until(lambda: gate.asked == [1, 2, 3, 4])
    await pages.aclose()
    assert gate.cancelled == [2, 3, 4]
    assert len(asyncio.all_tasks()) == 1


async def test_a_cancelled_reader_leaves_no_page_behind() -> None:
    gate, seen = Gate(9), list[int]()
    gate.let(1)
    task = taken(Listing(gate, current=1, size=1), seen, concurrency=3)
    await until(lambda: len(gate.asked) == 4)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(gate.cancelled) == [2, 3, 4]
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize("options", [{}, {"read_ahead": True}, {"concurrency": 5}])
@pytest.mark.parametrize("count", [0, 1, 10, 25, 61])
async def test_each_record_comes_once_however_it_is_read(options: dict[str, Any], count: int) -> None:
    vendor = Vendor(count)
    async with client_of(vendor) as client:
        listing = client.sip_trunks.list(size=10)
        assert [trunk.key_id async for trunk in listing.records(**options)] == list(range(1, count + 1))
    assert len(vendor.asked) == max(1, -(-count // 10))


@pytest.mark.parametrize("options", [{"read_ahead": True}, {"concurrency": 5}])
async def test_a_page_that_comes_again_is_noticed_ahead_too(options: dict[str, Any]) -> None:
    async def stubborn(_: int) -> Page[int]:
        return Page(records=[1], pages=50)

    with pytest.raises(UnexpectedResponseError, match="page 2 is page 1 again"):
        await taken(Listing(stubborn, current=1, size=1), [], **options)


@pytest.mark.parametrize("options", [{}, {"read_ahead": True}, {"concurrency": 5}])
async def test_a_listing_by_index_goes_on_behind_what_came(options: dict[str, Any]) -> None:
    asked, seen = list[int](), list[int]()

    async def fetch(index: int) -> Page[int]:
        asked.append(index)
        return Page(records=list(range(index, min(index + 4, 10))))

    await taken(Listing(fetch, current=0, size=4, by_index=True), seen, **options)
    assert seen == list(range(10))
    assert asked == [0, 4, 8, 10]


@pytest.mark.parametrize("options", [{"concurrency": 0}, {"concurrency": True}, {"read_ahead": 1}])
async def test_wrong_ways_to_read_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        await taken(Listing(Gate(1), current=1, size=1), [], **options)
