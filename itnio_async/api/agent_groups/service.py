"""`client.agent_groups`: the endpoints as values, and a method for each."""

from __future__ import annotations

from types import NoneType
from typing import Unpack

from itnio_async.api.agent_groups.codes import AGENT_GROUPS
from itnio_async.api.agent_groups.types import (
    LONGEST_RINGTONE,
    AgentGroup,
    AgentGroupAdd,
    AgentGroupFilter,
    AgentGroupQuery,
    AgentGroupSettings,
    AgentGroupSettingsUpdate,
    AgentGroupUpdate,
    Ringtone,
    RingtoneDelete,
    RingtoneUpload,
)
from itnio_async.api.base import Service
from itnio_async.api.call_center import AgentGroupKey
from itnio_async.api.shapes import given
from itnio_async.endpoint import CallOptions, Endpoint
from itnio_async.listing import Listing
from itnio_async.uploads import FileSource, as_base64, name_of
from itnio_async.values import Page

# Repeated, it may create a second group: only the name, which is unique in the application (-20), stands in its way.
ADD = Endpoint("POST", "/v3/cc/seatGroup/addGroup", AgentGroupAdd, NoneType, idempotent=False, family=AGENT_GROUPS)
UPDATE = Endpoint(
    "POST", "/v3/cc/seatGroup/updateGroup", AgentGroupUpdate, NoneType, idempotent=True, family=AGENT_GROUPS
)
LIST = Endpoint(
    "POST", "/v3/cc/seatGroup/query", AgentGroupQuery, Page[AgentGroup], idempotent=True, family=AGENT_GROUPS
)
# A GET that deletes: nothing may fetch it in advance or keep its answer.
DELETE = Endpoint(
    "GET", "/v3/cc/seatGroup/deleteGroup", AgentGroupKey, NoneType, idempotent=True, family=AGENT_GROUPS, done_by=-24
)
UPDATE_SETTINGS = Endpoint(
    "POST", "/v3/cc/seatGroup/basicSetting", AgentGroupSettingsUpdate, NoneType, idempotent=True, family=AGENT_GROUPS
)
GET_SETTINGS = Endpoint(
    "GET", "/v3/cc/seatGroup/basicSettingResp", AgentGroupKey, AgentGroupSettings, idempotent=True, family=AGENT_GROUPS
)
# Repeated, it stores the file a second time under another name.
UPLOAD_RINGTONE = Endpoint(
    "POST", "/v3/cc/seatGroup/upload", RingtoneUpload, Ringtone, idempotent=False, family=AGENT_GROUPS
)
DELETE_RINGTONE = Endpoint(
    "POST", "/v3/cc/seatGroup/delete/optionaudio", RingtoneDelete, NoneType, idempotent=True, family=AGENT_GROUPS
)


class AgentGroups(Service):
    """The groups that agents work in.

    Each method takes `CallOptions` for its calls alone, and raises as `client.call` does.
    """

    async def add(self, group: AgentGroupAdd, **options: Unpack[CallOptions]) -> None:
        """Create a group. No id comes back: list the groups of its name to find it.

        A lost answer does not tell whether the group was created: look for its name before trying again.
        """
        call = self._caller.call(ADD, group, **options)
        del group  # a report of an error shows the variables here, whatever was passed
        return (await call).data

    async def update(self, update: AgentGroupUpdate, **options: Unpack[CallOptions]) -> None:
        """Give a group another name."""
        call = self._caller.call(UPDATE, update, **options)
        del update
        return (await call).data

    def list(
        self, *, group_name: str | None = None, current: int = 1, size: int = 100, **options: Unpack[CallOptions]
    ) -> Listing[AgentGroup]:
        """List groups: `await` it for page `current` (from 1), or `async for` over it for all groups from there on."""
        filters = given(AgentGroupFilter, group_name=group_name)
        return self._listing(LIST, AgentGroupQuery(current=current, size=size, params=filters), options)

    async def delete(self, voice_group_id: int, **options: Unpack[CallOptions]) -> None:
        """Delete a group. One that still has agents (-64), a team leader (-69) or a trunk (-70) is refused.

        A group that is not there is refused too (-24), unless an earlier attempt of this very call may have deleted it.
        """
        return (await self._caller.call(DELETE, AgentGroupKey(voice_group_id=voice_group_id), **options)).data

    async def update_settings(self, settings: AgentGroupSettingsUpdate, **options: Unpack[CallOptions]) -> None:
        """Set how a group takes inbound calls and records them; what is left out stays, as far as the page tells."""
        call = self._caller.call(UPDATE_SETTINGS, settings, **options)
        del settings
        return (await call).data

    async def get_settings(self, voice_group_id: int, **options: Unpack[CallOptions]) -> AgentGroupSettings:
        """Return the settings of a group."""
        return (await self._caller.call(GET_SETTINGS, AgentGroupKey(voice_group_id=voice_group_id), **options)).data

    async def upload_ringtone(
        self, file: FileSource, file_name: str | None = None, **options: Unpack[CallOptions]
    ) -> Ringtone:
        """Store a ringtone, an MP3 or a WAV file of at most 1 MB, and return its stored name for the settings.

        `file` is a path, the content as bytes, or a file open for reading bytes; `file_name` (5 to 32 characters) is
        the path's last part unless given. Raises OSError too, for a file that cannot be read.
        """
        name = name_of(file, file_name)
        upload = RingtoneUpload(file_name=name, file=await as_base64(file, most=LONGEST_RINGTONE, code=-38))
        return (await self._caller.call(UPLOAD_RINGTONE, upload, **options)).data

    async def delete_ringtone(self, seat_group_id: int, **options: Unpack[CallOptions]) -> None:
        """Take a group's ringtone away; `seat_group_id` is the group's `voice_group_id` under another name."""
        return (await self._caller.call(DELETE_RINGTONE, RingtoneDelete(seat_group_id=seat_group_id), **options)).data
