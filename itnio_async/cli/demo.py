"""`itnio demo`: many updates at once through the real client over real HTTP, against a sandbox in this process."""

from __future__ import annotations

import time
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Annotated, Any

import httpx
import typer
from attrs import define, field

from itnio_async import ApiError, AsyncClient, ItnioError, RetryDetails, RetryPolicy, SipTrunk, SipTrunkUpdate
from itnio_async.api.sip_trunks.codes import SIP_TRUNKS
from itnio_async.bulk.files.places import Place
from itnio_async.bulk.job.progress import Meter
from itnio_async.bulk.job.sending import result_of
from itnio_async.cli.event_loop import run_on_loop
from itnio_async.cli.exits import CommandError
from itnio_async.cli.output import json_line, say, table
from itnio_async.cli.progress import shown_progress
from itnio_async.cli.sandbox import sandbox_class

if TYPE_CHECKING:
    from itnio_async.sandbox import Sandbox


def demo(
    trunks: Annotated[
        int, typer.Option(metavar="N", min=1, max=100_000, help="How many trunks to make and update.")
    ] = 500,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Which trunks collide and which calls fail follows from it.")
    ] = 1,
    concurrency: Annotated[
        int, typer.Option(metavar="N", min=1, max=1000, help="How many updates are in flight at once.")
    ] = 50,
    json: Annotated[bool, typer.Option("--json", help="Write the summary as one JSON object.")] = False,
) -> None:
    """Watch SIP trunks being updated: no account needed, nothing leaves this machine.

    Starts a sandbox that imitates the vendor, makes trunks of both directions in it, and updates them all concurrently
    through the real client over real HTTP: once with nothing in the way, and once with some updates wrong on purpose
    and some calls made to fail, so that refusals and retries are seen. After each the trunks are read back and counted.
    """
    well, trouble = run_on_loop(_demo(sandbox_class(), trunks, seed, concurrency))
    if json:
        rounds = {"all_well": well.as_json(), "in_trouble": trouble.as_json()}
        json_line({"trunks": trunks, "concurrency": concurrency, **rounds})
    else:
        _show(well, trouble)
    for done in (well, trouble):
        if not 0 <= done.read_back - done.updated <= done.unknown.total():
            raise CommandError(
                f"{done.updated} updates succeeded, but {done.read_back} trunks have their new prefix.",
                "this is a mistake of the demo, the sandbox or the client: please report it, with --seed and --trunks.",
            )


@define
class Round:
    """One update of each trunk: what became of the updates, and what they took."""

    updated: int = 0
    refused: Counter[int] = field(factory=Counter)
    unknown: Counter[str] = field(factory=Counter)
    retries: Counter[int] = field(factory=Counter)
    requests: int = 0
    connections_opened: int = 0
    seconds: float = 0.0
    read_back: int = 0

    def count(self, error: ItnioError | None) -> None:
        """Count one update by how it ended."""
        if error is None:
            self.updated += 1
        elif isinstance(error, ApiError):
            self.refused[error.code] += 1
        else:
            self.unknown[type(error).__name__] += 1

    def retried(self, details: RetryDetails) -> None:
        """Count one repeat."""
        if details.code is not None:
            self.retries[details.code] += 1

    @property
    def requests_a_second(self) -> float:
        """The rate, waits included."""
        return self.requests / self.seconds

    def as_json(self) -> dict[str, Any]:
        """Return it for a program."""
        return {
            "updated": self.updated,
            "refused": {str(code): count for code, count in sorted(self.refused.items(), reverse=True)},
            "unknown": dict(self.unknown),
            "retries": {str(code): count for code, count in sorted(self.retries.items(), reverse=True)},
            "requests": self.requests,
            "seconds": round(self.seconds, 6),
            "requests_a_second": round(self.requests_a_second, 1),
            "connections_opened": self.connections_opened,
            "read_back": self.read_back,
        }


async def _demo(sandbox_type: type[Sandbox], trunks: int, seed: int, concurrency: int) -> tuple[Round, Round]:
    from itnio_async.cli.demo_plan import FIRST_PREFIX, SECOND_PREFIX, plan_demo

    async with sandbox_type(trunks) as sandbox:
        say(f"A sandbox that imitates the vendor listens at {sandbox.url} and has {trunks} SIP trunks.\n")
        listed = await _listed(sandbox)
        say(f"First with nothing in the way: each trunk gets a new prefix, {min(concurrency, trunks)} at a time.")
        first = [trunk.to_update(sip_prefix=FIRST_PREFIX) for trunk in listed]
        all_well = await _round(sandbox, first, FIRST_PREFIX, seed, concurrency)

        planned = plan_demo(await _listed(sandbox), seed)
        say(
            f"\nThen with trouble: {planned.mistakes} updates ask for what another trunk has, and the sandbox fails "
            f"{len(planned.faults)} others, most of them once."
        )
        for fault in planned.faults:
            sandbox.order(fault)
        in_trouble = await _round(sandbox, planned.updates, SECOND_PREFIX, seed, concurrency)
        return all_well, in_trouble


def _client(sandbox: Sandbox, **options: Any) -> AsyncClient:
    # A proxy could not reach this machine's own address.
    return AsyncClient(sandbox.api_key, sandbox.api_secret, base_url=sandbox.url, trust_env=False, **options)


async def _listed(sandbox: Sandbox) -> list[SipTrunk]:
    async with _client(sandbox) as client:
        return [trunk async for trunk in client.sip_trunks.list()]


async def _round(sandbox: Sandbox, updates: list[SipTrunkUpdate], prefix: str, seed: int, concurrency: int) -> Round:
    done = Round()
    async with _client(
        sandbox,
        limits=httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency),
        retry=RetryPolicy(random=Random(seed).random),  # noqa: S311 - waits, no secrets
        on_retry=done.retried,
    ) as client:
        started = time.perf_counter()
        await _update_all(client, updates, concurrency, done)
        done.seconds = time.perf_counter() - started
        done.requests, done.connections_opened = client.stats.requests, client.stats.connections_opened
    done.read_back = sum(trunk.sip_prefix == prefix for trunk in await _listed(sandbox))
    return done


async def _update_all(client: AsyncClient, updates: list[SipTrunkUpdate], concurrency: int, done: Round) -> None:
    with shown_progress() as tell:
        meter = Meter(tell)
        meter.total = len(updates)
        async with client.sip_trunks.update_many(updates, concurrency=concurrency) as run:
            async for outcome in run:
                done.count(outcome.error)
                place = Place("the updates", outcome.index + 1)
                result = result_of(outcome, ended=time.time())
                meter.count(outcome.index, place, outcome.request.sip_trunk_name, result)
        meter.tell(now=True)


def _show(well: Round, trouble: Round) -> None:
    rows: list[tuple[str, int, int, str]] = [
        ("Updated", well.updated, trouble.updated, "read back with their new prefix"),
    ]
    for code in sorted(well.refused | trouble.refused, reverse=True):
        meaning = "the vendor's system failed at each attempt" if code == -18 else SIP_TRUNKS[code].meaning
        rows.append((f"Refused {code}", well.refused[code], trouble.refused[code], meaning))
    for name in sorted(well.unknown | trouble.unknown):
        meaning = "no answer came: the trunk may or may not be updated"
        rows.append((f"Unknown ({name})", well.unknown[name], trouble.unknown[name], meaning))
    for code in sorted(well.retries | trouble.retries, reverse=True):
        meaning = f"sent again: {SIP_TRUNKS[code].meaning}"
        rows.append((f"Retried {code}", well.retries[code], trouble.retries[code], meaning))
    rates = round(well.requests_a_second), round(trouble.requests_a_second)
    rows += [
        ("Requests", well.requests, trouble.requests, "one for each trunk, and the retries"),
        ("Milliseconds", round(well.seconds * 1000), round(trouble.seconds * 1000), "waits before retries included"),
        ("Requests a second", *rates, "the sandbox works in the same process"),
        ("Connections", well.connections_opened, trouble.connections_opened, "opened once, then used again and again"),
    ]
    say("")
    table(("What", "All well", "In trouble", "Meaning"), rows)
    say("\nThe trouble was arranged, to show it. `itnio codes CODE` explains a code and says what to do.")
