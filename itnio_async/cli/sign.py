"""`itnio sign`: show the three signing headers for a moment, to compare with your own code."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from itnio_async import Credentials
from itnio_async.account import BASE_URL
from itnio_async.cli.account import AccountOptions, CredentialOptions
from itnio_async.cli.output import json_line, line, say
from itnio_async.transport.signing import Signer

# Seconds reach this in the year 5138, milliseconds had it in 1973.
_SURELY_MILLISECONDS = 100_000_000_000


def sign(
    at: Annotated[
        int | None, typer.Option(min=0, metavar="TIMESTAMP", help="The moment in Unix seconds. Default: now.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Write one JSON object: header names and values.")] = False,
    *,
    account: CredentialOptions,
) -> None:
    """Show the three headers that sign a request at a moment, to compare with your own code.

    Sign is the MD5, in hexadecimal, of API key, API secret and Timestamp with nothing in between; nothing of the
    request itself is signed. The secret is not shown, but anyone who has the headers can use them for some minutes.
    """
    # The address is not signed, so a wrong one in the environment does not matter.
    access = AccountOptions(account.secret_file, account.profile, base_url=BASE_URL).access()
    credentials = access.account.credentials
    assert isinstance(credentials, Credentials)
    moment = int(time.time()) if at is None else at
    if moment >= _SURELY_MILLISECONDS:
        say("Warning: the timestamp looks like milliseconds; the API wants seconds.")
    signed = Signer(lambda: moment).sign(credentials)[1].headers
    headers = {name.decode(): value.decode() for name, value in signed}
    if json:
        json_line(headers)
        return
    for name, value in headers.items():
        line(f"{name}: {value}")
