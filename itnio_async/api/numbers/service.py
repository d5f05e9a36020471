"""`client.numbers`: the endpoints as values, and a method for each."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from datetime import datetime
from types import NoneType
from typing import Unpack

from attrs import evolve

from itnio_async.api.base import Service
from itnio_async.api.numbers.checks import check_voicemail
from itnio_async.api.numbers.codes import NUMBERS
from itnio_async.api.numbers.types import (
    LONGEST_VOICEMAIL,
    NumberFilter,
    NumberPool,
    NumberPoolAdd,
    NumberPoolQuery,
    NumberPoolUpdate,
    NumberQuery,
    NumberRecord,
    NumberRecordFilter,
    NumberRecordQuery,
    NumberUpdate,
    PhoneBind,
    PhoneBinding,
    PhoneBindingFilter,
    PhoneBindingQuery,
    PhoneBound,
    PhoneNumber,
    PhoneUnbind,
)
from itnio_async.api.shapes import given
from itnio_async.endpoint import CallOptions, Endpoint
from itnio_async.errors import InvalidRequestError
from itnio_async.listing import Listing
from itnio_async.runs.run import BulkOptions, BulkRun
from itnio_async.uploads import FileSource, as_base64, name_of
from itnio_async.values import UNSET, Page

LIST = Endpoint("POST", "/number/queryPage", NumberQuery, Page[PhoneNumber], idempotent=True, family=NUMBERS)
# An announcement that is given is stored again by a repeat; the number has the same one in the end.
UPDATE = Endpoint(
    "POST", "/number/edit", NumberUpdate, NoneType, idempotent=True, family=NUMBERS, check=check_voicemail
)
LIST_RECORDS = Endpoint(
    "POST", "/number/record/queryPage", NumberRecordQuery, Page[NumberRecord], idempotent=True, family=NUMBERS
)
# Repeated, it may create a second pool: only its number, which is unique (-20), stands in its way.
ADD_POOL = Endpoint("POST", "/number/createNumberPool", NumberPoolAdd, NoneType, idempotent=False, family=NUMBERS)
# It names the pool by its old number: once that was changed, a repeat finds no pool, or another one that has taken the
# number since.
UPDATE_POOL = Endpoint("POST", "/number/editNumberPool", NumberPoolUpdate, NoneType, idempotent=False, family=NUMBERS)
LIST_POOLS = Endpoint(
    "POST", "/number/queryNumberPool", NumberPoolQuery, Page[NumberPool], idempotent=True, family=NUMBERS
)
# It takes middle numbers and starts a lifetime. While the phones are bound a repeat is refused (-35), and the id of the
# first one's binding is lost.
BIND = Endpoint("POST", "/number/pns/bind", PhoneBind, PhoneBound, idempotent=False, family=NUMBERS)
UNBIND = Endpoint("POST", "/number/pns/unbind", PhoneUnbind, NoneType, idempotent=True, family=NUMBERS, done_by=-24)
LIST_BINDINGS = Endpoint(
    "POST", "/number/pns/queryBindPage", PhoneBindingQuery, Page[PhoneBinding], idempotent=True, family=NUMBERS
)


class Numbers(Service):
    """The account's numbers, their calls, their pools, and the phones that are bound by them.

    Each method takes `CallOptions` for its calls alone, and raises as `client.call` does.
    """

    def list(
        self, *, app_id: str | None = None, current: int = 1, size: int = 100, **options: Unpack[CallOptions]
    ) -> Listing[PhoneNumber]:
        """List numbers: `await` it for page `current` (from 1), or `async for` over it for all from there on."""
        filters = given(NumberFilter, app_id=app_id)
        return self._listing(LIST, NumberQuery(current=current, size=size, params=filters), options)

    async def update(
        self, update: NumberUpdate, file: FileSource | None = None, **options: Unpack[CallOptions]
    ) -> None:
        """Change one number, and store the voicemail announcement that is given with it.

        Give all that it shall have: no page says whether what is left out stays.

        `file` is an MP3, WAV or M4A file of at most 5 MB: a path, the content as bytes, or a file open for reading
        bytes. Its name is the path's last part unless the update has one. Raises OSError too, for a file that cannot
        be read.
        """
        # What is no update is refused by the call, in the same words as without a file.
        if file is not None and isinstance(update, NumberUpdate):
            if update.voicemail_file is not UNSET:
                raise InvalidRequestError("the update says by itself what its voicemail_file is. Give one.", "file")
            name = name_of(file, update.voicemail_file_name or None, field="voicemail_file_name")
            content = await as_base64(file, most=LONGEST_VOICEMAIL, code=-22)
            update = evolve(update, voicemail_file=content, voicemail_file_name=name)
        call = self._caller.call(UPDATE, update, **options)
        del update  # a report of an error shows the variables here, whatever was passed
        return (await call).data

    def list_records(
        self,
        str_time: datetime,
        end_time: datetime,
        *,
        current: int = 1,
        size: int = 100,
        **options: Unpack[CallOptions],
    ) -> Listing[NumberRecord]:
        """List the calls of the numbers: one page or all of them, as `list` does. The times have their zone."""
        filters = given(NumberRecordFilter, str_time=str_time, end_time=end_time)
        return self._listing(LIST_RECORDS, NumberRecordQuery(current=current, size=size, params=filters), options)

    async def add_pool(self, pool: NumberPoolAdd, **options: Unpack[CallOptions]) -> None:
        """Create a pool of numbers, which is named by its own number.

        A lost answer does not tell whether it was created: list the pools before trying again.
        """
        call = self._caller.call(ADD_POOL, pool, **options)
        del pool
        return (await call).data

    async def update_pool(self, update: NumberPoolUpdate, **options: Unpack[CallOptions]) -> None:
        """Change a pool, its own number included. Give all its numbers: no page says whether they stay if left out.

        After a lost answer, list the pools to see which number it has by now.
        """
        call = self._caller.call(UPDATE_POOL, update, **options)
        del update
        return (await call).data

    def list_pools(self, *, current: int = 1, size: int = 100, **options: Unpack[CallOptions]) -> Listing[NumberPool]:
        """List the pools with their numbers: one page or all of them, as `list` does."""
        return self._listing(LIST_POOLS, NumberPoolQuery(current=current, size=size), options)

    async def bind(self, bind: PhoneBind, **options: Unpack[CallOptions]) -> PhoneBound:
        """Bind two phones for a time, and return the middle numbers by which they reach each other.

        A phone that is bound already is refused (-35), and so are phones for which the pool has no free number (-41).
        A lost answer does not tell whether they were bound: `list_bindings` does.
        """
        call = self._caller.call(BIND, bind, **options)
        del bind
        return (await call).data

    def bind_many(
        self, binds: Iterable[PhoneBind] | AsyncIterable[PhoneBind], **options: Unpack[BulkOptions]
    ) -> BulkRun[PhoneBind, PhoneBound]:
        """Bind many pairs of phones at once, and give each bind's outcome. Takes and raises what `bulk` does."""
        return self._caller.bulk(BIND, binds, **options)

    async def unbind(self, bind_id: int | str, app_id: str, **options: Unpack[CallOptions]) -> None:
        """End a binding before its time.

        One that is not there is refused (-24), unless an earlier attempt of this very call may have ended it.
        """
        return (await self._caller.call(UNBIND, PhoneUnbind(bind_id=bind_id, app_id=app_id), **options)).data

    def list_bindings(
        self, *, app_id: str | None = None, current: int = 1, size: int = 100, **options: Unpack[CallOptions]
    ) -> Listing[PhoneBinding]:
        """List the phones that are bound: one page or all of them, as `list` does."""
        filters = given(PhoneBindingFilter, app_id=app_id)
        return self._listing(LIST_BINDINGS, PhoneBindingQuery(current=current, size=size, params=filters), options)
