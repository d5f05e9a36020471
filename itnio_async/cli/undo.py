"""`itnio trunks undo`: back to the values before a job."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from itnio_async import AsyncClient
from itnio_async.bulk.identity import Identity, digest_of
from itnio_async.bulk.job.job import JobOptions
from itnio_async.bulk.journal.journal import JournalContents, default_journal_path, read_journal
from itnio_async.bulk.plan.undo import Undo, plan_undo
from itnio_async.bulk.trunks.listing import list_trunks
from itnio_async.cli.account import (
    DEFAULT_TIMEOUT,
    AllowInsecureOption,
    BaseUrlOption,
    ProfileOption,
    SecretFileOption,
    TimeoutOption,
    access_of,
)
from itnio_async.cli.applying import Application, Manner, carry_out
from itnio_async.cli.job_options import (
    DEFAULT_CONCURRENCY,
    DEFAULT_MAX_FAILURES,
    ConcurrencyOption,
    DryRunOption,
    JournalOption,
    JsonOption,
    MaxFailuresOption,
    RateOption,
    SameAccountOption,
    VerifyOption,
    YesOption,
)
from itnio_async.cli.output import json_line, say, visible
from itnio_async.cli.plan_view import place_data
from itnio_async.cli.spread import DaskOption


def undo_trunks(
    of: Annotated[Path, typer.Argument(metavar="JOURNAL", help="The journal of the job, as `apply` names it.")],
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    rate: RateOption = None,
    concurrency: ConcurrencyOption = DEFAULT_CONCURRENCY,
    verify: VerifyOption = False,
    max_failures: MaxFailuresOption = DEFAULT_MAX_FAILURES,
    journal: JournalOption = None,
    same_account: SameAccountOption = False,
    dask: DaskOption = None,
    secret_file: SecretFileOption = None,
    profile: ProfileOption = None,
    base_url: BaseUrlOption = None,
    allow_insecure: AllowInsecureOption = False,
    timeout: TimeoutOption = DEFAULT_TIMEOUT,
) -> int:
    """Undo a job: give each trunk that it changed the values that it had before.

    Shows how many there are and asks. A trunk that has changed since is left alone and named. Passwords stay as they
    are, since no journal keeps them. The way back has a journal of its own.

    Exits as `apply` does.
    """
    options = JobOptions(
        concurrency=concurrency,
        rate_limit=rate,
        max_failures=max_failures,
        same_account=same_account,
        skip_invalid=True,
        accept_zeros=True,
        verify=verify,
    )
    prepare = partial(_way_back, options, journal, Manner(yes, dry_run, json), read_journal(of))
    access = access_of(secret_file, base_url, allow_insecure, timeout, profile)
    return carry_out(access, profile, dask, options, prepare)


async def _way_back(
    options: JobOptions,
    journal: Path | None,
    manner: Manner,
    contents: JournalContents,
    client: AsyncClient,
    identity: Identity,
) -> Application:
    trunks = await list_trunks(client)
    undo = plan_undo(contents, trunks, identity, same_account=options.same_account)
    _say_what_stays(undo)
    if manner.json:
        _write_what_stays(undo)
    rows = digest_of(item.row for item in undo.plan)
    return Application(
        client=client,
        identity=identity,
        plan=undo.plan,
        trunks=trunks,
        journal=journal or default_journal_path(f"undo-{contents.path.stem}", rows, identity),
        name=f"undo of {contents.header.source}",
        options=options,
        manner=manner,
    )


def _write_what_stays(undo: Undo) -> None:
    for verdict, rows in (("skipped", undo.skipped), ("secrets_kept", undo.secrets)):
        for row in rows:
            json_line(
                {
                    "verdict": verdict,
                    **place_data(row.place),
                    "key_id": row.key_id,
                    "trunk_name": row.trunk_name,
                    "reason": row.reason,
                }
            )


def _say_what_stays(undo: Undo) -> None:
    for row in (*undo.skipped, *undo.secrets):
        say(visible(row))
    if undo.skipped:
        say(f"{len(undo.skipped)} row{'' if len(undo.skipped) == 1 else 's'} skipped.")
