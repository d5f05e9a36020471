"""SIP trunks: the types, the endpoints and the service of `client.sip_trunks`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from itnio_async.api.sip_trunks.service import (
        ADD as ADD,
        ENDPOINTS as ENDPOINTS,
        QUERY as QUERY,
        UPDATE as UPDATE,
        SipTrunks as SipTrunks,
    )
    from itnio_async.api.sip_trunks.types import (
        BoundGroup as BoundGroup,
        GroupBinding as GroupBinding,
        SipTrunk as SipTrunk,
        SipTrunkAdd as SipTrunkAdd,
        SipTrunkChanges as SipTrunkChanges,
        SipTrunkFilter as SipTrunkFilter,
        SipTrunkQuery as SipTrunkQuery,
        SipTrunkUpdate as SipTrunkUpdate,
        TrunkDirection as TrunkDirection,
    )
else:
    from itnio_async.api.lazily import names_of

    __getattr__, __dir__ = names_of(__name__)
