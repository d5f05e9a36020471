"""Applies a plan: sent in its order, noted in a journal, stopped in order, and gone on with where it ended.

A job works in rounds. Each lists the account's trunks, compares them anew with the rows that have no outcome yet, and
sends what does not stand as wanted. So going on after a crash, reading back what is unknown, and the last look before
anything is overwritten are one and the same.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from inspect import isawaitable
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from itnio_async.api.sip_trunks.service import UPDATE
from itnio_async.api.sip_trunks.types import SipTrunk, SipTrunkUpdate
from itnio_async.bulk.files.places import BadRows
from itnio_async.bulk.identity import Identity, digest_of, identity_of
from itnio_async.bulk.job.account_lock import one_job
from itnio_async.bulk.job.decide import (
    ReadBack,
    before_and_after,
    decide,
    journal_row,
    read_back,
    reopened,
    require_as_left,
    with_held_back,
)
from itnio_async.bulk.job.outage import NOT_SENT, Outage
from itnio_async.bulk.job.progress import Meter, Progress
from itnio_async.bulk.job.sending import Dispatch, Entry
from itnio_async.bulk.journal.journal import (
    Journal,
    JournalContents,
    JournalFinishedError,
    JournalHeader,
    JournalRow,
    Result,
    RowState,
    check_header,
    has_journal,
    read_journal,
)
from itnio_async.bulk.plan.make import make_plan
from itnio_async.bulk.plan.plan import Plan, PlanItem, Verdict
from itnio_async.bulk.trunks.listing import list_trunks
from itnio_async.client import AsyncClient
from itnio_async.config import BULK_CONCURRENCY, BULK_STOP_ON, RateLimit, positive_number, rate_limit_of, whole_number
from itnio_async.errors import ApiError, InvalidRequestError, ItnioError
from itnio_async.runs.outcome import Outcome
from itnio_async.runs.run import BulkRun

__all__ = ["Confirm", "Ended", "Job", "JobOptions", "JobResult", "ReadBack", "result_of"]

logger = logging.getLogger("itnio_async.bulk")


class Ended(Enum):
    """Why a job ended: by itself, asked to stop (calls under way finished), stopped at once, at its time, after the
    first ones, or by an error.
    """

    FINISHED = "finished"
    STOPPED = "stopped"
    CUT_OFF = "stopped at once"
    UNTIL = "time is up"
    CANARY = "not confirmed after the first ones"
    ERROR = "error"


@frozen(kw_only=True)
class JobOptions:
    """How a plan is applied.

    `concurrency`, `rate_limit`, `stop_on` and `max_failures` are those of `client.bulk`. `force` overwrites trunks that
    changed since the plan was made. `retry_refused` sends again what was refused in an earlier run. `same_account`
    takes a journal of another API key. `skip_invalid` goes on although rows of the plan cannot be sent. `accept_zeros`
    is that of `make_plan`. `canary` rows go first, are read back and shown to `confirm`. `until` is a moment in Unix
    seconds after which nothing more is begun. `verify` reads every trunk back at the end. Rows whose outcome is unknown
    are read back and sent again in at most `rounds` rounds. `patience` is how many seconds the vendor may be out of
    reach before the job ends.

    Raises `ConfigurationError` for a number that cannot be.
    """

    concurrency: int = BULK_CONCURRENCY
    rate_limit: float | RateLimit | None = None
    stop_on: tuple[type[ItnioError], ...] = BULK_STOP_ON
    max_failures: int = 20
    force: bool = False
    retry_refused: bool = False
    same_account: bool = False
    skip_invalid: bool = False
    accept_zeros: bool = False
    canary: int = 0
    until: float | None = None
    verify: bool = False
    rounds: int = 3
    patience: float = 30.0

    def __attrs_post_init__(self) -> None:
        # Here, so that nothing has begun yet where one does not fit.
        whole_number("concurrency", self.concurrency)
        whole_number("max_failures", self.max_failures, least=0)
        whole_number("canary", self.canary, least=0)
        whole_number("rounds", self.rounds)
        positive_number("patience", self.patience)
        rate_limit_of(self.rate_limit)
        if self.until is not None:
            positive_number("until", self.until)


@frozen(kw_only=True)
class JobResult:
    """What became of a job.

    `counts` has how many rows are in each state, over all runs of the journal. `error` is what ended it early, if that
    was an error. `not_as_wanted` are the rows done that were read back otherwise (`verify`). `notes` are for people.
    """

    ended: Ended
    counts: Mapping[RowState, int]
    journal: Path
    error: ItnioError | None = None
    not_as_wanted: tuple[ReadBack, ...] = ()
    notes: tuple[str, ...] = ()
    progress: Progress = field(repr=False)

    @property
    def ok(self) -> bool:
        """Tell whether every row is done or stood as wanted, and no one was read back otherwise."""
        left = self.counts.keys() - {RowState.DONE, RowState.UNCHANGED}
        return self.ended is Ended.FINISHED and not self.not_as_wanted and not any(self.counts[state] for state in left)


Confirm = Callable[[Sequence[ReadBack]], bool | Awaitable[bool]]
# `client.bulk`, or what makes the calls elsewhere.
Bulk = Callable[..., BulkRun[SipTrunkUpdate, None]]


class Job:
    """A plan that is applied by `await job.run()`, once.

    `journal` is the path of its journal: where there is one, the job goes on with it. `source` names the file for
    people; `plan_id` is that of a saved plan. `changed` are the key ids of trunks that changed since a saved plan was
    made. `on_progress` is called with a `Progress`, at most ten times a second; `confirm` gets the first rows of a
    canary, read back, and says whether to go on; it may be async. `bulk` makes the calls, in place of `client.bulk`.
    `clock` gives Unix seconds.
    """

    def __init__(
        self,
        client: AsyncClient,
        plan: Plan,
        journal: str | os.PathLike[str],
        options: JobOptions = JobOptions(),
        *,
        source: str = "",
        plan_id: str | None = None,
        changed: Collection[int] = (),
        on_progress: Callable[[Progress], object] | None = None,
        confirm: Confirm | None = None,
        bulk: Bulk | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if options.canary and confirm is None:
            raise InvalidRequestError("a canary needs somebody to show it to: give confirm.", field="confirm")
        self._client = client
        self._plan = plan
        self._path = Path(journal)
        self._options = options
        self._source = source or (plan.items[0].place.file if plan.items else "no rows")
        self._plan_id = plan_id
        self._changed = frozenset(changed)
        self._confirm = confirm
        self._bulk = bulk or client.bulk
        self._clock = clock
        self._meter = Meter(on_progress)
        self._outage = Outage(options.patience)
        self._ended = Ended.FINISHED
        self._error: ItnioError | None = None
        self._not_as_wanted: tuple[ReadBack, ...] = ()
        self._run: BulkRun[SipTrunkUpdate, None] | None = None
        self._work: asyncio.Task[None] | None = None
        self._is_new = False
        self._identity: Identity | None = None

    # -- for the caller -----------------------------------------------------------------------------------------------

    async def run(self) -> JobResult:
        """Apply the plan and return what became of it; what ended it early is in the result.

        Raises `JournalError` where the journal cannot be used (`JournalFinishedError`: its job has ended, and trunks
        have changed since), and `BadRows` where rows cannot be sent and `skip_invalid` is not set: nothing was sent
        then. So it was where `AccountBusyError` is raised: another job has the account on this machine, this one or
        another process. `ConfigurationError` says that none can be kept from it, since the user's state directory
        cannot be written to. Who is cancelled cuts the calls off; what they did is unknown.
        """
        identity = self._identity = await identity_of(self._client)
        async with one_job(identity, self._path):
            return await self._run_alone(identity)

    async def _run_alone(self, identity: Identity) -> JobResult:
        journal = await Journal.open(
            self._path,
            self._header(identity),
            self._new_rows(),
            same_account=self._options.same_account,
            idempotent=UPDATE.idempotent,
        )
        self._is_new = journal.is_new
        self._work = asyncio.ensure_future(self._rounds(journal))
        try:
            await self._work
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._ended is not Ended.CUT_OFF or (task is not None and task.cancelling()):
                raise
        except JournalFinishedError:
            raise
        except ItnioError as error:
            self._fail(error)
        finally:
            await journal.aclose()
        if journal.error is not None:
            self._fail(journal.error)
        return self._result(journal)

    def stop(self) -> None:
        """Begin no further call; those under way finish, and `run` returns."""
        self._end(Ended.STOPPED)

    def stop_now(self) -> None:
        """Cut off the calls under way too: whether they had an effect is unknown until they are read back."""
        self._end(Ended.CUT_OFF)
        if self._work is not None:
            self._work.cancel()

    async def dry_run(self) -> Plan:
        """List once more and return the plan for the rows that have no outcome in the journal; nothing is sent.

        A row that `run` would hold back, since its trunk changed after the plan was made, is refused in it. Raises
        `JournalError` as `run` does.
        """
        self._is_new = not await asyncio.to_thread(has_journal, self._path)
        if self._is_new:
            return await asyncio.to_thread(self._preview, list(self._rows()), await list_trunks(self._client))
        contents = await self._in_journal()
        rows = [row for row in contents.rows if row.state in self._open_states(first=True)]
        trunks = await list_trunks(self._client)
        if not rows:
            await asyncio.to_thread(require_as_left, contents.path, contents.header, contents.rows, self._plan, trunks)
        return await asyncio.to_thread(self._preview, rows, trunks)

    async def _in_journal(self) -> JournalContents:
        contents = await asyncio.to_thread(read_journal, self._path)
        self._identity = await identity_of(self._client)
        wanted = self._header(self._identity)
        check_header(self._path, contents.header, wanted, same_account=self._options.same_account)
        rows = {row.id: row for row in contents.rows}
        rows.update((row.id, row) for row in self._with_new_secrets(contents.rows, contents.header))
        return evolve(contents, rows=tuple(rows.values()))

    def _preview(self, rows: Sequence[JournalRow], trunks: Sequence[SipTrunk]) -> Plan:
        def plan_of(indexes: Iterable[int]) -> Plan:
            return self._fresh_plan([rows[index].id for index in indexes], trunks)

        fresh = plan_of(range(len(rows)))
        held = {
            item.index: result.reason
            for row, item in zip(rows, fresh, strict=True)
            if item.verdict is Verdict.UPDATE and (result := self._decided(row, item)) is not None
        }
        return with_held_back(fresh, held, plan_of)

    # -- the journal's first rows -------------------------------------------------------------------------------------

    def _header(self, identity: Identity) -> JournalHeader:
        return JournalHeader(
            source=self._source,
            rows=digest_of(item.row for item in self._plan),
            host=identity.host,
            api_key=identity.api_key,
            account=identity.account,
            endpoint=str(UPDATE),
            plan=self._plan_id,
            key_check=identity.key_check,
            created=self._clock(),
        )

    def _new_rows(self) -> Iterator[JournalRow]:
        """The rows of a journal that is made now; a journal that is gone on with does not ask for them."""
        bad = self._plan.bad_rows
        if bad and not self._options.skip_invalid:
            raise BadRows.of(bad)
        yield from self._rows()

    def _rows(self) -> Iterator[JournalRow]:
        for item in self._plan:
            yield journal_row(item, changed=self._is_changed(item), fingerprint=self._fingerprint(item))

    def _fingerprint(self, item: PlanItem) -> str | None:
        return None if self._identity is None else self._identity.fingerprint_of(item.row.values)

    def _with_new_secrets(self, rows: Iterable[JournalRow], header: JournalHeader) -> list[JournalRow]:
        """Return the rows of a journal that have other secrets in the file by now, open again.

        None where that cannot be told: the fingerprints are of another API secret.
        """
        if self._identity is None or header.key_check != self._identity.key_check:
            return []
        now = [(row, self._fingerprint(self._plan.items[row.id])) for row in rows]
        return [reopened(row, fingerprint) for row, fingerprint in now if fingerprint != row.fingerprint]

    def _is_changed(self, item: PlanItem) -> bool:
        return item.key_id in self._changed and not self._options.force

    # -- rounds -------------------------------------------------------------------------------------------------------

    @property
    def _is_ending(self) -> bool:
        return self._ended is not Ended.FINISHED

    def _end(self, how: Ended) -> None:
        if self._ended in (Ended.FINISHED, Ended.STOPPED, Ended.UNTIL):
            self._ended = how
        if self._run is not None:
            self._run.stop()

    def _fail(self, error: ItnioError) -> None:
        self._error = self._error or error
        if self._ended is not Ended.CUT_OFF:
            self._ended = Ended.ERROR

    def _may_go_on(self) -> bool:
        until = self._options.until
        if until is not None and self._clock() >= until and not self._is_ending:
            self._ended = Ended.UNTIL
        return not self._is_ending

    async def _reopen(self, journal: Journal) -> None:
        """Have what is done sent again where the file has another secret for it by now."""
        await journal.write(self._with_new_secrets(await journal.rows(), journal.header))

    async def _rounds(self, journal: Journal) -> None:
        if not self._is_new:
            await self._reopen(journal)
            if not self._is_ending and not await journal.rows(*self._open_states(first=True)):
                rows, trunks = await journal.rows(), await list_trunks(self._client)
                await asyncio.to_thread(require_as_left, journal.path, journal.header, rows, self._plan, trunks)
        for number in range(self._options.rounds):
            rows = await journal.rows(*self._open_states(first=number == 0))
            if not rows or not self._may_go_on():
                break
            await self._round(journal, rows, first=number == 0)
        if self._options.verify and self._ended in (Ended.FINISHED, Ended.UNTIL):
            await self._verify(journal)

    def _open_states(self, *, first: bool) -> tuple[RowState, ...]:
        open_ = (RowState.WAITING, RowState.UNKNOWN)
        return (*open_, RowState.REFUSED) if first and self._options.retry_refused else open_

    def _fresh_plan(self, indexes: Sequence[int], trunks: Sequence[SipTrunk]) -> Plan:
        rows = [self._plan.items[index].row for index in indexes]
        return make_plan(rows, trunks, accept_zeros=self._options.accept_zeros)

    async def _round(self, journal: Journal, rows: Sequence[JournalRow], *, first: bool) -> None:
        """Look how the trunks stand, decide what needs nothing, and send the rest."""
        trunks = await list_trunks(self._client)
        # In a thread: comparing 20,000 rows takes a second or two.
        fresh = await asyncio.to_thread(self._fresh_plan, [row.id for row in rows], trunks)
        changed: list[JournalRow] = []
        entries: list[Entry] = []
        for row, item in zip(rows, fresh, strict=True):
            result = self._decided(row, item)
            if result is not None:
                changed.append(row._replace(result=result))
                if not first:
                    self._meter.count(row.id, row.place, row.trunk_name, result)
                continue
            entries.append(Entry(row.id, item, row.result))
            if row.state is not RowState.UNKNOWN and (both := before_and_after(item)) != (row.before, row.after):
                changed.append(row._replace(before=both[0], after=both[1]))
        await journal.write(changed)
        if first:
            self._meter.total = len(entries)
            self._meter.tell(now=True)  # the first outcome may take a while
        await self._send_all(journal, entries, canary=self._options.canary if first else 0)

    def _decided(self, row: JournalRow, item: PlanItem) -> Result | None:
        if row.state is RowState.REFUSED and item.verdict is Verdict.UPDATE and self._is_changed(item):
            # What the journal has of it is how it stood after that change.
            return journal_row(item, changed=True).result
        planned = self._plan.items[row.id].trunk if self._is_new else None
        return decide(row, item, planned, force=self._options.force)

    # -- sending ------------------------------------------------------------------------------------------------------

    async def _send_all(self, journal: Journal, entries: Sequence[Entry], *, canary: int) -> None:
        done: set[int] = set()
        if canary:
            first = [entry for entry in entries if not entry.item.needs][:canary]
            chosen = {entry.row for entry in first}
            rest = [entry for entry in entries if entry.row not in chosen]
            done = await self._send(journal, first, done)
            if self._is_ending or not await self._is_confirmed(journal, first):
                return
            entries = rest
        await self._send(journal, entries, done)

    async def _is_confirmed(self, journal: Journal, first: Sequence[Entry]) -> bool:
        assert self._confirm is not None
        states = {row.id: row.state for row in await journal.rows()}
        trunks = {trunk.key_id: trunk for trunk in await list_trunks(self._client)}
        answer = self._confirm(
            [read_back(entry.item, states[entry.row], trunks.get(entry.item.key_id)) for entry in first]
        )
        if isawaitable(answer):
            answer = await answer
        self._meter.go_on()
        if not answer:
            self._end(Ended.CANARY)
        return bool(answer) and not self._is_ending

    async def _send(self, journal: Journal, entries: Sequence[Entry], done: set[int]) -> set[int]:
        """Send these, and return the indexes of those that are done; `done` are done already."""
        options = self._options
        dispatch = Dispatch(entries, journal, done=done, may_go_on=self._may_go_on, outage=self._outage)
        run = self._bulk(
            UPDATE,
            dispatch,
            concurrency=options.concurrency,
            rate_limit=options.rate_limit,
            stop_on=options.stop_on,
            max_failures=options.max_failures,
        )
        self._run = run
        done = set(done)
        try:
            async with run:
                await dispatch.begin()
                async for outcome in run:
                    self._account_for(journal, dispatch, outcome, done)
                    if journal.error is not None:
                        raise journal.error
        except ItnioError as error:
            self._fail(error)
        finally:
            self._run = None
            for outcome in await run.aclose():
                self._account_for(journal, dispatch, outcome, done)
            await dispatch.aclose()  # a run that was stopped before its first call does not know of it
            for update in list(run.under_way.values()):
                entry = dispatch.finished(update, RowState.UNKNOWN)
                self._settle(journal, entry, Result(state=RowState.UNKNOWN, reason="cut off", ended=self._clock()))
            self._meter.under_way = 0
            self._meter.tell(now=True)
        return done

    def _account_for(
        self, journal: Journal, dispatch: Dispatch, outcome: Outcome[SipTrunkUpdate, None], done: set[int]
    ) -> None:
        self._outage.note(outcome.error)
        result = result_of(outcome, ended=self._clock())
        # What waits for another reason, as after a refused key, is for the next round or run.
        again = isinstance(outcome.error, NOT_SENT) and result.state is RowState.WAITING
        entry = dispatch.finished(outcome.request, result.state, again=again)
        if result.state is RowState.DONE:
            done.add(entry.item.index)
        self._meter.under_way = len(dispatch.under_way)
        self._settle(journal, entry, result)

    def _settle(self, journal: Journal, entry: Entry, result: Result) -> None:
        # What did not get through now may have done so before, or was refused then.
        is_as_before = result.state is RowState.WAITING and entry.before.state is not RowState.WAITING
        journal.settle(entry.row, entry.before if is_as_before else result)
        self._meter.count(entry.row, entry.item.place, entry.item.trunk_name, result)

    # -- the end ------------------------------------------------------------------------------------------------------

    async def _verify(self, journal: Journal) -> None:
        """Read back every trunk that is done, and note how it stands."""
        trunks = {trunk.key_id: trunk for trunk in await list_trunks(self._client)}
        rows = await journal.rows(RowState.DONE)
        read = [read_back(self._plan.items[row.id], row.state, trunks.get(row.key_id)) for row in rows]
        await journal.write([row._replace(verified=back.ok) for row, back in zip(rows, read, strict=True)])
        self._not_as_wanted = tuple(back for back in read if not back.ok)

    def _result(self, journal: Journal) -> JobResult:
        counts = journal.counts
        logger.info("job over %s: %s, %s", self._source, self._ended.value, _counted(counts))
        return JobResult(
            ended=self._ended,
            counts=counts,
            journal=journal.path,
            error=self._error,
            not_as_wanted=self._not_as_wanted,
            notes=(journal.note,) if journal.note else (),
            progress=self._meter.progress(),
        )


def result_of(outcome: Outcome[Any, Any], *, ended: float) -> Result:
    """Return what an outcome means for its row.

    Whether a failure is a refusal or an unknown outcome, `may_have_been_processed` alone decides. What certainly did
    not happen and is no refusal of the row (no connection, a refused key or clock) leaves the row waiting.
    """
    error = outcome.error
    if error is None:
        return Result.done(outcome.attempts, outcome.elapsed, ended)
    if error.may_have_been_processed:
        state = RowState.UNKNOWN
    elif isinstance(error, ApiError | InvalidRequestError) and not isinstance(error, BULK_STOP_ON):
        state = RowState.REFUSED
    else:
        state = RowState.WAITING
    return Result(
        state=state,
        code=getattr(error, "code", None),
        error=type(error).__name__,
        reason=getattr(error, "reason", "") or str(error),
        attempts=outcome.attempts,
        elapsed=outcome.elapsed,
        ended=ended,
    )


def _counted(counts: Mapping[RowState, int]) -> str:
    return ", ".join(f"{counts[state]} {state.value}" for state in RowState if counts[state])
