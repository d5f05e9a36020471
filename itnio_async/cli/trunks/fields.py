"""What `add` and `update` have in common: the options that set a trunk's fields, and what is said if a call fails."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from attrs import frozen

from itnio_async import UNSET, BoundGroup, GroupBinding, ItnioError, TrunkDirection
from itnio_async.cli.account import ask_secret
from itnio_async.cli.error_text import plain_text, status_of, text_of
from itnio_async.cli.exits import CommandError
from itnio_async.cli.output import json_line, say, visible
from itnio_async.cli.secret_file import read_password_file

_PASSWORD_VARIABLE = "ITNIO_SIP_PASSWORD"  # noqa: S105 - its name
# Required in each request: an empty one is refused by its name, and not sent as null.
_REQUIRED = ("sip_trunk_name",)


class Direction(StrEnum):
    """Which way calls go, as the options take it."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"

    @property
    def value_sent(self) -> TrunkDirection:
        """The vendor's number for it."""
        return TrunkDirection[self.name]


class MatchBy(StrEnum):
    """What a trunk is named by."""

    KEY_ID = "key_id"
    NAME = "name"


JsonOption = Annotated[bool, typer.Option("--json", help="Write one JSON object.")]


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
        options = {
            "sip_prefix": self.sip_prefix,
            "sip_gateway_ip": self.sip_gateway_ip,
            "sip_white_ip": self.sip_white_ip,
            "sip_trunk_state": self.sip_trunk_state,
            "sip_account": self.sip_account,
            **others,
        }
        return {
            name: None if value == "" and name not in _REQUIRED else value
            for name, value in options.items()
            if value is not None
        }

    def password(self) -> str | None:
        """Return the password that the options give, or None where they give none."""
        if self.sip_password_file is not None and self.ask_sip_password:
            raise CommandError("--sip-password-file and --ask-sip-password are both given.", "give one of them.")
        if self.sip_password_file is not None:
            return read_password_file(self.sip_password_file)
        return ask_secret("SIP password") if self.ask_sip_password else None


def password_from_environment() -> str | None:
    """Return the password of the environment, or None; to be used only for a trunk that registers."""
    return os.environ.get(_PASSWORD_VARIABLE) or None


def groups_of(texts: Sequence[str]) -> list[GroupBinding]:
    """Return the agent groups that `--group ID[:NUMBER]` gives."""
    groups = []
    for text in texts:
        group_id, colon, number = text.partition(":")
        if not (group_id.isascii() and group_id.isdigit()):
            raise CommandError(f"--group {text}: the agent group's id is a number.", "give ID or ID:NUMBER.")
        groups.append(GroupBinding(voice_group_id=int(group_id), number=number if colon else UNSET))
    return groups


def texts_of(groups: Sequence[BoundGroup | GroupBinding] | None) -> list[str]:
    """Return agent groups as `--group` takes them."""
    return [
        f"{group.voice_group_id}:{group.number}" if group.number else f"{group.voice_group_id}"
        for group in groups or ()
    ]


def report_failure(error: ItnioError, key_id: int | None, name: str, *, json: bool) -> int:
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
