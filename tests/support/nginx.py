"""nginx as a process of its own, with a configuration that a test writes."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import httpx

from support.certificates import CertificateFiles
from support.programs import Program, program, until, unused_port

# What the API answers to an update; nginx says it without looking at the request.
SUCCESS = """return 200 '{"status":"0","reason":"success","data":7}';"""

_CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log notice;
{user}
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    default_type application/json;
    root {folder}/files;
    {http}
    server {{
        listen 127.0.0.1:{port}{listen};
        {server}
        location / {{ {location} }}
        location = /connections {{ access_log off; stub_status; }}
        {locations}
    }}
}}
"""


class Nginx(Program):
    """`async with Nginx(folder, ...)`; the arguments are lines of its configuration, `listen` words of that line.

    `location` is what it does with every path that `locations` do not name. Files in `files` are served where
    `location` is empty. Each nginx wants a folder of its own.
    """

    def __init__(
        self,
        folder: Path,
        *,
        location: str = SUCCESS,
        locations: str = "",
        server: str = "",
        http: str = "",
        tls: CertificateFiles | None = None,
        listen: str = "",
    ) -> None:
        self.folder = folder
        self.files = folder / "files"
        self.files.mkdir(parents=True)
        port = unused_port()
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        if tls is not None:
            server = f"ssl_certificate {tls.certificate};\nssl_certificate_key {tls.key};\n{server}"
        # Started by root, its workers would be another user, who cannot read the test's folder.
        user = "user root root;" if os.geteuid() == 0 else ""
        self.configuration = folder / "nginx.conf"
        self.configuration.write_text(
            _CONFIGURATION.format(
                folder=folder,
                user=user,
                port=port,
                listen=f"{' ssl' if tls else ''} {listen}",
                http=http,
                server=server,
                location=location,
                locations=locations,
            )
        )
        found = program("nginx", package="nginx")
        super().__init__(
            [found, "-p", str(folder), "-c", str(self.configuration)],
            port=port,
            log=folder / "output.log",
        )

    def workers(self) -> set[int]:
        """The processes that serve; those on their way out are among them."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return {int(child) for child in children.read_text().split()}

    async def reload(self) -> None:
        """Have it read its configuration again; return when new workers serve, though the old may not be gone yet."""
        before = self.workers()
        self.send_signal(signal.SIGHUP)
        await until(lambda: bool(self.workers() - before))

    async def kill_workers(self) -> None:
        """Kill what serves, in the middle of whatever it does; nginx starts anew by itself."""
        before = self.workers()
        for worker in before:
            os.kill(worker, signal.SIGKILL)
        await until(lambda: bool(self.workers() - before))

    def quit(self) -> None:
        """Have it end after the requests under way."""
        self.send_signal(signal.SIGQUIT)

    async def connections(self) -> int:
        """The connections that it has open, by its own count."""
        async with httpx.AsyncClient(verify=False, trust_env=False) as client:
            text = (await client.get(f"{self.url}/connections", headers={"Connection": "close"})).text
        found = re.search(r"Active connections: (\d+)", text)
        assert found is not None
        return int(found[1]) - 1  # without the one that asks

    def errors(self) -> list[str]:
        """What it has complained about."""
        lines = (self.folder / "error.log").read_text().splitlines()
        return [line for line in lines if re.search(r"\[(warn|error|crit|alert|emerg)\]", line)]
