"""`itnio trunks`: list, update and add SIP trunks."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import attrs
import typer

from itnio_async import (
    UNSET,
    BoundGroup,
    GroupBinding,
    InvalidRequestError,
    ItnioError,
    SipTrunk,
    SipTrunkAdd,
    SipTrunkUpdate,
    TrunkDirection,
)
from itnio_async.cli.account import (
    DEFAULT_TIMEOUT,
    Access,
    AllowInsecureOption,
    BaseUrlOption,
    ProfileOption,
    SecretFileOption,
    TimeoutOption,
    access_of,
    ask_secret,
)
from itnio_async.cli.error_text import status_of, text_of
from itnio_async.cli.exits import CHANGES_TO_MAKE, DONE, CommandError
from itnio_async.cli.output import columns, console, json_line, line, on_terminal, say, table, visible
from itnio_async.cli.secret_file import read_password_file

_PASSWORD_VARIABLE = "ITNIO_SIP_PASSWORD"  # noqa: S105 - its name
# What a listing shows is for people's eyes and other programs: no password, and nothing that may be one tomorrow.
_SHOWN = [field.name for field in attrs.fields(SipTrunk) if field.name not in ("sip_password", "extra")]


class Direction(StrEnum):
    """Which way calls go, as the options say it."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"

    @property
    def value_sent(self) -> TrunkDirection:
        """The vendor's number for it."""
        return TrunkDirection[self.name]


JsonOption = Annotated[bool, typer.Option("--json", help="Write one JSON object a line.")]
NameOption = Annotated[str | None, typer.Option("--sip-trunk-name", metavar="NAME", help="The trunk's name.")]
GroupOption = Annotated[
    list[str] | None,
    typer.Option(
        "--group",
        metavar="ID[:NUMBER]",
        help="An agent group to bind, and for an inbound trunk its number. Several: give it several times. "
        "Replaces the bound groups.",
    ),
]
PrefixOption = Annotated[str | None, typer.Option("--sip-prefix", metavar="PREFIX", help="The prefix; '' clears it.")]
GatewayOption = Annotated[
    str | None,
    typer.Option("--sip-gateway-ip", metavar="ADDRESS", help="The gateway (outbound trunks); '' clears it."),
]
WhiteOption = Annotated[
    str | None,
    typer.Option("--sip-white-ip", metavar="ADDRESS", help="The whitelist address (inbound trunks); '' clears it."),
]
RegistrationOption = Annotated[
    bool | None,
    typer.Option("--sip-trunk-state/--no-sip-trunk-state", help="Whether the trunk registers at the gateway."),
]
SipAccountOption = Annotated[
    str | None,
    typer.Option("--sip-account", metavar="ACCOUNT", help="The registration account; '' clears it and its password."),
]
PasswordFileOption = Annotated[
    Path | None,
    typer.Option(
        "--sip-password-file",
        metavar="FILE",
        help=f"The registration password: the file's one line. Default: the environment variable {_PASSWORD_VARIABLE}.",
    ),
]
AskPasswordOption = Annotated[
    bool, typer.Option("--ask-sip-password", help="Ask for the registration password on the terminal.")
]


def list_trunks(
    type: Annotated[Direction | None, typer.Option(help="Only trunks of this direction.")] = None,
    sip_trunk_name: Annotated[
        str | None, typer.Option("--sip-trunk-name", metavar="TEXT", help="Only trunks with this text in their name.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="At most so many trunks. Default: all.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Write one JSON object a line for each trunk.")] = False,
    secret_file: SecretFileOption = None,
    profile: ProfileOption = None,
    base_url: BaseUrlOption = None,
    allow_insecure: AllowInsecureOption = False,
    timeout: TimeoutOption = DEFAULT_TIMEOUT,
) -> None:
    """List the SIP trunks: a table on a terminal, else lines of tab-separated fields. Passwords are never shown."""
    access = access_of(secret_file, base_url, allow_insecure, timeout, profile)
    asyncio.run(_list(access, type, sip_trunk_name, limit, json))


async def _list(access: Access, type: Direction | None, name: str | None, limit: int | None, json: bool) -> None:
    shown: list[SipTrunk] = []
    is_table = not json and on_terminal()  # which needs all rows before its first one
    if not json and not is_table:
        columns(_COLUMNS)
    count = 0
    async with access.client() as client:
        listing = client.sip_trunks.list(
            type=type.value_sent if type else None, sip_trunk_name=name, size=min(100, limit or 100)
        )
        async for trunk in listing:
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
        width = console().width
        chosen = {heading: read for heading, read in _COLUMNS.items() if width >= _LEAST_WIDTH.get(heading, 0)}
        table(tuple(chosen), [[read(trunk) for read in chosen.values()] for trunk in shown])
        line(f"{count} trunk{'' if count == 1 else 's'}")


def update_trunk(
    key_id: Annotated[int, typer.Argument(metavar="KEY_ID", help="The trunk's key id, as the listing shows it.")],
    sip_trunk_name: NameOption = None,
    group: GroupOption = None,
    sip_prefix: PrefixOption = None,
    sip_gateway_ip: GatewayOption = None,
    sip_white_ip: WhiteOption = None,
    sip_trunk_state: RegistrationOption = None,
    sip_account: SipAccountOption = None,
    sip_password_file: PasswordFileOption = None,
    ask_sip_password: AskPasswordOption = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change and send nothing; exit with 2 if there is any.")
    ] = False,
    json: JsonOption = False,
    secret_file: SecretFileOption = None,
    profile: ProfileOption = None,
    base_url: BaseUrlOption = None,
    allow_insecure: AllowInsecureOption = False,
    timeout: TimeoutOption = DEFAULT_TIMEOUT,
) -> int:
    """Change settings of one trunk; what is not given stays as it is.

    An update of the API replaces the whole trunk. So the trunk is read first, what you give is changed in it, and the
    whole is sent. Where the trunk has a registration and the listing does not show its password, give that too: the
    update would lose it.
    """
    changes = _given(
        sip_trunk_name=sip_trunk_name,
        group_list=_groups(group) if group else None,
        sip_prefix=sip_prefix,
        sip_gateway_ip=sip_gateway_ip,
        sip_white_ip=sip_white_ip,
        sip_trunk_state=sip_trunk_state,
        sip_account=sip_account,
    )
    password = _password(sip_password_file, ask=ask_sip_password)
    if not changes and password is None:
        raise CommandError("nothing to change is given.", "give at least one setting, such as --sip-prefix 00.")
    access = access_of(secret_file, base_url, allow_insecure, timeout, profile)
    # Two loops: while a prompt waits between them, Ctrl-C must not have to wait for a loop that stands still.
    trunk = asyncio.run(_find(access, key_id))
    update = _update_or_ask(trunk, changes, password)
    differences = _differences(trunk, update)
    if not dry_run:
        return _send(access, update, differences, json)
    _show(key_id, "would change" if differences else "is so already", differences, json)
    return CHANGES_TO_MAKE if differences else DONE


def add_trunk(
    type: Annotated[Direction, typer.Option(help="The direction; it cannot be changed later.")],
    sip_trunk_name: Annotated[str, typer.Option("--sip-trunk-name", metavar="NAME", help="The trunk's name.")],
    group: Annotated[
        list[str],
        typer.Option(
            "--group",
            metavar="ID[:NUMBER]",
            help="An agent group to bind, and for an inbound trunk its number. Several: give it several times.",
        ),
    ],
    sip_prefix: PrefixOption = None,
    sip_gateway_ip: GatewayOption = None,
    sip_white_ip: WhiteOption = None,
    sip_trunk_state: RegistrationOption = False,
    sip_account: SipAccountOption = None,
    sip_password_file: PasswordFileOption = None,
    ask_sip_password: AskPasswordOption = False,
    json: JsonOption = False,
    secret_file: SecretFileOption = None,
    profile: ProfileOption = None,
    base_url: BaseUrlOption = None,
    allow_insecure: AllowInsecureOption = False,
    timeout: TimeoutOption = DEFAULT_TIMEOUT,
) -> int:
    """Create a trunk and show its key id."""
    given = _given(
        sip_prefix=sip_prefix, sip_gateway_ip=sip_gateway_ip, sip_white_ip=sip_white_ip, sip_account=sip_account
    )
    password = _password(sip_password_file, ask=ask_sip_password)
    if password is None and (sip_trunk_state or sip_account):
        password = os.environ.get(_PASSWORD_VARIABLE) or None
    trunk = SipTrunkAdd(
        type=type.value_sent,
        sip_trunk_name=sip_trunk_name,
        group_list=_groups(group),
        sip_trunk_state=bool(sip_trunk_state),
        sip_password=UNSET if password is None else password,
        **given,
    )
    access = access_of(secret_file, base_url, allow_insecure, timeout, profile)
    try:
        key_id = asyncio.run(_add(access, trunk))
    except ItnioError as error:
        return _failed(error, None, sip_trunk_name, json)
    if json:
        json_line({"key_id": key_id, "outcome": "added"})
    else:
        line(f"Added trunk {'(the answer has no key id)' if key_id is None else key_id}.")
    return DONE


# -- what is given ----------------------------------------------------------------------------------------------------

# Required in each request: cleared, they are refused by name and not sent as null.
_REQUIRED = ("sip_trunk_name",)


def _given(**options: Any) -> dict[str, Any]:
    """Return the options that were given; an empty text clears a field, which is sent as null."""
    return {
        name: None if value == "" and name not in _REQUIRED else value
        for name, value in options.items()
        if value is not None
    }


def _groups(texts: list[str]) -> list[GroupBinding]:
    groups = []
    for text in texts:
        group_id, colon, number = text.partition(":")
        if not (group_id.isascii() and group_id.isdigit()):
            raise CommandError(f"--group {text}: the agent group's id is a number.", "give ID or ID:NUMBER.")
        groups.append(GroupBinding(voice_group_id=int(group_id), number=number if colon else UNSET))
    return groups


def _password(file: Path | None, *, ask: bool) -> str | None:
    if file is not None and ask:
        raise CommandError("--sip-password-file and --ask-sip-password are both given.", "give one of them.")
    if file is not None:
        return read_password_file(file)
    return ask_secret("SIP password") if ask else None


# -- update -----------------------------------------------------------------------------------------------------------


async def _find(access: Access, key_id: int) -> SipTrunk:
    async with access.client() as client:
        # The API has no call for one trunk, and the listing no filter for key ids.
        async for trunk in client.sip_trunks.list():
            if trunk.key_id == key_id:
                return trunk
    raise CommandError(f"no trunk has the key id {key_id}.", "`itnio trunks list` shows those that there are.")


def _update_or_ask(trunk: SipTrunk, changes: Mapping[str, Any], password: str | None) -> SipTrunkUpdate:
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
        changes["sip_password"] = None  # a password without an account is of no use to anyone
    elif changes.get("sip_trunk_state") or changes.get("sip_account") or trunk.sip_account or trunk.sip_trunk_state:
        # Only where there is a registration: the variable may be set for another trunk's sake.
        from_environment = os.environ.get(_PASSWORD_VARIABLE)
        if from_environment:
            changes["sip_password"] = from_environment
    return trunk.to_update(**changes)


def _differences(trunk: SipTrunk, update: SipTrunkUpdate) -> dict[str, tuple[Any, Any]]:
    """Return what the update changes, by field: before and after. Passwords are never among the values."""
    found = {}
    for field in attrs.fields(SipTrunkUpdate):
        if field.name in ("key_id", "direction", "sip_password"):
            continue
        before, after = getattr(trunk, field.name), getattr(update, field.name)
        if field.name == "group_list":
            before, after = _shown_groups(before), _shown_groups(after)
        # Absent, null and empty say the same here.
        before, after = before if before != "" else None, after if after not in ("", UNSET) else None
        if before != after:
            found[field.name] = (before, after)
    if (update.sip_password or None) != (trunk.sip_password or None):
        found["sip_password"] = ("(hidden)", "(hidden)" if update.sip_password else None)
    return found


async def _update(access: Access, update: SipTrunkUpdate) -> None:
    async with access.client() as client:
        await client.sip_trunks.update(update)


def _send(access: Access, update: SipTrunkUpdate, differences: dict[str, tuple[Any, Any]], json: bool) -> int:
    try:
        asyncio.run(_update(access, update))
    except ItnioError as error:
        return _failed(error, update.key_id, update.sip_trunk_name, json)
    _show(update.key_id, "updated", differences, json)
    return DONE


def _show(key_id: int, outcome: str, differences: dict[str, tuple[Any, Any]], json: bool) -> None:
    if json:
        changes = {name: {"from": before, "to": after} for name, (before, after) in differences.items()}
        json_line({"key_id": key_id, "outcome": outcome.replace(" ", "_"), "changes": changes})
        return
    line(f"Trunk {key_id} {outcome}{':' if differences else '.'}")
    for name, (before, after) in differences.items():
        line(f"  {name}: {_word(before)} -> {_word(after)}")


async def _add(access: Access, trunk: SipTrunkAdd) -> int | None:
    async with access.client() as client:
        return await client.sip_trunks.add(trunk)


def _failed(error: ItnioError, key_id: int | None, name: str, json: bool) -> int:
    """Say what went wrong with a call that was to change something, and how to see whether it did."""
    say(text_of(error))
    if error.may_have_been_processed:
        look = f"itnio trunks list --sip-trunk-name {shlex.quote(name)}"
        say(f"  The outcome is unknown. See how it stands: {visible(look)}")
    if json:
        json_line(
            {
                "key_id": key_id,
                "outcome": "unknown" if error.may_have_been_processed else "refused",
                "error": type(error).__name__,
                "code": getattr(error, "code", None),
                "text": str(error),
            }
        )
    return status_of(error)


# -- what is shown ----------------------------------------------------------------------------------------------------


def _direction(type: int | None) -> object:
    return Direction[TrunkDirection(type).name].value if type in tuple(TrunkDirection) else type


def _shown_groups(groups: Sequence[BoundGroup | GroupBinding] | None) -> list[str]:
    return [
        f"{group.voice_group_id}:{group.number}" if group.number else f"{group.voice_group_id}"
        for group in groups or ()
    ]


def _word(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(visible, value))
    if isinstance(value, bool):
        return "on" if value else "off"
    return "(none)" if value is None else visible(value)


def _state(trunk: SipTrunk) -> object:
    return trunk.state if trunk.state not in (0, 1) else ("disabled", "enabled")[trunk.state]


def _address(trunk: SipTrunk) -> str | None:
    return trunk.sip_white_ip if trunk.type == TrunkDirection.INBOUND else trunk.sip_gateway_ip


def _registers(trunk: SipTrunk) -> str:
    return "-" if trunk.sip_trunk_state is None else ("yes" if trunk.sip_trunk_state else "no")


_COLUMNS: dict[str, Callable[[SipTrunk], object]] = {
    "Key id": lambda trunk: trunk.key_id,
    "Direction": lambda trunk: _direction(trunk.type),
    "State": _state,
    "Name": lambda trunk: trunk.sip_trunk_name,
    "Address": _address,
    "Groups": lambda trunk: ", ".join(_shown_groups(trunk.group_list)),
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
