"""The fields of team leader requests, and the rules beyond their form."""

from __future__ import annotations

import re
from typing import TypeAlias

from itnio_async.sandbox import relations
from itnio_async.sandbox.changes import Item
from itnio_async.sandbox.fields import ID, Field, Fields, filters, ids
from itnio_async.sandbox.handler import Call
from itnio_async.sandbox.rules import Rule, is_integer, is_text, unknown_id
from itnio_async.sandbox.team_leaders.assumptions import TeamLeaderAssumptions
from itnio_async.sandbox.team_leaders.tables import TeamLeaders

LeaderCall: TypeAlias = Call[TeamLeaders, TeamLeaderAssumptions]
_Rule = Rule[LeaderCall]

_PET_NAME = Field(is_text, most=20)

ADD: Fields = {
    # For the least, see the assumption leader_name_least.
    "name": Field(is_text, required=True, most=32),
    "petName": _PET_NAME,
    "voiceGroupIdList": ids(required=False),
}
UPDATE: Fields = {
    "keyId": ID,
    "empNo": Field(is_text, required=True, least=1, most=12, form=re.compile("[0-9]++")),
    "password": Field(is_text),
    "name": Field(is_text, required=True, least=4, most=32),
    "petName": _PET_NAME,
    "voiceGroupIdList": ids(),
}
QUERY = filters(
    {
        "enable": Field(is_integer, values=(0, 1)),
        "name": Field(is_text),
        "voiceGroupIdList": ids(required=False),
    }
)

_GROUPS_EXIST: _Rule = unknown_id(
    "no agent group has this id",
    lambda call: relations.lacks_group(call.context.database, call.body.get("voiceGroupIdList") or ()),
)
ADDING: tuple[_Rule, ...] = (
    Rule(
        -22,
        "name has fewer than 4 characters",
        lambda call: len(call.body["name"]) < call.assumptions.leader_name_least,
        assumed=True,
    ),
    _GROUPS_EXIST,
    Rule(
        lambda call: call.assumptions.new_leader_name_code,
        "a team leader has this name",
        lambda call: call.stored.is_taken("name", call.body["name"]),
        assumed=True,
    ),
)
UPDATING: tuple[_Rule, ...] = (
    unknown_id("no team leader has this keyId", lambda call: not call.stored.exists(call.body["keyId"])),
    _GROUPS_EXIST,
    Rule(
        -33,
        "another team leader has this name",
        lambda call: call.stored.is_taken("name", call.body["name"], besides=call.body["keyId"]),
    ),
    Rule(
        -34,
        "another team leader has this empNo",
        lambda call: call.stored.is_taken("emp_no", call.body["empNo"], besides=call.body["keyId"]),
    ),
)
CHANGING: tuple[Rule[Item], ...] = (
    unknown_id("no team leader has this id", lambda item: not item.call.stored.exists(item.id)),
)
