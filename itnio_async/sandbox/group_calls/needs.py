"""What the fields of group calls and redials must be together: each function names the first that is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_OF_SOURCE = {1: ("voiceFileId",), 2: ("uploadName", "baseFile"), 3: ("text", "lan")}
_OCCASIONS = ("feedbackPush", "successPush", "failedPush", "ringPush")


def lacks(fields: Mapping[str, Any], *names: str) -> str | None:
    """Return the first of these names that has no value, or None."""
    return next((name for name in names if fields.get(name) in (None, "")), None)


def lacks_for_source(fields: Mapping[str, Any]) -> str | None:
    """Return what is missing for that which is played."""
    return lacks(fields, *_OF_SOURCE[fields["source"]])


def lacks_for_sms(fields: Mapping[str, Any], *names: str) -> str | None:
    """Return which of these an SMS after the call is missing, if there is one."""
    return lacks(fields, *names) if fields.get("hangUpSms") == 1 else None


def lacks_for_occasion(fields: Mapping[str, Any], *, delay: bool) -> str | None:
    """Return what is missing to know when the SMS is sent; of one after success, `delay` wants the seconds."""
    if fields.get("hangUpSms") == 1 and all(fields.get(name) != 1 for name in _OCCASIONS):
        return f"one of {', '.join(_OCCASIONS)}"
    lacking = lacks(fields, "feedbackValue") if fields.get("feedbackPush") == 1 else None
    return lacking or (lacks(fields, "successPushTime") if delay and fields.get("successPush") == 1 else None)


def lacks_for_agents(fields: Mapping[str, Any], *names: str) -> str | None:
    """Return what is missing to hand calls to agents, if that is wanted."""
    return lacks(fields, "sipGroupId", *names) if fields.get("toSeat") == 1 else None
