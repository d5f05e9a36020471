"""`itnio trunks apply`: a file of trunks, or a plan kept from it, sent to the account."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import attrs
import typer

from itnio_async import AsyncClient
from itnio_async.bulk.files.source import Source
from itnio_async.bulk.identity import Identity, digest_of
from itnio_async.bulk.job.job import JobOptions
from itnio_async.bulk.journal.journal import default_journal_path
from itnio_async.bulk.plan.make import make_plan
from itnio_async.bulk.plan.saved import SavedPlan, is_saved_plan, read_plan
from itnio_async.bulk.trunks.listing import list_trunks
from itnio_async.bulk.trunks.rows import RowsRead
from itnio_async.cli.account import (
    DEFAULT_TIMEOUT,
    AllowInsecureOption,
    BaseUrlOption,
    ProfileOption,
    SecretFileOption,
    TimeoutOption,
    access_of,
)
from itnio_async.cli.applying import Application, Manner, Prepare, carry_out
from itnio_async.cli.exits import REFUSED_OR_UNKNOWN
from itnio_async.cli.job_options import (
    DEFAULT_CONCURRENCY,
    DEFAULT_MAX_FAILURES,
    CanaryOption,
    ConcurrencyOption,
    DryRunOption,
    ForceOption,
    JournalOption,
    JsonOption,
    MaxFailuresOption,
    RateOption,
    RetryRefusedOption,
    SameAccountOption,
    UntilOption,
    VerifyOption,
    YesOption,
    moment_of,
)
from itnio_async.cli.plan_view import write_bad_rows
from itnio_async.cli.report_view import FailedOption, HtmlOption
from itnio_async.cli.spread import DaskOption
from itnio_async.cli.trunk_file import (
    AcceptZerosOption,
    EncodingOption,
    FormatOption,
    MatchBy,
    MatchOption,
    SecretsFromOption,
    SeparatorOption,
    SheetOption,
    SkipInvalidOption,
    TrunkFile,
)


def apply_trunks(
    file: Annotated[
        str, typer.Argument(metavar="FILE|PLAN", help="A file of trunks as `plan` takes it, or what `plan --out` kept.")
    ],
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    failed: FailedOption = None,
    html: HtmlOption = None,
    skip_invalid: SkipInvalidOption = False,
    accept_zeros: AcceptZerosOption = False,
    rate: RateOption = None,
    concurrency: ConcurrencyOption = DEFAULT_CONCURRENCY,
    verify: VerifyOption = False,
    canary: CanaryOption = 0,
    max_failures: MaxFailuresOption = DEFAULT_MAX_FAILURES,
    until: UntilOption = None,
    force: ForceOption = False,
    retry_refused: RetryRefusedOption = False,
    journal: JournalOption = None,
    same_account: SameAccountOption = False,
    dask: DaskOption = None,
    match: MatchOption = MatchBy.KEY_ID,
    format: FormatOption = None,
    encoding: EncodingOption = None,
    sep: SeparatorOption = None,
    sheet: SheetOption = None,
    secrets_from: SecretsFromOption = None,
    secret_file: SecretFileOption = None,
    profile: ProfileOption = None,
    base_url: BaseUrlOption = None,
    allow_insecure: AllowInsecureOption = False,
    timeout: TimeoutOption = DEFAULT_TIMEOUT,
) -> int:
    """Update the account's trunks to what a file of trunks wants.

    Shows how many there are to update and asks. What becomes of each row is noted in a journal: after Ctrl-C, a crash
    or a full disk the same command goes on where it ended. Rows that are done are not sent again, nor are refused ones;
    those of unknown outcome are read back first. Ctrl-C once begins nothing new and waits for those under way; twice
    cuts them off.

    Exits with 0 if every row stands as wanted, 3 if rows were refused or their outcome is unknown, 2 if the time was up
    and rows are left, 130 after Ctrl-C.
    """
    given = TrunkFile(file, match, format, encoding, sep, sheet, secrets_from)
    options = JobOptions(
        concurrency=concurrency,
        rate_limit=rate,
        max_failures=max_failures,
        force=force,
        retry_refused=retry_refused,
        same_account=same_account,
        skip_invalid=skip_invalid,
        accept_zeros=accept_zeros,
        canary=canary,
        until=moment_of(until),
        verify=verify,
    )
    manner = Manner(yes, dry_run, json, failed, html)
    prepare: Prepare
    if is_saved_plan(file):
        prepare = partial(_from_plan, read_plan(file), given, options, journal, manner)
    else:
        source = given.source()
        rows = given.read(source)
        if rows.bad and not skip_invalid:
            if json:
                write_bad_rows(rows.bad)
            return REFUSED_OR_UNKNOWN
        prepare = partial(_from_file, given, source, rows, options, journal, manner)
    access = access_of(secret_file, base_url, allow_insecure, timeout, profile)
    return carry_out(access, profile, dask, options, prepare)


async def _from_file(
    given: TrunkFile,
    source: Source,
    rows: RowsRead,
    options: JobOptions,
    journal: Path | None,
    manner: Manner,
    client: AsyncClient,
    identity: Identity,
) -> Application:
    trunks = await list_trunks(client)
    return Application(
        client=client,
        identity=identity,
        plan=make_plan(rows.changes, trunks, accept_zeros=options.accept_zeros),
        trunks=trunks,
        journal=journal or default_journal_path(given.full_name, digest_of(rows.changes), identity),
        name=given.full_name,
        options=options,
        source=source,
        bad=rows.bad,
        manner=manner,
    )


async def _from_plan(
    saved: SavedPlan,
    given: TrunkFile,
    options: JobOptions,
    journal: Path | None,
    manner: Manner,
    client: AsyncClient,
    identity: Identity,
) -> Application:
    """Make of a saved plan what it was made of, with the secrets from its source, and see what has changed since."""
    header = saved.header
    given = attrs.evolve(given, path=header.source, match=MatchBy(header.match))
    source = given.source()
    secrets = given.rows(source).changes if saved.needs_source else ()
    changes = saved.changes(identity, secrets)
    trunks = await list_trunks(client)
    accept_zeros = options.accept_zeros or header.accept_zeros
    return Application(
        client=client,
        identity=identity,
        plan=make_plan(changes, trunks, accept_zeros=accept_zeros),
        trunks=trunks,
        journal=journal or default_journal_path(str(saved.path), header.id, identity),
        name=header.source,
        options=attrs.evolve(options, accept_zeros=accept_zeros),
        source=source,
        manner=manner,
        plan_id=header.id,
        changed=saved.changed(identity, trunks),
        begin=saved.begin,
    )
