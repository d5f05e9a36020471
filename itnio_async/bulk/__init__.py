"""Bulk jobs: many calls of one endpoint, a bounded number at once, each with an outcome of its own; and whole jobs of
files of trunks, from the rows to the report.

Who only makes calls loads nothing of the jobs: their names load with their first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from itnio_async.bulk.outcome import Outcome
from itnio_async.bulk.runner import BulkRun

if TYPE_CHECKING:
    from itnio_async.bulk.account_lock import AccountBusyError
    from itnio_async.bulk.claims import Risk
    from itnio_async.bulk.cluster import Cluster
    from itnio_async.bulk.export import FailedRow, write_failed, write_trunks
    from itnio_async.bulk.identity import Identity, digest_of, identity_of
    from itnio_async.bulk.job import Ended, Job, JobOptions, JobResult
    from itnio_async.bulk.journal import (
        JournalBusyError,
        JournalContents,
        JournalError,
        JournalFinishedError,
        JournalHeader,
        JournalMismatchError,
        JournalRow,
        Result,
        RowState,
        default_journal_path,
        read_journal,
    )
    from itnio_async.bulk.listing import list_trunks
    from itnio_async.bulk.places import BadRow, BadRows, Place, SourceError
    from itnio_async.bulk.plan import Plan, PlanItem, Refusal, Verdict, make_plan
    from itnio_async.bulk.progress import Failure, Progress
    from itnio_async.bulk.report import Reason, Report, report_of
    from itnio_async.bulk.report_html import html_of, write_html
    from itnio_async.bulk.rows import RowsRead, TrunkChange, read_changes
    from itnio_async.bulk.saved_plan import SavedPlan, SavedPlanError, read_plan, save_plan
    from itnio_async.bulk.settings import FieldChange
    from itnio_async.bulk.sources import Source
    from itnio_async.bulk.standing import ReadBack
    from itnio_async.bulk.undo import Skipped, Undo, plan_undo

_MODULES = {
    "account_lock": ("AccountBusyError",),
    "claims": ("Risk",),
    "cluster": ("Cluster",),
    "export": ("FailedRow", "write_failed", "write_trunks"),
    "identity": ("Identity", "digest_of", "identity_of"),
    "job": ("Ended", "Job", "JobOptions", "JobResult"),
    "journal": (
        *("JournalBusyError", "JournalContents", "JournalError", "JournalFinishedError", "JournalHeader"),
        *("JournalMismatchError", "JournalRow", "Result", "RowState", "default_journal_path", "read_journal"),
    ),
    "listing": ("list_trunks",),
    "places": ("BadRow", "BadRows", "Place", "SourceError"),
    "plan": ("Plan", "PlanItem", "Refusal", "Verdict", "make_plan"),
    "progress": ("Failure", "Progress"),
    "report": ("Reason", "Report", "report_of"),
    "report_html": ("html_of", "write_html"),
    "rows": ("RowsRead", "TrunkChange", "read_changes"),
    "saved_plan": ("SavedPlan", "SavedPlanError", "read_plan", "save_plan"),
    "settings": ("FieldChange",),
    "sources": ("Source",),
    "standing": ("ReadBack",),
    "undo": ("Skipped", "Undo", "plan_undo"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "AccountBusyError",
    "BadRow",
    "BadRows",
    "BulkRun",
    "Cluster",
    "Ended",
    "FailedRow",
    "Failure",
    "FieldChange",
    "Identity",
    "Job",
    "JobOptions",
    "JobResult",
    "JournalBusyError",
    "JournalContents",
    "JournalError",
    "JournalFinishedError",
    "JournalHeader",
    "JournalMismatchError",
    "JournalRow",
    "Outcome",
    "Place",
    "Plan",
    "PlanItem",
    "Progress",
    "ReadBack",
    "Reason",
    "Refusal",
    "Report",
    "Result",
    "Risk",
    "RowState",
    "RowsRead",
    "SavedPlan",
    "SavedPlanError",
    "Skipped",
    "Source",
    "SourceError",
    "TrunkChange",
    "Undo",
    "Verdict",
    "default_journal_path",
    "digest_of",
    "html_of",
    "identity_of",
    "list_trunks",
    "make_plan",
    "plan_undo",
    "read_changes",
    "read_journal",
    "read_plan",
    "report_of",
    "save_plan",
    "write_failed",
    "write_html",
    "write_trunks",
]


if not TYPE_CHECKING:  # which would take any name for one of these

    def __getattr__(name: str) -> Any:
        module = _MODULE_OF.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f"{__name__}.{module}"), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
