"""What the vendor's codes mean, by family: the same number means different things in different families.

A family's own table stands in its package in `itnio_async.api`; here are the codes that all have in common, and the
families that have no package yet. Sources: the vendor's page on updating a SIP trunk (`wording` is its own text), its
Chinese pages where they are clearer, and the code lists of the `/aivoice` and `/wa` pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from attrs import evolve, field, frozen

from itnio_async.errors import (
    ApiError,
    AuthenticationError,
    ConflictError,
    IpNotAllowedError,
    NotFoundError,
    QuotaError,
    ServerError,
    TimestampExpiredError,
    ValidationError,
)

SUCCESS = 0


@frozen
class Code:
    """One code of one family: what it means, what to do about it, and its exception.

    `wording` is the vendor's own text where one page has it for certain, and `sources` says what stands where, if its
    pages contradict each other.
    """

    code: int
    meaning: str
    advice: str
    error: type[ApiError]
    wording: str = field(default="", kw_only=True)
    sources: str = field(default="", kw_only=True)

    def is_worded_so(self, reason: str) -> bool:
        """Tell whether a reason is the documented one, whatever its case, its spaces and its full stop."""
        return _plain(reason) == _plain(self.wording)


def _plain(text: str) -> str:
    return " ".join(text.split()).rstrip(".").casefold()


@frozen
class CodeFamily:
    """The codes that share their meanings, by number."""

    name: str
    _codes: Mapping[int, Code] = field(repr=False, hash=False)

    @property
    def codes(self) -> Mapping[int, Code]:
        """What each code means, by its number."""
        return MappingProxyType(self._codes)

    def __getitem__(self, code: int) -> Code:
        """Return what `code` means here; a code that the vendor does not list is a plain `ApiError`."""
        return self._codes.get(code) or Code(
            code,
            "a code that the vendor does not document for this endpoint",
            "Treat the outcome as unknown and ask the vendor, with the reason given.",
            ApiError,
        )

    def advising(self, advice: Mapping[int, str]) -> CodeFamily:
        """Return these codes for one endpoint, where other advice holds for some of them."""
        changed = {code: evolve(self.codes[code], advice=text) for code, text in advice.items()}
        return CodeFamily(self.name, {**self.codes, **changed})


def family(name: str, *codes: Code, base: CodeFamily | None = None) -> CodeFamily:
    """Return a family's codes: its own on top of those of `base`."""
    merged = {**(base.codes if base else {}), **{entry.code: entry for entry in codes}}
    return CodeFamily(name, merged)


_CHECK_KEY = "Check the API key and secret (`itnio doctor`), and that both belong to the same account."
_ALLOW_ADDRESS = "Add this machine's public address to the account's allow list."
_CHECK_KEY_OR_ADDRESS = (
    "Check the API key and secret (`itnio doctor`), and that this machine's public address is on the account's allow "
    "list: the vendor's pages disagree on which of them it means."
)
_SET_CLOCK = "Set this machine's clock (NTP), or find what delays the request on its way."
_TRY_LATER = (
    "Try again later; if it stays, send the request's time and endpoint to the vendor. "
    "It may have been done in part, and this very request may be the cause."
)
_COMPARE = "Compare the request with the vendor's page: a field is missing, of the wrong type or out of range."

SHARED = family(
    "shared",
    Code(-1, "the account's authentication failed", _CHECK_KEY, AuthenticationError, wording="Authentication error"),
    Code(
        -2,
        "authentication failed, or the caller's IP address is not allowed",
        _CHECK_KEY_OR_ADDRESS,
        IpNotAllowedError,
        wording="Authentication error",
        sources='The page on updating a SIP trunk says "Authentication error", as for -1; '
        "the vendor's Chinese pages say that the caller's IP address is not allowed.",
    ),
    Code(-16, "the timestamp is expired", _SET_CLOCK, TimestampExpiredError, wording="Timestamp expires"),
    Code(-18, "the vendor's system failed", _TRY_LATER, ServerError, wording="Port program unusual"),
    Code(
        -20,
        "the data already exists",
        "Look for the existing record and change that one.",
        ConflictError,
        wording="Data existing",
    ),
    Code(-22, "a parameter is wrong", _COMPARE, ValidationError, wording="Parameter exception"),
    Code(
        -23,
        "the account's quota of stored records is reached",
        "Delete what is not needed, or ask the vendor for more.",
        QuotaError,
        wording="Data caps",
    ),
    Code(
        -24,
        "the thing named does not exist",
        "Look the id up in the listing.",
        NotFoundError,
        wording="Data does not exist",
    ),
)

_ONLY_AUTHENTICATION = family("authentication", SHARED[-1])

AI_VOICE = family(
    "AI voice",
    Code(-4, "the timestamp is expired", _SET_CLOCK, TimestampExpiredError),
    Code(-6, "the caller's IP address is not allowed", _ALLOW_ADDRESS, IpNotAllowedError),
    base=_ONLY_AUTHENTICATION,
)

WHATSAPP = family(
    "WhatsApp",
    Code(-4, "the timestamp is expired", _SET_CLOCK, TimestampExpiredError),
    Code(-5, "the vendor's system failed", _TRY_LATER, ServerError),
    Code(-6, "the caller's IP address is not allowed", _ALLOW_ADDRESS, IpNotAllowedError),
    base=_ONLY_AUTHENTICATION,
)
