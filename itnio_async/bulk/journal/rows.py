"""What a journal says, as values: its header, its runs, and of each row what it is and what became of it."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

from attrs import field, frozen

from itnio_async.bulk.files.places import PIPE_NAME, STANDARD_INPUT_NAME, UNDO_OF, WITHOUT_FILE, BadRow, Place
from itnio_async.errors import ConfigurationError, ItnioError

# In the place of an error's name: not sent, since the trunk is not as it was when the plan was made.
HELD_BACK = "TrunkChanged"
# Likewise: sent once, under a temporary name, and to be sent again with the wanted one.
TEMPORARY_NAME = "TemporaryName"
# The reason of a row that was marked as sent and nothing more.
NO_ANSWER = "the run ended before the answer was noted"
NO_VALUES: Mapping[str, Any] = {}
NO_NAMES: Mapping[int, str] = {}


class JournalError(ItnioError):
    """The journal cannot be used or written; nothing is sent without it."""


class JournalMismatchError(JournalError, ConfigurationError):
    """The journal is of another file, another account or another plan."""


class JournalFinishedError(JournalError):
    """The journal's job applied a saved plan and has ended, and trunks have changed since: a plan is applied once."""


class JournalBusyError(JournalError):
    """Another run has the journal."""


class RowState(Enum):
    """What became of a row.

    WAITING: not sent, or it certainly did not reach the vendor. SENT: marked as sent, so that it may be under way.
    DONE: the vendor said so, or it was read back so. REFUSED: by the vendor, or before sending (then `attempts` is 0).
    UNKNOWN: sent, and no answer says what became of it. UNCHANGED: it was up to date already.
    """

    WAITING = "waiting"
    SENT = "sent"
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    UNCHANGED = "unchanged"


# The states of rows whose trunks were as wanted when somebody looked.
AS_WANTED = (RowState.DONE, RowState.UNCHANGED)


# These two are tuples: a job makes several of them for each row, and an attrs class takes twice the time.
class Result(NamedTuple):
    """What became of a row: its state and how it came to that.

    `code` is the vendor's, `error` the name of the exception's class or HELD_BACK, `reason` the vendor's words or ours;
    `attempts` and `elapsed` (seconds) are of the call, and `ended` is its end in Unix seconds. None of them has a
    secret in it. `temporary` is the name under which the job left the trunk, or may have, where names are exchanged and
    it does not have its own yet.
    """

    state: RowState
    code: int | None = None
    error: str | None = None
    reason: str = ""
    attempts: int = 0
    elapsed: float = 0.0
    ended: float | None = None
    temporary: str | None = None

    @classmethod
    def done(cls, attempts: int, elapsed: float, ended: float) -> Result:
        """Return the result of a call that the vendor said yes to."""
        return cls(RowState.DONE, attempts=attempts, elapsed=elapsed, ended=ended)


class JournalRow(NamedTuple):
    """A plan item as the journal keeps it: without its secrets.

    `before` are the values that the trunk had, `after` those that the row changes; `secrets` are the names of the
    secret fields that it gives, `new_secrets` of those that it changes, and `fingerprint` tells whether they still say
    the same. `verified` is whether the trunk was read back as wanted, None where nobody looked, and `read_back` says
    how it was. `at_first` are the values from before the job in the fields that it has changed, or may have, before it
    sends the row again (then `before` are those that it left there); None where it has not sent it yet, or once only.
    `drifted` tells that an earlier job left the trunk as the file says, and that it was not so any more
    when this one began. `canary` tells that it is one of those that go first.
    """

    id: int
    place: Place
    key_id: int | None
    trunk_name: str | None
    result: Result
    disabled: bool = False
    before: Mapping[str, Any] = NO_VALUES
    after: Mapping[str, Any] = NO_VALUES
    secrets: tuple[str, ...] = ()
    verified: bool | None = None
    fingerprint: str | None = None
    drifted: bool = False
    canary: bool = False
    read_back: str = ""
    new_secrets: tuple[str, ...] = ()
    at_first: Mapping[str, Any] | None = None

    @property
    def state(self) -> RowState:
        """What became of it."""
        return self.result.state


def is_otherwise(row: JournalRow) -> bool:
    """Tell whether a row is done, or was up to date, and its trunk was read back otherwise later."""
    return row.state in AS_WANTED and row.verified is False


@frozen(kw_only=True)
class JournalHeader:
    """What a journal is about: one file (or saved plan, by its id) for one account at one host.

    `rows` is the digest of the file's rows, `account` that of the API key, which `api_key` has masked. `key_check`
    tells whether fingerprints were made with the same key. `created` is in Unix seconds.
    """

    source: str
    rows: str
    host: str
    api_key: str
    account: str
    endpoint: str
    plan: str | None = None
    key_check: str = ""
    created: float = 0.0

    @property
    def file(self) -> str | None:
        """The path of the file, or None where the rows came from no file, or from one that cannot be read again."""
        is_file = self.source not in (STANDARD_INPUT_NAME, PIPE_NAME)
        return self.source if is_file and not self.source.startswith((WITHOUT_FILE, UNDO_OF)) else None

    @property
    def is_undo(self) -> bool:
        """Tell whether the job undoes another one."""
        return self.source.startswith(UNDO_OF)

    @property
    def has_file(self) -> bool:
        """Tell whether the job's rows are those of a file, which can be corrected."""
        return not self.source.startswith((UNDO_OF, WITHOUT_FILE))


@frozen(kw_only=True)
class RunEnd:
    """How a run ended: at `ended` (Unix seconds), in which way, and the text of the error that ended it.

    `retries` is how many calls were repeated.
    """

    ended: float
    how: str
    reason: str = ""
    retries: int = 0


@frozen(kw_only=True)
class Run:
    """One run of a job.

    `by` is the user and the machine, `began` in Unix seconds, `options` those of `JobOptions` that can be written as
    JSON. `secrets_kept` is that of its plan. `end` is None while it runs, and where it was cut off before it could say
    more. `exit_status` is that of the command, None where the run was not one.
    """

    id: int = 1
    by: str
    began: float
    options: Mapping[str, Any] = field(factory=dict)
    secrets_kept: int = 0
    end: RunEnd | None = None
    exit_status: int | None = None


def user_at_host() -> str:
    """Return who runs this process and on which machine: `user@host`."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may have a user without a name
        user = str(os.getuid()) if hasattr(os, "getuid") else "?"
    return f"{user}@{socket.gethostname()}"


@frozen
class JournalContents:
    """All that a journal says: its rows, its runs, and the rows of the file that were left out as bad.

    `is_running` tells whether a run has it at this moment.
    """

    path: Path
    header: JournalHeader
    rows: tuple[JournalRow, ...]
    is_running: bool
    runs: tuple[Run, ...] = ()
    bad: tuple[BadRow, ...] = ()
