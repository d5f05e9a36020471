"""What the vendor's pages on text messages leave open and the sandbox had to decide."""

from __future__ import annotations

from attrs import define, setters
from attrs.validators import instance_of, matches_re

from itnio_async.sandbox.assumptions import SharedAssumptions, choice, switch, value
from itnio_async.validators import must_be, number, whole

_DIGITS = must_be("a text of digits", matches_re("[0-9]*"))


@define(kw_only=True, slots=False, on_setattr=setters.NO_OP)
class SmsAssumptions(SharedAssumptions):
    """The decisions about text messages, and the shared ones."""

    sms_form_code: int = choice(
        -22,
        -14,
        text="The code for a field that is missing, mistyped or too long on the pages that have none for it: sending, "
        "the listing of sent messages, and the report of a code that was used.",
    )
    malformed_sms_number_refused: bool = switch(
        False,
        "A single malformed number refuses the whole call with -9. The page has that code, and also calls that succeed "
        "for a part of their numbers: here it is counted as failed, and only a call without any other number is -9.",
    )
    forbidden_sms_words: str = value(
        "forbidden",
        must_be("a text", instance_of(str)),
        text="The words, with blanks between them, for which a text is -3, in any case: the page names none.",
    )
    sms_price: float = value(
        0.0,
        number(),
        text="What each message costs, taken off the balance; a call that costs more than is left is -10. No page "
        "states prices.",
    )
    sms_queued_seconds: float = value(
        0.1,
        number(),
        text="How many seconds a message waits before it is sent. No report finds it until then, as its page says.",
    )
    sms_sending_seconds: float = value(
        0.1, number(), text="How many seconds after that a message is delivered, or fails."
    )
    failing_sms_numbers: str = value(
        "0", _DIGITS, text="Messages to numbers that end in one of these digits fail, those to others are delivered."
    )
    replying_sms_numbers: str = value(
        "9", _DIGITS, text="Who has a number that ends in one of these digits replies OK to each message delivered."
    )
    sms_receive_time: str = choice(
        "received",
        "sent",
        text="What receiveTime of a message is, and the listing of sent ones goes by: when it was received (the "
        "English page) or sent (the Chinese one).",
    )
    sms_report_days: int = choice(
        90, 120, text="For how many days a report finds a message: the page says 90 to 120 days."
    )
    sent_sms_at_once: int = value(
        50_000, whole(1), text="How many messages a call of the listing of sent ones gives at most, as its page says."
    )
    sent_sms_counts: str = choice(
        "answer",
        "window",
        text="What success and fail of that listing count: the messages of the answer, or all those of the time asked "
        "about.",
    )
