"""The endpoints of voice messages and phones: the fields of each, the rules beyond their form, and what is done.

A number is called once: what redials would come to is not imitated.
"""

from __future__ import annotations

import re
import secrets
from typing import Any

from itnio_async.api.voice.codes import VOICE
from itnio_async.sandbox.changes import page, shown
from itnio_async.sandbox.fields import PAGE, REQUIRED_TEXT, TEXT, Field, Fields, filters
from itnio_async.sandbox.handler import COMMON, STORING, Family
from itnio_async.sandbox.rules import Rule, assumed, is_integer, is_number, is_text, unknown_id
from itnio_async.sandbox.times import through
from itnio_async.sandbox.uploads import UPLOAD
from itnio_async.sandbox.voice.calls import VoiceCall, record_of
from itnio_async.sandbox.voice.tables import ENDED, TABLES
from itnio_async.sandbox.windows import OF_TWO_MONTHS, ZONED, begins_too_early, window_of

FAMILY = Family(VOICE, "/voice", VoiceCall, TABLES, codes=COMMON)

# Sound files.


@FAMILY.endpoint(
    "fileUpload",
    fields=UPLOAD,
    rules=(
        assumed("voice_file_code", "file is not base64", lambda call: call.content is None),
        assumed(
            "voice_file_code",
            "fileName ends in none of .mp3, .m4a and .wav",
            lambda call: not call.has_ending(".mp3", ".m4a", ".wav"),
        ),
        Rule(
            -20,
            "another sound file has this fileName",
            lambda call: call.database.exists("voice_file WHERE file_name = ?", call.body["fileName"]),
        ),
    ),
    codes=COMMON | {-20, -21},
    acting=(-21,),
)
def upload_file(call: VoiceCall) -> str:
    """Store a sound file, and return its id."""
    file_id = call.store("1")
    call.database.insert("voice_file", {"file_id": file_id, "file_name": call.body["fileName"]})
    return file_id


@FAMILY.endpoint("fileQuery", fields=PAGE)
def query_files(call: VoiceCall) -> dict[str, Any]:
    """List one page of sound files."""
    return page(call, "SELECT * FROM voice_file", {}, lambda file: shown(file, "file_id", "file_name"))


# Calls.


def _digits(least: int, most: int, *, required: bool = True) -> Field:
    return Field(is_text, required=required, least=least, most=most, form=re.compile("[0-9]*+"))


_CALL: Fields = {
    "appId": REQUIRED_TEXT,
    "displayNum": _digits(7, 15, required=False),
    "calledInfo": Field(is_text, most=1000),
}
_MESSAGE: Fields = {
    **_CALL,
    "loopCount": Field(is_integer, least=1, most=9),
    "maxDuration": Field(is_integer, least=1, most=120),
    "maxRingingTime": Field(is_integer, least=20, most=120),
}
_NUMBERS = re.compile("[0-9]{7,15}+(?:,[0-9]{7,15}+)*+")
_ORDERING: tuple[Rule[VoiceCall], ...] = (
    Rule(-10, "the balance is less than the calls cost", lambda call: not call.is_paid_for()),
    assumed(-26, "no number has a rate", lambda call: not any(map(call.has_rate, call.callees))),
)
_CODES = COMMON | {-10, -26}


@FAMILY.endpoint(
    "sendCode",
    fields={
        **_MESSAGE,
        "callee": _digits(7, 15),
        "language": REQUIRED_TEXT,
        "text": Field(is_text, required=True, most=1000),
        "speakingRate": Field(is_number, least=0.25, most=4),
        "ssmlGender": Field(is_integer, values=(1, 2)),
        "accent": TEXT,
        "recallCount": Field(is_integer, least=0, most=9),
        # 1 to 999 in the table; the sample has 0 beside a recallCount of 0.
        "recallInterval": Field(is_integer, least=0, most=999),
    },
    rules=(
        assumed(
            -22,
            "recallInterval is 0, and the number is to be dialled again",
            lambda call: call.body.get("recallInterval") == 0 and call.body.get("recallCount"),
        ),
        *_ORDERING,
    ),
    codes=_CODES,
)
def send_code(call: VoiceCall) -> str:
    """Call a number and read out a text."""
    return call.order(call.body["callee"])


@FAMILY.endpoint(
    "sendGroup",
    fields={
        **_MESSAGE,
        "callee": Field(is_text, required=True, least=1, most=1000, joined=True, form=_NUMBERS),
        "fileId": REQUIRED_TEXT,
    },
    rules=(
        unknown_id(
            "no sound file has this fileId",
            lambda call: not call.database.exists("voice_file WHERE file_id = ?", call.body["fileId"]),
        ),
        *_ORDERING,
    ),
    codes=_CODES,
)
def send_file(call: VoiceCall) -> list[dict[str, str | None]]:
    """Call numbers and play a file, and say of each whether it is called."""

    def result(number: str) -> dict[str, str | None]:
        if call.has_rate(number):
            success = {"terminationCode": "0", "terminationReason": "success"}
            return {"voiceId": call.order(number), "callee": number, **success}
        failure = {"terminationCode": call.assumptions.unrated_result, "terminationReason": "no rate"}
        return {"voiceId": None, "callee": number, **failure}

    return list(map(result, call.callees))


# Phones.


def _is_name_taken(call: VoiceCall) -> bool:
    where = "phone WHERE app_id = ? AND (group_name = ? OR ? IN (given_name, phone_name))"
    return call.database.exists(where, *(call.body[name] for name in ("appId", "groupName", "phoneName")))


def _is_quota_reached(call: VoiceCall) -> bool:
    most = call.assumptions.phone_quota
    wanted: int = call.body["quantity"]
    return most is not None and call.database.count("phone") + wanted > most


@FAMILY.endpoint(
    "sipAdd",
    fields={
        "appId": REQUIRED_TEXT,
        "groupName": Field(is_text, required=True, least=4, most=32),
        "phoneName": Field(is_text, required=True, least=4, most=32),
        "quantity": Field(is_integer, required=True, least=1, most=50),
        "displayNum": _digits(7, 13),
    },
    rules=(
        Rule(-20, "the application has this groupName or phoneName", _is_name_taken),
        assumed(-23, "the account has as many phones as it may", _is_quota_reached),
    ),
    codes=STORING,
)
def add_phones(call: VoiceCall) -> None:
    """Make some phones, whose accounts come of how many there are."""
    names = {column: call.body[name] for column, name in _COLUMNS.items()}
    before = call.database.count("phone")
    for number in range(1, call.body["quantity"] + 1):
        suffix = f"{number:03d}" if call.assumptions.phone_names == "numbered" else ""
        account = f"SBphone_{before + number:04d}"
        own = {"phone_name": f"{names['given_name']}{suffix}", "account": account, "password": _password()}
        call.database.insert("phone", {**names, **own})


_COLUMNS = {"app_id": "appId", "group_name": "groupName", "given_name": "phoneName", "display_num": "displayNum"}


def _password() -> str:
    return f"madeup{secrets.token_hex(4)}"


@FAMILY.endpoint("sipQuery", fields=filters({"appId": REQUIRED_TEXT}))
def query_phones(call: VoiceCall) -> dict[str, Any]:
    """List one page of the phones of an application, each with its password."""

    def record(phone: dict[str, Any]) -> dict[str, Any]:
        return shown(phone, "group_name", "phone_name", "account", "password", "display_num")

    return page(call, "SELECT * FROM phone", {"appId": "app_id"}, record)


@FAMILY.endpoint(
    "sipReset",
    fields={"account": Field(is_text, required=True, least=4, most=32), "appId": REQUIRED_TEXT},
    rules=(Rule(-24, "the application has no phone with this account", lambda call: call.phone is None),),
    codes=COMMON | {-24},
)
def reset_phone(call: VoiceCall) -> dict[str, str]:
    """Give a phone another password."""
    password = _password()
    call.database.change("phone", {"key_id": call.phone["key_id"]}, {"password": password})
    return {"account": call.phone["account"], "password": password}


@FAMILY.endpoint(
    "sendSip",
    fields={**_CALL, "callee": _digits(7, 15), "account": REQUIRED_TEXT},
    rules=(
        unknown_id("the application has no phone with this account", lambda call: call.phone is None),
        *_ORDERING,
    ),
    codes=_CODES,
)
def send_phone_call(call: VoiceCall) -> str:
    """Call a number from a phone."""
    return call.order(call.body["callee"], call.phone)


# Records.


def _kind(*, is_phone: bool) -> Rule[VoiceCall]:
    def is_of_another(call: VoiceCall) -> bool:
        return call.recorded is None or (call.recorded["phone_id"] is not None) != is_phone

    return unknown_id("no call of this kind has the id", is_of_another)


def _lasts(call: VoiceCall) -> bool:
    return bool(call.recorded["ended_at"] > call.now)


_ENDED: Rule[VoiceCall] = assumed("unended_record_code", "the call has not ended", _lasts)
# The page on the calls of phones alone speaks of two months.
_RECENT: Rule[VoiceCall] = unknown_id(
    "the call is longer ago than two months", lambda call: begins_too_early(call, call.recorded["submitted_at"])
)
_ID = {"voiceId": REQUIRED_TEXT}


@FAMILY.endpoint("recordSip/{voiceId}", method="GET", fields=_ID, rules=(_kind(is_phone=True), _RECENT, _ENDED))
@FAMILY.endpoint("recordGroup/{voiceId}", method="GET", fields=_ID, rules=(_kind(is_phone=False), _ENDED))
def get_record(call: VoiceCall) -> dict[str, Any] | None:
    """Return the record of a call, if it has ended."""
    return None if _lasts(call) else record_of(call, call.recorded)


def _listed(call: VoiceCall, where: str, columns: dict[str, str]) -> dict[str, Any]:
    start, end = window_of(call)
    values = {"now": call.now, "start": start, "end": through(end)}
    found = page(call, f"{ENDED} AND {where}", columns, lambda stored: record_of(call, stored), values)
    return {**found, "searchCount": True}


_WINDOW = {"strTime": ZONED, "endTime": ZONED}


@FAMILY.endpoint(
    "recordSipQuery", fields=filters({**_WINDOW, "sipGroupName": TEXT, "phoneName": TEXT}), rules=OF_TWO_MONTHS
)
def query_phone_records(call: VoiceCall) -> dict[str, Any]:
    """List one page of the calls that phones made in a time."""
    columns = {"sipGroupName": "sip_group_name", "phoneName": "phone_name"}
    return _listed(call, "phone_id IS NOT NULL", columns)


@FAMILY.endpoint("recordGroupQuery", fields=filters(_WINDOW), rules=OF_TWO_MONTHS)
def query_records(call: VoiceCall) -> dict[str, Any]:
    """List one page of the calls that played a message in a time."""
    return _listed(call, "phone_id IS NULL", {})
