"""`itnio trunks jobs`: list the jobs by their journals, and what to do next with each."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from itnio_async.bulk import RowState
from itnio_async.bulk.files.places import WITHOUT_FILE
from itnio_async.bulk.journal.shelf import ShelvedJob, jobs_in
from itnio_async.cli.error_text import text_of
from itnio_async.cli.exits import CommandError
from itnio_async.cli.output import json_line, line, on_terminal, records, say, table, visible
from itnio_async.text import counted

# What is named of a job's rows, in this order.
_STATES = (
    RowState.DONE,
    RowState.UNCHANGED,
    RowState.REFUSED,
    RowState.UNKNOWN,
    RowState.SENT,
    RowState.WAITING,
)
_COLUMNS = ("Begun", "What", "Account", "State", "Rows", "Undone", "Journal", "Next")


def list_jobs(
    directory: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR", help="Where to look for journals, also below it. Default: where they are without --journal."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Write one JSON object a line for each job.")] = False,
) -> None:
    """List the jobs, the last one first: when, what, how far each has come, whether it was undone, what to do next."""
    if directory is not None and not directory.is_dir():
        raise CommandError(f"{directory} is not a directory.", "give one that has journals in it.")
    jobs, errors = jobs_in(directory)
    if json:
        for job in jobs:
            _write(job)
    elif on_terminal():
        records(_COLUMNS, map(_row, jobs))
        line(counted(len(jobs), "job"))
    else:
        table(_COLUMNS, map(_row, jobs))
    for error in errors:
        say(f"Left out: {text_of(error).removeprefix('Error: ')}")


def _row(job: ShelvedJob) -> tuple[object, ...]:
    header = job.contents.header
    begun = datetime.fromtimestamp(header.created).astimezone().strftime("%Y-%m-%d %H:%M")
    rows = ", ".join(f"{job.counts[state]} {state.value}" for state in _STATES if job.counts[state]) or "none"
    if job.named_temporarily:
        rows += f" ({job.named_temporarily} with a temporary name)"
    undone = "-" if job.is_undo else job.undone
    where = str(job.contents.path)
    return begun, header.source, f"{header.api_key} at {header.host}", job.state, rows, undone, where, _next(job)


def _write(job: ShelvedJob) -> None:
    header = job.contents.header
    json_line(
        {
            "begun": datetime.fromtimestamp(header.created, UTC).isoformat(timespec="seconds"),
            "what": header.source,
            "host": header.host,
            "api_key": header.api_key,
            "state": job.state,
            "rows": {state.value: job.counts[state] for state in _STATES},
            "temporary_names": job.named_temporarily,
            "undone": None if job.is_undo else job.undone,
            "undone_by": [str(undo.path) for undo in job.undone_by],
            "journal": str(job.contents.path),
            "next": _next(job),
        }
    )


def _next(job: ShelvedJob) -> str:
    """Return the command that is likely to be wanted next."""
    journal = visible(shlex.quote(str(job.contents.path)))
    if job.state == "running":
        return f"itnio trunks report {journal}"
    if job.state == "unfinished":
        return f"itnio trunks report {journal}" if job.is_canary_refused else _again(job)
    if job.state == "refused":
        if job.named_temporarily and not job.is_undo:
            return f"itnio trunks undo {journal}"
        return f"itnio trunks report {journal} --failed failed.csv"
    return "" if job.is_undo or not job.touched or job.undone == "yes" else f"itnio trunks undo {journal}"


def _again(job: ShelvedJob) -> str:
    """Return the command with which an unfinished job goes on, as far as its journal says what that was."""
    source = job.contents.header.source
    if source.startswith(WITHOUT_FILE):
        return visible(source)
    if job.is_undo or not Path(source).is_file():
        return f"the same command again, with --journal {visible(shlex.quote(str(job.contents.path)))}"
    again = f"itnio trunks apply {shlex.quote(source)} --journal {shlex.quote(str(job.contents.path))}"
    return visible(f"the same command again: {again} and the options of the first time")
