"""nginx and Varnish in front of a real server: on the loopback interface, in a folder of their own, always stopped."""

from __future__ import annotations

import contextlib
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from needs import program

from .child import child
from .servers import free_port

START_SECONDS = 20.0
ATTEMPTS = 3

_NGINX = """
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/temp;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {settings}
}}
"""


@contextlib.contextmanager
def nginx(settings: str, *ports: int) -> Iterator[None]:
    """Runs nginx with what stands in its `http` block, which listens on `ports`."""
    path = program("nginx", "/usr/sbin/nginx", how="apt-get install nginx-light")
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "nginx.conf"
        config.write_text(_NGINX.format(folder=folder, settings=settings))
        with _running([path, "-p", folder, "-e", "stderr", "-c", str(config)], *ports):
            yield


@contextlib.contextmanager
def varnish(backend: int) -> Iterator[int]:
    """Runs Varnish in front of a port, with the configuration that it comes with, and yields its own."""
    path = program("varnishd", "/usr/sbin/varnishd", how="apt-get install varnish")
    for attempt in range(ATTEMPTS):
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            port = free_port()
            at = ["-a", f"127.0.0.1:{port}", "-b", f"127.0.0.1:{backend}"]
            command = [path, "-F", "-j", "none", "-n", folder, *at, "-s", "malloc,16m"]
            try:
                stack.enter_context(_running(command, port))
            except RuntimeError as error:
                if "in use" in str(error) and attempt + 1 < ATTEMPTS:
                    continue
                raise
            yield port
            return


@contextlib.contextmanager
def _running(command: list[str], *ports: int) -> Iterator[None]:
    with child(*command) as written:
        limit = time.monotonic() + START_SECONDS
        for port in ports:
            while not _listens(port):
                if time.monotonic() > limit:
                    raise RuntimeError(f"{command[0]} did not start:\n{written()}")
                time.sleep(0.05)
        yield


def _listens(port: int) -> bool:
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0
