"""What each agent group endpoint does with a request that its rules let through."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from itnio_async.api.agent_groups.codes import AGENT_GROUPS
from itnio_async.sandbox.agent_groups import rules
from itnio_async.sandbox.agent_groups.rules import GroupCall, group_id
from itnio_async.sandbox.agent_groups.tables import Groups
from itnio_async.sandbox.changes import changed, page, sought
from itnio_async.sandbox.handler import COMMON, STORING, endpoint
from itnio_async.sandbox.relations import application_name
from itnio_async.sandbox.uploads import UPLOAD, Uploads, content_of

# The listing's sample asks for 10 and shows 20.
SIZE_SHOWN = 20
# Where the links of uploaded files lead: nowhere, by a reserved name.
FILES = "https://files.sandbox.invalid"

# The settings that a request may leave out, by their fields.
_OPTIONAL = {
    "callinStrategy": "callin_strategy",
    "timeoutTransferSec": "timeout_transfer_sec",
    "callinAutoAnswerSec": "callin_auto_answer_sec",
    "wrapUpTime": "wrap_up_time",
    "timeoutIdle": "timeout_idle",
    "timeoutWaitSec": "timeout_wait_sec",
    "turnSeatRing": "turn_seat_ring",
    "labelName": "label_name",
    "fsNode": "fs_node",
}


def add_group(call: GroupCall) -> None:
    """Make a group; its id is not answered."""
    call.stored.add(call.body["groupName"], str(call.body["appId"]))


def update_group(call: GroupCall) -> None:
    """Give a group another name."""
    call.stored.change(call.body["voiceGroupId"], {"group_name": call.body["groupName"]})


def query_groups(call: GroupCall) -> dict[str, Any]:
    """List one page of groups."""
    whole = call.assumptions.name_filter == "whole"
    total, groups = call.stored.find(call.body["params"].get("groupName") or None, whole=whole, **sought(call))
    records = [
        {
            "voiceGroupId": group["voice_group_id"],
            "callinStrategy": group["callin_strategy"],
            "countSeat": group["agents"],
            "groupName": group["group_name"],
            "appName": application_name(group["app_id"]),
        }
        for group in groups
    ]
    return page(call, (total, records), size_shown=SIZE_SHOWN)


def delete_group(call: GroupCall) -> None:
    """Delete a group that nothing is bound to."""
    call.stored.delete(group_id(call))


def set_settings(call: GroupCall) -> None:
    """Set what the request names; the rest stays or goes as the assumptions say."""
    values = changed(call, _OPTIONAL)
    if values.get("label_name") is not None:
        values["label_name"] = json.dumps(values["label_name"])
    switches = {"display_switch": call.body["displaySwitch"], "encrypt_number": call.body["encryptNumber"]}
    call.stored.change(group_id(call), {**values, **switches})


def get_settings(call: GroupCall) -> dict[str, Any]:
    """Return the settings of a group."""
    group = call.stored.group(group_id(call))
    assert group is not None
    ringtone = group["turn_seat_ring"]
    return {
        call.assumptions.group_settings_id: group["voice_group_id"],
        "groupName": group["group_name"],
        "appName": application_name(group["app_id"]),
        **{name: group[column] for name, column in _OPTIONAL.items()},
        "turnSeatRingUrl": f"{FILES}/{ringtone}" if ringtone else None,
        "labelName": json.loads(group["label_name"] or "[]"),
        "displaySwitch": group["display_switch"],
        "encryptNumber": group["encrypt_number"],
    }


def upload_ringtone(call: GroupCall) -> dict[str, str]:
    """Store a ringtone under a name of its own."""
    content = content_of(call.body)
    assert content is not None
    uploads = Uploads(call.context.database)
    stored = uploads.add("turnseatring-template/1", call.body["fileName"], content, call.context.moment)
    return {"fileName": stored, "fileUrl": f"{FILES}/{stored}"}


def delete_ringtone(call: GroupCall) -> None:
    """Take the ringtone from a group; that there is none is fine too."""
    call.stored.change(group_id(call), {"turn_seat_ring": None})


_endpoint = partial(endpoint, store=Groups, family=AGENT_GROUPS, key_field="voiceGroupId")
_PATH = "/v3/cc/seatGroup"
HANDLERS = (
    _endpoint(
        f"{_PATH}/addGroup", add_group, fields=rules.ADD, rules=rules.ADDING, codes=STORING | {-63, -75}, key_field=None
    ),
    _endpoint(f"{_PATH}/updateGroup", update_group, fields=rules.UPDATE, rules=rules.UPDATING, codes=STORING | {-63}),
    _endpoint(f"{_PATH}/query", query_groups, fields=rules.QUERY),
    _endpoint(
        f"{_PATH}/deleteGroup",
        delete_group,
        method="GET",
        fields=rules.GROUP,
        rules=rules.DELETING,
        codes=COMMON | {-24, -63, -64, -69, -70},
    ),
    _endpoint(f"{_PATH}/basicSetting", set_settings, fields=rules.SETTINGS, rules=rules.SETTING, codes=COMMON),
    _endpoint(
        f"{_PATH}/basicSettingResp",
        get_settings,
        method="GET",
        fields=rules.GROUP,
        rules=(rules.EXISTS,),
        codes=COMMON,
        integer_status=True,
    ),
    _endpoint(
        f"{_PATH}/upload",
        upload_ringtone,
        fields=UPLOAD,
        rules=rules.UPLOADING,
        codes=COMMON | {-20, -21, -27, -38, -39},
        acting=(-21, -27, -39),
        key_field=None,
    ),
    _endpoint(
        f"{_PATH}/delete/optionaudio",
        delete_ringtone,
        fields=rules.RINGTONE,
        rules=(rules.EXISTS,),
        codes=COMMON | {-20, -21, -63},
        key_field="seatGroupId",
    ),
)
