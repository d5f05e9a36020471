"""The fields of requests for call records, and the rules beyond their form."""

from __future__ import annotations

from typing import TypeAlias

from itnio_async.sandbox.call_records.assumptions import CallRecordAssumptions
from itnio_async.sandbox.call_records.tables import CallRecords
from itnio_async.sandbox.fields import OPTIONAL_ID, Field, Fields, filters, ids, is_list
from itnio_async.sandbox.handler import Call
from itnio_async.sandbox.rules import Rule, is_integer, is_text
from itnio_async.sandbox.times import is_local_time, is_zoned_time, seconds

RecordCall: TypeAlias = Call[CallRecords, CallRecordAssumptions]
_Rule = Rule[RecordCall]

MOST_DAYS = 31
_DAY = 86_400


def _texts() -> Field:
    return Field(is_list, members=Field(is_text, required=True))


def _numbers(*values: int) -> Field:
    return Field(is_list, members=Field(is_integer, required=True, values=values))


_FILTERS: Fields = {
    "sipGroupName": Field(is_text),
    "seatNameList": _texts(),
    "callType": _numbers(1, 2, 3),
    "hangupReason": _numbers(*range(10)),
    "calledOrCaller": Field(is_text),
    "ccode": _texts(),
    "hangingDirection": _numbers(0, 1, 3),
    "labelNames": _texts(),
}
_TIME = Field((is_zoned_time, is_local_time), required=True)
QUERY = filters(
    {
        **_FILTERS,
        "startTime": _TIME,
        "endTime": _TIME,
        "voiceGroupId": OPTIONAL_ID,
        "seatId": ids(required=False),
    }
)
_ZONED = Field(is_zoned_time, required=True)
VOICE_QUERY = filters({**_FILTERS, "strTime": _ZONED, "endTime": _ZONED})


def window(call: RecordCall) -> tuple[float, float]:
    """Return the time that is asked about, in Unix seconds."""
    params = call.body["params"]
    first = params["startTime"] if "startTime" in params else params["strTime"]
    start, end = (seconds(text, call.assumptions.utc_offset) for text in (first, params["endTime"]))
    return start, end


def _is_of_another_form(call: RecordCall) -> bool:
    params, form = call.body["params"], call.assumptions.record_times
    wanted = {"both": lambda _: True, "with zone": is_zoned_time, "without zone": is_local_time}[form]
    return not all(wanted(params[name]) for name in ("startTime", "endTime"))


def _ends_before_it_starts(call: RecordCall) -> bool:
    start, end = window(call)
    return end < start


def _is_too_long(call: RecordCall) -> bool:
    start, end = window(call)
    return end - start > MOST_DAYS * _DAY


QUERYING: tuple[_Rule, ...] = (
    Rule(-22, "startTime and endTime have another form", _is_of_another_form, assumed=True),
    Rule(-22, "endTime is before startTime", _ends_before_it_starts, assumed=True),
)
VOICE_QUERYING: tuple[_Rule, ...] = (
    Rule(-22, "endTime is before strTime", _ends_before_it_starts, assumed=True),
    Rule(-22, "strTime is at most 31 days before endTime", _is_too_long),
    Rule(
        -22,
        "strTime is longer ago than two months",
        lambda call: window(call)[0] < call.now - call.assumptions.voice_record_days * _DAY,
    ),
)
