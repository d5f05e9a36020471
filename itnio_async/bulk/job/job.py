"""Apply a plan: sent in its order, noted in a journal, stopped in order, and gone on with where it ended."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from attrs import field, frozen

from itnio_async.api.sip_trunks.service import UPDATE
from itnio_async.api.sip_trunks.types import SipTrunk
from itnio_async.bulk.files.places import BadRow, BadRows
from itnio_async.bulk.identity import Identity, digest_of, identity_of
from itnio_async.bulk.job.account_lock import one_job
from itnio_async.bulk.job.again import begun_again, with_new_secrets
from itnio_async.bulk.job.decide import Decider, ReadBack, journal_row
from itnio_async.bulk.job.options import Ended, JobOptions, as_data
from itnio_async.bulk.job.progress import Meter, Progress
from itnio_async.bulk.job.rounds import Confirm, Rounds, open_states
from itnio_async.bulk.job.sending import Bulk, Ending, Sender, pace_of
from itnio_async.bulk.journal.journal import Journal
from itnio_async.bulk.journal.rows import (
    JournalContents,
    JournalFinishedError,
    JournalHeader,
    JournalRow,
    Result,
    RowState,
    Run,
    RunEnd,
    user_at_host,
)
from itnio_async.bulk.journal.table import check_header, has_journal, read_journal
from itnio_async.bulk.plan.plan import Plan
from itnio_async.bulk.trunks.listing import list_trunks
from itnio_async.bulk.trunks.reading import Reading
from itnio_async.client import AsyncClient
from itnio_async.config import unix_time
from itnio_async.errors import InvalidRequestError, ItnioError
from itnio_async.text import said_by

__all__ = ["Bulk", "Confirm", "Ended", "Job", "JobOptions", "JobResult", "ReadBack"]

logger: logging.Logger = logging.getLogger("itnio_async.bulk")


@frozen(kw_only=True)
class JobResult:
    """What became of a job.

    `counts` has how many rows are in each state, over all runs of the journal. `error` is what ended it early, if that
    was an error. `not_as_wanted` are the rows done that were read back otherwise, at the end (`verify`) or, where
    earlier runs did them, at the beginning. `notes` are for people. `run` is the number of this run in
    the journal.
    """

    ended: Ended
    counts: Mapping[RowState, int]
    journal: Path
    error: ItnioError | None = None
    not_as_wanted: tuple[ReadBack, ...] = ()
    notes: tuple[str, ...] = ()
    progress: Progress = field(repr=False)
    run: int = 1

    @property
    def ok(self) -> bool:
        """Tell whether every row is done or was up to date, and none was read back otherwise."""
        left = self.counts.keys() - {RowState.DONE, RowState.UNCHANGED}
        return self.ended is Ended.FINISHED and not self.not_as_wanted and not any(self.counts[state] for state in left)


class Job:
    """A plan that is applied by `await job.run()`, once.

    `journal` is the path of its journal: where there is one, the job goes on with it. `source` names the file for
    people; `plan_id` is that of a saved plan. `bad` are the rows of the file that are left out, which the journal keeps
    for the report. `changed` are the key ids of trunks that changed since a saved plan was
    made. `on_progress` is called with a `Progress`, at most ten times a second; `confirm` gets the first rows of a
    canary, read back, and says whether to go on; it may be async. `bulk` makes the calls, in place of `client.bulk`.
    `clock` gives Unix seconds. `results` are those of the rows that this run has noted, by the item's index: they are
    known also where the journal cannot be read any more.
    """

    def __init__(
        self,
        client: AsyncClient,
        plan: Plan,
        journal: str | os.PathLike[str],
        options: JobOptions = JobOptions(),  # noqa: B008 - a value
        *,
        source: str = "",
        plan_id: str | None = None,
        bad: Iterable[BadRow] = (),
        changed: Collection[int] = (),
        on_progress: Callable[[Progress], object] | None = None,
        confirm: Confirm | None = None,
        bulk: Bulk | None = None,
        clock: Callable[[], float] = unix_time,
    ) -> None:
        if options.canary and confirm is None:
            raise InvalidRequestError("a canary needs somebody to show it to: give confirm.", field="confirm")
        self._client = client
        self._plan = plan
        self._path = Path(journal)
        self._options = options
        self._source = source or (plan.items[0].place.file if plan.items else "no rows")
        self._plan_id = plan_id
        self._bad = tuple(bad)
        self._changed = frozenset(changed)
        self._confirm = confirm
        self._bulk = bulk
        self._clock = clock
        self._meter = Meter(on_progress)
        self._ending = Ending(options.until, clock)
        self.results: dict[int, Result] = {}
        self._work: asyncio.Task[None] | None = None

    async def run(self) -> JobResult:
        """Apply the plan and return what became of it; what ended it early is in the result.

        A journal resumes a job that has not ended. Where one has, and trunks are not as it left them, that journal is
        kept with its date in its name and a new job sets them right. Raises `JournalError` where the journal cannot be
        used (`JournalFinishedError`: that of a saved plan, which is applied once), and `BadRows` where rows cannot be
        sent and `skip_invalid` is not set: nothing was sent then. Neither was it where `AccountBusyError` is raised:
        another job has the account on this machine, in this process or another one. `ConfigurationError` says that none
        can be kept from it, since the user's state directory cannot be written to. On cancellation, calls in flight are
        cancelled; what they did is unknown.
        """
        identity = await identity_of(self._client)
        async with one_job(identity, self._path):
            return await self._run_alone(identity)

    def stop(self) -> None:
        """Begin no further call; those under way finish, and `run` returns."""
        self._ending.end(Ended.STOPPED)

    def stop_now(self) -> None:
        """Cut off the calls under way too: whether they had an effect is unknown until they are read back."""
        self._ending.end(Ended.CUT_OFF)
        if self._work is not None:
            self._work.cancel()

    async def dry_run(self, trunks: Sequence[SipTrunk] | None = None, contents: JournalContents | None = None) -> Plan:
        """Return the plan for the rows that have no outcome in the journal, as of this moment; nothing is sent.

        `trunks` is a listing and `contents` what the journal says, where both were read just now; without them this
        reads them. A row that `run` would hold back, since its trunk changed after the plan was made, is refused in the
        plan. Raises `JournalError` as `run` does.
        """
        identity = await identity_of(self._client)
        if contents is None and await asyncio.to_thread(has_journal, self._path):
            contents = await asyncio.to_thread(read_journal, self._path)
        if trunks is None:
            trunks = await list_trunks(self._client, reading=Reading(self._options.patience))
        rows, is_new = await asyncio.to_thread(self._open_rows, contents, identity, trunks)
        plan, _ = await asyncio.to_thread(self._decider(is_new=is_new).look, rows, trunks)
        return plan

    def _open_rows(
        self, contents: JournalContents | None, identity: Identity, trunks: Sequence[SipTrunk]
    ) -> tuple[list[JournalRow], bool]:
        """Return the rows that have no outcome, and whether they are those of a new job."""
        if contents is None:
            return list(self._rows(identity)), True
        header = contents.header
        check_header(self._path, header, self._header(identity), same_account=self._options.same_account)
        again = begun_again(contents, self._plan, trunks, identity, skip_invalid=self._options.skip_invalid)
        if again is not None:
            now = {row.id: row for row in again.rows}
        else:
            now = {row.id: row for row in contents.rows}
            now |= {row.id: row for row in with_new_secrets(contents.rows, header, self._plan, identity)}
        states = open_states(self._options, first=True)
        return [row for row in now.values() if row.state in states], again is not None

    # -- inside -------------------------------------------------------------------------------------------------------

    async def _run_alone(self, identity: Identity) -> JobResult:
        header = self._header(identity)
        journal = await Journal.open(
            self._path,
            header,
            self._new_rows(identity),
            same_account=self._options.same_account,
            idempotent=UPDATE.idempotent,
            results=self.results,
        )
        sender = Sender(
            journal,
            self._bulk or self._client.bulk,
            self._options,
            ending=self._ending,
            meter=self._meter,
            clock=self._clock,
            # One pace for all its runs; elsewhere each process has its own.
            pace=pace_of(self._options) if self._bulk is None else None,
        )
        rounds = Rounds(
            client=self._client,
            journal=journal,
            decider=self._decider(is_new=journal.is_new),
            sender=sender,
            options=self._options,
            identity=identity,
            header=header,
            ending=self._ending,
            meter=self._meter,
            confirm=self._confirm,
            reading=Reading(self._options.patience),
        )
        run = Run(
            by=user_at_host(), began=self._clock(), options=as_data(self._options), secrets_kept=self._plan.secrets_kept
        )
        self._work = asyncio.ensure_future(rounds.run(run, self._bad))
        try:
            await self._to_the_end(self._work)
        except BaseException as error:
            await journal.aclose(self._end(Ended.CUT_OFF if isinstance(error, asyncio.CancelledError) else Ended.ERROR))
            raise
        await journal.aclose(self._end(self._ending.how))
        if journal.error is not None:
            self._ending.fail(journal.error)
        counts = ", ".join(f"{count} {state.value}" for state, count in journal.counts.items())
        logger.info("job over %s: %s, %s", self._source, self._ending.how.value, counts)
        return JobResult(
            ended=self._ending.how,
            counts=journal.counts,
            journal=journal.path,
            error=self._ending.error,
            not_as_wanted=rounds.not_as_wanted,
            notes=(journal.note,) if journal.note else (),
            progress=self._meter.progress(),
            run=journal.run or 0,
        )

    async def _to_the_end(self, work: asyncio.Task[None]) -> None:
        """Wait for the work; what ends it early is noted, but for what a caller must see."""
        try:
            await work
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._ending.how is not Ended.CUT_OFF or (task is not None and task.cancelling()):
                raise
        except (JournalFinishedError, BadRows):
            raise
        except ItnioError as error:
            self._ending.fail(error)

    def _end(self, how: Ended) -> RunEnd:
        reason = "" if self._ending.error is None else said_by(self._ending.error)
        return RunEnd(ended=self._clock(), how=how.name.lower(), reason=reason, retries=self._meter.progress().retried)

    def _decider(self, *, is_new: bool) -> Decider:
        return Decider(plan=self._plan, options=self._options, changed=self._changed, is_new=is_new)

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

    def _new_rows(self, identity: Identity) -> Iterator[JournalRow]:
        """The rows of a journal that is made now; for one that is there already nothing asks for them."""
        bad = self._plan.bad_rows
        if bad and not self._options.skip_invalid:
            raise BadRows.of(bad)
        yield from self._rows(identity)

    def _rows(self, identity: Identity) -> Iterator[JournalRow]:
        is_changed = self._decider(is_new=True).is_changed
        for item in self._plan:
            fingerprint = identity.fingerprint_of(item.row.values)
            yield journal_row(item, changed=is_changed(item), fingerprint=fingerprint)
