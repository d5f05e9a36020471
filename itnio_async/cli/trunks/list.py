"""`itnio trunks list`: show the account's trunks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import attrs
import typer

from itnio_async import SipTrunk, TrunkDirection
from itnio_async.cli.account import Access, AccountOptions
from itnio_async.cli.event_loop import run_on_loop
from itnio_async.cli.output import columns, console, json_line, line, on_terminal, table
from itnio_async.cli.trunks.fields import Direction, texts_of
from itnio_async.text import counted

# No password is shown, and nothing unknown, which may be one.
_SHOWN = [field.name for field in attrs.fields(SipTrunk) if field.name not in ("sip_password", "extra")]


def list_trunks(
    type: Annotated[Direction | None, typer.Option(help="Only trunks of this direction.")] = None,
    sip_trunk_name: Annotated[
        str | None, typer.Option("--sip-trunk-name", metavar="TEXT", help="Only trunks with this text in their name.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="At most N trunks. Default: all.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Write one JSON object a line for each trunk.")] = False,
    *,
    account: AccountOptions,
) -> None:
    """List the SIP trunks: as a table on a terminal, elsewhere as tab-separated lines. Passwords are never shown."""
    run_on_loop(_list(account.access(), type, sip_trunk_name, limit, json))


async def _list(access: Access, type: Direction | None, name: str | None, limit: int | None, json: bool) -> None:
    shown: list[SipTrunk] = []
    is_table = not json and on_terminal()  # which needs all rows before its first one
    if not json and not is_table:
        columns(_COLUMNS)
    from itnio_async.bulk.trunks.listing import listing

    count = 0
    async with access.client() as client:
        trunks = listing(
            client, type=type.value_sent if type else None, sip_trunk_name=name, size=min(100, limit or 100)
        )
        async for trunk in trunks:
            if json:
                json_line(_as_json(trunk))
            elif is_table:
                shown.append(trunk)
            else:
                columns(read(trunk) for read in _COLUMNS.values())
            count += 1
            if count == limit:
                break
    if is_table:
        _show_table(shown)


def _show_table(trunks: list[SipTrunk]) -> None:
    width = console().width
    chosen = {heading: read for heading, read in _COLUMNS.items() if width >= _LEAST_WIDTH.get(heading, 0)}
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


_COLUMNS: dict[str, Callable[[SipTrunk], object]] = {
    "Key id": lambda trunk: trunk.key_id,
    "Direction": _direction,
    "State": _state,
    "Name": lambda trunk: trunk.sip_trunk_name,
    "Address": _address,
    "Groups": lambda trunk: ", ".join(texts_of(trunk.group_list)),
    "Registers": _registers,
    "Updated": lambda trunk: trunk.update_time,
}
# On a narrower terminal these would only break the others into pieces.
_LEAST_WIDTH = {"Updated": 110, "State": 90, "Registers": 80, "Groups": 60}


def _as_json(trunk: SipTrunk) -> dict[str, Any]:
    shown = {name: getattr(trunk, name) for name in _SHOWN}
    if trunk.group_list is not None:
        shown["group_list"] = [
            {"voice_group_id": group.voice_group_id, "group_name": group.group_name, "number": group.number}
            for group in trunk.group_list
        ]
    return shown
