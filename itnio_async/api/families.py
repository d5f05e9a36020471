"""The attributes of a client: a service for each family, made when it is first asked for."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, overload

from itnio_async.api.base import Caller, Service
from itnio_async.api.sip_trunks.service import SipTrunks

S = TypeVar("S", bound=Service)


class Family(Generic[S]):
    """An attribute that is a service: of a client its own, made once, and of the client's class the service's class.

    So tools that look at classes see what a client will have: `unittest.mock.create_autospec(AsyncClient)`.
    """

    def __init__(self, service: type[S]) -> None:
        self._service = service
        self.__doc__ = service.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, caller: None, owner: Any = None) -> type[S]: ...
    @overload
    def __get__(self, caller: Caller, owner: Any = None) -> S: ...
    def __get__(self, caller: Caller | None, owner: Any = None) -> S | type[S]:
        if caller is None:
            return self._service
        # Found there from now on, without a further call of this.
        service = vars(caller)[self._name] = self._service(caller)
        return service


class Families(Caller):
    """The services of all families, for the client that makes their calls."""

    sip_trunks: Family[SipTrunks] = Family(SipTrunks)
    """The SIP trunks of the account."""
