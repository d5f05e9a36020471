"""The options that `apply` and `undo` share: how a job runs, and what is asked and printed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from attrs import frozen

from itnio_async.bulk import JobOptions
from itnio_async.cli.exits import CommandError

PANEL = "The run"
_DEFAULTS = JobOptions()


@frozen
class JobRunOptions:
    """The options that say how a job runs."""

    rate: Annotated[
        float | None,
        typer.Option(
            "--rate",
            metavar="N",
            min=0.01,
            help="At most so many calls a second, retries included. Default: no limit.",
            rich_help_panel=PANEL,
        ),
    ] = None
    concurrency: Annotated[
        int,
        typer.Option(
            "--concurrency",
            metavar="N",
            min=1,
            max=1000,
            help="How many updates are in flight at once.",
            rich_help_panel=PANEL,
        ),
    ] = _DEFAULTS.concurrency
    max_failures: Annotated[
        int,
        typer.Option(
            "--max-failures",
            metavar="N",
            min=0,
            help="End the job after N equal refusals one after another; 0: never.",
            rich_help_panel=PANEL,
        ),
    ] = _DEFAULTS.max_failures
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="Read all trunks back at the end, and name those that differ.", rich_help_panel=PANEL
        ),
    ] = False
    journal: Annotated[
        Path | None,
        typer.Option(
            "--journal",
            metavar="PATH",
            help="Where to record what becomes of each row, on a local disk. If there is a journal already, the job "
            "resumes. Default: a file in your state directory, found by the rows and the account.",
            rich_help_panel=PANEL,
        ),
    ] = None
    same_account: Annotated[
        bool,
        typer.Option(
            "--same-account",
            help="Accept a journal of another API key: it has been replaced by a new one of the same account.",
            rich_help_panel=PANEL,
        ),
    ] = False
    dask: Annotated[
        str | None,
        typer.Option(
            "--dask",
            metavar="ADDRESS",
            help="Let the workers of the Dask cluster with this scheduler (tls://HOST:8786) send the updates. They "
            "share rate and concurrency; the journal stays on this machine. Each worker takes the account from "
            "ITNIO_API_KEY, ITNIO_API_SECRET and ITNIO_BASE_URL in its own environment, or from the --profile on its "
            "own machine. All machines need the extra dask.",
            rich_help_panel=PANEL,
        ),
    ] = None

    def job_options(self, **more: Any) -> JobOptions:
        """Return them as a job takes them; `more` are other fields of `JobOptions`."""
        return JobOptions(
            concurrency=self.concurrency,
            rate_limit=self.rate,
            max_failures=self.max_failures,
            same_account=self.same_account,
            verify=self.verify,
            **more,
        )


CanaryOption = Annotated[
    int,
    typer.Option(
        "--canary",
        metavar="N",
        min=0,
        help="Update N trunks first, read them back, show them and ask. With --yes: go on if they are as wanted.",
        rich_help_panel=PANEL,
    ),
]


@frozen
class SessionOptions:
    """The options that say what a job asks and prints."""

    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show what would be sent, and send nothing; the exit status is that of plan."),
    ] = False
    json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Write one JSON object a line: rows that cannot be sent, the plan's counts, what is read back, and at "
            "the end the result with its counts, reasons and exit status. Needs --yes or --dry-run.",
        ),
    ] = False

    def __attrs_post_init__(self) -> None:
        if self.json and not (self.yes or self.dry_run):
            raise CommandError(
                "with --json nothing is asked, so trunks are updated only if you say so.",
                "give --yes, or --dry-run to see what would be sent.",
            )
