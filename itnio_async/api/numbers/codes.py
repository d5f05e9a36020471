"""What the vendor's codes mean for numbers, on top of the shared ones."""

from __future__ import annotations

from itnio_async.codes import SHARED, Code, family
from itnio_async.errors import ApiError, AuthenticationError, ConflictError, IpNotAllowedError, QuotaError

NUMBERS = family(
    "numbers",
    # Listed for the pools alone, and without a word on which limit: no kind of error is sure.
    Code(-25, "out of the time limit", "Ask the vendor which limit is meant: its page does not say.", ApiError),
    Code(-29, "the workspace is disabled", "Have it enabled in the vendor's console.", AuthenticationError),
    Code(-30, "the API key is disabled", "Have it enabled in the vendor's console.", AuthenticationError),
    Code(
        -31,
        "the caller's IP address is not on the allow list",
        "Add this machine's public address to the account's allow list.",
        IpNotAllowedError,
    ),
    Code(
        -35,
        "one of the phones is already bound",
        "Look for its binding in `numbers.list_bindings`, and use that one, end it, or wait for its end.",
        ConflictError,
    ),
    Code(
        -41,
        "the pool has no free middle number",
        "End bindings that are not needed any more, or add numbers to the pool.",
        QuotaError,
    ),
    base=SHARED,
)
