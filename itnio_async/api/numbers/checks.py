"""What the fields of a number must be together, before anything is sent."""

from __future__ import annotations

from itnio_async.api.enumerations import YesNo
from itnio_async.api.numbers.types import NumberUpdate
from itnio_async.errors import InvalidRequestError
from itnio_async.values import is_missing


def check_voicemail(request: NumberUpdate) -> None:
    """Refuse voicemail without the length that the page requires then; raises `InvalidRequestError`."""
    if request.enable_voicemail is YesNo.YES and is_missing(request.voicemail_max_hangup):
        raise InvalidRequestError("a number with voicemail needs it.", field="voicemail_max_hangup", code=-22)
