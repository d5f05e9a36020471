"""The fields of agent group requests, and the rules beyond their form.

A deletion is refused by the number of the code: the group does not exist (-24), has agents (-64), a team leader (-69),
a trunk (-70). -63 (another workspace) and -75 (ask the vendor's sales staff) have no condition here: order them as a
`Fault`.
"""

from __future__ import annotations

from typing import TypeAlias

from itnio_async.sandbox.agent_groups.assumptions import AgentGroupAssumptions
from itnio_async.sandbox.agent_groups.tables import Groups
from itnio_async.sandbox.fields import ID, OPTIONAL_ID, Field, Fields, filters, is_list
from itnio_async.sandbox.handler import Call
from itnio_async.sandbox.rules import Rule, is_integer, is_text, unknown_id
from itnio_async.sandbox.uploads import Uploads, content_of, has_ending

GroupCall: TypeAlias = Call[Groups, AgentGroupAssumptions]
_Rule = Rule[GroupCall]

_NAME = Field(is_text, required=True, least=4, most=32)
# Empty text clears it, as the page says.
_CLEARED = Field((is_integer, lambda value: value == ""))
_ON_OFF = Field(is_integer, required=True, values=(0, 1))

GROUP: Fields = {"voiceGroupId": ID}
ADD: Fields = {"appId": Field((is_integer, is_text), required=True), "groupName": _NAME}
UPDATE: Fields = {**GROUP, "groupName": _NAME}
QUERY = filters({"groupName": Field(is_text)})
SETTINGS: Fields = {
    **GROUP,
    "callinStrategy": Field(is_integer, least=1, most=4),
    "timeoutTransferSec": _CLEARED,
    "callinAutoAnswerSec": _CLEARED,
    "wrapUpTime": _CLEARED,
    "timeoutIdle": _CLEARED,
    "timeoutWaitSec": OPTIONAL_ID,
    "turnSeatRing": Field(is_text),
    "labelName": Field(is_list, most=10, members=Field(is_text, required=True, most=20)),
    "displaySwitch": _ON_OFF,
    "encryptNumber": _ON_OFF,
    "fsNode": Field(is_text, values=("SG_FS", "USA_FS", "UAE_FS")),
}
RINGTONE: Fields = {"seatGroupId": ID}


def group_id(call: GroupCall) -> int:
    """Return the id of the group that a request is about, under either of its names."""
    id: int = call.body["seatGroupId" if "seatGroupId" in call.body else "voiceGroupId"]
    return id


def _name_taken(call: GroupCall) -> bool:
    group = call.stored.group(call.body["voiceGroupId"])
    assert group is not None
    besides = 0 if call.assumptions.own_group_name_taken else group["voice_group_id"]
    return call.stored.is_name_taken(call.body["groupName"], group["app_id"], besides=besides)


def _tag_twice(call: GroupCall) -> bool:
    tags = call.body.get("labelName") or ()
    return len({*tags}) < len(tags)


EXISTS: _Rule = unknown_id("no agent group has this id", lambda call: call.stored.group(group_id(call)) is None)
ADDING: tuple[_Rule, ...] = (
    Rule(
        -20,
        "a group of the application has this groupName",
        lambda call: call.stored.is_name_taken(call.body["groupName"], str(call.body["appId"])),
    ),
    Rule(
        -23,
        "the account has as many agent groups as it may",
        lambda call: call.assumptions.group_quota is not None and call.stored.count() >= call.assumptions.group_quota,
        assumed=True,
    ),
)
UPDATING: tuple[_Rule, ...] = (EXISTS, Rule(-20, "a group of the application has this groupName", _name_taken))
DELETING: tuple[_Rule, ...] = (
    Rule(-24, "no agent group has this id", lambda call: call.stored.group(group_id(call)) is None),
    Rule(-64, "the group still has agents", lambda call: call.stored.has_agents(group_id(call))),
    Rule(-69, "a team leader is bound to the group", lambda call: call.stored.has_team_leader(group_id(call))),
    Rule(-70, "a SIP trunk is bound to the group", lambda call: call.stored.has_trunk(group_id(call))),
)
SETTING: tuple[_Rule, ...] = (
    EXISTS,
    Rule(-22, "a tag is there twice", _tag_twice, assumed=True, switch="tags_distinct"),
    Rule(
        -22,
        "no upload has answered this turnSeatRing",
        lambda call: (
            call.body.get("turnSeatRing") and Uploads(call.context.database).file(call.body["turnSeatRing"]) is None
        ),
        assumed=True,
        switch="unknown_ringtone_refused",
    ),
)


# Ringtones.


def _ringtone(call: GroupCall) -> bytes:
    return content_of(call.body) or b""


def _sounds_like_one(call: GroupCall) -> bool:
    content = _ringtone(call)
    is_mp3 = content[:3] == b"ID3" or (content[:1] == b"\xff" and content[1:2] >= b"\xe0")
    return is_mp3 or (content[:4] == b"RIFF" and content[8:12] == b"WAVE")


UPLOADING: tuple[_Rule, ...] = (
    Rule(
        lambda call: call.assumptions.broken_ringtone_code,
        "file is not base64",
        lambda call: content_of(call.body) is None,
        assumed=True,
    ),
    Rule(
        lambda call: call.assumptions.ringtone_format_code,
        "fileName ends in neither .mp3 nor .wav",
        lambda call: not has_ending(call.body, ".mp3", ".wav"),
    ),
    Rule(
        -38,
        "the file has more than 1 MB",
        lambda call: len(_ringtone(call)) > call.assumptions.ringtone_bytes,
    ),
    Rule(
        lambda call: call.assumptions.ringtone_format_code,
        "the file is neither MP3 nor WAV",
        lambda call: not _sounds_like_one(call),
        assumed=True,
        switch="ringtone_content_checked",
    ),
)
