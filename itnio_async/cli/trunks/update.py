"""`itnio trunks update`: change settings of one trunk."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import attrs
import typer

from itnio_async import UNSET, InvalidRequestError, ItnioError, SipTrunk, SipTrunkUpdate
from itnio_async.cli.account import Access, AccountOptions, ask_secret
from itnio_async.cli.event_loop import run_on_loop
from itnio_async.cli.exits import CHANGES_TO_MAKE, DONE, CommandError
from itnio_async.cli.output import json_line, line, say, visible
from itnio_async.cli.trunks.fields import (
    FieldOptions,
    JsonOption,
    MatchBy,
    groups_of,
    password_from_environment,
    report_failure,
    texts_of,
)
from itnio_async.text import listed

_KEY_ID = re.compile(r"0|-?[1-9][0-9]{0,18}+")
# What an update changes, by field: the value before and after.
Differences = dict[str, tuple[Any, Any]]


def update_trunk(
    trunk: Annotated[
        str,
        typer.Argument(metavar="KEY_ID|NAME", help="The trunk's key id, as the listing shows it, or its exact name."),
    ],
    *,
    match: Annotated[
        MatchBy, typer.Option(help="What names the trunk: its key id, or its exact name.")
    ] = MatchBy.KEY_ID,
    sip_trunk_name: Annotated[str | None, typer.Option(metavar="NAME", help="The trunk's name.")] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID[:NUMBER]",
            help="An agent group to bind, and for an inbound trunk its number. May be given several times. Replaces "
            "the groups that are bound now.",
        ),
    ] = None,
    fields: FieldOptions,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, and send nothing; exits with 2 if there is any.")
    ] = False,
    json: JsonOption = False,
    account: AccountOptions,
) -> int:
    """Change settings of one trunk; what is not given stays as it is.

    An update of the API replaces the whole trunk. So the trunk is read first, what you give is changed in it, and all
    of it is sent. If the trunk has a registration and the listing does not show its password, give the password too:
    the update would lose it.
    """
    key = _key(trunk, match)
    changes = fields.given(sip_trunk_name=sip_trunk_name, group_list=groups_of(group) if group else None)
    password = fields.password()
    if not changes and password is None:
        raise CommandError("nothing to change is given.", "give at least one setting, such as --sip-prefix 00.")
    access = account.access()
    # Two event loops: while a prompt waits between them, none is blocked, and Ctrl-C works at once.
    found = run_on_loop(_find(access, key))
    update = _update_or_ask(found, changes, password)
    differences = _differences(found, update)
    if dry_run:
        _show(update, differences, "would_change" if differences else "is_so_already", json=json)
        return CHANGES_TO_MAKE if differences else DONE
    try:
        run_on_loop(_send(access, update))
    except ItnioError as error:
        return report_failure(error, update.key_id, update.sip_trunk_name, json=json)
    _show(update, differences, "updated", json=json)
    return DONE


def _key(text: str, match: MatchBy) -> int | str:
    """Return what the trunk is known by: its key id as a number, or its name."""
    if match is MatchBy.NAME:
        if not text:
            raise CommandError("the trunk's name is empty.", "give its exact name, as the listing shows it.")
        return text
    if not _KEY_ID.fullmatch(text):
        raise CommandError(f"{text!r} is not a key id, which is a number.", "give --match name if it is a name.")
    return int(text)


async def _find(access: Access, key: int | str) -> SipTrunk:
    async with access.client() as client:
        # The API has no call for one trunk, and its listing no filter for key ids; names it filters in part.
        from itnio_async.bulk.trunks.listing import listing

        if isinstance(key, int):
            async for trunk in listing(client):
                if trunk.key_id == key:
                    return trunk
            raise CommandError(f"no trunk has the key id {key}.", "`itnio trunks list` shows all trunks.")
        named = [trunk async for trunk in listing(client, sip_trunk_name=key) if trunk.sip_trunk_name == key]
    if not named:
        raise CommandError(f"no trunk has the name {key!r}.", "`itnio trunks list` shows all trunks.")
    if len(named) > 1:
        ids = listed([trunk.key_id for trunk in named], 10)
        raise CommandError(f"{len(named)} trunks have the name {key!r}: {ids}.", "give the key id of one of them.")
    return named[0]


async def _send(access: Access, update: SipTrunkUpdate) -> None:
    async with access.client(changes=True) as client:
        await client.sip_trunks.update(update)


# -- the update -------------------------------------------------------------------------------------------------------


def _update_or_ask(trunk: SipTrunk, changes: Mapping[str, Any], password: str | None) -> SipTrunkUpdate:
    """Return the update; asks for the password if it is needed and stdin is a terminal."""
    try:
        return _update_of(trunk, changes, password)
    except InvalidRequestError as error:
        if error.field != "sip_password" or not sys.stdin.isatty():
            raise
        say(f"Trunk {trunk.key_id} has a registration, whose password the listing does not show.")
        return _update_of(trunk, changes, ask_secret("SIP password"))


def _update_of(trunk: SipTrunk, changes: Mapping[str, Any], password: str | None) -> SipTrunkUpdate:
    changes = dict(changes)
    if password is not None:
        changes["sip_password"] = password
    elif changes.get("sip_account", "") is None:
        changes["sip_password"] = None  # without an account, a password is of no use
    elif changes.get("sip_trunk_state") or changes.get("sip_account") or trunk.sip_account or trunk.sip_trunk_state:
        # Only for a trunk that registers: the variable may be set for another trunk.
        from_environment = password_from_environment()
        if from_environment is not None:
            changes["sip_password"] = from_environment
    return trunk.to_update(**changes)


def _differences(trunk: SipTrunk, update: SipTrunkUpdate) -> Differences:
    """Return what the update changes; passwords are hidden in it."""
    found: Differences = {}
    for field in attrs.fields(SipTrunkUpdate):
        if field.name in ("key_id", "direction", "sip_password", "extra"):
            continue
        before, after = getattr(trunk, field.name), getattr(update, field.name)
        if field.name == "group_list":
            before, after = texts_of(before), texts_of(after)
        # Absent, null and empty say the same here.
        before, after = before if before != "" else None, after if after not in ("", UNSET) else None
        if before != after:
            found[field.name] = (before, after)
    if (update.sip_password or None) != (trunk.sip_password or None):
        found["sip_password"] = ("(hidden)", "(hidden)" if update.sip_password else None)
    return found


# -- what is shown ----------------------------------------------------------------------------------------------------

# Each outcome in JSON, and in the text for people.
_OUTCOMES = {"updated": "updated", "would_change": "would change", "is_so_already": "is already up to date"}


def _show(update: SipTrunkUpdate, differences: Differences, outcome: str, *, json: bool) -> None:
    if json:
        changes = {name: {"from": before, "to": after} for name, (before, after) in differences.items()}
        json_line({"key_id": update.key_id, "outcome": outcome, "changes": changes})
        return
    line(f"Trunk {update.key_id} {_OUTCOMES[outcome]}{':' if differences else '.'}")
    for name, (before, after) in differences.items():
        line(f"  {name}: {_text(before)} -> {_text(after)}")


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(visible, value))
    if isinstance(value, bool):
        return "on" if value else "off"
    return "(nothing)" if value is None else visible(value)
