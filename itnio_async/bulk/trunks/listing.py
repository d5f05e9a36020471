"""All trunks of the account, as a plan needs them: whole, each once, its pages read side by side."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from itnio_async.api.sip_trunks.service import LIST
from itnio_async.api.sip_trunks.types import SipTrunk, SipTrunkFilter, SipTrunkQuery
from itnio_async.bulk.trunks.reading import Reading
from itnio_async.client import AsyncClient
from itnio_async.errors import ItnioError, UnexpectedResponseError
from itnio_async.listing import Listing, last_page
from itnio_async.values import Page

logger: logging.Logger = logging.getLogger("itnio_async.bulk")

PAGE_SIZE = 100  # the most that a page takes
# A listing is a query over the vendor's whole table: as many as a browser would send are polite.
CONCURRENCY = 10


async def list_trunks(
    client: AsyncClient, *, concurrency: int = CONCURRENCY, reading: Reading | None = None
) -> list[SipTrunk]:
    """Return every trunk of the account once, reading at most `concurrency` pages at the same time.

    A page that is lost, late, or refused by a gateway is asked for again, as `reading` says (for 30 s). Pages that move
    while they are read show a trunk twice or not at all: then all are read again, one after the other.

    Raises what a listing raises, and `UnexpectedResponseError` where even that gives a trunk twice or another number of
    trunks than the vendor counts.
    """
    reading = reading or Reading()
    first = await reading.ask(lambda: read_page(client, 1))
    last = last_page(first, 1, len(first))
    if last is not None:
        pages = {1: first}
        while missing := [number for number in range(2, last + 1) if number not in pages]:
            failure = await _read(client, missing, pages, concurrency)
            if len(pages) > last - len(missing):
                reading.came()
            if failure is not None:
                await reading.failed(failure)
        trunks = [trunk for number in sorted(pages) for trunk in pages[number]]
        why = _flaw(trunks, {page.total for page in pages.values()})
        if why is None:
            return trunks
        logger.info("the listing of trunks is read again, page after page: %s", why)
    return await _one_after_the_other(client, reading)


async def read_page(client: AsyncClient, number: int) -> Page[SipTrunk]:
    """Return one page of the listing; raises what a listing raises."""
    return (await client.call(LIST, _page(number))).data


def listing(client: AsyncClient, reading: Reading | None = None, **options: Any) -> Listing[SipTrunk]:
    """Return what `client.sip_trunks.list(**options)` does, whose pages are asked for again as `reading` says."""
    reading = reading or Reading()
    size = options.get("size", PAGE_SIZE)

    async def fetch(page: int) -> Page[SipTrunk]:
        return await reading.ask(lambda: client.sip_trunks.list(**(options | {"current": page})))

    return Listing(fetch, current=options.get("current", 1), size=size)


async def _read(
    client: AsyncClient, numbers: Iterable[int], pages: dict[int, Page[SipTrunk]], concurrency: int
) -> ItnioError | None:
    """Read these pages until one fails, and return its error."""
    queries = (_page(number) for number in numbers)
    run = client.bulk(LIST, queries, concurrency=concurrency, stop_on=(ItnioError,))
    async with run:
        try:
            async for outcome in run:
                if outcome.response is not None:
                    pages[outcome.request.current] = outcome.response.data
        except ItnioError as error:
            return error
    return None


async def _one_after_the_other(client: AsyncClient, reading: Reading) -> list[SipTrunk]:
    trunks: list[SipTrunk] = []
    total = None
    async for page in listing(client, reading, size=PAGE_SIZE).pages():
        trunks += page
        total = page.total
    why = _flaw(trunks, {total})
    if why is not None:
        raise UnexpectedResponseError(
            f"The listing of trunks is not whole: {why}. Trunks are being added or deleted at this moment, or the "
            "vendor's pages overlap. Try again when nobody else changes trunks.",
            http_status=200,
            may_have_been_processed=False,
        )
    return trunks


def _page(number: int) -> SipTrunkQuery:
    return SipTrunkQuery(current=number, size=PAGE_SIZE, params=SipTrunkFilter())


def _flaw(trunks: list[SipTrunk], totals: Iterable[int | None]) -> str | None:
    """Say what is wrong with a listing as a whole, or None."""
    ids = [trunk.key_id for trunk in trunks if trunk.key_id is not None]
    repeated = len(ids) - len(set(ids))
    if repeated:
        return f"{repeated} of its key ids repeat"
    for total in totals:
        if total and total != len(trunks):
            return f"it shows {len(trunks)} trunks and counts {total}"
    return None
