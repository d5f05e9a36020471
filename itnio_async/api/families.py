"""The attributes of a client: a service for each family, made when it is first asked for."""

from __future__ import annotations

from functools import cached_property

from itnio_async.api.base import Caller
from itnio_async.api.sip_trunks.service import SipTrunks


class Families(Caller):
    """The services of all families, for the client that makes their calls."""

    @cached_property
    def sip_trunks(self) -> SipTrunks:
        """The SIP trunks of the account."""
        return SipTrunks(self)
