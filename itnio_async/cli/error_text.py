"""Put errors into words: what went wrong, the vendor's code and its meaning, and what to do."""

from __future__ import annotations

from itnio_async.cli.exits import ERROR, OUTCOME_UNKNOWN, REFUSED, CommandError
from itnio_async.cli.output import visible
from itnio_async.errors import (
    ApiError,
    AuthenticationError,
    InvalidRequestError,
    ItnioError,
    TimestampExpiredError,
    UnexpectedResponseError,
)

# The option that sets the field named by an error.
_OPTIONS = {
    "key_id": "KEY_ID",
    "type": "--type",
    "sip_trunk_name": "--sip-trunk-name",
    "sip_prefix": "--sip-prefix",
    "group_list": "--group",
    "sip_gateway_ip": "--sip-gateway-ip",
    "sip_white_ip": "--sip-white-ip",
    "sip_trunk_state": "--sip-trunk-state or --no-sip-trunk-state",
    "sip_account": "--sip-account",
    "sip_password": "--sip-password-file, --ask-sip-password or the environment variable ITNIO_SIP_PASSWORD",
}
# Errors name arguments of Python; in a shell these are options.
_FOR_A_SHELL = {
    "Pass api_key and api_secret, or set": "Give --secret-file FILE, or set",
    "Pass base_url= as well": "Give --base-url as well",
    "allow_insecure=True": "--allow-insecure",
    "base_url": "--base-url",
    "timeout.connect": "--timeout",
    "timeout.read": "--timeout",
    "timeout.write": "--timeout",
}


def for_a_shell(text: str) -> str:
    """Return an error's text with the command's options instead of Python's arguments."""
    for argument, option in _FOR_A_SHELL.items():
        text = text.replace(argument, option)
    return text


def status_of(error: ItnioError) -> int:
    """Return the exit status for a failed call that was to change something."""
    if isinstance(error, AuthenticationError | TimestampExpiredError):
        return ERROR  # the request itself was not refused
    if error.may_have_been_processed:
        return OUTCOME_UNKNOWN
    return REFUSED if isinstance(error, ApiError) else ERROR


def said_by_vendor(error: ApiError) -> str:
    """Return the vendor's code and reason, and what they mean."""
    said = f"{error.code} {error.reason!r}" if error.reason else str(error.code)
    return f"{said}: {error.meaning}"


def text_of(error: Exception) -> str:
    """Return the error as the lines that go to stderr."""
    head, *rest = _lines(error)
    return "\n".join([f"Error: {visible(head)}", *(f"  {visible(text)}" for text in rest if text)])


def _lines(error: Exception) -> list[str]:
    if isinstance(error, ApiError):
        attempts = f"{error.attempts} attempts were made." if error.attempts > 1 else ""
        return [
            f"the vendor refused {error.endpoint or 'the call'}.",
            f"Vendor's code: {said_by_vendor(error)}.",
            f"What to do: {error.advice}",
            error.remark,
            attempts,
        ]
    if isinstance(error, InvalidRequestError):
        return _invalid_request(error)
    if isinstance(error, UnexpectedResponseError):
        body = error.body.strip()
        return [for_a_shell(str(error)), f"The answer begins: {body[:200]}" if body else ""]
    if isinstance(error, CommandError):
        return [str(error), f"What to do: {error.advice}" if error.advice else ""]
    if isinstance(error, OSError) and not isinstance(error, ItnioError):
        where = f"{error.filename}: " if error.filename is not None else ""
        return [f"{where}{error.strerror or error}"]
    return [for_a_shell(str(error))]


def _invalid_request(error: InvalidRequestError) -> list[str]:
    field = error.field or ""
    option = _OPTIONS.get(field.partition("[")[0])
    return [
        f"{field}: {error.args[0]}" if field else error.args[0],
        f"Vendor's code for the same mistake: {error.code}; nothing was sent." if error.code else "Nothing was sent.",
        f"What to do: use {option}." if option else "",
    ]
