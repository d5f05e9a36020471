"""What every peer does: the vendor's own sample update, signed by hand by those that have no SDK to do it.

Only the standard library, so that a peer's memory is its own.
"""

from __future__ import annotations

import hashlib
import time
from typing import Any

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
# What every peer keeps to, since it is the default of all who have one.
CONNECTIONS = 100


def sign(timestamp: str) -> str:
    """Return the `Sign` header for Unix seconds."""
    return hashlib.md5(f"{API_KEY}{API_SECRET}{timestamp}".encode(), usedforsecurity=False).hexdigest()


def signed_headers() -> dict[str, str]:
    """Return what a user who signs by hand sends along."""
    timestamp = str(int(time.time()))
    return {"Sign": sign(timestamp), "Timestamp": timestamp, "Api-Key": API_KEY}
