"""The agent groups' endpoints: the fields of each, the rules beyond their form, and what is done.

A deletion is refused by the number of the code: the group does not exist (-24), has agents (-64), a team leader (-69),
a trunk (-70). -63 (another workspace) and -75 (ask the vendor's sales staff) have no condition here: order them as a
`Fault`.
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from itnio_async.api.agent_groups.codes import AGENT_GROUPS
from itnio_async.sandbox.agent_groups.assumptions import AgentGroupAssumptions
from itnio_async.sandbox.agent_groups.tables import TABLES
from itnio_async.sandbox.changes import by_name, changed, page, quota, shown
from itnio_async.sandbox.fields import ID, OPTIONAL_ID, TEXT, Field, filters, is_list
from itnio_async.sandbox.handler import COMMON, STORING, Family
from itnio_async.sandbox.relations import application_name
from itnio_async.sandbox.rules import Rule, assumed, is_integer, is_text, unknown_id
from itnio_async.sandbox.uploads import UPLOAD, UploadCall

# Where the links of uploaded files lead: nowhere, by a reserved name.
FILES = "https://files.sandbox.invalid"


class GroupCall(UploadCall[AgentGroupAssumptions]):
    """A request about agent groups."""

    @cached_property
    def group_id(self) -> int:
        """The id of the group that it is about, under either of its names."""
        id: int = self.body["seatGroupId" if "seatGroupId" in self.body else "voiceGroupId"]
        return id

    @cached_property
    def group(self) -> Any:
        """The group that it is about, or None."""
        return self.database.row("agent_group WHERE voice_group_id = ?", self.group_id)

    def is_name_taken(self, app_id: str, *, besides: int = 0) -> bool:
        """Tell whether another group of the application than `besides` has the name that is given."""
        where = "agent_group WHERE group_name = ? AND app_id = ? AND voice_group_id <> ?"
        return self.database.exists(where, self.body["groupName"], app_id, besides)

    def is_used(self, table: str) -> bool:
        """Tell whether a record of the table has the group."""
        return self.database.exists(f"{table} WHERE voice_group_id = ?", self.group_id)

    def change(self, **values: object) -> None:
        """Set columns of the group."""
        self.database.change("agent_group", {"voice_group_id": self.group_id}, values)


FAMILY = Family(AGENT_GROUPS, "/v3/cc/seatGroup", GroupCall, TABLES)
_NAME = Field(is_text, required=True, least=4, most=32)
# Empty text clears it, as the page says.
_CLEARED = Field((is_integer, lambda value: value == ""))
_ON_OFF = Field(is_integer, required=True, values=(0, 1))
_GROUP = {"voiceGroupId": ID}
_EXISTS: Rule[GroupCall] = unknown_id("no agent group has this id", lambda call: call.group is None)


@FAMILY.endpoint(
    "addGroup",
    fields={"appId": Field((is_integer, is_text), required=True), "groupName": _NAME},
    rules=(
        Rule(
            -20,
            "a group of the application has this groupName",
            lambda call: call.is_name_taken(str(call.body["appId"])),
        ),
        quota("the account has as many agent groups as it may", "agent_group", "group_quota"),
    ),
    codes=STORING | {-63, -75},
)
def add_group(call: GroupCall) -> None:
    """Make a group; its id is not answered."""
    values = {"group_name": call.body["groupName"], "app_id": str(call.body["appId"])}
    call.database.insert("agent_group", values)


@FAMILY.endpoint(
    "updateGroup",
    fields={**_GROUP, "groupName": _NAME},
    rules=(
        _EXISTS,
        Rule(
            -20,
            "a group of the application has this groupName",
            lambda call: call.is_name_taken(
                call.group["app_id"], besides=0 if call.assumptions.own_group_name_taken else call.group_id
            ),
        ),
    ),
    codes=STORING | {-63},
    key_field="voiceGroupId",
)
def update_group(call: GroupCall) -> None:
    """Give a group another name."""
    call.change(group_name=call.body["groupName"])


@FAMILY.endpoint("query", fields=filters({"groupName": TEXT}))
def query_groups(call: GroupCall) -> dict[str, Any]:
    """List one page of groups."""
    query = """
        SELECT *, (
            SELECT count(*) FROM agent WHERE agent.voice_group_id = agent_group.voice_group_id AND delete_flag = 0
        ) AS count_seat
        FROM agent_group
    """

    def record(group: dict[str, Any]) -> dict[str, Any]:
        columns = shown(group, "voice_group_id", "callin_strategy", "count_seat", "group_name")
        return {**columns, "appName": application_name(group["app_id"])}

    columns = {"groupName": by_name(call, "group_name", "groupName")}
    # The listing's sample asks for 10 and shows 20.
    return page(call, query, columns, record, key="voice_group_id", size_shown=20)


@FAMILY.endpoint(
    "deleteGroup",
    method="GET",
    fields=_GROUP,
    rules=(
        Rule(-24, "no agent group has this id", lambda call: call.group is None),
        Rule(
            -64, "the group still has agents", lambda call: call.is_used("(SELECT * FROM agent WHERE delete_flag = 0)")
        ),
        Rule(-69, "a team leader is bound to the group", lambda call: call.is_used("team_leader_group")),
        Rule(-70, "a SIP trunk is bound to the group", lambda call: call.is_used("binding")),
    ),
    codes=COMMON | {-24, -63, -64, -69, -70},
    key_field="voiceGroupId",
)
def delete_group(call: GroupCall) -> None:
    """Delete a group that nothing is bound to."""
    call.database.run("DELETE FROM agent_group WHERE voice_group_id = :id", {"id": call.group_id})


def _has_a_tag_twice(call: GroupCall) -> bool:
    tags = call.body.get("labelName") or ()
    return len({*tags}) < len(tags)


_OPTIONAL_SETTINGS = {
    "callinStrategy": Field(is_integer, least=1, most=4),
    "timeoutTransferSec": _CLEARED,
    "callinAutoAnswerSec": _CLEARED,
    "wrapUpTime": _CLEARED,
    "timeoutIdle": _CLEARED,
    "timeoutWaitSec": OPTIONAL_ID,
    "turnSeatRing": TEXT,
    "labelName": Field(is_list, most=10, members=Field(is_text, required=True, most=20)),
    "fsNode": Field(is_text, values=("SG_FS", "USA_FS", "UAE_FS")),
}


@FAMILY.endpoint(
    "basicSetting",
    fields={**_GROUP, **_OPTIONAL_SETTINGS, "displaySwitch": _ON_OFF, "encryptNumber": _ON_OFF},
    rules=(
        _EXISTS,
        assumed(-22, "a tag is there twice", _has_a_tag_twice, switch="tags_distinct"),
        assumed(
            -22,
            "no upload has answered this turnSeatRing",
            lambda call: (
                call.body.get("turnSeatRing")
                and not call.database.exists("upload WHERE path = ?", call.body["turnSeatRing"])
            ),
            switch="unknown_ringtone_refused",
        ),
    ),
    codes=COMMON,
    key_field="voiceGroupId",
)
def set_settings(call: GroupCall) -> None:
    """Set what the request names; the rest stays or goes as the assumptions say."""
    values = changed(call, *_OPTIONAL_SETTINGS)
    if values.get("label_name") is not None:
        values["label_name"] = json.dumps(values["label_name"])
    call.change(**values, display_switch=call.body["displaySwitch"], encrypt_number=call.body["encryptNumber"])


@FAMILY.endpoint(
    "basicSettingResp",
    method="GET",
    fields=_GROUP,
    rules=(_EXISTS,),
    codes=COMMON,
    integer_status=True,
    key_field="voiceGroupId",
)
def get_settings(call: GroupCall) -> dict[str, Any]:
    """Return the settings of a group."""
    settings = {**call.group, "label_name": json.loads(call.group["label_name"] or "[]")}
    group_id, app_id, ringtone = settings.pop("voice_group_id"), settings.pop("app_id"), settings["turn_seat_ring"]
    return {
        call.assumptions.group_settings_id: group_id,
        "appName": application_name(app_id),
        "turnSeatRingUrl": f"{FILES}/{ringtone}" if ringtone else None,
        **shown(settings),
    }


def _sounds_like_one(content: bytes) -> bool:
    is_mp3 = content[:3] == b"ID3" or (content[:1] == b"\xff" and content[1:2] >= b"\xe0")
    return is_mp3 or (content[:4] == b"RIFF" and content[8:12] == b"WAVE")


@FAMILY.endpoint(
    "upload",
    fields=UPLOAD,
    rules=(
        assumed("broken_ringtone_code", "file is not base64", lambda call: call.content is None),
        Rule(
            "ringtone_format_code",
            "fileName ends in neither .mp3 nor .wav",
            lambda call: not call.has_ending(".mp3", ".wav"),
        ),
        Rule(
            -38,
            "the file has more than 1 MB",
            lambda call: len(call.content) > call.assumptions.ringtone_bytes,
        ),
        assumed(
            "ringtone_format_code",
            "the file is neither MP3 nor WAV",
            lambda call: not _sounds_like_one(call.content),
            switch="ringtone_content_checked",
        ),
    ),
    codes=COMMON | {-20, -21, -27, -38, -39},
    acting=(-21, -27, -39),
)
def upload_ringtone(call: GroupCall) -> dict[str, str]:
    """Store a ringtone under a name of its own."""
    stored = call.store("turnseatring-template/1")
    return {"fileName": stored, "fileUrl": f"{FILES}/{stored}"}


@FAMILY.endpoint(
    "delete/optionaudio",
    fields={"seatGroupId": ID},
    rules=(_EXISTS,),
    codes=COMMON | {-20, -21, -63},
    key_field="seatGroupId",
)
def delete_ringtone(call: GroupCall) -> None:
    """Take the ringtone from a group; that there is none is fine too."""
    call.change(turn_seat_ring=None)
