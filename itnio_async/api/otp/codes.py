"""What the vendor's codes mean for one-time codes, on top of the shared ones. None of them is about a wrong code."""

from __future__ import annotations

from itnio_async.codes import SHARED, Code, family
from itnio_async.errors import QuotaError, ValidationError

OTP = family(
    "one-time codes",
    Code(-10, "the balance is too low", "Top the account up: `itnio balance` shows what is left.", QuotaError),
    Code(
        -26, "no rate could be found", "Check the number's country code, or ask the vendor for a rate.", ValidationError
    ),
    # Passing states, and not ones that a repeat within seconds would outlast: periods are up to 90 days.
    Code(
        -27,
        "the application's send limit for the period is reached",
        "Wait for the period's end, or raise the limit by `otp.update_app`.",
        QuotaError,
    ),
    Code(
        -28,
        "the send limit of this phone for the period is reached",
        "Wait for the period's end, or raise the limit by `otp.update_app`.",
        QuotaError,
    ),
    Code(-29, "the text has forbidden words", "Give the template another text.", ValidationError),
    base=SHARED,
)
