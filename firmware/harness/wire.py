"""HTTP over a plain socket, for requests that no HTTP client would send."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from harness.skip import Failed


@dataclass(frozen=True)
class Reply:
    status: int
    # Names in lower case, in the order of the wire.
    fields: tuple[tuple[str, str], ...]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for field, value in self.fields if field == name]

    def one(self, name: str) -> str | None:
        values = self.all(name)
        if len(values) > 1:
            raise Failed(f"{name} stands there {len(values)} times")
        return values[0] if values else None


class Wire:
    """One connection to the board's UART."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def more(self) -> None:
        try:
            data = self.socket.recv(65536)
        except TimeoutError:
            raise Failed(f"no answer within 30 s; so far {self.buffer!r}") from None
        if not data:
            raise Failed(f"the line was closed; so far {self.buffer!r}")
        self.buffer += data

    def reply(self, *, head_only: bool = False) -> Reply:
        while b"\r\n\r\n" not in self.buffer:
            self.more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        reply = parse(head)
        length = 0 if head_only or reply.status == 100 else int(reply.one("content-length") or 0)
        while len(self.buffer) < length:
            self.more()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return Reply(reply.status, reply.fields, body)

    def ask(self, data: bytes, *, head_only: bool = False) -> Reply:
        self.send(data)
        reply = self.reply(head_only=head_only)
        if self.buffer:
            raise Failed(f"more than one answer: {self.buffer!r} follows {reply}")
        return reply


def parse(head: bytes) -> Reply:
    """Strict: what this refuses, the firmware must not send."""
    status, *lines = head.decode("ascii").split("\r\n")
    version, code, _ = status.split(" ", 2)
    if version != "HTTP/1.1" or "\n" in head.decode("ascii").replace("\r\n", ""):
        raise Failed(f"not an HTTP/1.1 answer: {head!r}")
    fields = []
    for line in lines:
        name, colon, value = line.partition(": ")
        if not colon or name != name.lower() or value != value.strip():
            raise Failed(f"not a field line: {line!r}")
        fields.append((name, value))
    return Reply(int(code), tuple(fields), b"")
