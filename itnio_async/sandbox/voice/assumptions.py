"""What the vendor's pages on voice messages and phones leave open and the sandbox had to decide."""

from __future__ import annotations

from attrs import define, setters

from itnio_async.sandbox.assumptions import DIGITS, SharedAssumptions, choice, value
from itnio_async.validators import number, or_none, whole


@define(kw_only=True, slots=False, on_setattr=setters.NO_OP)
class VoiceAssumptions(SharedAssumptions):
    """The decisions about voice messages and phones, and the shared ones."""

    voice_file_code: int = choice(
        -21,
        -22,
        text="The code for a sound file that is not base64, or whose name has another ending than .mp3, .m4a and .wav: "
        "the page lists both and has conditions for neither.",
    )
    call_price: float = value(
        0.01,
        number(),
        text="What each call costs. An order that costs more than the balance is -10; the balance does not fall, so "
        "that a sandbox does not run dry.",
    )
    unrated_numbers: str = value(
        "0",
        DIGITS,
        text="Numbers that begin with one of these digits have no rate: -26, or for some of many a result of their "
        "own. The page has the code and no condition; no country code begins with 0.",
    )
    unrated_result: str = choice(
        "-26",
        "1",
        text="The terminationCode of a number without a rate among others that have one: the page says that anything "
        "but 0 is a failure.",
    )
    unended_record_code: int = choice(
        0,
        -22,
        -24,
        text="The code for the record of a call that has not ended; 0 is a success without data. No page says when a "
        "record is there.",
    )
    phone_quota: int | None = value(
        None,
        or_none(whole(0)),
        text="How many phones the account may have before sipAdd is -23. No quota is stated; None is none.",
    )
    phone_names: str = choice(
        "numbered",
        "as given",
        text="The names of phones that are made together: one name is given for all of them, and each has one in the "
        "records.",
    )
