"""nginx as the server that all peers talk to, where it is installed: faster than they are, and what many vendors run.

It answers like the built-in one and counts, but checks nothing: that is why each peer shows one call to the built-in
one before a run.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from benchmarks import job
from benchmarks.certificate import Certificate
from benchmarks.process import pin
from benchmarks.server import COUNTS_PATH, Counts, Server, builtin, fetch

_CONFIG = """\
daemon off;
pid nginx.pid;
error_log stderr error;
worker_processes 1;
events { worker_connections 8192; }
http {
    access_log off;
    # The default of 1,000 would have each peer open connections during the measurement.
    keepalive_requests 1000000000;
    keepalive_timeout 300s;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {
        listen 127.0.0.1:PORT backlog=4096;
TLS
        location = COUNTS { stub_status; }
REPLIES
    }
}
"""
_TLS = """\
        listen 127.0.0.1:PORT ssl backlog=4096;
        ssl_certificate CHAIN;
        ssl_certificate_key CHAIN;"""


def executable() -> str | None:
    """Return where nginx is, or None."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


@contextmanager
def nginx(core: int | None, certificate: Certificate | None = None) -> Iterator[Server]:
    """Run nginx with one worker, in a folder of its own."""
    found = executable()
    if found is None:
        raise SystemExit("nginx is not installed: --server builtin does without.")
    port, tls_port = _free_ports()
    with TemporaryDirectory() as folder:
        config = Path(folder) / "nginx.conf"
        config.write_bytes(_config(port, tls_port, certificate))
        process = subprocess.Popen(
            [found, "-p", folder, "-c", str(config), "-e", "stderr"],
            preexec_fn=lambda: pin(core),  # noqa: PLW1509, RUF100 - no thread of ours is running
        )
        try:
            url = f"http://127.0.0.1:{port}"
            counts = _Counts(url + COUNTS_PATH, process)
            yield Server(
                f"nginx {_version(found)}", url, f"https://127.0.0.1:{tls_port}" if certificate else "", counts.read
            )
        finally:
            process.terminate()
            process.wait()


class _Counts:
    """Asks `stub_status`, which counts its own requests too."""

    def __init__(self, url: str, process: subprocess.Popen[bytes]) -> None:
        self._url = url
        self._asked = 0
        self._wait(process)
        self._worker = _child_of(process.pid)

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + 10
        while True:
            try:
                fetch(self._url)
            except OSError as error:
                if process.poll() is not None or time.monotonic() > until:
                    raise SystemExit("nginx did not start; it has said why.") from error
                time.sleep(0.02)
            else:
                self._asked += 1
                return

    def read(self) -> Counts:
        """Return the counts; how many bytes it received nginx does not tell."""
        self._asked += 1
        # Active connections: 1 \n server accepts handled requests \n 3 3 5 \n Reading: 0 Writing: 1 Waiting: 0
        requests = int(fetch(self._url).split(b"\n")[2].split()[2])
        return Counts(requests - self._asked, 0, _cpu(self._worker))


def _config(port: int, tls_port: int, certificate: Certificate | None) -> bytes:
    tls = ""
    if certificate is not None:
        tls = _TLS.replace("PORT", str(tls_port)).replace("CHAIN", certificate.chain)
    text = _CONFIG.replace("PORT", str(port)).replace("TLS", tls).replace("COUNTS", COUNTS_PATH)
    # Bytes, since an answer may be no text.
    replies = [
        b"        location = %s { default_type %s; return 200 '%s'; }"
        % (path.encode(), reply.content_type.encode(), reply.body)
        for path, reply in job.REPLIES.items()
    ]
    return text.encode().replace(b"REPLIES", b"\n".join(replies))


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def _version(found: str) -> str:
    said = subprocess.run([found, "-v"], capture_output=True, text=True, check=True).stderr
    return said.strip().partition("/")[2]


def _child_of(pid: int) -> int | None:
    """Return the worker's process, or None where there is no /proc to tell."""
    try:
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
    except (OSError, IndexError):
        return None


def _cpu(pid: int | None) -> float:
    if pid is None:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# -- the servers by the names that `--server` takes -------------------------------------------------------------------


class Start(Protocol):
    """Starts a server on a core, with TLS where there is a certificate."""

    def __call__(self, core: int | None, certificate: Certificate | None = None) -> AbstractContextManager[Server]: ...


def auto(core: int | None, certificate: Certificate | None = None) -> AbstractContextManager[Server]:
    """Run nginx where it is installed, or else the built-in one."""
    return (nginx if executable() else builtin)(core, certificate)


SERVERS: dict[str, Start] = {"auto": auto, "nginx": nginx, "builtin": builtin}
