"""The options that say how a plan is applied, and what they come to."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import httpx
import typer

from itnio_async import AsyncClient, config
from itnio_async.bulk.job.job import JobOptions
from itnio_async.cli.account import Access
from itnio_async.cli.exits import CommandError

_PANEL = "The run"

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be sent and send nothing; exits as plan does.")
]
JsonOption = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Write one JSON object a line: rows that cannot be sent, the plan's counts, what is read back, and at the "
        "end the result with its counts, reasons and exit status. Asks nothing, so it takes --yes.",
    ),
]
RateOption = Annotated[
    float | None,
    typer.Option(
        "--rate",
        metavar="N",
        min=0.01,
        help="At most so many calls a second, repeats too. Default: no bound.",
        rich_help_panel=_PANEL,
    ),
]
ConcurrencyOption = Annotated[
    int,
    typer.Option(
        "--concurrency",
        metavar="N",
        min=1,
        max=1000,
        help="How many updates are under way at once.",
        rich_help_panel=_PANEL,
    ),
]
VerifyOption = Annotated[
    bool,
    typer.Option("--verify", help="Read all trunks back at the end, and compare.", rich_help_panel=_PANEL),
]
CanaryOption = Annotated[
    int,
    typer.Option(
        "--canary",
        metavar="N",
        min=0,
        help="Update N trunks first, read them back, show them and ask (with --yes: go on if they stand as wanted).",
        rich_help_panel=_PANEL,
    ),
]
MaxFailuresOption = Annotated[
    int,
    typer.Option(
        "--max-failures",
        metavar="N",
        min=0,
        help="End after N equal refusals in a row; 0: never.",
        rich_help_panel=_PANEL,
    ),
]
UntilOption = Annotated[
    str | None,
    typer.Option(
        "--until", metavar="HH:MM", help="Begin nothing after this time of day on this machine.", rich_help_panel=_PANEL
    ),
]
ForceOption = Annotated[
    bool,
    typer.Option("--force", help="Overwrite trunks that changed since the plan was made.", rich_help_panel=_PANEL),
]
RetryRefusedOption = Annotated[
    bool,
    typer.Option("--retry-refused", help="Send again what was refused in an earlier run.", rich_help_panel=_PANEL),
]
SameAccountOption = Annotated[
    bool,
    typer.Option(
        "--same-account", help="The API key is a new one of the account that the journal is of.", rich_help_panel=_PANEL
    ),
]
JournalOption = Annotated[
    Path | None,
    typer.Option(
        "--journal",
        metavar="PATH",
        help="Where to note what becomes of each row, on a local disk; where there is a journal, the job goes on with "
        "it. Default: in your state directory, by the file's rows and the account.",
        rich_help_panel=_PANEL,
    ),
]
DEFAULT_CONCURRENCY = JobOptions().concurrency
DEFAULT_MAX_FAILURES = JobOptions().max_failures


def client_for(access: Access, options: JobOptions) -> AsyncClient:
    """Return a client that lets so many calls through at once; its rate holds for repeats too."""
    at_once = max(config.LIMITS.max_connections or 0, options.concurrency)
    limits = httpx.Limits(
        max_connections=at_once,
        max_keepalive_connections=at_once,
        keepalive_expiry=config.LIMITS.keepalive_expiry,
    )
    return access.client(limits=limits, rate_limit=options.rate_limit)


def moment_of(text: str | None, now: datetime | None = None) -> float | None:
    """Return the Unix seconds of the next time that a clock shows `HH:MM` here, and None for None."""
    if text is None:
        return None
    try:
        wanted = datetime.strptime(text, "%H:%M").time()
    except ValueError:
        raise CommandError(f"--until {text} is no time of day.", "give HH:MM, such as 05:00.") from None
    now = now or datetime.now()
    moment = datetime.combine(now.date(), wanted)
    if moment <= now:
        moment = datetime.combine(now.date() + timedelta(days=1), wanted)
    return moment.timestamp()
