"""What the vendor's pages on one-time codes leave open and the sandbox had to decide."""

from __future__ import annotations

from attrs import define, setters
from attrs.validators import matches_re

from itnio_async.sandbox.assumptions import SharedAssumptions, choice, switch, value
from itnio_async.validators import must_be, number


@define(kw_only=True, slots=False, on_setattr=setters.NO_OP)
class OtpAssumptions(SharedAssumptions):
    """The decisions about one-time codes, and the shared ones."""

    otp_seconds: float = value(
        0.0, number(), text="How many seconds a one-time code is on its way, in which a check of it says sending (1)."
    )
    undelivered_otp_numbers: str = value(
        "0",
        must_be("a text of digits", matches_re("[0-9]*")),
        text="Texts with codes to numbers that end in one of these digits are not delivered; calls reach all numbers.",
    )
    wrong_otp_check: str = choice(
        "keeps",
        "uses up",
        text="What a wrong code does to the right one: how often it may be tried, no page says.",
    )
    earlier_otp: str = choice(
        "stays",
        "ends",
        text="Whether a code that was sent again may still be checked under its first id: the page only says that it "
        "has a new one. One that has ended is already used (4).",
    )
    repeated_otp_order_code: int = choice(
        0,
        -20,
        -22,
        text="The code for an orderId that a code of before has: it must be unique, but whether another is refused the "
        "pages do not say. With 0 the code is sent, and the newest is the one that the orderId finds.",
    )
    unknown_otp_order: str = choice(
        "matched 3",
        "refused",
        text="What the record of an orderId that no code has is: one that says so, as the page on verificationIds has "
        "it, or unknown_id_code.",
    )
    otp_send_period: str = choice(
        "rolling",
        "fixed",
        text="Which codes count against a limit of three hours: those of the three before now, or those since the last "
        "multiple of three.",
    )
    otp_rate_needs_country: bool = switch(
        True, "A number that begins with 0, as no country code does, is -26: for which numbers there are rates is open."
    )
    forbidden_otp_word: str = value(
        "casino",
        must_be("a text of letters", matches_re("[a-z]+")),
        text="A template with this word in its text is -29 when a code is sent: which words are forbidden is not said.",
    )
    otp_app_answered: str = choice(
        "whole",
        "as read",
        text="What adding and changing an application answers: all of it, or what could be read of the pages, which is "
        "the name of a new one and nothing of a changed one.",
    )
