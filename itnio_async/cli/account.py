"""The account that a command works for: its options, and where its credentials come from.

Secrets come from a file, the environment or a prompt, never from an argument: `ps` shows those to everyone.
`AccountOptions.access` finds the account and returns an `Access`, which makes clients for it.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import attrs
import httpx
import typer
from attrs import frozen

from itnio_async import AsyncClient, config
from itnio_async.account import BASE_URL, Account, resolve_account
from itnio_async.cli.exits import CommandError
from itnio_async.cli.interrupts import note_cut_off
from itnio_async.cli.loudness import be_quiet, say_call
from itnio_async.cli.secret_file import SecretFile, read_password_file, read_secret_file

_option = partial(typer.Option, rich_help_panel="Account")


@frozen
class Access:
    """An account, and how to reach it; `profile` is the name of the profile that it comes from, if it does.

    `is_verbose` says that the end of each call is said on stderr.
    """

    account: Account
    allow_insecure: bool
    timeout: float
    profile: str | None = None
    is_verbose: bool = False

    def client(self, *, changes: bool = False, **more: Any) -> AsyncClient:
        """Return a client for the account; `more` goes to its constructor.

        `changes` says that its calls are single changes: where one is interrupted, it is said what may be of it.
        """
        tell = [*([say_call] if self.is_verbose else []), *([note_cut_off] if changes else [])]
        if tell:
            more = {"on_call": lambda details: [one(details) for one in tell]} | more
        return AsyncClient(
            credentials=self.account.credentials,
            base_url=self.account.base_url,
            allow_insecure=self.allow_insecure,
            timeout=httpx.Timeout(self.timeout, connect=min(5.0, self.timeout / 2), pool=None),
            # Time for a second attempt, however slow the first one may be.
            deadline=max(config.DEADLINE, 2 * self.timeout),
            **more,
        )


@frozen
class CredentialOptions:
    """The options that say where the credentials are."""

    secret_file: Annotated[
        Path | None,
        _option(
            metavar="FILE",
            help="Read the credentials from this file: the API key in its first line and the secret in the second, or "
            "lines ITNIO_API_KEY=... and ITNIO_API_SECRET=... (also ITNIO_BASE_URL=...). Default: the environment "
            "variables of these names, then the default profile, then a prompt.",
        ),
    ] = None
    profile: Annotated[
        str | None,
        _option(
            metavar="NAME",
            help="Use the account of this name in profiles.toml in your configuration directory (Linux: "
            "~/.config/itnio). Its table [NAME] has secret_file, or api_key_variable and api_secret_variable, and "
            'base_url if needed; never a secret. A line default = "NAME" before the first table names the one that '
            "is used where neither an option nor the environment says another.",
        ),
    ] = None


@frozen
class AccountOptions(CredentialOptions):
    """The options that say which account a command works for, and how it is reached."""

    base_url: Annotated[
        str | None, _option(metavar="URL", help=f"The API's address. Default: ITNIO_BASE_URL, then {BASE_URL}.")
    ] = None
    allow_insecure: Annotated[
        bool,
        _option(
            "--allow-insecure", help="Allow plain http to another machine, where everyone on the way can read along."
        ),
    ] = False
    timeout: Annotated[
        float,
        _option(
            metavar="SECONDS",
            help="How long one answer may take. Connecting may take half of that, and at most 5 seconds.",
        ),
    ] = 10.0

    verbose: Annotated[bool, _option("--verbose", "-v", help="Say on stderr how each call ended.")] = False
    quiet: Annotated[bool, _option("--quiet", "-q", help="Say nothing on stderr but errors and questions.")] = False

    def access(self) -> Access:
        """Return the access that the options describe; asks for missing credentials if stdin is a terminal."""
        if self.verbose and self.quiet:
            raise CommandError("-v and -q are both given.", "give one of them.")
        be_quiet(self.quiet)
        if not 0 < self.timeout <= 86_400:
            raise CommandError(f"--timeout is {self.timeout:g}.", "give seconds above 0, and a day at most.")
        profile = self._profile()
        return Access(self._account(profile), self.allow_insecure, self.timeout, profile, self.verbose)

    def _profile(self) -> str | None:
        """Return the name of the profile to be used: what is said for this call goes before the default."""
        if self.profile is not None and self.secret_file is not None:
            raise CommandError("--profile and --secret-file are both given.", "give one of them.")
        if self.profile is not None or self.secret_file is not None or _has_credentials():
            return self.profile
        from itnio_async.cli.profiles import default_profile  # loaded only where a profile may be used

        return default_profile()

    def _account(self, profile: str | None) -> Account:
        """Return the account's credentials and address, each with the place where it was found."""
        found, source, url = None, "ITNIO_API_KEY and ITNIO_API_SECRET", self.base_url
        if profile is not None:
            from itnio_async.cli.profiles import credentials_of  # loaded only where a profile is used

            found, source = credentials_of(profile), f"the profile {profile}"
            # The environment's address belongs to the environment's credentials.
            url = (found.base_url or BASE_URL) if url is None else url
        elif self.secret_file is not None:
            found, source = read_secret_file(self.secret_file), f"the file {self.secret_file}"
            url = found.base_url if url is None else url
        elif not _has_credentials():
            found, source = _ask(), "the prompt"
        key, secret = (None, None) if found is None else (found.api_key, found.api_secret)
        account = resolve_account(key, secret, None, url, allow_insecure=self.allow_insecure)
        url_source = account.base_url_source if url is None else source if self.base_url is None else "--base-url"
        return attrs.evolve(account, credentials_source=source, base_url_source=url_source)


def _has_credentials() -> bool:
    return bool(os.environ.get("ITNIO_API_KEY") or os.environ.get("ITNIO_API_SECRET"))


def _ask() -> SecretFile:
    if not sys.stdin.isatty():
        raise CommandError(
            "no credentials: ITNIO_API_KEY and ITNIO_API_SECRET are not set.",
            "set both, or give --secret-file FILE. (`itnio sandbox` makes up a pair to try things with.)",
        )
    return SecretFile(typer.prompt("API key", err=True), ask_secret("API secret"))


def ask_secret(what: str) -> str:
    """Ask for a secret on the terminal, without showing what is typed."""
    if not sys.stdin.isatty():
        raise CommandError(f"the {what} cannot be asked for: stdin is not a terminal.", "give it in a file instead.")
    answer: str = typer.prompt(what, hide_input=True, err=True)
    return answer


def secret_of(name: str, file: Path | None, *, ask: bool, what: str) -> str | None:
    """Return the secret that `--NAME-file` or `--ask-NAME` gives, or None where neither is given."""
    if file is not None and ask:
        raise CommandError(f"--{name}-file and --ask-{name} are both given.", "give one of them.")
    if file is not None:
        return read_password_file(file, what)
    return ask_secret(what) if ask else None
