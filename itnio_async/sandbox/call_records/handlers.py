"""The two listings of calls: their fields, the rules beyond their form, and what they show."""

from __future__ import annotations

from typing import Any, TypeAlias

from itnio_async.api.call_records.codes import CALL_RECORDS
from itnio_async.sandbox import relations
from itnio_async.sandbox.call_records.assumptions import CallRecordAssumptions
from itnio_async.sandbox.changes import by_name, page, shown
from itnio_async.sandbox.fields import OPTIONAL_ID, TEXT, TEXTS, Field, Fields, filters, ids, numbers
from itnio_async.sandbox.handler import Family
from itnio_async.sandbox.rules import Call, assumed
from itnio_async.sandbox.times import is_local_time, is_zoned_time, through, written
from itnio_async.sandbox.windows import IN_ORDER, OF_TWO_MONTHS, ZONED, texts_of, window_of

# The moments are Unix times: a call is there as soon as it is planned, and is listed once it has ended.
TABLES = """
CREATE TABLE call_record (
    key_id INTEGER PRIMARY KEY AUTOINCREMENT,
    called TEXT NOT NULL,
    called_info TEXT,
    caller TEXT,
    ccode TEXT,
    agent_id INTEGER,
    voice_group_id INTEGER,
    call_type INTEGER NOT NULL,
    hangup_reason INTEGER NOT NULL,
    hanging_direction INTEGER NOT NULL,
    started_at REAL NOT NULL,
    answered_at REAL,
    ended_at REAL NOT NULL
);
CREATE INDEX call_record_agent ON call_record (agent_id, started_at);
CREATE INDEX call_record_start ON call_record (started_at);
"""
_LISTED = """
SELECT call_record.*, agent.name AS agent_name, agent.account AS agent_account, group_name AS agent_group_name
FROM call_record
    LEFT JOIN agent ON agent.key_id = agent_id
    LEFT JOIN agent_group ON agent_group.voice_group_id = call_record.voice_group_id
WHERE ended_at <= :now AND started_at >= :start AND started_at <= :end
"""
# Where the links of recordings lead: nowhere, by a reserved name.
RECORDINGS = "https://recordings.sandbox.invalid"
_ANSWERED = "200"
_BUSY = "486"


RecordCall: TypeAlias = Call[CallRecordAssumptions]


def _is_of_another_form(call: RecordCall) -> bool:
    form = call.assumptions.record_times
    fits = is_zoned_time if form == "with zone" else is_local_time
    return form != "both" and not all(map(fits, texts_of(call)))


FAMILY = Family(CALL_RECORDS, "", RecordCall, TABLES)
_FILTERS: Fields = {
    "sipGroupName": TEXT,
    "seatNameList": TEXTS,
    "callType": numbers(1, 2, 3),
    "hangupReason": numbers(*range(10)),
    "calledOrCaller": TEXT,
    "ccode": TEXTS,
    "hangingDirection": numbers(0, 1, 3),
    "labelNames": TEXTS,
}
_TIME = Field((is_zoned_time, is_local_time), required=True)


@FAMILY.endpoint(
    "v3/cc/record/query",
    fields=filters(
        {**_FILTERS, "startTime": _TIME, "endTime": _TIME, "voiceGroupId": OPTIONAL_ID, "seatId": ids(required=False)}
    ),
    rules=(
        assumed(-22, "startTime and endTime have another form", _is_of_another_form),
        IN_ORDER,
    ),
)
@FAMILY.endpoint(
    "voice/ccRecordQuery",
    fields=filters({**_FILTERS, "strTime": ZONED, "endTime": ZONED}),
    rules=OF_TWO_MONTHS,
)
def query_records(call: RecordCall) -> dict[str, Any]:
    """List one page of the calls of a time."""

    def record(stored: dict[str, Any]) -> dict[str, Any]:
        session = f"{int(stored['started_at'])}{stored['key_id']:06d}"
        masked = relations.masked(call.database, stored["called"], stored["voice_group_id"])
        as_read = {
            **shown(stored, "key_id", "called", "called_info"),
            "callSessionId": session,
            "encryptCalled": masked,
        }
        pushed = _as_pushed(call, stored, session) if call.assumptions.record_fields == "as pushed" else {}
        return {**as_read, **pushed}

    columns = {
        "voiceGroupId": "voice_group_id",
        "sipGroupName": by_name(call, "agent_group_name", "sipGroupName"),
        "seatId": "agent_id",
        "seatNameList": "agent_name",
        "callType": "call_type",
        "hangupReason": "hangup_reason",
        "hangingDirection": "hanging_direction",
        "ccode": "ccode",
        "calledOrCaller": "(called = :calledOrCaller OR caller = :calledOrCaller)",
        "labelNames": ":labelNames IS NULL",  # no call has tags
    }
    start, end = window_of(call)
    return page(call, _LISTED, columns, record, {"now": call.now, "start": start, "end": through(end)})


def _as_pushed(call: RecordCall, stored: dict[str, Any], session: str) -> dict[str, Any]:
    """Return what a record has beside the fields that could be read, by what the vendor pushes of a call."""
    answered = stored["answered_at"]

    def moment(seconds: float | None) -> str | None:
        return None if seconds is None else written(seconds, call.assumptions.utc_offset)

    names = ("caller", "ccode", "agent_name", "agent_group_name", "agent_account", "call_type")
    return {
        **shown(stored, *names, "hangup_reason", "hanging_direction"),
        "callDuration": 0 if answered is None else round(stored["ended_at"] - answered),
        "hangupCode": _BUSY if answered is None else _ANSWERED,
        "labels": [],
        "callStartTime": moment(stored["started_at"]),
        "answerTime": moment(answered),
        "callEndTime": moment(stored["ended_at"]),
        "voiceUrl": None if answered is None else f"{RECORDINGS}/{session}.mp3",
    }
