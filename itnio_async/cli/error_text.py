"""Put errors into words: what went wrong, the vendor's code and its meaning, and what to do."""

from __future__ import annotations

import os
import re
import socket
import ssl
from collections.abc import Mapping
from typing import Any

from itnio_async.cli.exits import ERROR, OUTCOME_UNKNOWN, REFUSED, CommandError
from itnio_async.cli.output import visible
from itnio_async.errors import (
    ApiError,
    AuthenticationError,
    DeadlineExceeded,
    InvalidRequestError,
    ItnioError,
    TimestampExpiredError,
    TransportError,
    UnexpectedResponseError,
)
from itnio_async.text import plain_words, quoted, with_members_as_words

# The option that sets the field named by an error, for commands of trunks.
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
    " (max_response_bytes)": "",
}
_MAY_BE_DONE = "The request may have been processed: look before repeating what does harm."
_MORE_TIME = "What to do: give it more time (--timeout), or check the network (`itnio doctor`)."
_SEE_DOCTOR = "What to do: check address, network and TLS (`itnio doctor`)."
# What pydantic, which newer versions of typer read values with, calls a wrong one, and what is wanted.
_WANTED_VALUES = {
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "greater_than_equal": "at least {ge:.12g}",
    "greater_than": "above {gt:.12g}",
    "less_than_equal": "at most {le:.12g}",
    "less_than": "below {lt:.12g}",
}
# By OpenSSL's name for it; of other failures it says nothing that helps.
_NO_TLS = {"WRONG_VERSION_NUMBER": "the other side does not speak TLS"}
# Of an exception's causes; more is a circle.
_MOST_CAUSES = 10
_ERRNO = re.compile(r"\[Errno ([0-9]{1,4}+)\]")


def for_a_shell(text: str) -> str:
    """Return an error's text with the command's options instead of Python's arguments."""
    for argument, option in _FOR_A_SHELL.items():
        text = text.replace(argument, option)
    return with_members_as_words(text)


def plain_text(error: BaseException) -> str:
    """Return an error's text in one line, without the words of libraries and of Python."""
    if isinstance(error, ItnioError) and (said := _without_answer(error)):
        return said
    return " ".join(for_a_shell(str(error)).split())


def usage_text(error: Any) -> str:
    """Return what a wrong option's or argument's error of typer says, in our words where it has pydantic's."""
    errors = getattr(error.__cause__, "errors", None)
    if errors is None:
        return str(error.message)
    first = errors()[0]
    wanted = _WANTED_VALUES.get(first["type"])
    if wanted is None:
        return str(error.message).removeprefix("Value error, ")
    return f"{first['input']!r} is not {wanted.format(**first.get('ctx', {}))}."


def _without_answer(error: ItnioError) -> str:
    """Return what happened to a call that got no answer, and what the system says of that; nothing for other errors."""
    if not isinstance(error, TransportError | DeadlineExceeded):
        return ""
    what = plain_words(type(error).__name__) or plain_words("TransportError")
    why = system_words(error)
    return f"{what}: {why}" if why else what


def system_words(error: BaseException) -> str:
    """Return what the system says of an error's cause, such as "Connection refused"; nothing where it says nothing."""
    cause: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if cause is None:
            break
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate is not good: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return _NO_TLS.get(cause.reason or "", "the TLS handshake failed")
        if isinstance(cause, UnicodeError):
            return "that cannot be the name of a host"
        if isinstance(cause, OSError) and not isinstance(cause, ItnioError):
            if cause.errno is not None:
                return cause.strerror or "" if isinstance(cause, socket.gaierror) else os.strerror(cause.errno)
            if tried := _ERRNO.search(str(cause)):  # one of a host's several addresses
                return os.strerror(int(tried[1]))
        cause = cause.__cause__ or cause.__context__
    return ""


def status_of(error: ItnioError) -> int:
    """Return the exit status for a failed call that was to change something."""
    if isinstance(error, AuthenticationError | TimestampExpiredError):
        return ERROR  # the request itself was not refused
    if error.may_have_been_processed:
        return OUTCOME_UNKNOWN
    return REFUSED if isinstance(error, ApiError | InvalidRequestError) else ERROR


def said_by_vendor(error: ApiError) -> str:
    """Return the vendor's code and reason, and what they mean."""
    said = f"{error.code} {quoted(error.reason)}" if error.reason else str(error.code)
    return f"{said}: {error.meaning}"


def text_of(error: Exception, options: Mapping[str, str] = _OPTIONS) -> str:
    """Return the error as the lines that go to stderr; `options` are those that set the fields of a request."""
    head, *rest = _lines(error, options) or [""]
    return "\n".join([f"Error: {visible(head)}", *(f"  {visible(text)}" for text in rest if text)])


def _lines(error: Exception, options: Mapping[str, str]) -> list[str]:
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
        return _invalid_request(error, options)
    if isinstance(error, TransportError | DeadlineExceeded):
        advice = _MORE_TIME if isinstance(error, TimeoutError) else _SEE_DOCTOR
        what = _without_answer(error)
        if error.may_have_been_processed:
            return [f"{what}.", _MAY_BE_DONE, advice]
        return [f"{what}; nothing was sent.", advice]
    if isinstance(error, UnexpectedResponseError):
        body = " ".join(error.body.split())
        return [for_a_shell(str(error)), f"The answer begins: {body[:200]}" if body else ""]
    if isinstance(error, CommandError):
        return [str(error), f"What to do: {error.advice}" if error.advice else ""]
    if isinstance(error, OSError) and not isinstance(error, ItnioError):
        where = f"{error.filename}: " if error.filename is not None else ""
        return [f"{where}{error.strerror or error}"]
    return for_a_shell(str(error)).splitlines()


def _invalid_request(error: InvalidRequestError, options: Mapping[str, str]) -> list[str]:
    field = error.field or ""
    # What is inside the option's value, such as `flow[1].channel`, is set by the option too.
    option = options.get(re.split(r"[.\[]", field.removeprefix("params."), maxsplit=1)[0])
    said = with_members_as_words(str(error.args[0]))
    return [
        *(f"{field}: {said}" if field else said).splitlines(),
        f"Vendor's code for the same mistake: {error.code}; nothing was sent." if error.code else "Nothing was sent.",
        f"What to do: use {option}." if option else "",
    ]
