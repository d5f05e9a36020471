"""Words for people: a count with its noun, the first of many, and what an error means."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

# By the name of an error's class. What the error itself says is for programmers: it names arguments, and other
# people's exceptions.
NO_ANSWER: Mapping[str, str] = {
    "ConnectError": "no connection could be made",
    "ConnectTimeout": "no connection was made in time",
    "ProxyError": "the proxy made no connection",
    "PoolTimeout": "no connection came free in time",
    "ReadTimeout": "no answer came in time",
    "WriteTimeout": "the request could not be sent in time",
    "ConnectionLost": "the connection ended before the answer was whole",
    "ProtocolError": "what came back is not HTTP",
    "TransportError": "no answer came",
    "DeadlineExceeded": "the time for the call was used up",
}
_PLAIN = {
    **NO_ANSWER,
    "UnexpectedResponseError": "the answer was not the API's",
    "GatewayBusyError": "the gateway before the API had no room for it",
    "AuthenticationError": "the vendor refused the API key or its sign",
    "IpNotAllowedError": "the vendor does not take calls from this address",
}


def readable(text: str) -> str:
    """Return a text that can be printed and put into a file, with question marks for the half characters in it.

    Paths that are not UTF-8 have such, and JSON can escape them.
    """
    return text if text.isascii() else text.encode(errors="replace").decode()


def quoted(text: str) -> str:
    """Return other people's text in quotes and in one line; what cannot be seen in it is escaped."""
    return repr(" ".join(text.split()))


# A member of an enumeration, such as `TrunkDirection.INBOUND`.
_MEMBER = re.compile(r"\b[A-Z][A-Za-z]*+\.([A-Z][A-Z0-9_]*+)\b")


def with_members_as_words(text: str) -> str:
    """Return a text with the members of enumerations as the command names them: `sent-file` for `Source.SENT_FILE`."""
    return _MEMBER.sub(lambda found: found[1].lower().replace("_", "-"), text)


def counted(count: int, noun: str) -> str:
    """Return the count with its noun, in the plural but for one: `1 trunk`, `2,000 trunks`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def first_of(texts: Sequence[object], most: int, *, count: int | None = None) -> list[str]:
    """Return at most so many of the texts, and one more that says how many are left out.

    `count` is how many there are in all, where `texts` are not all of them.
    """
    shown = [str(text) for text in texts[:most]]
    left_out = (len(texts) if count is None else count) - len(shown)
    return [*shown, f"and {left_out:,} more"] if left_out > 0 else shown


def listed(texts: Sequence[object], most: int, *, count: int | None = None) -> str:
    """Return the same in one line: `a, b and 3 more`."""
    shown = first_of(texts, most, count=count)
    left_out = f" {shown.pop()}" if len(shown) > min(most, len(texts)) else ""
    return ", ".join(shown) + left_out


def said_by(error: BaseException) -> str:
    """Return what people are told of an error: of a call without an answer no more than that."""
    return NO_ANSWER.get(type(error).__name__) or " ".join(str(error).split())


def plain_words(error: str | None) -> str:
    """Return what an error's class means in plain words, or nothing where there is no more to say than its name."""
    return _PLAIN.get(error or "", "")
