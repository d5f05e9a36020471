"""A request about voice messages and phones, the calls that it orders, and the records that these leave."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

from itnio_async.sandbox.changes import shown
from itnio_async.sandbox.relations import balance, is_busy
from itnio_async.sandbox.times import written
from itnio_async.sandbox.uploads import UploadCall
from itnio_async.sandbox.voice.assumptions import VoiceAssumptions
from itnio_async.sandbox.voice.tables import CALLS

# How a call ended, as SIP has it.
_ANSWERED, _BUSY = ("200", "OK"), ("486", "Busy Here")
# How seconds are charged: by the minute that has begun.
_STEP = 60


class VoiceCall(UploadCall[VoiceAssumptions]):
    """A request about voice messages and phones."""

    @cached_property
    def callees(self) -> Sequence[str]:
        """The numbers that are to be called."""
        numbers: str = self.body["callee"]
        return numbers.split(",")

    @cached_property
    def phone(self) -> Any:
        """The phone with the account, None if the application has none."""
        return self.database.row("phone WHERE account = ? AND app_id = ?", self.body["account"], self.body["appId"])

    @cached_property
    def recorded(self) -> Any:
        """The call with the id, its phone's names too, or None."""
        rows = self.database.rows(f"{CALLS} WHERE voice_id = ?", (self.body["voiceId"],))
        return dict(rows[0]) if rows else None

    def is_paid_for(self) -> bool:
        """Tell whether the balance is enough for the calls."""
        return balance(self.database) >= Decimal(str(self.assumptions.call_price)) * len(self.callees)

    def has_rate(self, number: str) -> bool:
        """Tell whether a call to the number has a price."""
        return number[0] not in self.assumptions.unrated_numbers

    def order(self, number: str, phone: Any = None) -> str:
        """Store a call to a number and what becomes of it, and return the id of its record."""
        lasts = self.assumptions.call_seconds
        is_answered = not is_busy(self.assumptions, number)
        last = self.database.row("sqlite_sequence WHERE name = 'voice_call'")
        at = written(self.now, self.assumptions.utc_offset)
        voice_id = "".join(filter(str.isdigit, at))[2:] + f"{(last['seq'] if last else 0) + 1:07d}"
        values = {
            "voice_id": voice_id,
            "phone_id": phone and phone["key_id"],
            "callee": number,
            "display_num": self.body.get("displayNum") or (phone and phone["display_num"]),
            "called_info": self.body.get("calledInfo") or None,
            "voice_file_id": self.body.get("fileId"),
            "cost": f"{self.assumptions.call_price if is_answered else 0:.4f}",
            "submitted_at": self.now,
            "answered_at": self.now + lasts / 2 if is_answered else None,
            "ended_at": self.now + lasts,
        }
        self.database.insert("voice_call", values)
        return voice_id


def record_of(call: VoiceCall, stored: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a call, with what a call of its kind has."""

    def moment(seconds: float | None) -> str | None:
        return None if seconds is None else written(seconds, call.assumptions.utc_offset)

    answered, ended = stored["answered_at"], stored["ended_at"]
    code, reason = _BUSY if answered is None else _ANSWERED
    common = {
        **shown(stored, "voice_id", "callee", "display_num", "cost"),
        "code": None,
        "submitTime": moment(stored["submitted_at"]),
        "callTime": moment(stored["submitted_at"]),
        "ringingTime": moment(stored["submitted_at"]),
        "answerTime": moment(answered),
        "hangupTime": moment(ended),
        "callDuration": 0 if answered is None else round(ended - answered),
        "chargedDuration": 0 if answered is None else _STEP * -int(-(ended - answered) // _STEP),
        "terminationCode": code,
        "terminationReason": reason,
        "billPeriod": f"{_STEP}+{_STEP}",
        "rate": f"{call.assumptions.call_price:.4f}",
        # An account in USD has none of these.
        **dict.fromkeys(("settleRate", "quoteExchange", "settlePay", "currency")),
    }
    if stored["phone_id"] is None:
        message = {**shown(stored, "voice_file_id", "called_info"), "baseCost": "0.0000", "feedbackValue": "-1"}
        return {**common, **message}
    recording = None if answered is None else f"{stored['voice_id']}.wav"
    return {**common, **shown(stored, "sip_group_name", "phone_name"), "recordingFileId": recording}
