"""Team leaders: what is sent and what comes back."""

from __future__ import annotations

from attrs import field, frozen

from itnio_async.api.call_center import Enabled
from itnio_async.api.open_types import OpenRecord, OpenRequest
from itnio_async.api.shapes import PageQuery
from itnio_async.codec import Request
from itnio_async.limits import Form, length
from itnio_async.values import KEY_ID, UNSET, Unset, secret


@frozen(kw_only=True, repr=False)
class TeamLeaderAdd(OpenRequest):
    """A team leader to be created."""

    name: str = field(metadata=length(4, 32))
    """The name, which no other team leader has."""
    pet_name: str | Unset | None = field(default=UNSET, metadata=length(0, 20))
    """The nickname."""
    voice_group_id_list: list[int] | Unset | None = UNSET
    """The ids of the agent groups that are led."""


@frozen(kw_only=True, repr=False)
class TeamLeaderUpdate(OpenRequest):
    """What a team leader shall be. Whether what is left out stays, the page does not say."""

    key_id: int = field(metadata=KEY_ID)
    """The team leader's id."""
    name: str = field(metadata=length(4, 32))
    """The name, which no other team leader has (-33)."""
    emp_no: str = field(metadata=length(1, 12, form=Form.DIGITS))
    """The staff number, which no other team leader has (-34)."""
    voice_group_id_list: list[int]
    """The ids of the agent groups that are led."""
    pet_name: str | Unset | None = field(default=UNSET, metadata=length(0, 20))
    """The nickname."""
    password: str | Unset | None = secret(UNSET)
    """The new password."""


@frozen(kw_only=True, repr=False)
class TeamLeaderFilter(Request):
    """Which team leaders a listing shows."""

    enable: Enabled | Unset = UNSET
    """Only those that may work, or that may not: `Enabled.ENABLED` is 0."""
    name: str | Unset = UNSET
    """Only those of this name. Whether a part of it is enough, the page does not say."""
    voice_group_id_list: list[int] | Unset = UNSET
    """Only those who lead these agent groups."""


@frozen(kw_only=True, repr=False)
class TeamLeaderQuery(PageQuery):
    """One page of a listing of team leaders."""

    params: TeamLeaderFilter
    """Which team leaders are listed."""


@frozen(kw_only=True)
class TeamLeader(OpenRecord):
    """A team leader as the listing shows it, password and all. Times are as on the wire, without a zone."""

    key_id: int | None = None
    """The team leader's id."""
    emp_no: str | None = None
    """The staff number."""
    pet_name: str | None = None
    """The nickname."""
    name: str | None = None
    """The name."""
    enable: Enabled | int | None = None
    """Whether the team leader may work: 0 is yes."""
    voice_group_id_list: list[int] | None = None
    """The ids of the agent groups that are led."""
    voice_group_name_list: list[str] | None = None
    """The names of those groups."""
    account: str | None = None
    """The account that the team leader logs in with."""
    password: str | None = secret(None)
    """The password of that account: the vendor's listing shows it."""
    create_time: str | None = None
    """When the team leader was made, as `2025-01-10 11:31:21`."""
    update_time: str | None = None
    """When the team leader was last changed, likewise."""
    customer_id: int | None = None
    """Only in the page's sample, which does not explain it."""
    customer_name: str | None = None
    """Only in the page's sample, likewise."""
