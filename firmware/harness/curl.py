"""Requests by a real HTTP client."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable

from harness import wire
from harness.skip import Skipped, expect


def find() -> str:
    found = shutil.which("curl")
    if not found:
        raise Skipped("the cases over HTTP", "there is no curl", "apt-get install curl")
    return found


def ask(
    url: str, method: str = "GET", lines: Iterable[tuple[str, bytes | None]] = (), body: bytes | None = None
) -> wire.Reply:
    """The answer to a request with these field lines beside curl's own; `None` takes one of curl's away."""
    command: list[str | bytes] = [
        find(), "--silent", "--show-error", "--max-time", "30", "--include", "--path-as-is", "--globoff", "--request", method
    ]
    if method == "HEAD":
        command.append("--head")
    for name, value in lines:
        if value is None:
            line = f"{name}:".encode()
        elif value:
            line = f"{name}: ".encode() + value
        else:
            line = f"{name};".encode()  # so curl wants it
        command += ["--header", line]
    if body is not None:
        command += ["--data-binary", "@-"]
    done = subprocess.run([*command, url], input=body or b"", capture_output=True, check=False)
    expect(done.returncode == 0, f"{method} {url}: curl says {done.stderr.decode()}")
    answer = done.stdout
    while answer.startswith(b"HTTP/1.1 100 "):
        answer = answer.split(b"\r\n\r\n", 1)[1]
    head, body = answer.split(b"\r\n\r\n", 1)
    reply = wire.parse(head)
    if reply.status in (204, 304):
        expect(reply.one("content-length") is None and not body, f"{method} {url}: a {reply.status} with {body!r}")
    else:
        length = int(reply.one("content-length") or -1)
        expect(method == "HEAD" or length == len(body), f"{method} {url}: {length} is not the length of {body!r}")
    return wire.Reply(reply.status, reply.fields, body)
