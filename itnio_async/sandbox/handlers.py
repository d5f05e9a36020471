"""What each endpoint does with a request that has passed authentication; a new endpoint is one entry in `HANDLERS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from attrs import frozen

from itnio_async.api.sip_trunks.codes import SIP_TRUNKS
from itnio_async.codes import CodeFamily
from itnio_async.sandbox.assumptions import Assumptions
from itnio_async.sandbox.rules import ADD, OPTIONAL, QUERY, UPDATE, UPDATE_FORM, Asked, Decision, decide
from itnio_async.sandbox.state import State, StoredBinding, StoredTrunk

# The listing's sample asks for 15 and shows 50: a client that pages by the size in the answer loses records here too.
SIZE_SHOWN = 50
CALL_CENTRE_ADDRESS = "192.0.2.1"


@frozen
class Account:
    """What a handler works on: the stored data, the assumptions in force, and the server's time."""

    state: State
    assumptions: Assumptions
    now: float

    @property
    def moment(self) -> str:
        """The server's time as the listing writes it, without a zone."""
        return written(self.now)


def written(seconds: float) -> str:
    """Write a Unix time as the vendor's listings do: without a zone, here in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


@frozen
class Handler:
    """One endpoint: where it is, whose codes it answers, and what it does (returns the decision and the data).

    `integer_status`: the page's sample has `"status": 0` instead of `"0"`.
    """

    method: str
    path: str
    family: CodeFamily
    handle: Callable[[Account, Mapping[str, Any]], tuple[Decision, Any]]
    integer_status: bool = False


def update_trunk(account: Account, body: Mapping[str, Any]) -> tuple[Decision, Any]:
    """Replace a trunk's settings."""
    state, assumptions = account.state, account.assumptions
    with state.transaction():
        form = decide(UPDATE_FORM, Asked(body, state, assumptions))
        if form.code:
            return form, None
        trunk = state.trunk(body["keyId"])
        decision = decide(UPDATE, Asked(body, state, assumptions, trunk))
        if decision.code:
            return decision, None
        assert trunk is not None
        groups = {group["voiceGroupId"]: group.get("number") for group in body["groupList"]}
        if assumptions.group_list == "adds":
            groups = {**{group.voice_group_id: group.number for group in trunk.groups}, **groups}
        values = {**_settings(body, trunk, assumptions), "update_time": account.moment}
        state.update_trunk(trunk, values, _bindings(groups))
    # A success of the form may already rest on an assumption.
    return (form if form.assumed else decision), None


def add_trunk(account: Account, body: Mapping[str, Any]) -> tuple[Decision, Any]:
    """Make a trunk and return its key id."""
    state, assumptions = account.state, account.assumptions
    with state.transaction():
        asked = Asked(body, state, assumptions)
        decision = decide(ADD, asked)
        if decision.code:
            return decision, None
        values = {
            **_settings(body, None, assumptions),
            "type": asked.type,
            "state": int(assumptions.new_trunk_enabled),
            "create_time": account.moment,
            "update_time": account.moment,
        }
        groups = {group["voiceGroupId"]: group.get("number") for group in body["groupList"]}
        return decision, state.add_trunk(values, _bindings(groups))


def _settings(body: Mapping[str, Any], trunk: StoredTrunk | None, assumptions: Assumptions) -> dict[str, Any]:
    values = {"sip_trunk_name": body["sipTrunkName"], "sip_trunk_state": body["sipTrunkState"]}
    for wire, name in OPTIONAL.items():
        value = body.get(wire) or None
        effect = assumptions.null if wire in body else assumptions.left_out
        values[name] = getattr(trunk, name) if value is None and trunk and effect == "keeps" else value
    return values


def _bindings(groups: Mapping[int, str | None]) -> list[StoredBinding]:
    return [StoredBinding(group, number or None) for group, number in groups.items()]


def query_trunks(account: Account, body: Mapping[str, Any]) -> tuple[Decision, Any]:
    """List one page of trunks."""
    state, assumptions = account.state, account.assumptions
    decision = decide(QUERY, Asked(body, state, assumptions))
    if decision.code:
        return decision, None
    current, size, filters = body["current"], body["size"], body["params"]
    total, trunks = state.find(
        type=filters.get("type"),
        name=filters.get("sipTrunkName") or None,
        newest_first=assumptions.listed_order == "newest first",
        limit=size,
        offset=(current - 1) * size,
    )
    return decision, {
        "total": total,
        "size": SIZE_SHOWN,
        "current": current,
        "searchCount": True,
        "pages": -(-total // size),
        "records": [_record(trunk, account) for trunk in trunks],
    }


def _record(trunk: StoredTrunk, account: Account) -> dict[str, Any]:
    assumptions = account.assumptions
    groups = [
        {
            "voiceGroupId": group.voice_group_id,
            "groupName": account.state.group_name(group.voice_group_id),
            "number": group.number,
        }
        for group in trunk.groups
    ]
    return {
        "keyId": trunk.key_id,
        "sipGatewayIp": trunk.sip_gateway_ip,
        "sipWhiteIp": trunk.sip_white_ip,
        "type": trunk.type,
        "state": trunk.state,
        "sipTrunkName": trunk.sip_trunk_name,
        "sipPrefix": trunk.sip_prefix,
        "ccIp": CALL_CENTRE_ADDRESS,
        **_registration(trunk, assumptions),
        "createTime": trunk.create_time,
        "updateTime": trunk.update_time,
        "groupList": groups if assumptions.listed_groups == "array" else groups[0],
    }


def _registration(trunk: StoredTrunk, assumptions: Assumptions) -> dict[str, Any]:
    if not trunk.sip_trunk_state and assumptions.listed_registration == "absent":
        return {}
    password = trunk.sip_password
    if password is not None and assumptions.listed_password == "masked":  # noqa: S105  (no password)
        password = "******"  # noqa: S105  (what stands in for one)
    shown: dict[str, Any] = {"sipAccount": trunk.sip_account, "sipPassword": password}
    if assumptions.listed_password == "absent":  # noqa: S105  (no password)
        del shown["sipPassword"]
    return {**shown, "sipTrunkState": trunk.sip_trunk_state and assumptions.listed_trunk_state == "switch"}


_ALL = (
    Handler("POST", "/v3/cc/sipTrunk/add", SIP_TRUNKS, add_trunk),
    Handler("POST", "/v3/cc/sipTrunk/update", SIP_TRUNKS, update_trunk),
    Handler("POST", "/v3/cc/sipTrunk/query", SIP_TRUNKS, query_trunks, integer_status=True),
)
HANDLERS: Mapping[str, Handler] = {handler.path: handler for handler in _ALL}
