"""The options that `apply` and `undo` share: how a job runs, and what is asked and printed."""

from __future__ import annotations

import re
from functools import partial
from math import inf
from pathlib import Path
from typing import Annotated, Any

import typer
from attrs import frozen

from itnio_async.bulk import JobOptions
from itnio_async.cli.exits import CommandError
from itnio_async.config import BulkRate

# An option in the part of the help that is about the run.
run_option = partial(typer.Option, rich_help_panel="The run")
_DEFAULTS = JobOptions()
# More than any account has, and not too long for what keeps the number.
_MOST_ROWS = 10**9
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
