"""Check key and sign (-1), address (-2), then timestamp (-16), before anything of the body is looked at.

Which of several mistakes is named is not documented; in this order a wrong secret is never taken for a wrong clock.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection, Mapping

from itnio_async.sandbox.rules import Decision


def authenticate(
    headers: Mapping[str, str],
    address: str,
    *,
    accounts: Mapping[str, str],
    allowed_addresses: Collection[str] | None,
    now: float,
    window: float,
) -> Decision | None:
    """Return why the call is refused, or None.

    `accounts` are API secrets by key, `allowed_addresses` those that calls may come from (None: any), `window` the
    seconds that a timestamp may be away from `now`.
    """
    key = headers.get("api-key", "")
    timestamp = headers.get("timestamp", "")
    secret = accounts.get(key)
    if secret is None:
        return Decision(-1, "Api-Key is missing or unknown", assumed=False)
    # The text of the timestamp as it came is what was signed, whatever it says.
    expected = hashlib.md5(f"{key}{secret}{timestamp}".encode(), usedforsecurity=False).hexdigest()
    if not hmac.compare_digest(headers.get("sign", "").lower().encode(), expected.encode()):
        return Decision(-1, "Sign is missing or wrong", assumed=False)
    if allowed_addresses is not None and address not in allowed_addresses:
        return Decision(-2, "the caller's address is not on the list", assumed=False)
    if not re.fullmatch("[0-9]{1,18}+", timestamp) or abs(now - int(timestamp)) > window:
        return Decision(-16, "Timestamp is not a time within the window", assumed=False)
    return None
