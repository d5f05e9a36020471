"""SIP trunks: the types, the endpoints and the service of `client.sip_trunks`."""

from itnio_async.api.sip_trunks.service import ADD, ENDPOINTS, QUERY, UPDATE, SipTrunks
from itnio_async.api.sip_trunks.types import (
    BoundGroup,
    GroupBinding,
    SipTrunk,
    SipTrunkAdd,
    SipTrunkChanges,
    SipTrunkFilter,
    SipTrunkQuery,
    SipTrunkUpdate,
    TrunkDirection,
)

__all__ = [
    "ADD",
    "ENDPOINTS",
    "QUERY",
    "UPDATE",
    "BoundGroup",
    "GroupBinding",
    "SipTrunk",
    "SipTrunkAdd",
    "SipTrunkChanges",
    "SipTrunkFilter",
    "SipTrunkQuery",
    "SipTrunkUpdate",
    "SipTrunks",
    "TrunkDirection",
]
