"""The options that jobs share: how one runs, what is asked and printed, and what `--yes` does not say yes to: a file of
another account, names that are new or exchanged, too many changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from math import inf
from pathlib import Path
from typing import Annotated, Any

import typer
from attrs import frozen

from itnio_async.bulk import Identity, JobOptions, Plan, Verdict
from itnio_async.cli.exits import CommandError
from itnio_async.config import BulkRate
from itnio_async.text import counted

# An option in the part of the help that is about the run.
run_option = partial(typer.Option, rich_help_panel="The run")
_DEFAULTS = JobOptions()
# More than any account has, and not too long for what keeps the number.
_MOST_ROWS = 10**9
# Fewer rows than these may all be renamed: that is likely to be what they are for.
_FEWEST = 5
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
# Plainer than what `float` takes, such as 1_0 and the digits of other scripts.
_NUMBER = re.compile(r"[0-9]++(?:\.[0-9]++)?|\.[0-9]++")


@frozen
class JobRunOptions:
    """The options that say how a job runs."""

    rate: Annotated[
        str,
        run_option(
            metavar="auto|none|N",
            help="auto: as fast as the vendor allows. N: at most so many calls a second besides, retries included. "
            "none: as fast as possible, whatever the vendor says.",
        ),
    ] = "auto"
    keep_trying: Annotated[
        str,
        run_option(
            metavar="TIME",
            help="How long to go on trying while the vendor answers nothing well, such as 90s, 10m or 1h.",
        ),
    ] = "30s"
    concurrency: Annotated[
        int, run_option(metavar="N", min=1, max=1000, help="How many updates are in flight at once.")
    ] = _DEFAULTS.concurrency
    max_failures: Annotated[
        int,
        run_option(
            metavar="N", min=0, max=_MOST_ROWS, help="End the job after N equal refusals one after another; 0: never."
        ),
    ] = _DEFAULTS.max_failures
    verify: Annotated[
        bool, run_option("--verify", help="Read all trunks back at the end, and name those that differ.")
    ] = False
    journal: Annotated[
        Path | None,
        run_option(
            metavar="PATH",
            help="Where to record what becomes of each row, on a local disk. If there is a journal already, the job "
            "resumes. Default: a file in your state directory, found by the rows and the account.",
        ),
    ] = None
    same_account: Annotated[
        bool,
        run_option(
            "--same-account",
            help="Accept a journal of another API key: it has been replaced by a new one of the same account.",
        ),
    ] = False
    dask: Annotated[
        str | None,
        run_option(
            metavar="ADDRESS",
            help="Let the workers of the Dask cluster with this scheduler (tls://HOST:8786) send the updates. They "
            "share rate and concurrency; the journal stays on this machine. Each worker takes the account from "
            "ITNIO_API_KEY, ITNIO_API_SECRET and ITNIO_BASE_URL in its own environment, or from the --profile on its "
            "own machine. All machines need the extra dask.",
        ),
    ] = None

    def job_options(self, **more: Any) -> JobOptions:
        """Return them as a job takes them; `more` are other fields of `JobOptions`."""
        return JobOptions(
            concurrency=self.concurrency,
            rate_limit=rate_of(self.rate),
            patience=seconds_of("--keep-trying", self.keep_trying),
            max_failures=self.max_failures,
            same_account=self.same_account,
            verify=self.verify,
            **more,
        )


AllowSwapNamesOption = Annotated[
    bool,
    run_option(
        "--allow-swap-names",
        help="Let trunks exchange their names in one job: one of them gets a temporary name first. Nothing else is "
        "exchanged so.",
    ),
]
CanaryOption = Annotated[
    int,
    run_option(
        "--canary",
        metavar="N",
        min=0,
        max=_MOST_ROWS,
        help="Update N trunks first, read them back, show them and ask. With --yes: go on if they are as wanted.",
    ),
]

ForceOption = Annotated[bool, run_option("--force", help="Overwrite trunks that changed since the plan was made.")]
RetryOption = Annotated[bool, run_option("--retry-refused", help="Send rows again that an earlier run refused.")]


def rate_of(text: str) -> BulkRate:
    """Return what `--rate` means, or raise `CommandError`."""
    if text == "auto":
        return "auto"
    if text == "none":
        return None
    if _NUMBER.fullmatch(text) and 0.01 <= (rate := float(text)) < inf:
        return rate
    raise CommandError(f"--rate {text}: it is not a rate.", "give auto, none, or the calls a second (at least 0.01).")


def seconds_of(name: str, text: str) -> float:
    """Return a time such as 90s, 10m or 1h in seconds, or raise `CommandError`."""
    number, unit = (text[:-1], text[-1]) if text[-1:] in _UNITS else (text, "s")
    if _NUMBER.fullmatch(number) and 0 < (seconds := float(number) * _UNITS[unit]) < inf:
        return seconds
    raise CommandError(f"{name} {text}: it is not a time.", "give a number with s, m or h, such as 90s, 10m or 1h.")


@frozen
class SessionOptions:
    """The options that say what a job asks and prints."""

    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show what would be sent, and send nothing; the exit status is that of plan."),
    ] = False
    full: Annotated[
        bool, typer.Option("--full", help="With --dry-run: show each trunk that would change, however many.")
    ] = False
    json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Write one JSON object a line: rows that cannot be sent, the plan's counts, what is read back, and at "
            "the end the result with its counts, reasons and exit status. Needs --yes or --dry-run.",
        ),
    ] = False

    heartbeat: Annotated[
        str, typer.Option(metavar="TIME", help="With --json: how often to write how far the job is, such as 10s or 1m.")
    ] = "10s"

    @property
    def seconds_between_events(self) -> float:
        """The time of `--heartbeat` in seconds; raises `CommandError` for what is not one."""
        return seconds_of("--heartbeat", self.heartbeat)

    def require_sense(self) -> None:
        """Raise `CommandError` for a time that is not one, and for JSON that would have to ask."""
        _ = self.seconds_between_events
        if self.json and not (self.yes or self.dry_run):
            raise CommandError(
                "with --json nothing is asked, so trunks are updated only if you say so.",
                "give --yes, or --dry-run to see what would be sent.",
            )


@frozen
class AmountOptions:
    """The option that says how many trunks may be updated at most."""

    max_changes: Annotated[
        int | None, run_option(metavar="N", min=0, help="Send nothing if more than N trunks would be updated.")
    ] = None

    def require_few(self, plan: Plan) -> None:
        """Raise `CommandError` where more trunks would be updated than are allowed."""
        count = plan.counts[Verdict.UPDATE]
        if self.max_changes is not None and count > self.max_changes:
            raise CommandError(
                f"{counted(count, 'trunk')} would be updated, and --max-changes allows {self.max_changes}.",
                "look at `itnio trunks plan`, and give a larger number if that is meant.",
            )


@frozen
class ConsentOptions(AmountOptions):
    """The options without which a file that does not seem to be meant for the account is not applied."""

    other_account: Annotated[
        bool,
        run_option(
            "--other-account", help="Apply a file that was exported from another account, as its column #account says."
        ),
    ] = False
    renames: Annotated[
        bool,
        run_option(
            "--renames",
            help="Give new names to more than half of the trunks. Without it, a file that does so, and does not say of "
            "which account it is, is taken for another account's.",
        ),
    ] = False
    allow_swap_names: AllowSwapNamesOption = False

    def require_account(self, accounts: Iterable[str], identity: Identity, *, same_account: bool) -> None:
        """Raise `CommandError` where a file is of another account; `accounts` is what it says of that."""
        for mark in accounts:
            if mark == identity.mark or self.other_account:
                continue
            host = mark.rpartition("/")[0]
            if host == identity.host and same_account:
                continue
            if host == identity.host:
                raise CommandError(
                    f"the file was exported with another API key ({mark}), and this is {identity} ({identity.mark}).",
                    "if that key has been replaced by this one of the same account, give --same-account; if it is "
                    "another account's file and meant for this one, give --other-account.",
                )
            raise CommandError(
                f"the file was exported from another account ({mark}), and this is {identity} ({identity.mark}).",
                "use that account, or give --other-account if the file is meant for this one.",
            )

    def require_names(self, plan: Plan, *, is_of_account: bool) -> None:
        """Raise `CommandError` where over half of the rows give new names, and nothing says that this is meant."""
        if self.renames or is_of_account or len(plan) < _FEWEST:
            return
        count = sum(any(change.name == "sip_trunk_name" for change in item.changes) for item in plan)
        if 2 * count > len(plan):
            raise CommandError(
                f"{count} of the {counted(len(plan), 'row')} give their trunks other names: the file may be of another "
                "account.",
                "look at the plan, and give --renames if these names are meant.",
            )
