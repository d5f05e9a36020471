"""Read pages of the listing again shortly before their rows are sent, so that what others change meanwhile is seen.

A page is read again where ten or more of its rows are to be sent: that is a tenth more calls at most. The next page is
read while the rows of one are sent.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from itnio_async.api.sip_trunks.types import SipTrunk
from itnio_async.bulk.plan.plan import PlanItem
from itnio_async.bulk.trunks.listing import PAGE_SIZE
from itnio_async.bulk.trunks.settings import FIELDS, settings_of
from itnio_async.errors import ItnioError

logger: logging.Logger = logging.getLogger("itnio_async.bulk")

LEAST_ROWS = 10
Read = Callable[[int], Awaitable[Iterable[SipTrunk]]]


class Pages:
    """The pages of a listing that are read again, for the items to be sent; `read` reads one by its number.

    `trunks` is the listing that the items were compared with.
    """

    def __init__(self, read: Read, trunks: Sequence[SipTrunk], items: Sequence[PlanItem]) -> None:
        self._read = read
        self._page_of = {trunk.key_id: 1 + index // PAGE_SIZE for index, trunk in enumerate(trunks)}
        counts = Counter(self._page_of.get(item.key_id) for item in items)
        pages = sorted(page for page, count in counts.items() if page is not None and count >= LEAST_ROWS)
        self._next = dict(zip(pages, [*pages[1:], None], strict=False))
        self._reading: dict[int, asyncio.Task[Mapping[int | None, SipTrunk]]] = {}

    def place(self, item: PlanItem) -> int:
        """Return the page of an item, to sort by: so its rows are sent soon after it is read."""
        return self._page_of.get(item.key_id, 0)

    async def changed(self, item: PlanItem) -> list[str]:
        """Return the fields of its trunk that are not any more as they were listed, as far as that was looked at."""
        page = self.place(item)
        if page not in self._next or item.trunk is None:
            return []
        for number in (page, self._next[page]):
            if number is not None and number not in self._reading:
                self._reading[number] = asyncio.ensure_future(self._trunks_of(number))
        trunk = (await asyncio.shield(self._reading[page])).get(item.key_id)
        if trunk is None or trunk == item.trunk:  # None: the pages have moved
            return []
        before, now = settings_of(item.trunk), settings_of(trunk)
        return [name for name in FIELDS if before[name] != now[name]]

    async def _trunks_of(self, page: int) -> Mapping[int | None, SipTrunk]:
        try:
            return {trunk.key_id: trunk for trunk in await self._read(page)}
        except ItnioError as error:
            # Its trunks were looked at when the round began; whether the job can go on, its updates find out.
            logger.info("page %d of the listing was not read again: %s", page, error)
            return {}

    async def aclose(self) -> None:
        """Give up what is being read."""
        for task in self._reading.values():
            task.cancel()
        await asyncio.gather(*self._reading.values(), return_exceptions=True)
