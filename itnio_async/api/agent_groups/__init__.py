"""Agent groups: the types, the endpoints and the service of `client.agent_groups`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from itnio_async.api.agent_groups.service import (
        ADD as ADD,
        CALLS as CALLS,
        DELETE as DELETE,
        DELETE_RINGTONE as DELETE_RINGTONE,
        GET_SETTINGS as GET_SETTINGS,
        LIST as LIST,
        UPDATE as UPDATE,
        UPDATE_SETTINGS as UPDATE_SETTINGS,
        UPLOAD_RINGTONE as UPLOAD_RINGTONE,
        AgentGroups as AgentGroups,
    )
    from itnio_async.api.agent_groups.types import (
        AgentGroup as AgentGroup,
        AgentGroupAdd as AgentGroupAdd,
        AgentGroupFilter as AgentGroupFilter,
        AgentGroupQuery as AgentGroupQuery,
        AgentGroupSettings as AgentGroupSettings,
        AgentGroupSettingsUpdate as AgentGroupSettingsUpdate,
        AgentGroupUpdate as AgentGroupUpdate,
        CallinStrategy as CallinStrategy,
        MediaNode as MediaNode,
        Ringtone as Ringtone,
        RingtoneDelete as RingtoneDelete,
        RingtoneUpload as RingtoneUpload,
        Switch as Switch,
    )
    from itnio_async.api.call_center import AgentGroupKey as AgentGroupKey
else:
    from itnio_async.api.lazily import names_of

    __getattr__, __dir__ = names_of(__name__)
