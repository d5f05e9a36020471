"""What the vendor's codes mean for voice messages and phones, on top of the shared ones."""

from __future__ import annotations

from itnio_async.codes import SHARED, Code, family
from itnio_async.errors import QuotaError, ValidationError

VOICE = family(
    "voice",
    Code(-10, "the balance is too low", "Top up the account: `itnio balance` shows what is left.", QuotaError),
    Code(
        -21,
        "the file or the request is refused by its validation",
        "Compare file and name with the limits of VoiceFileUpload.",
        ValidationError,
    ),
    Code(
        -26,
        "no rate could be found for the number",
        "Check the number, country code first, or ask the vendor for a rate to that country.",
        ValidationError,
    ),
    base=SHARED,
)

NAMED_CODES = VOICE.advising({-20: "Give another name, or look in the listing for what has it."})
RECORD_CODES = VOICE.advising({-22: "Ask for at most 31 days at a time, all of them within the last two months."})
BY_ENDPOINT = {
    "POST /voice/fileUpload": NAMED_CODES,
    "POST /voice/sipAdd": NAMED_CODES,
    "POST /voice/recordSipQuery": RECORD_CODES,
    "POST /voice/recordGroupQuery": RECORD_CODES,
}
"""The codes of endpoints for which other advice holds."""
