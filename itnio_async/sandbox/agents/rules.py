"""The fields of agent requests, and the rules beyond their form.

An update is refused by the number of the code, after the agent (-22, assumed) has been found: -34, -64, -65, -66, -67.
"""

from __future__ import annotations

from typing import TypeAlias

from itnio_async.sandbox import relations
from itnio_async.sandbox.agents.assumptions import AgentAssumptions
from itnio_async.sandbox.agents.countries import COUNTRY_CODES
from itnio_async.sandbox.agents.tables import Agents
from itnio_async.sandbox.changes import DELETE, Item
from itnio_async.sandbox.fields import ID, OPTIONAL_ID, Field, Fields, filters, is_list
from itnio_async.sandbox.handler import Call
from itnio_async.sandbox.rules import Rule, is_integer, is_object, is_text, unknown_id
from itnio_async.sandbox.times import is_local_time, seconds

AgentCall: TypeAlias = Call[Agents, AgentAssumptions]
_Rule = Rule[AgentCall]

MOST_DAYS = 32
_DAY = 86_400

GROUP: Fields = {"voiceGroupId": ID}
ADD: Fields = {
    "voiceGroupId": ID,
    "size": Field(is_integer, required=True, least=1),
    "displayNum": Field(is_text),
    "ccode": Field(is_text),
}
UPDATE: Fields = {
    "keyId": ID,
    # A String here, an Integer in every other request.
    "voiceGroupId": Field((is_text, is_integer), required=True),
    "name": Field(is_text, required=True),
    "displayNum": Field(is_text),
    "ccode": Field(is_text),
    "petName": Field(is_text),
    "empNo": Field(is_text, required=True),
    "password": Field(is_text),
}
QUERY = filters(
    {
        "enable": Field(is_integer, values=(0, 1)),
        "name": Field(is_text),
        "voiceGroupId": OPTIONAL_ID,
        "status": Field(is_integer, least=1, most=5),
        "strTime": Field(is_local_time),
        "endTime": Field(is_local_time),
    }
)
PRIORITIES: Fields = {
    "voiceGroupId": ID,
    "params": Field(
        is_list,
        required=True,
        least=1,
        members=Field(
            is_object,
            required=True,
            fields={"keyId": ID, "priority": Field(is_integer, required=True, least=1, most=999)},
        ),
    ),
}
AUTHENTICATION: Fields = {
    "account": Field(is_text, required=True),
    "expires": Field(is_integer, required=True, least=60, most=28_800),
}


def group_id(call: AgentCall) -> int | None:
    """Return the id of the agent group in a request, whether it is a number or its text."""
    value = str(call.body["voiceGroupId"])
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None


def remaining(call: AgentCall) -> int:
    """Return how many agents may still be made."""
    of_group = call.assumptions.agent_quota_of == "group"
    return max(0, call.assumptions.agent_quota - call.stored.count(group_id(call) if of_group else None))


def window(call: AgentCall) -> tuple[float, float] | None:
    """Return the time that the listing counts calls of; None unless both ends are given."""
    ends = [call.body["params"].get(name) for name in ("strTime", "endTime")]
    if not all(ends):
        return None
    start, end = (seconds(text, call.assumptions.utc_offset) for text in ends)
    return start, end


def _is_too_long(call: AgentCall) -> bool:
    ends = window(call)
    return ends is not None and not 0 <= ends[1] - ends[0] <= MOST_DAYS * _DAY


def _group_lacks(call: AgentCall) -> bool:
    id = group_id(call)
    return id is None or relations.group_name(call.context.database, id) is None


def _is_of_another_application(call: AgentCall) -> bool:
    agent = call.stored.agent(call.body["keyId"])
    assert agent is not None
    return relations.application_of(call.context.database, group_id(call)) != agent.app_id


def _has_foreign_characters(call: AgentCall) -> bool:
    password = call.body.get("password") or "a"
    return not (password.isascii() and password.isalnum())


GROUP_EXISTS: _Rule = unknown_id("no agent group has this id", _group_lacks)
ADDING: tuple[_Rule, ...] = (
    GROUP_EXISTS,
    Rule(-36, "more agents than may still be made", lambda call: call.body["size"] > remaining(call)),
)
UPDATING: tuple[_Rule, ...] = (
    unknown_id("no agent has this keyId", lambda call: call.stored.agent(call.body["keyId"]) is None),
    GROUP_EXISTS,
    Rule(
        -34,
        "another agent has this empNo",
        lambda call: call.stored.is_number_taken(call.body["empNo"], call.body["keyId"]),
    ),
    Rule(-64, "password has other characters than letters and digits", _has_foreign_characters),
    Rule(-65, "the agent group is of another application", _is_of_another_application),
    Rule(
        -66,
        "ccode is no country's",
        lambda call: call.body.get("ccode") and call.body["ccode"] not in COUNTRY_CODES,
    ),
    Rule(-67, "the agent is on a call", lambda call: call.stored.is_on_call(call.body["keyId"], call.now)),
)
QUERYING: tuple[_Rule, ...] = (
    Rule(
        -22,
        "strTime and endTime are required",
        lambda call: window(call) is None,
        assumed=True,
        switch="agent_window_required",
    ),
    Rule(-22, "strTime is at most 32 days before endTime", _is_too_long),
)
AUTHENTICATING: tuple[_Rule, ...] = (
    Rule(-24, "no agent has this account", lambda call: not call.stored.has_account(call.body["account"])),
)
CHANGING: tuple[Rule[Item], ...] = (
    unknown_id("no agent has this id", lambda item: item.call.stored.agent(item.id) is None),
    Rule(-67, "an agent is on a call", lambda item: item.call.stored.is_on_call(item.id, item.call.now)),
    Rule(
        -68,
        "an agent is in a running task",
        lambda item: item.action == DELETE and item.call.stored.is_in_running_task(item.id, item.call.now),
    ),
)


def _is_elsewhere(item: Item) -> bool:
    agent = item.call.stored.agent(item.id)
    return agent is None or agent.voice_group_id != item.call.body["voiceGroupId"]


RANKING: tuple[Rule[Item], ...] = (
    CHANGING[0],
    Rule(
        lambda item: item.assumptions.unknown_id_code,
        "an agent is not in the group",
        _is_elsewhere,
        assumed=True,
        switch="group_checked_for_priorities",
    ),
)
