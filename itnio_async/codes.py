"""What the vendor's codes mean, by family: the same number means different things in different families.

Sources: the vendor's page on updating a SIP trunk for `SIP_TRUNKS` (`wording` is its own text), its Chinese pages
where they are clearer, and the code lists of the `/aivoice` and `/wa` pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from attrs import field, frozen

from itnio_async import errors
from itnio_async.errors import ApiError

SUCCESS = 0


@frozen
class Code:
    """One code of one family: the vendor's wording, what it means, what to do about it, and its exception."""

    code: int
    wording: str
    meaning: str
    advice: str
    error: type[ApiError]

    def is_worded_so(self, reason: str) -> bool:
        """Tell whether a reason is the documented one, whatever its case, its spaces and its full stop."""
        return _plain(reason) == _plain(self.wording)


def _plain(text: str) -> str:
    return " ".join(text.split()).rstrip(".").casefold()


@frozen
class CodeFamily:
    """The codes that share their meanings, by number."""

    name: str
    codes: Mapping[int, Code] = field(repr=False, hash=False)

    def __getitem__(self, code: int) -> Code:
        """Return what `code` means here; a code that the vendor does not list is a plain `ApiError`."""
        return self.codes.get(code) or Code(
            code,
            "",
            "a code that the vendor does not document for this endpoint",
            "Treat the outcome as unknown and ask the vendor, with the reason given.",
            ApiError,
        )


def _family(name: str, *codes: Code, base: CodeFamily | None = None) -> CodeFamily:
    merged = {**(base.codes if base else {}), **{entry.code: entry for entry in codes}}
    return CodeFamily(name, MappingProxyType(merged))


_CHECK_KEY = "Check the API key and secret (`itnio doctor`), and that both belong to the same account."
_ALLOW_ADDRESS = "Add this machine's public address to the account's allow list."
_SET_CLOCK = "Set this machine's clock (NTP), or find what delays the request on its way."
_TRY_LATER = (
    "Try again later; if it stays, send the request's time and endpoint to the vendor. "
    "It may have been done in part, and this very request may be the cause."
)
_COMPARE = "Compare the request with the vendor's page: a field is missing, of the wrong type or out of range."

SHARED = _family(
    "shared",
    Code(
        -1,
        "Authentication error",
        "the account's authentication failed",
        _CHECK_KEY,
        errors.AuthenticationError,
    ),
    Code(
        -2,
        "Authentication error",
        "the caller's IP address is not allowed",
        _ALLOW_ADDRESS,
        errors.IpNotAllowedError,
    ),
    Code(-16, "Timestamp expires", "the timestamp is expired", _SET_CLOCK, errors.TimestampExpiredError),
    Code(-18, "Port program unusual", "the vendor's system failed", _TRY_LATER, errors.ServerError),
    Code(
        -20,
        "Data existing",
        "the data already exists",
        "Look for the existing record and change that one.",
        errors.ConflictError,
    ),
    Code(-22, "Parameter exception", "a parameter is wrong", _COMPARE, errors.ValidationError),
    Code(
        -23,
        "Data caps",
        "the account's quota of stored records is reached",
        "Delete what is not needed, or ask the vendor for more.",
        errors.QuotaError,
    ),
    Code(
        -24,
        "Data does not exist",
        "the thing named does not exist",
        "Look the id up in the listing.",
        errors.NotFoundError,
    ),
)

SIP_TRUNKS = _family(
    "SIP trunks",
    Code(
        -44,
        "Please enter the correct trunk type for sip",
        "the trunk's type is missing or wrong",
        "Give type 1 (outbound) or 2 (inbound).",
        errors.ValidationError,
    ),
    Code(
        -45,
        "Please enter the correct trunk name for sip",
        "the trunk's name is missing or wrong",
        "Give a name that is not empty.",
        errors.ValidationError,
    ),
    Code(
        -47,
        "Duplicate sip trunk name",
        "another trunk has that name",
        "Choose another name; names are unique in the account.",
        errors.ConflictError,
    ),
    Code(
        -48,
        "The bound agent group cannot be empty",
        "no agent group is bound",
        "Give at least one agent group in group_list.",
        errors.ValidationError,
    ),
    Code(
        -49,
        "Bind sip gateway ip cannot be empty",
        "the gateway address is missing",
        "An outbound trunk needs sip_gateway_ip.",
        errors.ValidationError,
    ),
    Code(
        -50,
        "Please enter the correct format of sip gateway ip, limited to 50 characters",
        "the gateway address is malformed or longer than 50 characters",
        "Correct sip_gateway_ip.",
        errors.ValidationError,
    ),
    Code(
        -51,
        "The bound agent group cannot be repeated",
        "an agent group stands twice in group_list",
        "Name each agent group once.",
        errors.ValidationError,
    ),
    Code(
        -52,
        "The agent group has been bound",
        "the agent group is already bound to a trunk",
        "Choose another agent group, or take it off the other trunk first.",
        errors.ConflictError,
    ),
    Code(
        -53,
        "Duplicate binding sip gateway ip",
        "the gateway address is already bound to a trunk",
        "Choose another gateway address, or change the other trunk first.",
        errors.ConflictError,
    ),
    Code(
        -54,
        "Bind sip whitelist ip cannot be empty",
        "the whitelist address is missing",
        "An inbound trunk needs sip_white_ip.",
        errors.ValidationError,
    ),
    Code(
        -55,
        "Please enter the correct format of sip whitelist ip, limited to 50 characters",
        "the whitelist address is malformed or longer than 50 characters",
        "Correct sip_white_ip.",
        errors.ValidationError,
    ),
    Code(
        -56,
        "Relay primary key ID cannot be empty",
        "the trunk's key id is missing",
        "Give the key_id that the listing shows.",
        errors.ValidationError,
    ),
    Code(
        -57,
        "The number must be bound to the agent group",
        "an agent group has no number",
        "An inbound trunk needs a number for each agent group.",
        errors.ValidationError,
    ),
    Code(
        -58,
        "The number bound under the agent group must be within 50 characters in length.",
        "the number of an agent group is longer than 50 characters",
        "Correct the number.",
        errors.ValidationError,
    ),
    Code(
        -59,
        "The bound number already has an inbound SIP trunk. Please check whether it has been bound repeatedly; "
        "if not, please contact the business handler.",
        "the number already has an inbound trunk",
        "Look for the trunk that has the number; if there is none, ask the vendor.",
        errors.ConflictError,
    ),
    Code(
        -60,
        "Duplicate binding sip whitelist ip",
        "the whitelist address is already bound to a trunk",
        "Choose another whitelist address, or change the other trunk first.",
        errors.ConflictError,
    ),
    Code(
        -61,
        "The number bound to the agent group cannot find the country direction.",
        "no country or region is found for the number of an agent group",
        "Give the number with its country code, or ask the vendor to open the route.",
        errors.ValidationError,
    ),
    base=SHARED,
)

_ONLY_AUTHENTICATION = _family("authentication", SHARED[-1])

AI_VOICE = _family(
    "AI voice",
    Code(-4, "", "the timestamp is expired", _SET_CLOCK, errors.TimestampExpiredError),
    Code(-6, "", "the caller's IP address is not allowed", _ALLOW_ADDRESS, errors.IpNotAllowedError),
    base=_ONLY_AUTHENTICATION,
)

WHATSAPP = _family(
    "WhatsApp",
    Code(-4, "", "the timestamp is expired", _SET_CLOCK, errors.TimestampExpiredError),
    Code(-5, "", "the vendor's system failed", _TRY_LATER, errors.ServerError),
    Code(-6, "", "the caller's IP address is not allowed", _ALLOW_ADDRESS, errors.IpNotAllowedError),
    base=_ONLY_AUTHENTICATION,
)

FAMILIES = (SHARED, SIP_TRUNKS, AI_VOICE, WHATSAPP)


def family_of_path(path: str) -> CodeFamily:
    """Return the family of a path that has no `Endpoint`: the shared codes, but for the two that number anew."""
    if path.startswith("/aivoice/"):
        return AI_VOICE
    if path.startswith("/wa/"):
        return WHATSAPP
    return SHARED
