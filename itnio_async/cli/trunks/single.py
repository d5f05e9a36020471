"""`itnio trunks add` and `itnio trunks update`: create a trunk, or change settings of one."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import attrs
import typer
from attrs import frozen

from itnio_async import UNSET, GroupBinding, InvalidRequestError, ItnioError, SipTrunk, SipTrunkAdd, SipTrunkUpdate
from itnio_async.api.sip_trunks.service import UPDATE
from itnio_async.calls.request import check_request
from itnio_async.cli.account import Access, AccountOptions, ask_secret, secret_of
from itnio_async.cli.error_text import plain_text, status_of, text_of
from itnio_async.cli.event_loop import run_on_loop
from itnio_async.cli.exits import CHANGES_TO_MAKE, DONE, CommandError
from itnio_async.cli.output import json_line, line, say, visible
from itnio_async.cli.trunks.fields import Direction, MatchBy, texts_of
from itnio_async.text import listed

_PASSWORD_VARIABLE = "ITNIO_SIP_PASSWORD"  # noqa: S105 - its name
# Required in each request: an empty one is refused by its name, and not sent as null.
_REQUIRED = ("sip_trunk_name",)
_KEY_ID = re.compile(r"0|-?[1-9][0-9]{0,18}+")
# What an update changes, by field: the value before and after.
Differences = dict[str, tuple[Any, Any]]
_JsonOption = Annotated[bool, typer.Option("--json", help="Write one JSON object.")]


@frozen
class FieldOptions:
    """The options that set fields of a trunk, but for its name and groups, which `add` requires."""

    sip_prefix: Annotated[str | None, typer.Option(metavar="PREFIX", help="The prefix; '' clears it.")] = None
    sip_gateway_ip: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="The gateway address (outbound trunks); '' clears it.")
    ] = None
    sip_white_ip: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="The whitelist address (inbound trunks); '' clears it.")
    ] = None
    sip_trunk_state: Annotated[bool | None, typer.Option(help="Whether the trunk registers at the gateway.")] = None
    sip_account: Annotated[
        str | None, typer.Option(metavar="ACCOUNT", help="The registration account; '' clears it and its password.")
    ] = None
    sip_password_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Read the registration password from this file, its only line. Default: the environment variable "
            f"{_PASSWORD_VARIABLE}.",
        ),
    ] = None
    ask_sip_password: Annotated[
        bool, typer.Option("--ask-sip-password", help="Ask for the registration password on the terminal.")
    ] = False

    def given(self, **others: Any) -> dict[str, Any]:
        """Return by name the fields that are given here or as `others`, None for those that an empty text clears.

        The password is not among them.
        """
        options = attrs.asdict(self, filter=lambda option, _: "password" not in option.name) | others
        return {
            name: None if value == "" and name not in _REQUIRED else value
            for name, value in options.items()
            if value is not None
        }

    def password(self) -> str | None:
        """Return the password that the options give, or None where they give none."""
        return secret_of("sip-password", self.sip_password_file, ask=self.ask_sip_password, what="SIP password")


def _password_from_environment() -> str | None:
    """Return the password of the environment, or None; to be used only for a trunk that registers."""
    return os.environ.get(_PASSWORD_VARIABLE) or None


def _groups_of(texts: Sequence[str]) -> list[GroupBinding]:
    """Return the agent groups that `--group ID[:NUMBER]` gives."""
    groups = []
    for text in texts:
        group_id, colon, number = text.partition(":")
        if not (group_id.isascii() and group_id.isdigit()):
            raise CommandError(f"--group {text}: the agent group's id is a number.", "give ID or ID:NUMBER.")
        groups.append(GroupBinding(voice_group_id=int(group_id), number=number if colon else UNSET))
    return groups


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
    json: _JsonOption = False,
    account: AccountOptions,
) -> int:
    """Create a trunk and show its key id."""
    given = {"sip_trunk_state": False, **fields.given()}
    password = fields.password()
    if password is None and (given["sip_trunk_state"] or fields.sip_account):
        password = _password_from_environment()
    trunk = SipTrunkAdd(
        type=type.value_sent,
        sip_trunk_name=sip_trunk_name,
        group_list=_groups_of(group),
        sip_password=UNSET if password is None else password,
        **given,
    )
    access = account.access()
    try:
        key_id = run_on_loop(_add(access, trunk))
    except ItnioError as error:
        return _report_failure(error, None, sip_trunk_name, json=json)
    if json:
        json_line({"key_id": key_id, "outcome": "added"})
    else:
        line(f"Added trunk {'(the answer has no key id)' if key_id is None else key_id}.")
    return DONE


async def _add(access: Access, trunk: SipTrunkAdd) -> int | None:
    async with access.client(changes=True) as client:
        return await client.sip_trunks.add(trunk)


def _report_failure(error: ItnioError, key_id: int | None, name: str, *, json: bool) -> int:
    """Say why a call failed that was to change a trunk, and where to look if it may have; returns the exit status."""
    say(text_of(error))
    if error.may_have_been_processed:
        look = f"itnio trunks list --sip-trunk-name {shlex.quote(name)}"
        say(f"  The outcome is unknown. Look at the trunk: {visible(look)}")
    if json:
        json_line(
            {
                "key_id": key_id,
                "outcome": "unknown" if error.may_have_been_processed else "refused",
                "error": type(error).__name__,
                "code": getattr(error, "code", None),
                "text": plain_text(error),
            }
        )
    return status_of(error)


# -- update ------------------------------------------------------------------------------------------------------------


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
    json: _JsonOption = False,
    account: AccountOptions,
) -> int:
    """Change settings of one trunk; what is not given stays as it is.

    An update of the API replaces the whole trunk. So the trunk is read first, what you give is changed in it, and all
    of it is sent. If the trunk has a registration and the listing does not show its password, give the password too:
    the update would lose it.
    """
    key = _key(trunk, match)
    changes = fields.given(sip_trunk_name=sip_trunk_name, group_list=_groups_of(group) if group else None)
    password = fields.password()
    if not changes and password is None:
        raise CommandError("nothing to change is given.", "give at least one setting, such as --sip-prefix 00.")
    access = account.access()
    # Two event loops: while a prompt waits between them, none is blocked, and Ctrl-C works at once.
    found = run_on_loop(_find(access, key))
    try:
        update = _update_or_ask(found, changes, password)
        differences = _differences(found, update)
        if dry_run:
            check_request(UPDATE, update)
            _show(update, differences, "would_change" if differences else "is_so_already", json=json)
            return CHANGES_TO_MAKE if differences else DONE
        run_on_loop(_send(access, update))
    except ItnioError as error:
        name = changes.get("sip_trunk_name") or str(found.sip_trunk_name)
        return _report_failure(error, found.key_id, name, json=json)
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
        from_environment = _password_from_environment()
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
