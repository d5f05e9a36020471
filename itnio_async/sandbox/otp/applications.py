"""The endpoints of applications, templates and flows. A record may keep its own name when it is changed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from itnio_async.sandbox.changes import changed, shown
from itnio_async.sandbox.fields import ID, REQUIRED_TEXT, TEXT, Field, Fields, is_list
from itnio_async.sandbox.otp.calls import APP_EXISTS, FAMILY, LIMITS, NAME, NAMING, OtpCall
from itnio_async.sandbox.otp.tables import CALL, SMS
from itnio_async.sandbox.rules import Rule, is_boolean, is_integer, is_long, is_object, is_text, unknown_id

# A String in the changes, an Integer in the other requests: in a path they are one.
_TEXT_ID = Field((is_text, is_integer), required=True, form=re.compile("[0-9]{1,10}+"))
_TEMPLATE_EXISTS: Rule[OtpCall] = unknown_id("no template has this templateId", lambda call: call.template is None)
_FLOW_EXISTS: Rule[OtpCall] = unknown_id("no flow has this flowId", lambda call: call.flow is None)

# Applications.

_LIMIT = Field(
    is_object,
    fields={
        "enabled": Field(is_boolean),
        "unit": Field(is_integer, values=(1, 2, 3, 4)),
        "period": Field(is_integer, least=1, most=90),
        "limit": Field(is_long, least=1, most=10_000_000_000),
    },
)
_APP: Fields = {
    "codeExpiry": Field(is_integer, least=1, most=60),
    "periodTotalSendLimit": _LIMIT,
    "periodPhoneSendLimit": _LIMIT,
}


def _lacks_for_limit(call: OtpCall) -> str | None:
    for name in ("periodTotalSendLimit", "periodPhoneSendLimit"):
        limit = call.body.get(name) or {}
        lacking = [part for part in ("unit", "period", "limit") if limit.get(part) is None]
        if limit.get("enabled") and lacking:
            return f"{name}.{lacking[0]}"
    return None


_LIMITS_ARE_WHOLE: Rule[OtpCall] = Rule(-22, "a limit that is enabled lacks a field", _lacks_for_limit)


def _app_values(call: OtpCall) -> dict[str, Any]:
    """Return the new values of an application's columns; what is cleared has its default again."""
    values = changed(call, *_APP)
    for name in values.keys() & {*LIMITS}:
        limit = values[name] or {}
        parts = {part: limit.get(part) for part in ("unit", "period", "limit")}
        values[name] = json.dumps({"enabled": bool(limit.get("enabled")), **parts})
    return values | ({"code_expiry": 5} if values.get("code_expiry", 5) is None else {})


def _app(call: OtpCall, app_id: str) -> dict[str, Any]:
    app = call.database.row("otp_app WHERE app_id = ?", app_id)
    return shown(
        {**app, **{name: json.loads(app[name]) for name in LIMITS}}, *(name for name in app if name != "number")
    )


@FAMILY.endpoint(
    "app/add",
    fields={"name": Field(is_text, least=4, most=32), **_APP},
    rules=(
        _LIMITS_ARE_WHOLE,
        Rule(-20, "another application has this name", lambda call: call.is_name_taken("otp_app", "app_id")),
    ),
    codes=NAMING,
)
def add_app(call: OtpCall) -> dict[str, Any]:
    """Make an application; without a name it has that of its id."""
    moment = datetime.fromtimestamp(call.now, UTC).isoformat(timespec="seconds")
    number = call.database.insert("otp_app", {**_app_values(call), "create_time": moment})
    app_id = f"sandbox{number}"
    call.database.change("otp_app", {"number": number}, {"app_id": app_id, "name": call.body.get("name") or app_id})
    app = _app(call, app_id)
    return app if call.assumptions.otp_app_answered == "whole" else {"name": app["name"]}


@FAMILY.endpoint(
    "app/details/{appId}", method="GET", fields={"appId": REQUIRED_TEXT}, rules=(APP_EXISTS,), codes=NAMING
)
def get_app(call: OtpCall) -> dict[str, Any]:
    """Return an application."""
    return _app(call, call.app["app_id"])


@FAMILY.endpoint(
    "app/update/{appId}",
    method="PUT",
    fields={"appId": REQUIRED_TEXT, "name": NAME, **_APP},
    rules=(
        APP_EXISTS,
        _LIMITS_ARE_WHOLE,
        Rule(
            -20,
            "another application has this name",
            lambda call: call.is_name_taken("otp_app", "app_id", call.app["app_id"]),
        ),
    ),
    codes=NAMING,
)
def update_app(call: OtpCall) -> dict[str, Any] | None:
    """Change an application."""
    app_id = call.app["app_id"]
    call.database.change("otp_app", {"number": call.app["number"]}, {"name": call.body["name"], **_app_values(call)})
    return _app(call, app_id) if call.assumptions.otp_app_answered == "whole" else None


# Templates.

_CODE_TYPES = (1, 2, 3, 4)
_LANGUAGES = ("CN", "EN", "VN", "JP", "ARB", "DE", "IN", "IT", "KR", "RU", "ES", "PT", "IDN", "BD")
_TEMPLATE: Fields = {
    "name": NAME,
    "text": Field(is_text, required=True, least=1, most=256),
    "codeLength": Field(is_integer, least=4, most=10),
    "speechRate": Field(is_integer, least=0, most=100),
    "language": Field(is_text, values=_LANGUAGES),
    "maxDuration": Field(is_integer, least=5, most=599),
    "repeatCnt": Field(is_integer, least=1, most=10),
    "senderId": TEXT,
}
_DEFAULTS = {
    "code_type": 1,
    "code_length": 4,
    "speech_rate": 50,
    "language": "EN",
    "max_duration": 59,
    "repeat_cnt": 1,
}
_HAS_PLACE: Rule[OtpCall] = Rule(-22, "text has no ##code##", lambda call: "##code##" not in call.body["text"])


def _template_values(call: OtpCall) -> dict[str, Any]:
    """Return the new values of a template's columns; what is cleared has its default again."""
    optional = changed(call, "codeType", *(name for name in _TEMPLATE if name not in ("name", "text")))
    values = {name: _DEFAULTS.get(name) if value is None else value for name, value in optional.items()}
    return {"name": call.body["name"], "text": call.body["text"], **values}


def _template(call: OtpCall, template_id: int | None) -> dict[str, Any]:
    return shown(call.database.row("otp_template WHERE template_id = ?", template_id))


@FAMILY.endpoint(
    "template/add",
    fields={"appId": REQUIRED_TEXT, **_TEMPLATE, "codeType": Field(is_integer, required=True, values=_CODE_TYPES)},
    rules=(
        APP_EXISTS,
        _HAS_PLACE,
        Rule(-20, "another template has this name", lambda call: call.is_name_taken("otp_template", "template_id")),
    ),
    codes=NAMING,
)
def add_template(call: OtpCall) -> dict[str, Any]:
    """Make a template."""
    values = {**_template_values(call), "app_id": call.body["appId"]}
    return _template(call, call.database.insert("otp_template", values))


@FAMILY.endpoint(
    "template/update/{templateId}",
    method="PUT",
    fields={"templateId": _TEXT_ID, **_TEMPLATE, "codeType": Field(is_integer, values=_CODE_TYPES)},
    rules=(
        _TEMPLATE_EXISTS,
        _HAS_PLACE,
        Rule(
            -20,
            "another template has this name",
            lambda call: call.is_name_taken("otp_template", "template_id", call.body["templateId"]),
        ),
    ),
    codes=NAMING,
    key_field="templateId",
)
def update_template(call: OtpCall) -> dict[str, Any]:
    """Change a template."""
    call.database.change("otp_template", {"template_id": call.body["templateId"]}, _template_values(call))
    return _template(call, call.body["templateId"])


@FAMILY.endpoint(
    "template/details/{templateId}",
    method="GET",
    fields={"templateId": ID},
    rules=(_TEMPLATE_EXISTS,),
    codes=NAMING,
    key_field="templateId",
)
def get_template(call: OtpCall) -> dict[str, Any]:
    """Return a template."""
    return shown(call.template)


@FAMILY.endpoint("template/list", method="GET", fields={}, codes=NAMING)
def list_templates(call: OtpCall) -> list[dict[str, Any]]:
    """List all templates."""
    return [shown(template) for template in call.listed("otp_template", "template_id")]


# Flows.

_STEP: Fields = {
    "waitingTime": Field(is_integer, required=True, least=30, most=120),
    "status": Field(is_integer, required=True, values=(1, 2)),
    "channel": Field(is_text, required=True, values=(SMS, CALL)),
    "channelCut": Field(is_integer, values=(0, 1)),
}
_FLOW: Fields = {
    "name": NAME,
    "flow": Field(is_list, required=True, members=Field(is_object, required=True, fields=_STEP)),
}


def _flow_values(call: OtpCall) -> dict[str, Any]:
    # 0 by default, which sends the code over the step's channel.
    steps = [{**step, "channelCut": step.get("channelCut") or 0} for step in call.body["flow"]]
    return {"name": call.body["name"], "flow": json.dumps(steps)}


def _flow(row: Mapping[str, Any]) -> dict[str, Any]:
    return shown({**row, "flow": json.loads(row["flow"])})


@FAMILY.endpoint(
    "flow/add",
    fields=_FLOW,
    rules=(Rule(-20, "another flow has this name", lambda call: call.is_name_taken("otp_flow", "flow_id")),),
    codes=NAMING,
)
def add_flow(call: OtpCall) -> dict[str, Any]:
    """Make a flow."""
    flow_id = call.database.insert("otp_flow", _flow_values(call))
    return _flow({"flow_id": flow_id, **_flow_values(call)})


@FAMILY.endpoint(
    "flow/update/{flowId}",
    method="PUT",
    fields={"flowId": _TEXT_ID, **_FLOW},
    rules=(
        _FLOW_EXISTS,
        Rule(
            -20,
            "another flow has this name",
            lambda call: call.is_name_taken("otp_flow", "flow_id", call.body["flowId"]),
        ),
    ),
    codes=NAMING,
    key_field="flowId",
)
def update_flow(call: OtpCall) -> dict[str, Any]:
    """Change a flow."""
    call.database.change("otp_flow", {"flow_id": call.body["flowId"]}, _flow_values(call))
    return _flow({"flow_id": call.body["flowId"], **_flow_values(call)})


@FAMILY.endpoint(
    "flow/details/{flowId}",
    method="GET",
    fields={"flowId": ID},
    rules=(_FLOW_EXISTS,),
    codes=NAMING,
    key_field="flowId",
)
def get_flow(call: OtpCall) -> dict[str, Any]:
    """Return a flow."""
    return _flow(call.flow)


@FAMILY.endpoint("flow/list", method="GET", fields={})
def list_flows(call: OtpCall) -> list[dict[str, Any]]:
    """List all flows."""
    return [_flow(flow) for flow in call.listed("otp_flow", "flow_id")]
