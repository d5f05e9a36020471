"""What the two listings of calls do with a request that their rules let through."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from itnio_async.api.call_records.codes import CALL_RECORDS
from itnio_async.sandbox import relations
from itnio_async.sandbox.call_records import rules
from itnio_async.sandbox.call_records.rules import RecordCall
from itnio_async.sandbox.call_records.tables import CallRecords
from itnio_async.sandbox.changes import page, sought
from itnio_async.sandbox.handler import endpoint, written

# Where the links of recordings lead: nowhere, by a reserved name.
RECORDINGS = "https://recordings.sandbox.invalid"
_ANSWERED = "200"
_BUSY = "486"


def query_records(call: RecordCall) -> dict[str, Any]:
    """List one page of the calls of a time."""
    params = call.body["params"]
    start, end = rules.window(call)
    filters = {
        "now": call.now,
        "start": start,
        "end": end,
        "tagged": bool(params.get("labelNames")),
        "group": params.get("voiceGroupId"),
        "group_name": params.get("sipGroupName") or None,
        "whole": call.assumptions.name_filter == "whole",
        "agents": _list(params.get("seatId")),
        "agent_names": _list(params.get("seatNameList")),
        "call_types": _list(params.get("callType")),
        "hangup_reasons": _list(params.get("hangupReason")),
        "directions": _list(params.get("hangingDirection")),
        "ccodes": _list(params.get("ccode")),
        "number": params.get("calledOrCaller") or None,
    }
    total, records = call.stored.find(filters, **sought(call))
    return page(call, (total, [_record(call, record) for record in records]))


def _list(values: Any) -> str | None:
    return json.dumps(values) if values else None


def _record(call: RecordCall, stored: dict[str, Any]) -> dict[str, Any]:
    record = {
        "keyId": stored["key_id"],
        "callSessionId": f"{int(stored['started_at'])}{stored['key_id']:06d}",
        "called": stored["called"],
        "encryptCalled": relations.masked(call.context.database, stored["called"], stored["voice_group_id"]),
        "calledInfo": stored["called_info"],
    }
    if call.assumptions.record_fields == "as pushed":
        record |= _as_pushed(call, stored, record["callSessionId"])
    return record


def _as_pushed(call: RecordCall, stored: dict[str, Any], session: str) -> dict[str, Any]:
    answered = stored["answered_at"]

    def moment(seconds: float | None) -> str | None:
        return None if seconds is None else written(seconds, call.assumptions.utc_offset)

    return {
        "caller": stored["caller"],
        "ccode": stored["ccode"],
        "agentName": stored["agent_name"],
        "agentGroupName": stored["group_name"],
        "agentAccount": stored["agent_account"],
        "callDuration": 0 if answered is None else round(stored["ended_at"] - answered),
        "callType": stored["call_type"],
        "hangupCode": _BUSY if answered is None else _ANSWERED,
        "hangupReason": stored["hangup_reason"],
        "hangingDirection": stored["hanging_direction"],
        "labels": [],
        "callStartTime": moment(stored["started_at"]),
        "answerTime": moment(answered),
        "callEndTime": moment(stored["ended_at"]),
        "voiceUrl": None if answered is None else f"{RECORDINGS}/{session}.mp3",
    }


_endpoint = partial(endpoint, store=CallRecords, family=CALL_RECORDS)
HANDLERS = (
    _endpoint("/v3/cc/record/query", query_records, fields=rules.QUERY, rules=rules.QUERYING),
    _endpoint("/voice/ccRecordQuery", query_records, fields=rules.VOICE_QUERY, rules=rules.VOICE_QUERYING),
)
