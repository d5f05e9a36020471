"""What the tests of all families know of the account."""

from __future__ import annotations

from pathlib import Path

from itnio_async import AsyncClient
from itnio_async.sandbox import Sandbox

CALLS = {
    "account.get_balance": lambda client: client.account.get_balance(),
}

LINES = {
    "account.get_balance": "",
}


async def over_http(client: AsyncClient, sandbox: Sandbox, folder: Path) -> None:
    balance = await client.account.get_balance()
    assert balance.amount() == 100
