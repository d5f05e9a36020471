"""The servers by the names that `--server` takes."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from benchmarks.certificate import Certificate
from benchmarks.nginx import executable, nginx
from benchmarks.server import Server, builtin


class Start(Protocol):
    """Starts a server on a core, with TLS where there is a certificate."""

    def __call__(self, core: int | None, certificate: Certificate | None = None) -> AbstractContextManager[Server]: ...


def auto(core: int | None, certificate: Certificate | None = None) -> AbstractContextManager[Server]:
    """Run nginx where it is installed, or else the built-in one."""
    return (nginx if executable() else builtin)(core, certificate)


SERVERS: dict[str, Start] = {"auto": auto, "nginx": nginx, "builtin": builtin}
