"""What the vendor's codes mean for text messages, on top of the shared ones."""

from __future__ import annotations

from itnio_async.codes import SHARED, Code, family
from itnio_async.errors import AuthenticationError, QuotaError, ValidationError

SMS = family(
    "SMS",
    Code(-3, "the text has forbidden words", "Give another text, or ask the vendor which words.", ValidationError),
    Code(-4, "the text is empty", "Give content.", ValidationError),
    Code(-5, "the text is too long", "Give content of at most 1024 characters.", ValidationError),
    Code(
        -6,
        "the text does not match a template",
        "Have a template for it approved in the vendor's console, or give a text that matches one.",
        ValidationError,
    ),
    Code(-7, "too many numbers", "Give at most 1000 numbers a call, the others in further ones.", ValidationError),
    Code(-8, "no number is given", "Give numbers.", ValidationError),
    Code(-9, "a number is malformed", "Give each number with its country code, such as 91856321412.", ValidationError),
    Code(-10, "the balance is too low", "Top up the account; `itnio balance` shows what is left.", QuotaError),
    Code(-11, "a time is malformed", "Give datetimes with their zone, at most 31 days apart.", ValidationError),
    Code(-13, "the user is locked", "Ask the vendor why, and to unlock it.", AuthenticationError),
    Code(-14, "a field is empty, or an id is wrong", "Correct app_id or the message ids.", ValidationError),
    Code(
        -19,
        "no route or no price is set up for the number",
        "Ask the vendor's sales staff to set up both.",
        ValidationError,
    ),
    Code(
        -25,
        "the time that is asked about is out of range",
        "Give at most one month, and none before 1 July 2022.",
        ValidationError,
    ),
    base=SHARED,
)
