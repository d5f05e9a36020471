"""The sandbox itself: its arguments, its lifetime, and what tests may ask, change and order."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection
from secrets import token_hex
from types import TracebackType
from typing import Self

from attrs.validators import in_, instance_of, not_

from itnio_async.credentials import Credentials
from itnio_async.errors import ConfigurationError
from itnio_async.sandbox.agent_groups.tables import StoredGroup, stored_groups
from itnio_async.sandbox.application import Application
from itnio_async.sandbox.families import HANDLERS
from itnio_async.sandbox.record import RecordedRequest
from itnio_async.sandbox.server import HOST, Server
from itnio_async.sandbox.sip_trunks.seed import MOST_TRUNKS
from itnio_async.sandbox.sip_trunks.tables import StoredTrunk, stored_trunks
from itnio_async.sandbox.vendor import Vendor
from itnio_async.validators import BOOLEAN, checked, must_be, number, or_none, whole


class Sandbox(Vendor):
    """The vendor imitated on loopback, in a thread of its own. Use it with `async with` or a plain `with`.

    Args:
        trunks: how many trunks an empty state starts with; `itnio_async.sandbox.sip_trunks.seed` says what they are
            like.
        port: where to listen on 127.0.0.1; 0 takes a free one.
        state: the file of a SQLite database that keeps the data beyond the sandbox; None keeps it in memory.
        window: how many seconds a timestamp may be off before it is refused with -16.
        strict: leaving the context raises `AssumedRuleError` if a rule that is only assumed decided any request.
        allowed_addresses: the addresses that calls may come from, others get -2; None allows all.
        log: a file to which each request is appended as a line of JSON (without headers and passwords).
        keep_alive: how many seconds an idle connection stays open.
        api_key: the key that calls are accepted with; None: the one in `state`, or a new one.
        api_secret: the secret that belongs to it, given with it.

    Raises:
        ConfigurationError: an argument does not fit, the port is in use, or a file cannot be used.

    May be changed at any moment: `clock`, `accounts`, `allowed_addresses` and `assumptions`.
    """

    def __init__(
        self,
        trunks: int = 0,
        *,
        port: int = 0,
        state: str | os.PathLike[str] | None = None,
        window: float = 300,
        strict: bool = False,
        allowed_addresses: Collection[str] | None = None,
        log: str | os.PathLike[str] | None = None,
        keep_alive: float = 75.0,
        api_key: str | None = None,
        api_secret: str | None = None,
    ) -> None:
        checked("trunks", trunks, whole(0, MOST_TRUNKS))
        checked("port", port, whole(0, 65535))
        checked("window", window, number(above=0))
        checked("strict", strict, BOOLEAN)
        checked("allowed_addresses", allowed_addresses, or_none(_ADDRESSES))
        checked("keep_alive", keep_alive, number(above=0))
        checked("state", state, or_none(_PATH))
        checked("log", log, or_none(_PATH))
        if (api_key is None) != (api_secret is None):
            raise ConfigurationError("api_key and api_secret belong together: give both, or neither.")
        if api_key is None or api_secret is None:
            # Of its own, so that what is meant for another sandbox of this machine is refused here.
            api_key, api_secret = f"sandbox-{token_hex(4)}", f"made-up-{token_hex(16)}"
            self._is_account_given = False
        else:
            Credentials(api_key, api_secret)  # which checks them
            self._is_account_given = True
        self._account = (api_key, api_secret)
        self._trunks = trunks
        self._port = port
        self._state_path = None if state is None else os.fspath(state)
        self._log_path = None if log is None else os.fspath(log)
        self._strict = strict
        super().__init__(dict([self._account]), allowed_addresses, window)
        self.server: Server = Server(Application(self, HANDLERS).asgi, keep_alive=keep_alive)

    def __repr__(self) -> str:
        return f"<Sandbox {self.url}>" if self.server.is_running else "<Sandbox, not running>"

    # Lifetime.

    def start(self) -> None:
        """Start to listen; after a `stop`, on the same port and with the same data."""
        if self.server.is_running:
            return
        if self._database is None:
            self._open(self._state_path, self._log_path, self._trunks)
            self._keep_account()
        try:
            self._port = self.server.start(self._port)
        except BaseException:
            self.close()
            raise

    def _keep_account(self) -> None:
        """Take the account that the state has, or store this one there."""
        kept = self.state.account(self._account, replace=self._is_account_given)
        if kept != self._account:
            self.accounts.pop(self._account[0], None)
            self.accounts.setdefault(*kept)
            self._account = kept

    def stop(self) -> None:
        """Stop listening and end all connections, as a crash of the vendor would; the data stays for a `start`."""
        self.server.stop()

    async def restart(self) -> None:
        """Stop and start again: connections end, the address and the data stay."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop, and close the files; data in memory is gone. What was recorded can still be read."""
        self.stop()
        super().close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
        # An error of the test itself says more.
        if self._strict and error is None:
            self.record.check()

    # Starting and stopping block the loop for some milliseconds; a thread to do it in would take as long.
    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)

    # Where it is, and who may call.

    @property
    def url(self) -> str:
        """The base URL for a client."""
        return f"http://{HOST}:{self.port}"

    @property
    def port(self) -> int:
        """The port; the one that was chosen, once it has started."""
        if self._port == 0:
            raise ConfigurationError("The sandbox has no port yet; enter it with `async with` or `with` first.")
        return self._port

    @property
    def api_key(self) -> str:
        """The made-up API key that calls are accepted with."""
        return self._account[0]

    @property
    def api_secret(self) -> str:
        """The made-up API secret that belongs to it."""
        return self._account[1]

    # What is stored.

    @property
    def trunks(self) -> list[StoredTrunk]:
        """All trunks by key id, whole: with their passwords."""
        return stored_trunks(self.state)

    def trunk(self, key_id: int) -> StoredTrunk:
        """Return one trunk; `LookupError` if there is none with that key id."""
        for trunk in stored_trunks(self.state, key_id):
            return trunk
        raise LookupError(f"The sandbox has no trunk with the key id {key_id!r}.")

    @property
    def agent_groups(self) -> list[StoredGroup]:
        """All agent groups by id, with the trunks that each is bound to; 1000001 to 1000100 start unbound."""
        return stored_groups(self.state)

    # What happened.

    @property
    def requests(self) -> list[RecordedRequest]:
        """The newest requests, at most 10,000, the oldest of them first."""
        return self.record.requests()

    @property
    def codes(self) -> Counter[int | None]:
        """How often each code was answered since the start (None: no answer of the API's)."""
        return self.record.codes()

    async def requested(self, count: int, timeout: float = 5.0) -> None:
        """Wait until `count` requests were decided since the start; `TimeoutError` after `timeout` seconds."""
        await self.record.seen.reached(count, timeout)

    @property
    def connections(self) -> int:
        """How many connections were accepted since the start."""
        return self.server.connections

    @property
    def connections_open(self) -> int:
        """How many connections are open."""
        return self.server.connections_open


_ADDRESSES = must_be("a set of addresses, or None", instance_of(Collection), not_(instance_of((str, bytes))))
_PATH = must_be("the path of a file, or None", instance_of((str, os.PathLike)), not_(in_(("", ":memory:"))))
