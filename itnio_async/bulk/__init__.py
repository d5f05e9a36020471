"""Bulk jobs: many calls of one endpoint, a bounded number at once, each with an outcome of its own."""

from itnio_async.bulk.outcome import Outcome
from itnio_async.bulk.runner import BulkRun

__all__ = ["BulkRun", "Outcome"]
