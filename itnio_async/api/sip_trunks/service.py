"""`client.sip_trunks`: the endpoints as values, and a method for each."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from types import NoneType
from typing import Unpack

from itnio_async.api.base import Service
from itnio_async.api.shapes import given
from itnio_async.api.sip_trunks.checks import check_add, check_update
from itnio_async.api.sip_trunks.codes import SIP_TRUNKS, UPDATE_CODES
from itnio_async.api.sip_trunks.types import (
    SipTrunk,
    SipTrunkAdd,
    SipTrunkFilter,
    SipTrunkQuery,
    SipTrunkUpdate,
    TrunkDirection,
)
from itnio_async.endpoint import CallOptions, Endpoint
from itnio_async.listing import Listing
from itnio_async.runs.run import BulkOptions, BulkRun
from itnio_async.values import Page

# Repeating an update with the same values ends in the same trunk: this assumes that `groupList` replaces the groups
# there are, which the vendor's page does not say. If it added to them, a repeat would name a group that is bound (-52).
UPDATE = Endpoint(
    "POST", "/v3/cc/sipTrunk/update", SipTrunkUpdate, NoneType, idempotent=True, family=UPDATE_CODES, check=check_update
)
# Repeated, it may create a second trunk, unless the vendor refuses the name.
ADD = Endpoint[SipTrunkAdd, "int | None"](
    "POST", "/v3/cc/sipTrunk/add", SipTrunkAdd, int, idempotent=False, family=SIP_TRUNKS, check=check_add
)
LIST = Endpoint("POST", "/v3/cc/sipTrunk/query", SipTrunkQuery, Page[SipTrunk], idempotent=True, family=SIP_TRUNKS)


class SipTrunks(Service):
    """The SIP trunks of the account.

    Each method takes `CallOptions`: `timeout`, `deadline` and `retry` for its calls alone.
    """

    async def update(self, update: SipTrunkUpdate, **options: Unpack[CallOptions]) -> None:
        """Replace the settings of one trunk by those given, whole: what is left out may be lost.

        A call that is cancelled or runs out of time may have been processed all the same: list the trunk to see, or
        send the same update again, which does no harm.

        Raises `InvalidRequestError` before sending, `ApiError` for what the vendor refuses, `TransportError` or
        `DeadlineExceeded` where no answer came. Source: the vendor's page on updating a SIP trunk.
        """
        call = self._caller.call(UPDATE, update, **options)
        del update  # a report of an error shows the variables here, whatever was passed
        return (await call).data

    def update_many(
        self, updates: Iterable[SipTrunkUpdate] | AsyncIterable[SipTrunkUpdate], **options: Unpack[BulkOptions]
    ) -> BulkRun[SipTrunkUpdate, None]:
        """Update many trunks at once: `async for outcome in client.sip_trunks.update_many(updates)`.

        Each update replaces its trunk, as `update` does, and a failed one is an outcome. Two updates of one trunk may
        overtake each other. Takes and raises what `client.bulk` does; `rate_limit="auto"` finds the vendor's pace.
        """
        return self._caller.bulk(UPDATE, updates, **options)

    async def add(self, trunk: SipTrunkAdd, **options: Unpack[CallOptions]) -> int | None:
        """Create a trunk and return its key id, or None where the vendor's answer leaves it out.

        A lost answer does not tell whether the trunk was created: look for its name before trying again. A failure of
        the vendor's system is not repeated by itself for the same reason. Raises as `update` does.
        """
        call = self._caller.call(ADD, trunk, **options)
        del trunk
        return (await call).data

    def list(
        self,
        *,
        type: TrunkDirection | int | None = None,
        sip_trunk_name: str | None = None,
        current: int = 1,
        size: int = 100,
        **options: Unpack[CallOptions],
    ) -> Listing[SipTrunk]:
        """List trunks: `await` it for page `current` (from 1), or `async for` over it for all trunks from there on.

        `type` keeps one direction, `sip_trunk_name` the names that have this text in them; `size` is 1 to 100 a page.
        """
        filters = given(SipTrunkFilter, type=type, sip_trunk_name=sip_trunk_name)
        return self._listing(LIST, SipTrunkQuery(current=current, size=size, params=filters), options)
