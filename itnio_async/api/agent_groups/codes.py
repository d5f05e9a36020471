"""What the vendor's codes mean for agent groups, on top of the shared ones."""

from __future__ import annotations

from itnio_async.codes import SHARED, Code, family
from itnio_async.errors import ConflictError, QuotaError, ValidationError

_CORRECT_FILE = "Give an MP3 or a WAV file."

AGENT_GROUPS = family(
    "agent groups",
    Code(
        -21,
        "the file or the request is refused by its validation",
        "Compare file and name with the limits of RingtoneUpload.",
        ValidationError,
    ),
    Code(-27, "the file's format is wrong", _CORRECT_FILE, ValidationError),
    Code(-38, "the file is too large", "Give a file of at most 1 MB.", ValidationError),
    Code(-39, "the file's format is wrong", _CORRECT_FILE, ValidationError),
    Code(
        -63,
        "the group belongs to another workspace",
        "Use the key of the group's own workspace, or another group.",
        ValidationError,
        sources="The vendor's English pages print the text of -64 here; its Chinese pages speak of the workspace.",
    ),
    Code(-64, "the group still has agents", "Delete its agents, or move them, first.", ConflictError),
    Code(-69, "a team leader is still bound to the group", "Take the group off the team leader first.", ConflictError),
    Code(
        -70,
        "a SIP trunk is still bound to the group",
        "Take the group off the trunk first, by an update of the trunk.",
        ConflictError,
    ),
    Code(-75, "the account may not do this by itself", "Ask the vendor's sales staff.", QuotaError),
    base=SHARED,
)
