"""Bulk jobs: from a file of trunks to a finished, accounted-for update.

The names here load with their first use, so that a program loads only what it takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from itnio_async.lazy_names import names_in
from itnio_async.runs.outcome import Outcome as Outcome
from itnio_async.runs.run import BulkRun as BulkRun

if TYPE_CHECKING:
    from itnio_async.bulk.dask.cluster import Cluster as Cluster
    from itnio_async.bulk.files.places import (
        BadRow as BadRow,
        BadRows as BadRows,
        Place as Place,
        SourceError as SourceError,
    )
    from itnio_async.bulk.files.source import Source as Source
    from itnio_async.bulk.identity import Identity as Identity, digest_of as digest_of, identity_of as identity_of
    from itnio_async.bulk.job.account_lock import AccountBusyError as AccountBusyError
    from itnio_async.bulk.job.decide import ReadBack as ReadBack
    from itnio_async.bulk.job.job import Job as Job, JobResult as JobResult
    from itnio_async.bulk.job.options import Ended as Ended, JobOptions as JobOptions
    from itnio_async.bulk.job.progress import Failure as Failure, Progress as Progress
    from itnio_async.bulk.journal.paths import default_journal_path as default_journal_path
    from itnio_async.bulk.journal.rows import (
        JournalBusyError as JournalBusyError,
        JournalContents as JournalContents,
        JournalError as JournalError,
        JournalFinishedError as JournalFinishedError,
        JournalHeader as JournalHeader,
        JournalMismatchError as JournalMismatchError,
        JournalRow as JournalRow,
        Result as Result,
        RowState as RowState,
    )
    from itnio_async.bulk.journal.table import read_journal as read_journal
    from itnio_async.bulk.plan.holders import Risk as Risk
    from itnio_async.bulk.plan.make import make_plan as make_plan
    from itnio_async.bulk.plan.plan import (
        Plan as Plan,
        PlanItem as PlanItem,
        Refusal as Refusal,
        Swap as Swap,
        Verdict as Verdict,
    )
    from itnio_async.bulk.plan.saved import (
        SavedPlan as SavedPlan,
        SavedPlanError as SavedPlanError,
        read_plan as read_plan,
        save_plan as save_plan,
    )
    from itnio_async.bulk.plan.undo import Skipped as Skipped, Undo as Undo, plan_undo as plan_undo
    from itnio_async.bulk.report.page import html_of as html_of, write_html as write_html
    from itnio_async.bulk.report.report import Reason as Reason, Report as Report, report_of as report_of
    from itnio_async.bulk.trunks.export import (
        FailedRow as FailedRow,
        write_failed as write_failed,
        write_trunks as write_trunks,
    )
    from itnio_async.bulk.trunks.listing import list_trunks as list_trunks
    from itnio_async.bulk.trunks.rows import (
        RowsRead as RowsRead,
        TrunkChange as TrunkChange,
        read_changes as read_changes,
    )
    from itnio_async.bulk.trunks.settings import FieldChange as FieldChange

# For whom it is loaded, where each name stands; a type checker reads the imports above.
_NAMES = {
    "dask.cluster": "Cluster",
    "files.places": "BadRow BadRows Place SourceError",
    "files.source": "Source",
    "identity": "Identity digest_of identity_of",
    "job.account_lock": "AccountBusyError",
    "job.decide": "ReadBack",
    "job.job": "Job JobResult",
    "job.options": "Ended JobOptions",
    "job.progress": "Failure Progress",
    "journal.paths": "default_journal_path",
    "journal.rows": "JournalBusyError JournalContents JournalError JournalFinishedError JournalHeader "
    "JournalMismatchError JournalRow Result RowState",
    "journal.table": "read_journal",
    "plan.holders": "Risk",
    "plan.make": "make_plan",
    "plan.plan": "Plan PlanItem Refusal Swap Verdict",
    "plan.saved": "SavedPlan SavedPlanError read_plan save_plan",
    "plan.undo": "Skipped Undo plan_undo",
    "report.page": "html_of write_html",
    "report.report": "Reason Report report_of",
    "trunks.export": "FailedRow write_failed write_trunks",
    "trunks.listing": "list_trunks",
    "trunks.rows": "RowsRead TrunkChange read_changes",
    "trunks.settings": "FieldChange",
}
__all__, _get, _names = names_in(__name__, _NAMES)
__all__ += ["BulkRun", "Outcome"]

if not TYPE_CHECKING:  # which would take any name for one of these
    __getattr__, __dir__ = _get, _names
