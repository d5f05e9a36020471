"""Agent groups: what is sent and what comes back."""

from __future__ import annotations

from enum import IntEnum, StrEnum

from attrs import field, frozen

from itnio_async.api.open_types import OpenRecord, OpenRequest
from itnio_async.api.shapes import PageQuery
from itnio_async.codec import Request
from itnio_async.limits import Limit, content, items, length
from itnio_async.values import KEY_ID, NAME, UNSET, Base64, Clear, Unset

LONGEST_RINGTONE = 2**20
"""The most bytes that a ringtone may have: the vendor's page says 1 MB."""


class CallinStrategy(IntEnum):
    """Which agent of a group gets an inbound call."""

    LONGEST_IDLE = 1
    FEWEST_ACCEPTED = 2
    AGENT_PRIORITY = 3
    ROUND_ROBIN = 4


class Switch(IntEnum):
    """Whether a setting of a group is on: 0 is on here."""

    ON = 0
    OFF = 1


class MediaNode(StrEnum):
    """Where the media of a group's calls go through. The page's table writes a dash behind each, its sample none."""

    SINGAPORE = "SG_FS"
    UNITED_STATES = "USA_FS"
    UNITED_ARAB_EMIRATES = "UAE_FS"


@frozen(kw_only=True, repr=False)
class AgentGroupAdd(OpenRequest):
    """A group to be created in an application."""

    app_id: str
    """The voice application's id. The page's table has an Integer, its sample a text such as `4luaKsL2`."""
    group_name: str = field(metadata=NAME | length(4, 32))
    """The group's name, which no other group of the application has."""


@frozen(kw_only=True, repr=False)
class AgentGroupUpdate(OpenRequest):
    """Another name for a group."""

    voice_group_id: int = field(metadata=KEY_ID)
    """The group's id."""
    group_name: str = field(metadata=NAME | length(4, 32))
    """The new name, which no other group of the application has."""


@frozen(kw_only=True, repr=False)
class AgentGroupFilter(Request):
    """Which groups a listing shows."""

    group_name: str | Unset = UNSET
    """Only groups of this name. Whether a part of it is enough, the page does not say."""


@frozen(kw_only=True, repr=False)
class AgentGroupQuery(PageQuery):
    """One page of a listing of groups."""

    params: AgentGroupFilter
    """Which groups are listed."""


@frozen(kw_only=True)
class AgentGroup(OpenRecord):
    """A group as the listing shows it."""

    voice_group_id: int | None = None
    """The group's id."""
    group_name: str | None = None
    """The group's name."""
    app_name: str | None = None
    """The name of its application."""
    callin_strategy: CallinStrategy | int | None = None
    """Which agent gets an inbound call."""
    count_seat: int | None = None
    """How many agents the group has."""


@frozen(kw_only=True, repr=False)
class AgentGroupSettingsUpdate(OpenRequest):
    """The settings of a group. `CLEAR` takes a number away; whether null does too, the page does not say."""

    voice_group_id: int = field(metadata=KEY_ID)
    """The group's id."""
    display_switch: Switch
    """Whether call records show their recordings: `Switch.ON` is 0."""
    encrypt_number: Switch
    """Whether numbers are masked: `Switch.ON` is 0."""
    callin_strategy: CallinStrategy | int | Unset | None = UNSET
    """Which agent gets an inbound call."""
    timeout_transfer_sec: int | Clear | Unset | None = UNSET
    """After how many seconds an inbound call that is not answered goes to another agent."""
    callin_auto_answer_sec: int | Clear | Unset | None = UNSET
    """After how many seconds an inbound call is answered by itself."""
    wrap_up_time: int | Clear | Unset | None = UNSET
    """How long an agent has after a call. The page states no unit."""
    timeout_idle: int | Clear | Unset | None = UNSET
    """After how many timed-out transfers an agent is set on break."""
    timeout_wait_sec: int | Unset | None = UNSET
    """How many seconds a caller may wait."""
    turn_seat_ring: str | Unset | None = UNSET
    """The ringtone: the `file_name` that `upload_ringtone` returned."""
    label_name: list[str] | Unset | None = field(
        default=UNSET, metadata=items(most=10, each=Limit(most=20, unit="characters"), distinct=True)
    )
    """The group's tags, in the place of those there are; an empty list takes them all away."""
    fs_node: MediaNode | str | Unset | None = UNSET
    """Where the media of its calls go through."""


@frozen(kw_only=True)
class AgentGroupSettings(OpenRecord):
    """The settings of a group; a number that is not set is None."""

    voice_group_id: int | None = None
    """The group's id. The page's sample has it as `seatGroupId`, which is read as well: see `group_id`."""
    seat_group_id: int | None = None
    """The group's id under the sample's name."""
    group_name: str | None = None
    """The group's name."""
    app_name: str | None = None
    """The name of its application."""
    callin_strategy: CallinStrategy | int | None = None
    """Which agent gets an inbound call."""
    timeout_transfer_sec: int | None = None
    """After how many seconds an inbound call that is not answered goes to another agent."""
    callin_auto_answer_sec: int | None = None
    """After how many seconds an inbound call is answered by itself."""
    wrap_up_time: int | None = None
    """How long an agent has after a call."""
    timeout_idle: int | None = None
    """After how many timed-out transfers an agent is set on break."""
    timeout_wait_sec: int | None = None
    """How many seconds a caller may wait."""
    turn_seat_ring: str | None = None
    """The ringtone's stored name."""
    turn_seat_ring_url: str | None = None
    """Where the ringtone is."""
    label_name: list[str] | None = None
    """The group's tags."""
    display_switch: Switch | int | None = None
    """Whether call records show their recordings: 0 is on."""
    encrypt_number: Switch | int | None = None
    """Whether numbers are masked: 0 is on."""
    fs_node: MediaNode | str | None = None
    """Where the media of its calls go through."""

    @property
    def group_id(self) -> int | None:
        """The group's id, whichever name the answer has for it."""
        return self.seat_group_id if self.voice_group_id is None else self.voice_group_id


@frozen(kw_only=True, repr=False)
class RingtoneUpload(OpenRequest):
    """A ringtone to be stored."""

    file_name: str = field(metadata=length(5, 32, endings=(".mp3", ".wav")))
    """The file's name with its ending."""
    file: Base64 | str = field(repr=False, metadata=content(LONGEST_RINGTONE, code=-38))
    """The file's content as base64, as `uploads.as_base64` makes it: an MP3 or a WAV file of at most 1 MB."""


@frozen(kw_only=True)
class Ringtone(OpenRecord):
    """A ringtone as it is stored."""

    file_name: str | None = None
    """Its stored name, for the settings' `turn_seat_ring`."""
    file_url: str | None = None
    """Where it is."""


@frozen(kw_only=True, repr=False)
class RingtoneDelete(OpenRequest):
    """Whose ringtone is taken away."""

    seat_group_id: int = field(metadata=KEY_ID)
    """The group's id, which has another name here than in the other calls."""
