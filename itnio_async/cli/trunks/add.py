"""`itnio trunks add`: create a trunk."""

from __future__ import annotations

from typing import Annotated

import typer

from itnio_async import UNSET, ItnioError, SipTrunkAdd
from itnio_async.cli.account import Access, AccountOptions
from itnio_async.cli.event_loop import run_on_loop
from itnio_async.cli.exits import DONE
from itnio_async.cli.output import json_line, line
from itnio_async.cli.trunks.fields import (
    Direction,
    FieldOptions,
    JsonOption,
    groups_of,
    password_from_environment,
    report_failure,
)


def add_trunk(
    type: Annotated[Direction, typer.Option(help="The direction; it cannot be changed later.")],
    sip_trunk_name: Annotated[str, typer.Option(metavar="NAME", help="The trunk's name.")],
    group: Annotated[
        list[str],
        typer.Option(
            metavar="ID[:NUMBER]",
            help="An agent group to bind, and for an inbound trunk its number. May be given several times.",
        ),
    ],
    *,
    fields: FieldOptions,
    json: JsonOption = False,
    account: AccountOptions,
) -> int:
    """Create a trunk and show its key id."""
    given = {"sip_trunk_state": False, **fields.given()}
    password = fields.password()
    if password is None and (given["sip_trunk_state"] or fields.sip_account):
        password = password_from_environment()
    trunk = SipTrunkAdd(
        type=type.value_sent,
        sip_trunk_name=sip_trunk_name,
        group_list=groups_of(group),
        sip_password=UNSET if password is None else password,
        **given,
    )
    access = account.access()
    try:
        key_id = run_on_loop(_add(access, trunk))
    except ItnioError as error:
        return report_failure(error, None, sip_trunk_name, json=json)
    if json:
        json_line({"key_id": key_id, "outcome": "added"})
    else:
        line(f"Added trunk {'(the answer has no key id)' if key_id is None else key_id}.")
    return DONE


async def _add(access: Access, trunk: SipTrunkAdd) -> int | None:
    async with access.client(changes=True) as client:
        return await client.sip_trunks.add(trunk)
