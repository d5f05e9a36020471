"""How each code of the page on updating a trunk is brought about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import field, frozen

from itnio_async.sandbox import Fault, Sandbox

OUTBOUND, INBOUND = 1, 2  # seeded trunks of the two directions
SPARE = 1_000_001  # a group that no trunk has


def _group(**changes: Any) -> list[dict[str, Any]]:
    return [{"voiceGroupId": SPARE, "number": "+4930123456", **changes}]


@frozen
class Provocation:
    """How to bring about a code on an update: a seeded trunk, what is changed in its body, or what is set up before."""

    code: int
    rule: str
    key_id: int = OUTBOUND
    changes: dict[str, Any] = field(factory=dict)
    before: Callable[[Sandbox], Any] = lambda sandbox: None

    def __str__(self) -> str:
        told = [f"{name}={value!r:.20}" for name, value in self.changes.items()]
        return " ".join([self.rule, *told])


def _drop_account(sandbox: Sandbox) -> None:
    sandbox.accounts.clear()


def _forbid_addresses(sandbox: Sandbox) -> None:
    sandbox.allowed_addresses = {"192.0.2.7"}


PROVOCATIONS = [
    Provocation(-1, "1 documented", before=_drop_account),
    Provocation(-2, "2 documented", before=_forbid_addresses),
    Provocation(-18, "18 documented", before=lambda sandbox: sandbox.order(Fault("minus18"))),
    Provocation(-20, "20 assumed", before=lambda sandbox: sandbox.order(Fault("minus20"))),
    Provocation(-22, "22 documented", changes={"sipTrunkName": 5}),
    Provocation(-22, "22 documented", changes={"sipTrunkState": ...}),
    Provocation(-22, "22 documented", changes={"groupList": [{}]}),
    Provocation(-22, "22 documented", changes={"keyId": "abc"}),
    Provocation(-22, "22 documented", changes={"keyId": True}),
    Provocation(-22, "22 documented", changes={"groupList": [{"voiceGroupId": 2**63}]}),
    Provocation(-22, "22 documented", changes={"groupList": {"voiceGroupId": 1}}),
    Provocation(-22, "22 assumed", changes={"sipTrunkNmae": "x"}),
    Provocation(-22, "22 assumed", changes={"groupList": [{"voiceGroupId": SPARE, "nmuber": "x"}]}),
    Provocation(-22, "22 assumed", changes={"keyId": 4711}),
    Provocation(-22, "22 assumed", changes={"keyId": -1}),
    Provocation(-22, "22 assumed", changes={"groupList": [{"voiceGroupId": 9}]}),
    Provocation(-22, "22 assumed", changes={"sipTrunkState": True, "sipAccount": "a"}),
    Provocation(-23, "23 assumed", before=lambda sandbox: sandbox.order(Fault("minus23"))),
    Provocation(-44, "44 assumed", changes={"type": 2}),
    Provocation(-44, "44 assumed", changes={"type": "three"}),
    Provocation(-44, "44 assumed", before=lambda sandbox: sandbox.order(Fault("minus44"))),
    Provocation(-45, "45 documented", changes={"sipTrunkName": ...}),
    Provocation(-45, "45 documented", changes={"sipTrunkName": "  "}),
    Provocation(-47, "47 documented", changes={"sipTrunkName": "trunk00002"}),
    Provocation(-48, "48 documented", changes={"groupList": []}),
    Provocation(-48, "48 documented", changes={"groupList": None}),
    Provocation(-49, "49 documented", changes={"sipGatewayIp": ""}),
    Provocation(-50, "50 documented", changes={"sipGatewayIp": "g" * 51}),
    Provocation(-50, "50 assumed", changes={"sipGatewayIp": "10.0.0.1 "}),
    Provocation(-50, "50 assumed", changes={"sipGatewayIp": "10.0.\u00001"}),
    Provocation(-51, "51 documented", changes={"groupList": _group() * 2}),
    Provocation(-52, "52 assumed", changes={"groupList": [{"voiceGroupId": 2_000_002}]}),
    Provocation(-53, "53 documented", changes={"sipGatewayIp": "10.0.0.3"}),
    Provocation(-54, "54 documented", key_id=INBOUND, changes={"sipWhiteIp": ...}),
    Provocation(-55, "55 documented", key_id=INBOUND, changes={"sipWhiteIp": "w" * 51}),
    Provocation(-55, "55 assumed", key_id=INBOUND, changes={"sipWhiteIp": "a\tb"}),
    Provocation(-56, "56 documented", changes={"keyId": ...}),
    Provocation(-56, "56 documented", changes={"keyId": None}),
    Provocation(-57, "57 documented", key_id=INBOUND, changes={"groupList": [{"voiceGroupId": SPARE}]}),
    Provocation(-58, "58 documented", key_id=INBOUND, changes={"groupList": _group(number="+" + "4" * 50)}),
    Provocation(-59, "59 documented", key_id=INBOUND, changes={"groupList": _group(number="+15550000004")}),
    Provocation(-60, "60 documented", key_id=INBOUND, changes={"sipWhiteIp": "10.0.0.4"}),
    Provocation(-61, "61 assumed", key_id=INBOUND, changes={"groupList": _group(number="030 123456")}),
    Provocation(-61, "61 assumed", key_id=INBOUND, changes={"groupList": _group(number="extension 7")}),
    # By a clock: see test_authentication.
    Provocation(-16, "16 documented", before=lambda sandbox: sandbox.order(Fault("minus16"))),
]
CODES_OF_THE_PAGE = {-1, -2, -16, -18, -20, -22, -23, -44, -45, -47, *range(-61, -47)}
