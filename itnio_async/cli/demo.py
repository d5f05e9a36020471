"""`itnio demo`: update many trunks of a sandbox in this process, through the real client and real HTTP."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from random import Random
from typing import TYPE_CHECKING, Annotated, Any

import httpx
import typer
from attrs import define, field, frozen

from itnio_async import ApiError, AsyncClient, ItnioError, RetryDetails, RetryPolicy, SipTrunkUpdate
from itnio_async.api.sip_trunks.codes import SIP_TRUNKS
from itnio_async.cli.exits import CommandError
from itnio_async.cli.output import counted, json_line, say, table
from itnio_async.cli.sandbox import sandbox_class

if TYPE_CHECKING:
    from itnio_async.sandbox import Sandbox

Advance = Callable[[], None]


def demo(
    trunks: Annotated[
        int, typer.Option(metavar="N", min=1, max=100_000, help="How many trunks to make and update.")
    ] = 500,
    seed: Annotated[int, typer.Option(metavar="N", help="Decides which updates conflict and which calls fail.")] = 1,
    concurrency: Annotated[
        int, typer.Option(metavar="N", min=1, max=1000, help="How many updates are in flight at once.")
    ] = 50,
    json: Annotated[bool, typer.Option("--json", help="Write the summary as one JSON object.")] = False,
) -> None:
    """Watch SIP trunks being updated: no account needed, nothing leaves this machine.

    Starts a sandbox that imitates the vendor, creates trunks of both directions in it, and updates all of them
    concurrently through the real client over real HTTP. Some updates are wrong on purpose and some calls are made to
    fail, so that there are refusals and retries. At the end the trunks are read back and counted.
    """
    summary = asyncio.run(_demo(sandbox_class(), trunks, seed, concurrency))
    if json:
        json_line(summary.as_json())
    else:
        _show(summary)
    if not 0 <= summary.read_back - summary.updated <= summary.progress.unknown.total():
        raise CommandError(
            f"{summary.updated} updates succeeded, but {summary.read_back} trunks have their new prefix.",
            "this is a fault of the demo, the sandbox or the client: please report it, with --seed and --trunks.",
        )


@define
class Progress:
    """What has become of the updates so far; refusals and retries are counted by code, unknown outcomes by error."""

    updated: int = 0
    refused: Counter[int] = field(factory=Counter)
    unknown: Counter[str] = field(factory=Counter)
    retries: Counter[int] = field(factory=Counter)

    def retried(self, details: RetryDetails) -> None:
        """Count one repeat."""
        if details.code is not None:
            self.retries[details.code] += 1


@frozen
class Summary:
    """The result of the demo: what became of the trunks, and what it took."""

    trunks: int
    concurrency: int
    progress: Progress
    requests: int
    connections_opened: int
    seconds: float
    read_back: int

    @property
    def updated(self) -> int:
        """How many updates succeeded."""
        return self.progress.updated

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "trunks": self.trunks,
            "updated": self.updated,
            "refused": {str(code): count for code, count in sorted(self.progress.refused.items(), reverse=True)},
            "unknown": dict(self.progress.unknown),
            "retries": {str(code): count for code, count in sorted(self.progress.retries.items(), reverse=True)},
            "requests": self.requests,
            "seconds": round(self.seconds, 6),
            "requests_a_second": round(self.requests / self.seconds, 1),
            "concurrency": self.concurrency,
            "connections_opened": self.connections_opened,
            "read_back": self.read_back,
        }


async def _demo(sandbox_type: type[Sandbox], trunks: int, seed: int, concurrency: int) -> Summary:
    from itnio_async.cli.demo_plan import NEW_PREFIX, plan_demo

    async with sandbox_type(trunks) as sandbox:
        progress = Progress()
        async with AsyncClient(
            sandbox.api_key,
            sandbox.api_secret,
            base_url=sandbox.url,
            limits=httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency),
            retry=RetryPolicy(random=Random(seed).random),  # noqa: S311 - waits, no secrets
            on_retry=progress.retried,
            trust_env=False,  # a proxy could not reach this machine's own address
        ) as client:
            say(f"A sandbox with {counted(trunks, 'SIP trunk')} listens at {sandbox.url}.")
            planned = plan_demo([trunk async for trunk in client.sip_trunks.list()], seed)
            for fault in planned.faults:
                sandbox.order(fault)
            requests_before = client.stats.requests
            started = time.perf_counter()
            with _progress(len(planned.updates)) as advance:
                await _update_all(client, planned.updates, concurrency, progress, advance)
            seconds = time.perf_counter() - started
            stats = client.stats
            listed = [trunk async for trunk in client.sip_trunks.list()]
        return Summary(
            trunks=trunks,
            concurrency=concurrency,
            progress=progress,
            requests=stats.requests - requests_before,
            connections_opened=stats.connections_opened,
            seconds=seconds,
            read_back=sum(trunk.sip_prefix == NEW_PREFIX for trunk in listed),
        )


async def _update_all(
    client: AsyncClient, updates: list[SipTrunkUpdate], concurrency: int, progress: Progress, advance: Advance
) -> None:
    left = iter(updates)

    async def work() -> None:
        for update in left:
            try:
                await client.sip_trunks.update(update)
            except ApiError as error:
                progress.refused[error.code] += 1
            except ItnioError as error:
                progress.unknown[type(error).__name__] += 1
            else:
                progress.updated += 1
            advance()

    async with asyncio.TaskGroup() as group:
        for _ in range(min(concurrency, len(updates))):
            group.create_task(work())


def _progress(total: int) -> AbstractContextManager[Advance]:
    return _bar(total) if sys.stderr.isatty() else _lines(total)


@contextmanager
def _bar(total: int) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("Updating"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)


@contextmanager
def _lines(total: int) -> Iterator[Advance]:
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        if done * 5 // total > (done - 1) * 5 // total:
            say(f"{done} of {total} done")

    yield advance


def _show(summary: Summary) -> None:
    progress = summary.progress
    rows: list[tuple[str, int | str, str]] = [("Updated", progress.updated, "read back with their new prefix")]
    for code, count in sorted(progress.refused.items(), reverse=True):
        rows.append((f"Refused {code}", count, SIP_TRUNKS[code].meaning))
    for name, count in sorted(progress.unknown.items()):
        rows.append((f"Unknown ({name})", count, "no answer came: the trunk may or may not be updated"))
    rows.append(("All trunks", summary.trunks, ""))
    for code, count in sorted(progress.retries.items(), reverse=True):
        rows.append((f"Retried {code}", count, SIP_TRUNKS[code].meaning))
    rows.append(("Requests", summary.requests, f"{summary.trunks} first attempts and the retries"))
    rows.append(("Requests a second", round(summary.requests / summary.seconds), f"in {summary.seconds:.2f} s"))
    rows.append(
        (
            "Connections opened",
            summary.connections_opened,
            f"for {min(summary.concurrency, summary.trunks)} updates at a time",
        )
    )
    table(("What", "Count", "Meaning"), rows)
    say("The refusals and retries are part of the demo; `itnio codes CODE` explains a code.")
