"""What the fields of group calls and of redials must be together, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from itnio_async.api.enumerations import YesNo
from itnio_async.api.group_calls.contents import CallContent, GroupCallSource
from itnio_async.api.group_calls.redials import RedialStepUpdate, RedialUpdate
from itnio_async.api.group_calls.types import GroupCallResend, GroupCallSend, GroupCallSettings, GroupCallUpdate
from itnio_async.errors import InvalidRequestError
from itnio_async.values import is_missing, wire_name

_OF_SOURCE: dict[int, tuple[str, tuple[str, ...]]] = {
    GroupCallSource.STORED_FILE: ("a stored file", ("voice_file_id",)),
    GroupCallSource.SENT_FILE: ("a file that is sent along", ("upload_name", "base_file")),
    GroupCallSource.TEXT: ("a text that is read out", ("text", "lan")),
}
_OCCASIONS = ("feedback_push", "success_push", "failed_push", "ring_push")
_AGENTS, _SMS = "a task that hands calls to agents", "an SMS after the call"


def check_send(request: GroupCallSend) -> None:
    """Refuse a task without numbers, or without what it needs otherwise; raises `InvalidRequestError`."""
    if is_missing(request.number_list) and is_missing(request.number_info_list):
        raise _refusal("number_list", "a task needs it, or number_info_list.")
    _check_task(request)
    _check_occasion(request)
    _check_ratio(request)


def check_update(request: GroupCallUpdate) -> None:
    """Refuse a change of a task without what it needs; raises `InvalidRequestError`."""
    _check_task(request)
    _check_occasion(request)
    _check_delay(request)


def check_resend(request: GroupCallResend) -> None:
    """Refuse a repeated task without what it needs; raises `InvalidRequestError`."""
    _check_task(request)
    _check_ratio(request)


def check_redial(request: RedialUpdate) -> None:
    """Refuse a change of a redial with a step that lacks what it needs; raises `InvalidRequestError`."""
    steps: object = request.node_list
    for index, step in enumerate(steps) if isinstance(steps, list | tuple) else ():
        # Anything else is refused by the codec, with a better text.
        if isinstance(step, RedialStepUpdate):
            _check_step(step, f"node_list[{index}].")


def _check_step(step: RedialStepUpdate, place: str) -> None:
    if is_missing(step.source):
        _require(step, ("script_id",), "a step without a source", place)
        return
    _require(step, ("hang_up_sms",), "a step that plays something", place)
    _check_content(step, step.source, place)
    if step.hang_up_sms is YesNo.YES:
        _require(step, ("sms_content",), _SMS, place)
    _check_occasion(step, place)
    _check_delay(step, place)


def _check_task(request: GroupCallSettings) -> None:
    _check_content(request, request.source)
    if request.hang_up_sms is YesNo.YES:
        _require(request, ("sms_app_id", "sms_content"), _SMS)
    if request.to_seat is YesNo.YES:
        _require(request, ("sip_group_id",), _AGENTS)


def _check_ratio(request: GroupCallSend | GroupCallResend) -> None:
    if request.to_seat is YesNo.YES:
        _require(request, ("outbound_control", "callout_rate", "to_seat_type"), _AGENTS)


def _check_content(request: CallContent, source: object, place: str = "") -> None:
    # What is no number is refused by the codec.
    if isinstance(source, int) and source in _OF_SOURCE:
        what, names = _OF_SOURCE[source]
        _require(request, names, what, place)


def _check_occasion(request: CallContent, place: str = "") -> None:
    if request.hang_up_sms is YesNo.YES and not any(_has_occasion(request, name) for name in _OCCASIONS):
        raise _refusal(f"{place}success_push", f"{_SMS} needs one of {', '.join(_OCCASIONS)} to be YesNo.YES.")
    if request.feedback_push is YesNo.YES:
        _require(request, ("feedback_value",), "an SMS after a key", place)


def _has_occasion(request: CallContent, name: str) -> bool:
    # Of a redial's step two of them are beside the fields: the page on it is cut before them.
    extra: object = request.extra
    beside = extra.get(wire_name(name)) if isinstance(extra, Mapping) else None
    return getattr(request, name, None) is YesNo.YES or beside == YesNo.YES


def _check_delay(request: CallContent, place: str = "") -> None:
    if request.success_push is YesNo.YES:
        _require(request, ("success_push_time",), "an SMS after success", place)


def _require(request: Any, names: Iterable[str], what: str, place: str = "") -> None:
    for name in names:
        if is_missing(getattr(request, name)):
            raise _refusal(f"{place}{name}", f"{what} needs it.")


def _refusal(field: str, text: str) -> InvalidRequestError:
    return InvalidRequestError(text, field=field, code=-22)
