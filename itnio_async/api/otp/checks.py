"""What the fields of a send limit must be together, before anything is sent."""

from __future__ import annotations

from itnio_async.api.otp.applications import OtpAppSettings, OtpSendLimit
from itnio_async.errors import InvalidRequestError
from itnio_async.values import is_missing


def check_limits(request: OtpAppSettings) -> None:
    """Refuse a limit that holds and lacks what the page requires then; raises `InvalidRequestError`."""
    for name in ("period_total_send_limit", "period_phone_send_limit"):
        limit = getattr(request, name)
        # Another type than a limit is refused by the codec, with a better text.
        if not isinstance(limit, OtpSendLimit) or limit.enabled is not True:
            continue
        for part in ("unit", "period", "limit"):
            if is_missing(getattr(limit, part)):
                raise InvalidRequestError("a limit that is enabled needs it.", field=f"{name}.{part}", code=-22)
