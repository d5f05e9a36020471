"""Which paths have an `Endpoint`, and what holds for the others: all families together."""

from __future__ import annotations

from functools import cache
from typing import Any

from itnio_async.api.sip_trunks import service as sip_trunks
from itnio_async.api.sip_trunks.codes import SIP_TRUNKS
from itnio_async.codes import AI_VOICE, SHARED, WHATSAPP, CodeFamily
from itnio_async.endpoint import Endpoint, EnvelopeForm

ENDPOINTS: tuple[Endpoint[Any, Any], ...] = (*sip_trunks.ENDPOINTS,)

CODE_FAMILIES = (SHARED, SIP_TRUNKS, AI_VOICE, WHATSAPP)


@cache
def _by_path() -> dict[str, Endpoint[Any, Any]]:
    return {endpoint.path: endpoint for endpoint in ENDPOINTS}


def family_of_path(path: str) -> CodeFamily:
    """Return the codes that hold for a path: those of its `Endpoint`, else the shared ones but for two families."""
    if endpoint := _by_path().get(path):
        return endpoint.family
    if path.startswith("/aivoice/"):
        return AI_VOICE
    return WHATSAPP if path.startswith("/wa/") else SHARED


def form_of_path(path: str) -> EnvelopeForm:
    """Return the envelope that answers of a path have."""
    if endpoint := _by_path().get(path):
        return endpoint.envelope
    return EnvelopeForm.CODE if path.startswith(("/voice/group/call/", "/voice/recallFlow/")) else EnvelopeForm.STATUS
