"""What the vendor's codes mean for team leaders, on top of the shared ones."""

from __future__ import annotations

from itnio_async.codes import SHARED, Code, family
from itnio_async.errors import ConflictError

TEAM_LEADERS = family(
    "team leaders",
    Code(-33, "another team leader has that name", "Choose another name.", ConflictError),
    Code(-34, "another team leader has that staff number", "Give another emp_no.", ConflictError),
    base=SHARED,
)
