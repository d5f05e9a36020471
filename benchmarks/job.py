"""What every peer does: the vendor's own sample update, signed by hand by those that have no SDK to do it.

Only the standard library, so that a peer's memory is its own.
"""

from __future__ import annotations

import hashlib
import time
from typing import Any, NamedTuple

API_KEY = "bench-key"
API_SECRET = "bench-secret-of-nobody"
PATH = "/v3/cc/sipTrunk/update"
UPDATE: dict[str, Any] = {
    "keyId": 1,
    "sipTrunkName": "22232",
    "groupList": [{"voiceGroupId": 1000026}],
    "sipTrunkState": False,
    "sipGatewayIp": "12.325.353.2",
}
ANSWER = b'{"status":"0","reason":"success","data":null}'
# What every peer keeps to, since it is the default of nearly all who have one.
CONNECTIONS = 100

NAME, ADDRESS = UPDATE["sipTrunkName"], UPDATE["sipGatewayIp"]


class Reply(NamedTuple):
    """What the server says to a path."""

    content_type: str
    body: bytes


# The SDKs of other vendors each have a call of their own, and read an answer of their own vendor's form.
TWILIO_PATH = "/v1/Trunks/TK00000000000000000000000000000001"
TELNYX_PATH = "/ip_connections"
STRIPE_PATH = "/v2/core/event_destinations/ed_1"
OPENAI_PATH = "/v1/vector_stores/vs_1"
LIVEKIT_PATH = "/twirp/livekit.SIP/UpdateSIPOutboundTrunk"
_JSON = "application/json"
REPLIES = {
    PATH: Reply(_JSON, ANSWER),
    TWILIO_PATH: Reply(_JSON, b'{"sid":"TK00000000000000000000000000000001","friendly_name":"22232"}'),
    TELNYX_PATH: Reply(_JSON, b'{"data":{"id":"1","connection_name":"22232"}}'),
    STRIPE_PATH: Reply(_JSON, b'{"id":"ed_1","object":"v2.core.event_destination","name":"22232"}'),
    OPENAI_PATH: Reply(_JSON, b'{"id":"vs_1","object":"vector_store","name":"22232","created_at":1}'),
    # A protobuf message: the trunk's id and its name.
    LIVEKIT_PATH: Reply("application/protobuf", b"\x0a\x04ST_1\x12\x0522232"),
}


def sign(timestamp: str) -> str:
    """Return the `Sign` header for Unix seconds."""
    return hashlib.md5(f"{API_KEY}{API_SECRET}{timestamp}".encode(), usedforsecurity=False).hexdigest()


def signed_headers() -> dict[str, str]:
    """Return what a user who signs by hand sends along."""
    timestamp = str(int(time.time()))
    return {"Sign": sign(timestamp), "Timestamp": timestamp, "Api-Key": API_KEY}
