"""What the vendor's codes mean for call records: no more than the shared ones."""

from __future__ import annotations

from itnio_async.codes import SHARED, family

CALL_RECORDS = family("call records", base=SHARED)
