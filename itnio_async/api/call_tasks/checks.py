"""What the fields of a call task must be together, before anything is sent."""

from __future__ import annotations

from itnio_async.api.call_tasks.types import CallTaskSettings, CallTaskType
from itnio_async.errors import InvalidRequestError
from itnio_async.values import is_missing


def check_settings(request: CallTaskSettings) -> None:
    """Refuse a task that hands calls to agents without what the page requires; raises `InvalidRequestError`."""
    # Another type than a number is refused by the codec, with a better text.
    kind: object = request.type
    if not isinstance(kind, int) or kind != CallTaskType.AGENT:
        return
    for name in ("voice_group_id", "app_id", "callout_rate"):
        if is_missing(getattr(request, name)):
            raise InvalidRequestError("a task that hands calls to agents needs it.", field=name, code=-22)
    groups = request.voice_group_id
    if isinstance(groups, list | tuple) and len(groups) > 1:
        text = "a task that hands calls to agents takes exactly one agent group."
        raise InvalidRequestError(text, field="voice_group_id", code=-22)
