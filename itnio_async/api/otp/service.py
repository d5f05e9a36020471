"""`client.otp`: the endpoints as values, and a method for each."""

from __future__ import annotations

from types import NoneType
from typing import Unpack

from itnio_async.api.base import Service
from itnio_async.api.otp.applications import (
    OtpApp,
    OtpAppAdd,
    OtpAppKey,
    OtpAppUpdate,
    OtpBackfillReport,
    OtpFlow,
    OtpFlowAdd,
    OtpFlowKey,
    OtpFlowUpdate,
    OtpTemplate,
    OtpTemplateAdd,
    OtpTemplateKey,
    OtpTemplateUpdate,
)
from itnio_async.api.otp.checks import check_limits
from itnio_async.api.otp.codes import OTP
from itnio_async.api.otp.types import (
    OtpOrderKey,
    OtpOrderRecord,
    OtpOwnCodeSend,
    OtpRecord,
    OtpRecordKey,
    OtpResend,
    OtpSend,
    OtpSent,
    OtpVerification,
    OtpVerify,
)
from itnio_async.api.shapes import NoFields
from itnio_async.endpoint import CallOptions, Endpoint

# Repeated, it sends somebody another code, which is charged and counts against the limits: whether the order id, which
# no other code may have, stands in its way, the page does not say.
SEND = Endpoint("POST", "/otp/verification/send", OtpSend, OtpSent, idempotent=False, family=OTP)
# As for SEND.
SEND_OWN_CODE = Endpoint("POST", "/otp/verification/sendRule", OtpOwnCodeSend, OtpSent, idempotent=False, family=OTP)
# Repeated, it sends the code once more, which is charged and counts.
RESEND = Endpoint("POST", "/otp/verification/resend", OtpResend, OtpSent, idempotent=False, family=OTP)
# It uses the code up: a right code that is checked again is "already used" (4), and whoever typed it would be kept out.
VERIFY = Endpoint("POST", "/otp/verification/verify", OtpVerify, OtpVerification, idempotent=False, family=OTP)
GET_RECORD = Endpoint(
    "GET", "/otp/verification/record/{verificationId}", OtpRecordKey, OtpRecord, idempotent=True, family=OTP
)
GET_ORDER_RECORD = Endpoint(
    "POST", "/otp/verification/orderId/record", OtpOrderKey, OtpOrderRecord, idempotent=True, family=OTP
)
# Repeated, it may create a second one: only the name, which is unique and may be left out, stands in its way (-20).
ADD_APP = Endpoint("POST", "/otp/app/add", OtpAppAdd, OtpApp, idempotent=False, family=OTP, check=check_limits)
GET_APP = Endpoint("GET", "/otp/app/details/{appId}", OtpAppKey, OtpApp, idempotent=True, family=OTP)
# The page's answer could not be read: whatever it is, the application is changed.
UPDATE_APP = Endpoint(
    "PUT", "/otp/app/update/{appId}", OtpAppUpdate, NoneType, idempotent=True, family=OTP, check=check_limits
)
# Repeated, it may create a second one: only the name, which is unique (-20), stands in its way.
ADD_TEMPLATE = Endpoint("POST", "/otp/template/add", OtpTemplateAdd, OtpTemplate, idempotent=False, family=OTP)
UPDATE_TEMPLATE = Endpoint(
    "PUT", "/otp/template/update/{templateId}", OtpTemplateUpdate, OtpTemplate, idempotent=True, family=OTP
)
GET_TEMPLATE = Endpoint(
    "GET", "/otp/template/details/{templateId}", OtpTemplateKey, OtpTemplate, idempotent=True, family=OTP
)
LIST_TEMPLATES = Endpoint("GET", "/otp/template/list", NoFields, list[OtpTemplate], idempotent=True, family=OTP)
# As for ADD_TEMPLATE.
ADD_FLOW = Endpoint("POST", "/otp/flow/add", OtpFlowAdd, OtpFlow, idempotent=False, family=OTP)
UPDATE_FLOW = Endpoint("PUT", "/otp/flow/update/{flowId}", OtpFlowUpdate, OtpFlow, idempotent=True, family=OTP)
GET_FLOW = Endpoint("GET", "/otp/flow/details/{flowId}", OtpFlowKey, OtpFlow, idempotent=True, family=OTP)
LIST_FLOWS = Endpoint("GET", "/otp/flow/list", NoFields, list[OtpFlow], idempotent=True, family=OTP)
# Repeated, it may be counted twice: the page does not say.
REPORT_BACKFILL_RATE = Endpoint("POST", "/otp/backfillRate", OtpBackfillReport, NoneType, idempotent=False, family=OTP)


class Otp(Service):
    """One-time codes: sending and checking them, and the applications, templates and flows that they are made by.

    `verify` answers for a wrong code too, without an error: look at `is_right`. Each method takes `CallOptions` for its
    calls alone, and raises as `client.call` does.
    """

    async def send(self, code: OtpSend, **options: Unpack[CallOptions]) -> OtpSent:
        """Send a code that the vendor makes, and return the id by which it is checked.

        Give each an `order_id` of its own, such as `str(uuid.uuid4())`: after a lost answer the code may be under way,
        and `get_order_record` with that id is the only way to find it again. It tells what became of the code; no id to
        check it by is among the fields of its page. A second send is a second code.
        """
        call = self._caller.call(SEND, code, **options)
        del code  # a report of an error shows the variables here, whatever was passed
        return (await call).data

    async def send_own_code(self, code: OtpOwnCodeSend, **options: Unpack[CallOptions]) -> OtpSent:
        """Send a code of your own, and return the id by which it is checked.

        As for `send`, only an `order_id` of its own finds it again after a lost answer.
        """
        call = self._caller.call(SEND_OWN_CODE, code, **options)
        del code
        return (await call).data

    async def resend(self, code: OtpResend, **options: Unpack[CallOptions]) -> OtpSent:
        """Send a code again, and return the new id by which it is checked.

        It takes no `order_id`: after a lost answer nothing finds the new id.
        """
        call = self._caller.call(RESEND, code, **options)
        del code
        return (await call).data

    async def verify(self, verification_id: str, code: str, **options: Unpack[CallOptions]) -> OtpVerification:
        """Check a code that somebody typed: it was the right one only if `matched` is right (0), as `is_right` says.

        No error is raised for a wrong, a used or an expired code. One of fewer than 4 or more than 10 characters is an
        `InvalidRequestError`, and wrong as well. A check uses a right code up, so that after a lost answer `get_record`
        tells what came of it, and a second `verify` does not.
        """
        call = self._caller.call(VERIFY, OtpVerify(verification_id=verification_id, code=code), **options)
        del code
        return (await call).data

    async def get_record(self, verification_id: str, **options: Unpack[CallOptions]) -> OtpRecord:
        """Return what became of a code, by the id that the sending returned.

        `verifications.matched` is `OtpMatched.UNKNOWN_ID` where there is no such code.
        """
        return (await self._caller.call(GET_RECORD, OtpRecordKey(verification_id=verification_id), **options)).data

    async def get_order_record(self, app_id: str, order_id: str, **options: Unpack[CallOptions]) -> OtpOrderRecord:
        """Return what became of a code, by the `order_id` that it was sent with."""
        key = OtpOrderKey(app_id=app_id, order_id=order_id)
        return (await self._caller.call(GET_ORDER_RECORD, key, **options)).data

    async def add_app(self, app: OtpAppAdd, **options: Unpack[CallOptions]) -> OtpApp:
        """Create an application, and return what the answer has of it."""
        call = self._caller.call(ADD_APP, app, **options)
        del app
        return (await call).data

    async def get_app(self, app_id: str, **options: Unpack[CallOptions]) -> OtpApp:
        """Return an application."""
        return (await self._caller.call(GET_APP, OtpAppKey(app_id=app_id), **options)).data

    async def update_app(self, update: OtpAppUpdate, **options: Unpack[CallOptions]) -> None:
        """Change an application. A limit is taken away by one with `enabled` False and None in the rest of it."""
        call = self._caller.call(UPDATE_APP, update, **options)
        del update
        return (await call).data

    async def add_template(self, template: OtpTemplateAdd, **options: Unpack[CallOptions]) -> OtpTemplate:
        """Create a template for codes."""
        call = self._caller.call(ADD_TEMPLATE, template, **options)
        del template
        return (await call).data

    async def update_template(self, update: OtpTemplateUpdate, **options: Unpack[CallOptions]) -> OtpTemplate:
        """Change a template. Give all of its fields: what is left out may be set back to its default."""
        call = self._caller.call(UPDATE_TEMPLATE, update, **options)
        del update
        return (await call).data

    async def get_template(self, template_id: int, **options: Unpack[CallOptions]) -> OtpTemplate:
        """Return a template."""
        return (await self._caller.call(GET_TEMPLATE, OtpTemplateKey(template_id=template_id), **options)).data

    async def list_templates(self, **options: Unpack[CallOptions]) -> list[OtpTemplate]:
        """List the templates of the account, all at once."""
        return (await self._caller.call(LIST_TEMPLATES, NoFields(), **options)).data

    async def add_flow(self, flow: OtpFlowAdd, **options: Unpack[CallOptions]) -> OtpFlow:
        """Create a flow, which tries channels one after another."""
        call = self._caller.call(ADD_FLOW, flow, **options)
        del flow
        return (await call).data

    async def update_flow(self, update: OtpFlowUpdate, **options: Unpack[CallOptions]) -> OtpFlow:
        """Change a flow: its name, and all of its steps."""
        call = self._caller.call(UPDATE_FLOW, update, **options)
        del update
        return (await call).data

    async def get_flow(self, flow_id: int, **options: Unpack[CallOptions]) -> OtpFlow:
        """Return a flow."""
        return (await self._caller.call(GET_FLOW, OtpFlowKey(flow_id=flow_id), **options)).data

    async def list_flows(self, **options: Unpack[CallOptions]) -> list[OtpFlow]:
        """List the flows of the account, all at once."""
        return (await self._caller.call(LIST_FLOWS, NoFields(), **options)).data

    async def report_backfill_rate(self, report: OtpBackfillReport, **options: Unpack[CallOptions]) -> None:
        """Tell the vendor how many of the codes were used."""
        call = self._caller.call(REPORT_BACKFILL_RATE, report, **options)
        del report
        return (await call).data
