"""A request about one-time codes, and the family that their endpoints are declared in."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from itnio_async.api.otp.codes import OTP
from itnio_async.sandbox.fields import Field
from itnio_async.sandbox.handler import COMMON, Family
from itnio_async.sandbox.otp.assumptions import OtpAssumptions
from itnio_async.sandbox.otp.tables import TABLES, key_of
from itnio_async.sandbox.rules import Call, Rule, is_text, unknown_id

LIMITS = ("period_total_send_limit", "period_phone_send_limit")
"""The columns of an application's limits: over all numbers, and for one."""
_SECONDS_OF_UNIT = {1: 86_400, 2: 3600, 3: 60, 4: 1}


class OtpCall(Call[OtpAssumptions]):
    """A request about one-time codes."""

    @cached_property
    def earlier(self) -> Any:
        """The code with the request's verificationId, or None."""
        return self.database.row("otp_code WHERE key_id = ?", key_of(self.body["verificationId"]))

    @cached_property
    def app(self) -> Any:
        """The application that it is about, or that the code with its verificationId is of; None if there is none."""
        app_id = self.body["appId"] if "appId" in self.body else self.earlier["app_id"]
        return self.database.row("otp_app WHERE app_id = ?", app_id)

    @cached_property
    def template(self) -> Any:
        """The template that it is about, or that its earlier code was made by; None if there is none."""
        body = self.body
        id = self.earlier["template_id"] if "verificationId" in body else body.get("templateId")
        return self.database.row("otp_template WHERE template_id = ?", id)

    @cached_property
    def flow(self) -> Any:
        """The flow that it is about, or None."""
        return self.database.row("otp_flow WHERE flow_id = ?", self.body.get("flowId"))

    @cached_property
    def receiver(self) -> str:
        """The number that a code is sent to."""
        number: str = self.body["to"] if "to" in self.body else self.earlier["receiver"]
        return number

    def is_at_limit(self, name: str, *, of_number: bool) -> bool:
        """Tell whether one of the application's limits is reached."""
        limit = json.loads(self.app[name])
        if not limit["enabled"]:
            return False
        seconds = _SECONDS_OF_UNIT[limit["unit"]] * limit["period"]
        is_rolling = self.assumptions.otp_send_period == "rolling"
        in_period = (
            f"sent_at > {self.now - seconds!r}" if is_rolling else f"sent_at >= {self.now - self.now % seconds!r}"
        )
        of_receiver, number = ("receiver = ?", [self.receiver]) if of_number else ("TRUE", [])
        where = f"otp_code WHERE app_id = ? AND {in_period} AND {of_receiver}"
        return bool(self.database.count(where, self.app["app_id"], *number) >= limit["limit"])

    def is_name_taken(self, table: str, column: str, own: object = None) -> bool:
        """Tell whether another record of the table than one's own has the name that is given."""
        return self.database.exists(f"{table} WHERE name = ? AND {column} IS NOT ?", self.body.get("name"), own)

    def listed(self, table: str, column: str) -> list[dict[str, Any]]:
        """Return all rows of a table in the order of the listings."""
        order = "DESC" if self.assumptions.listed_order == "newest first" else "ASC"
        return [dict(row) for row in self.database.rows(f"SELECT * FROM {table} ORDER BY {column} {order}")]


FAMILY = Family(OTP, "/otp", OtpCall, TABLES, codes=COMMON)
NAMING = COMMON | {-20}
NAME = Field(is_text, required=True, least=4, most=32)
APP_EXISTS: Rule[OtpCall] = unknown_id("no application has this appId", lambda call: call.app is None)
