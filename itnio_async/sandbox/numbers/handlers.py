"""The numbers' endpoints: the fields of each, the rules beyond their form, and what is done.

-25 (out of the time limit), -29 (the workspace is disabled), -30 (the key is disabled) and -31 (the address is not
allowed) have no condition here: order them as a `Fault`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from math import ceil
from typing import Any, ClassVar

from itnio_async.api.numbers.codes import NUMBERS
from itnio_async.sandbox.changes import changed, page, shown
from itnio_async.sandbox.countries import country_code_of
from itnio_async.sandbox.fields import PAGE, REQUIRED_TEXT, TEXT, TEXTS, Field, Fields, filters, number_of
from itnio_async.sandbox.handler import COMMON, Family
from itnio_async.sandbox.numbers.assumptions import NumberAssumptions
from itnio_async.sandbox.numbers.tables import BINDINGS, FREE, LISTED, RECORDS, TABLES, set_members
from itnio_async.sandbox.rules import Rule, assumed, is_integer, is_object, is_text, unknown_id
from itnio_async.sandbox.times import through, written
from itnio_async.sandbox.uploads import UploadCall
from itnio_async.sandbox.windows import IN_ORDER, ZONED, window_of

_MOST_BYTES = 5 * 2**20
_MOST_CALLS = 9999
# Where the links of recordings lead: nowhere, by a reserved name.
_RECORDINGS = "https://recordings.sandbox.invalid"
_ANSWERED = "200"
_INBOUND = 2
_CHARGED_SECONDS = 60
_RATE = 0.02


class NumberCall(UploadCall[NumberAssumptions]):
    """A request about numbers, pools or bindings."""

    file_field: ClassVar[str] = "voicemailFile"
    name_field: ClassVar[str] = "voicemailFileName"

    @cached_property
    def number(self) -> Any:
        """The number that it is about, or None."""
        return self.database.row("number WHERE number = ?", self.body["number"])

    @cached_property
    def pool(self) -> Any:
        """The pool that it is about, by its number until now, or None."""
        name = "oldPoolNumber" if "oldPoolNumber" in self.body else "poolNumber"
        return self.database.row("number_pool WHERE pool_number = ?", self.body[name])

    @cached_property
    def binding(self) -> Any:
        """The binding that it is about, None if there is none or it is over."""
        return self.database.row(
            "phone_binding WHERE bind_id = ? AND ends_at > ?", number_of(self.body["bindId"]), self.now
        )

    @cached_property
    def free_numbers(self) -> list[str]:
        """The numbers of the pool that a binding takes: as many as it needs, if there are."""
        wanted = {
            "pool": self.pool["key_id"],
            "now": self.now,
            "wanted": self.body["bizType"],
            "shared": self.assumptions.middle_number_shared,
            "phone_a": self.body["phoneA"],
            "phone_b": self.body["phoneB"],
        }
        return [number for (number,) in self.database.rows(FREE, wanted)]


_CODES = COMMON | {-29, -30, -31}
FAMILY = Family(NUMBERS, "/number", NumberCall, TABLES, codes=_CODES)
_BY_APPLICATION = filters({"appId": TEXT})


# Numbers.


@FAMILY.endpoint("queryPage", fields=_BY_APPLICATION)
def query_numbers(call: NumberCall) -> dict[str, Any]:
    """List one page of numbers."""

    def record(number: dict[str, Any]) -> dict[str, Any]:
        due_date = written(number["due_at"], call.assumptions.utc_offset)
        kept = [name for name in number if name not in ("key_id", "due_at", "disabled")]
        return {**shown(number, *kept), "dueDate": due_date}

    return page(call, LISTED, {"appId": "app_id"}, record, {"now": call.now})


_OPTIONAL = {
    "outIp": Field(is_text, most=50),
    "inIp": Field(is_text, most=50),
    "inboundPrefix": Field(is_text, most=32),
    "remark": Field(is_text, most=50),
    "voicemailFile": TEXT,
    "voicemailFileName": TEXT,
    # An Integer in the table, a text in the sample.
    "voicemailMaxHangup": Field((is_integer, is_text), least=1, most=999),
}


_NO_ANNOUNCEMENT = dict.fromkeys(("voicemail_file_id", "voicemail_file_name"))


def _is_misnamed(call: NumberCall) -> bool:
    has_file, has_name = bool(call.body.get("voicemailFile")), bool(call.body.get("voicemailFileName"))
    return not call.has_ending(".mp3", ".wav", ".m4a") if has_name else has_file


@FAMILY.endpoint(
    "edit",
    fields={
        "number": REQUIRED_TEXT,
        "appId": REQUIRED_TEXT,
        # A String here, an Integer in the listing.
        "enableVoicemail": Field((is_text, is_integer), required=True, values=("0", "1", 0, 1)),
        **_OPTIONAL,
    },
    rules=(
        unknown_id("the account has no such number", lambda call: call.number is None),
        Rule(
            -22,
            "voicemailMaxHangup is required where there is voicemail",
            lambda call: number_of(call.body["enableVoicemail"]) and not call.body.get("voicemailMaxHangup"),
        ),
        assumed(
            -22,
            "voicemailMaxHangup is not 1 to 999",
            lambda call: (
                call.body.get("voicemailMaxHangup") and number_of(call.body["voicemailMaxHangup"]) not in range(1, 1000)
            ),
        ),
        assumed(-22, "voicemailFileName ends in none of .mp3, .wav and .m4a", _is_misnamed),
        assumed(
            -22,
            "voicemailFile is not base64",
            lambda call: call.body.get("voicemailFile") and call.content is None,
        ),
        Rule(
            -22,
            "voicemailFile has more than 5 MB",
            lambda call: call.body.get("voicemailFile") and len(call.content) > _MOST_BYTES,
        ),
    ),
)
def update_number(call: NumberCall) -> None:
    """Set what the request names; the rest stays or goes as the assumptions say."""
    values = changed(call, *_OPTIONAL)
    if "voicemail_file" in values:
        is_given = bool(values.pop("voicemail_file"))
        # An announcement that goes takes its name along.
        values |= {"voicemail_file_id": call.store("voicemail/")} if is_given else _NO_ANNOUNCEMENT
    if values.get("voicemail_max_hangup"):
        values["voicemail_max_hangup"] = number_of(values["voicemail_max_hangup"])
    values |= {"app_id": call.body["appId"], "enable_voicemail": number_of(call.body["enableVoicemail"])}
    call.database.change("number", {"number": call.body["number"]}, values)


@FAMILY.endpoint(
    "record/queryPage",
    fields=filters({"strTime": ZONED, "endTime": ZONED}),
    rules=(IN_ORDER,),
)
def query_records(call: NumberCall) -> dict[str, Any]:
    """List one page of the numbers' calls of a time."""
    start, end = window_of(call)
    values = {"now": call.now, "start": start, "end": through(end)}
    return page(call, RECORDS, {}, lambda stored: _record(call, stored), values)


def _record(call: NumberCall, stored: dict[str, Any]) -> dict[str, Any]:
    parties = [stored["other"], stored["number"]]
    caller, called = parties if stored["call_source"] == _INBOUND else parties[::-1]
    duration = round(stored["ended_at"] - stored["started_at"])
    periods = ceil(duration / _CHARGED_SECONDS)
    is_answered = stored["sip_code"] == _ANSWERED
    callid = f"{int(stored['started_at'])}{stored['key_id']:06d}"
    unit = 1 if call.assumptions.number_record_times == "seconds" else 1000
    return {
        **shown(stored, "number", "type", "ccode", "country", "call_source", "sip_code", "app_id"),
        "callid": callid,
        "caller": caller,
        "called": called,
        "callDuration": duration,
        "chargedDuration": periods * _CHARGED_SECONDS,
        "startTime": str(int(stored["started_at"] * unit)),
        "endTime": str(int(stored["ended_at"] * unit)),
        "pay": round(periods * _RATE, 4),
        "recordingFileUrl": f"{_RECORDINGS}/{callid}.mp3" if is_answered else None,
        "hangupReason": "hung up" if is_answered else "busy",
        "chargedPeriod": str(_CHARGED_SECONDS),
        "customerRate": str(_RATE),
    }


# Pools.


def _unknown_number(call: NumberCall) -> str | None:
    numbers: Sequence[str] = call.body.get("numberList") or ()
    return next((one for one in numbers if not call.database.exists("number WHERE number = ?", one)), None)


def _is_beyond(call: NumberCall) -> bool:
    return number_of(call.body["maxConcurrency"]) not in range(_MOST_CALLS + 1)


def _is_taken(call: NumberCall) -> bool:
    own = call.pool["key_id"] if "oldPoolNumber" in call.body else 0
    return call.database.exists("number_pool WHERE pool_number = ? AND key_id <> ?", call.body["poolNumber"], own)


_POOL: Fields = {"customerWhitelist": Field(is_text, required=True, least=1, most=200), "numberList": TEXTS}
_POOL_NUMBER = Field(is_text, required=True, least=1, most=20)
_STORING: tuple[Rule[NumberCall], ...] = (
    Rule(-20, "another pool has this poolNumber", _is_taken),
    assumed(
        "unknown_id_code",
        "the account has no such number",
        _unknown_number,
        switch="unknown_pool_number_refused",
    ),
)


def _settings(call: NumberCall) -> dict[str, Any]:
    return {
        "pool_number": call.body["poolNumber"],
        "customer_whitelist": call.body["customerWhitelist"],
        "max_concurrency": number_of(call.body["maxConcurrency"]),
    }


@FAMILY.endpoint(
    "createNumberPool",
    # An Array in the table, which no number of calls can be.
    fields={"poolNumber": _POOL_NUMBER, "maxConcurrency": Field(is_integer, required=True, most=_MOST_CALLS), **_POOL},
    rules=_STORING,
    codes=_CODES | {-20},
)
def add_pool(call: NumberCall) -> None:
    """Make a pool."""
    set_members(call.database, call.database.insert("number_pool", _settings(call)), call.body.get("numberList") or ())


@FAMILY.endpoint(
    "editNumberPool",
    fields={
        "oldPoolNumber": REQUIRED_TEXT,
        "poolNumber": REQUIRED_TEXT,
        # A String in the table, an Integer in the sample.
        "maxConcurrency": Field((is_text, is_integer), required=True, most=_MOST_CALLS),
        **_POOL,
    },
    rules=(
        assumed(-22, "maxConcurrency is not 0 to 9999", _is_beyond),
        Rule(-24, "no pool has this oldPoolNumber", lambda call: call.pool is None),
        *_STORING,
    ),
    codes=_CODES | {-20, -24},
)
def update_pool(call: NumberCall) -> None:
    """Change a pool, whose bindings last; its numbers stay or go as the assumptions say if they are left out."""
    key = call.pool["key_id"]
    call.database.change("number_pool", {"key_id": key}, _settings(call))
    members = changed(call, "numberList")
    if members:
        set_members(call.database, key, members["number_list"] or ())


@FAMILY.endpoint(
    # The page lists no filters: any are taken, and none of them narrows it.
    "queryNumberPool",
    fields={**PAGE, "params": Field(is_object, fields={})},
    codes=_CODES | {-25},
)
def query_pools(call: NumberCall) -> dict[str, Any]:
    """List one page of pools, each with its numbers."""

    def record(pool: dict[str, Any]) -> dict[str, Any]:
        query = "SELECT number FROM number_pool_member WHERE pool_id = ? ORDER BY rowid"
        members = call.database.rows(query, (pool.pop("key_id"),))
        return {**shown(pool), "numberList": [number for (number,) in members]}

    return page(call, "SELECT * FROM number_pool", {}, record)


# Bindings.


def _is_bound(call: NumberCall) -> bool:
    phones = (call.body["phoneA"], call.body["phoneB"])
    of_pool = call.assumptions.phone_bound_once_in == "pool"
    where = "phone_binding WHERE ends_at > ? AND (phone_a IN (?, ?) OR phone_b IN (?, ?)) AND (pool_id = ? OR NOT ?)"
    return call.database.exists(where, call.now, *phones, *phones, call.pool["key_id"], of_pool)


@FAMILY.endpoint(
    "pns/bind",
    fields={
        "phoneA": Field(is_text, required=True, least=1, most=20),
        "phoneB": Field(is_text, required=True, least=4, most=20),
        "poolNumber": _POOL_NUMBER,
        "expireS": Field(is_integer, required=True, least=1, most=259_200),
        "appId": REQUIRED_TEXT,
        "bizType": Field(is_integer, required=True, values=(1, 2)),
    },
    rules=(
        unknown_id("no pool has this poolNumber", lambda call: call.pool is None),
        Rule(
            -22,
            "the phones have different country codes",
            lambda call: country_code_of(call.body["phoneA"]) != country_code_of(call.body["phoneB"]),
        ),
        Rule(-35, "one of the phones is bound", _is_bound),
        Rule(-41, "too few free numbers", lambda call: len(call.free_numbers) < call.body["bizType"]),
    ),
    codes=_CODES | {-35, -41},
)
def bind(call: NumberCall) -> dict[str, Any]:
    """Bind two phones by one number of the pool, or by two, which are not free until its end."""
    numbers = call.free_numbers
    binding = {
        "app_id": call.body["appId"],
        "pool_id": call.pool["key_id"],
        "phone_a": call.body["phoneA"],
        "phone_b": call.body["phoneB"],
        "pns_number_a": numbers[0],
        "pns_number_b": numbers[-1],
        "ends_at": call.now + call.body["expireS"],
    }
    bind_id = call.database.insert("phone_binding", binding)
    is_text_wanted = call.assumptions.binding_id_answered == "text"
    return {**shown(binding, "pns_number_a", "pns_number_b"), "bindId": str(bind_id) if is_text_wanted else bind_id}


@FAMILY.endpoint(
    "pns/unbind",
    # A String here, an Integer in the listing.
    fields={"bindId": Field((is_text, is_integer), required=True), "appId": REQUIRED_TEXT},
    rules=(
        Rule(-24, "no binding has this bindId", lambda call: call.binding is None),
        assumed(-24, "it is of another application", lambda call: call.binding["app_id"] != call.body["appId"]),
    ),
    codes=_CODES | {-24},
    key_field="bindId",
)
def unbind(call: NumberCall) -> None:
    """End a binding before its time."""
    call.database.change("phone_binding", {"bind_id": call.binding["bind_id"]}, {"ends_at": call.now})


@FAMILY.endpoint("pns/queryBindPage", fields=_BY_APPLICATION)
def query_bindings(call: NumberCall) -> dict[str, Any]:
    """List one page of bindings."""

    def record(binding: dict[str, Any]) -> dict[str, Any]:
        end, offset = binding["ends_at"], call.assumptions.utc_offset
        in_seconds = call.assumptions.binding_ends_written == "seconds"
        names = ("bind_id", "phone_a", "phone_b", "pns_number_a", "pns_number_b")
        return {**shown(binding, *names), "expireTime": str(int(end)) if in_seconds else written(end, offset)}

    values = {"now": call.now, "ended": call.assumptions.ended_bindings_listed}
    return page(call, BINDINGS, {"appId": "app_id"}, record, values, key="bind_id")
