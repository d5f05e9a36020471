"""All families together: which there are, what they call, and which path is whose; each is imported when needed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from itnio_async.codes import AI_VOICE, SHARED, WHATSAPP, CodeFamily

if TYPE_CHECKING:
    from itnio_async.api.base import Service
    from itnio_async.endpoint import Endpoint, EnvelopeForm

    ENDPOINTS: tuple[Endpoint[Any, Any], ...]
    CODE_FAMILIES: tuple[CodeFamily, ...]

# The attribute of the client and package in `itnio_async.api`, the service's class, and what its paths begin with.
_FAMILIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "sip_trunks": ("SipTrunks", ("/v3/cc/sipTrunk/",)),
    "agent_groups": ("AgentGroups", ("/v3/cc/seatGroup/",)),
    "agents": ("Agents", ("/v3/cc/seat/",)),
    "team_leaders": ("TeamLeaders", ("/v3/cc/teamleader/",)),
    "call_tasks": ("CallTasks", ("/v3/cc/preview/",)),
    "call_records": ("CallRecords", ("/v3/cc/record/", "/voice/ccRecordQuery")),
    "sms": ("Sms", ("/sms/sendSms", "/sms/getReport", "/sms/getSentRcd", "/sms/postback/", "/sms/recordMo")),
    "otp": ("Otp", ("/otp/",)),
    "voice": ("Voice", ("/voice/file", "/voice/send", "/voice/sip", "/voice/record")),
    "group_calls": ("GroupCalls", ("/voice/group/call/", "/voice/recallFlow/")),
    "numbers": ("Numbers", ("/number/",)),
    "account": ("Account", ("/sms/getBalance",)),
}
FAMILIES = tuple(_FAMILIES)
"""The names of the families, as the client has them."""

# Families that have no package yet.
_UNTYPED_CODES = {"/aivoice/": AI_VOICE, "/wa/": WHATSAPP}
_UNTYPED_FORMS = {"CODE": ("/voice/group/call/", "/voice/recallFlow/")}


class Call(NamedTuple):
    """A method of a service and its endpoint: what the command, tests and pages are made from.

    `family` is the client's attribute and `verb` the method's name; `method` is the function itself, with its
    parameters, types and docstring.
    """

    family: str
    verb: str
    endpoint: Endpoint[Any, Any]
    method: Callable[..., Any]

    def __str__(self) -> str:
        return f"{self.family}.{self.verb}"


def codes_of(family: str) -> CodeFamily:
    """Return the codes of a family, importing no more of it."""
    codes: CodeFamily = getattr(import_module(f"itnio_async.api.{family}.codes"), family.upper())
    return codes


def codes_by_endpoint() -> Mapping[str, CodeFamily]:
    """Return the codes of the endpoints for which other advice holds than in their families."""
    modules = (import_module(f"itnio_async.api.{family}.codes") for family in FAMILIES)
    return {name: codes for module in modules for name, codes in getattr(module, "BY_ENDPOINT", {}).items()}


def service_of(family: str) -> type[Service]:
    """Return the class of a family's service, importing the family."""
    service: type[Service] = getattr(_service_module(family), _FAMILIES[family][0])
    return service


@cache
def calls_of(family: str) -> tuple[Call, ...]:
    """Return a family's calls, in the order of its page: an endpoint has its method's name, in capitals."""
    from itnio_async.endpoint import Endpoint  # not above: for codes alone it is not needed

    service, named = service_of(family), vars(_service_module(family)).items()
    endpoints = ((name.lower(), value) for name, value in named if isinstance(value, Endpoint))
    return tuple(Call(family, verb, endpoint, getattr(service, verb)) for verb, endpoint in endpoints)


def calls() -> Iterator[Call]:
    """Yield the calls of all families."""
    for family in FAMILIES:
        yield from calls_of(family)


def family_of_path(path: str) -> CodeFamily:
    """Return the codes that hold for a path: those of its `Endpoint`, else the shared ones but for two families."""
    if endpoint := _endpoint_of(path):
        return endpoint.family
    return next((codes for start, codes in _UNTYPED_CODES.items() if path.startswith(start)), SHARED)


def form_of_path(path: str) -> EnvelopeForm:
    """Return the envelope that answers of a path have."""
    from itnio_async.endpoint import EnvelopeForm  # not above, likewise

    if endpoint := _endpoint_of(path):
        return endpoint.envelope
    forms = (form for form, starts in _UNTYPED_FORMS.items() if path.startswith(starts))
    return EnvelopeForm[next(forms, "STATUS")]


def _service_module(family: str) -> Any:
    return import_module(f"itnio_async.api.{family}.service")


def _endpoint_of(path: str) -> Endpoint[Any, Any] | None:
    for family, (_, starts) in _FAMILIES.items():
        if path.startswith(starts):
            return next((call.endpoint for call in calls_of(family) if _is_path_of(call.endpoint, path)), None)
    return None


def _is_path_of(endpoint: Endpoint[Any, Any], path: str) -> bool:
    wanted, given = endpoint.path.split("/"), path.split("/")
    # A name in braces stands for an id.
    return len(wanted) == len(given) and all(
        bool(part) if name.startswith("{") else name == part for name, part in zip(wanted, given, strict=True)
    )


def __getattr__(name: str) -> Any:
    if name == "ENDPOINTS":
        # Several methods may be one endpoint.
        value: Any = tuple(dict.fromkeys(call.endpoint for call in calls()))
    elif name == "CODE_FAMILIES":
        value = tuple(dict.fromkeys((*map(codes_of, FAMILIES), *_UNTYPED_CODES.values(), SHARED)))
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    setattr(sys.modules[__name__], name, value)
    return value
