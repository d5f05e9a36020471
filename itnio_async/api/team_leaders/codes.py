"""What the vendor's codes mean for team leaders, on top of the shared ones."""

from __future__ import annotations

from itnio_async import errors
from itnio_async.codes import SHARED, Code, family

TEAM_LEADERS = family(
    "team leaders",
    Code(-33, "", "another team leader has that name", "Choose another name.", errors.ConflictError),
    Code(-34, "", "another team leader has that staff number", "Give another emp_no.", errors.ConflictError),
    base=SHARED,
)
