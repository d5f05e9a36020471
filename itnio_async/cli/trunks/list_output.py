"""Write a list of trunks: which of them, in which order, with which fields, and in which form."""

from __future__ import annotations

import csv
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Any

from attrs import frozen

from itnio_async import AsyncClient, SipTrunk, TrunkDirection
from itnio_async.bulk.identity import identity_of
from itnio_async.bulk.trunks.listed import LISTED_FIELDS, listed_field, listed_object, listed_table
from itnio_async.bulk.trunks.listing import PAGE_SIZE, list_trunks as all_trunks, listing
from itnio_async.bulk.trunks.where import Condition
from itnio_async.cli.account import Access
from itnio_async.cli.exits import CommandError
from itnio_async.cli.families.results import Form
from itnio_async.cli.output import columns as write_columns, console, json_line, line, on_terminal, table
from itnio_async.cli.trunks.fields import Direction, texts_of
from itnio_async.text import counted


@frozen(kw_only=True)
class Wanted:
    """What is to be listed, and how: the options after they have been checked."""

    conditions: Sequence[Condition]
    filters: dict[str, Any]
    limit: int | None
    is_count: bool
    names: Sequence[str]
    sort: Sequence[tuple[str, bool]]
    form: Form

    @staticmethod
    def fields(option: str, text: str | None) -> list[str]:
        """Return the fields that an option names; raises `CommandError` for one that there is not."""
        return [_name(option, part) for part in _parts(option, text)]

    @staticmethod
    def order(text: str | None) -> list[tuple[str, bool]]:
        """Return the fields that `--sort` names, each with whether it falls; raises `CommandError`."""
        return [(_name("--sort", part.removeprefix("-")), part[0] == "-") for part in _parts("--sort", text)]

    @property
    def is_whole(self) -> bool:
        """Tell whether all trunks must be there before the first is written."""
        waits = self.form is not Form.JSONL and (self.form is not Form.TABLE or on_terminal())
        return waits or self.is_count or bool(self.sort)

    async def trunks(self, client: AsyncClient) -> AsyncIterator[SipTrunk]:
        """Yield the trunks that are wanted, in the order that is wanted."""
        if not self.is_whole:
            async for trunk in self._as_they_come(client):
                yield trunk
            return
        if self.limit is None and not any(self.filters.values()):
            found = [trunk for trunk in await all_trunks(client) if self._is_meant(trunk)]
        else:
            found = [trunk async for trunk in self._as_they_come(client)]
        for name, is_falling in reversed(self.sort):
            there = [trunk for trunk in found if _has(trunk, name)]
            there.sort(key=partial(_sort_key, name), reverse=is_falling)
            # Nothing comes last, whichever way round.
            found = there + [trunk for trunk in found if not _has(trunk, name)]
        for trunk in found[: self.limit]:
            yield trunk

    async def _as_they_come(self, client: AsyncClient) -> AsyncIterator[SipTrunk]:
        limit = None if self.sort else self.limit
        size = PAGE_SIZE if self.conditions or limit is None else min(PAGE_SIZE, limit)
        count = 0
        async for trunk in listing(client, size=size, **self.filters):
            if self._is_meant(trunk):
                yield trunk
                count += 1
                if count == limit:
                    return

    def _is_meant(self, trunk: SipTrunk) -> bool:
        return all(condition.matches(trunk) for condition in self.conditions)


def _parts(option: str, text: str | None) -> list[str]:
    if text is None:
        return []
    parts = [part.strip() for part in text.split(",")]
    if not all(part.removeprefix("-") for part in parts):
        raise CommandError(f"{option} {text}: a name is missing.", f"choose of {', '.join(LISTED_FIELDS)}.")
    return parts


def _name(option: str, text: str) -> str:
    name = listed_field(text)
    if name is None:
        raise CommandError(f"{option}: there is no field {text!r}.", f"choose of {', '.join(LISTED_FIELDS)}.")
    return name


def _has(trunk: SipTrunk, name: str) -> bool:
    return getattr(trunk, name) not in (None, "", [])


def _sort_key(name: str, trunk: SipTrunk) -> Any:
    value = getattr(trunk, name)
    return texts_of(value) if isinstance(value, list) else value


async def write_list(access: Access, wanted: Wanted) -> None:
    """Write the trunks that are wanted, or only how many there are."""
    async with access.client() as client:
        if wanted.is_count:
            count = len([trunk async for trunk in wanted.trunks(client)])
            if wanted.form in (Form.JSON, Form.JSONL):
                json_line({"count": count})
            else:
                line(str(count))
        elif wanted.form is Form.TABLE:
            await _write_table(wanted, client)
        else:
            await _write_data(wanted, client, (await identity_of(client)).mark)


async def _write_data(wanted: Wanted, client: AsyncClient, account: str) -> None:
    names = wanted.names or LISTED_FIELDS
    if wanted.form is Form.JSONL:
        async for trunk in wanted.trunks(client):
            json_line(listed_object(trunk, names, account))
        return
    trunks = [trunk async for trunk in wanted.trunks(client)]
    if wanted.form is Form.JSON:
        json_line([listed_object(trunk, names, account) for trunk in trunks])
    else:
        csv.writer(sys.stdout, lineterminator="\n").writerows(listed_table(trunks, names, account))


# -- for people -------------------------------------------------------------------------------------------------------


async def _write_table(wanted: Wanted, client: AsyncClient) -> None:
    chosen = {_HEADINGS.get(name, name): _reader(name) for name in wanted.names or _USUAL.split(",")}
    if not on_terminal():
        write_columns(chosen)
        async for trunk in wanted.trunks(client):
            write_columns(read(trunk) for read in chosen.values())
        return
    trunks = [trunk async for trunk in wanted.trunks(client)]
    if not wanted.names:
        width = console().width
        chosen = {heading: read for heading, read in chosen.items() if width >= _LEAST_WIDTH.get(heading, 0)}
    table(tuple(chosen), [[read(trunk) for read in chosen.values()] for trunk in trunks])
    line(counted(len(trunks), "trunk"))


def _direction(trunk: SipTrunk) -> object:
    return Direction[TrunkDirection(trunk.type).name].value if trunk.type in tuple(TrunkDirection) else trunk.type


def _state(trunk: SipTrunk) -> object:
    return trunk.state if trunk.state not in (0, 1) else ("disabled", "enabled")[trunk.state]


def _address(trunk: SipTrunk) -> str | None:
    return trunk.sip_white_ip if trunk.type == TrunkDirection.INBOUND else trunk.sip_gateway_ip


def _registers(trunk: SipTrunk) -> str:
    return "-" if trunk.sip_trunk_state is None else ("yes" if trunk.sip_trunk_state else "no")


def _groups(trunk: SipTrunk) -> str:
    return ", ".join(texts_of(trunk.group_list))


_HEADINGS = {
    "key_id": "Key id",
    "type": "Direction",
    "state": "State",
    "sip_trunk_name": "Name",
    "sip_prefix": "Prefix",
    "group_list": "Groups",
    "sip_gateway_ip": "Gateway",
    "sip_white_ip": "Whitelist",
    "sip_trunk_state": "Registers",
    "sip_account": "Account",
    "cc_ip": "Call centre",
    "create_time": "Created",
    "update_time": "Updated",
    "address": "Address",
}
_READERS: dict[str, Callable[[SipTrunk], object]] = {
    "type": _direction,
    "state": _state,
    "group_list": _groups,
    "sip_trunk_state": _registers,
    "address": _address,
}
# Those that are shown unless others are chosen: the address that the direction needs in place of both.
_USUAL = "key_id,type,state,sip_trunk_name,sip_prefix,address,group_list,sip_trunk_state,update_time"


def _reader(name: str) -> Callable[[SipTrunk], object]:
    return _READERS.get(name) or (lambda trunk: getattr(trunk, name))


# On a narrower terminal these would only break the others into pieces.
_LEAST_WIDTH = {"Updated": 110, "State": 90, "Registers": 80, "Groups": 60, "Prefix": 60}
