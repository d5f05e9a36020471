"""What the vendor's pages on agent groups leave open and the sandbox had to decide."""

from __future__ import annotations

from attrs import define, setters

from itnio_async.sandbox.assumptions import SharedAssumptions, choice, switch, value
from itnio_async.validators import or_none, whole


@define(kw_only=True, slots=False, on_setattr=setters.NO_OP)
class AgentGroupAssumptions(SharedAssumptions):
    """The decisions about agent groups, and the shared ones."""

    group_quota: int | None = value(
        None,
        or_none(whole(0)),
        text="How many agent groups the account may have before another is -23. No quota is stated; None is none.",
    )
    own_group_name_taken: bool = switch(
        False, "Renaming a group to the name that it has is refused with -20: the page does not say."
    )
    tags_distinct: bool = switch(
        True,
        "A tag that is twice in labelName is refused with -22. The page says at most 10 distinct tags, which may also "
        "mean that others are left out.",
    )
    unknown_ringtone_refused: bool = switch(
        True, "A turnSeatRing that no upload has answered is refused with -22: the page has no code for it."
    )
    group_settings_id: str = choice(
        "seatGroupId",
        "voiceGroupId",
        text="What the settings call the group's id: the page's table says voiceGroupId, its sample seatGroupId.",
    )
    ringtone_format_code: int = choice(
        -27, -39, text="The code for a ringtone that is neither MP3 nor WAV: the page lists both with the same meaning."
    )
    ringtone_content_checked: bool = switch(
        True, "A ringtone's content is looked at, not only the ending of its name: how the form is told is not stated."
    )
    ringtone_bytes: int = choice(
        2**20,
        10**6,
        text="How many bytes a ringtone may have before it is -38: the page says 1 MB, which may be either.",
    )
    broken_ringtone_code: int = choice(
        -21,
        -22,
        text="The code for a ringtone that is not base64: -21 (data validation failed) is listed without more.",
    )
