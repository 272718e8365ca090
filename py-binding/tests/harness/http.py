"""A raw HTTP/1.1 client: sends exactly the bytes it is told to, and reports header lines in order, repeats included."""

from __future__ import annotations

import base64
import os
import select
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field

HeaderList = Iterable[tuple[str, "str | bytes"]]

TIMEOUT = 20.0


class NoAnswer(Exception):
    """The server closed the connection, or fell silent, before a whole response."""


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""
    sent: int = 0  # bytes of request body that had left when the answer came
    socket: socket.socket | None = field(default=None, repr=False)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]

    def one(self, name: str) -> str:
        values = self.all(name)
        assert len(values) == 1, f"{name}: {values} in {self.headers}"
        return values[0]

    def has(self, name: str) -> bool:
        return bool(self.all(name))

    def json(self) -> object:
        import json

        return json.loads(self.body)


def head(method: str, path: str, headers: HeaderList, *, host: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1".encode("latin-1")]
    names = set()
    for name, value in headers:
        names.add(name.lower())
        lines.append(name.encode() + b": " + (value.encode("latin-1") if isinstance(value, str) else value))
    if "host" not in names:
        lines.insert(1, b"Host: " + host.encode())
    if "connection" not in names:
        lines.append(b"Connection: close")
    return b"\r\n".join(lines) + b"\r\n\r\n"


def request(
    port: int,
    method: str = "GET",
    path: str = "/",
    headers: HeaderList = (),
    body: bytes | None = None,
    timeout: float = TIMEOUT,
) -> Answer:
    headers = list(headers)
    if body is not None:
        headers.append(("Content-Length", str(len(body))))
    with _connect(port, timeout) as s:
        s.sendall(head(method, path, headers, host=f"127.0.0.1:{port}") + (body or b""))
        return _read(_Stream(s), method)


def upload(port: int, path: str, headers: HeaderList, size: int, *, patience: float = 3.0) -> Answer:
    """POST `size` bytes: the head and 64 KiB, then nothing more until the server answers.

    A server that answers has decided without the body. One that insists on the body is given the rest after `patience`
    seconds, and `Answer.sent` tells which of the two it was.
    """
    headers = [*headers, ("Content-Length", str(size)), ("Content-Type", "application/octet-stream")]
    chunk = b"x" * 65_536
    with _connect(port, TIMEOUT) as s:
        s.sendall(head("POST", path, headers, host=f"127.0.0.1:{port}") + chunk)
        sent = len(chunk)
        readable, _, _ = select.select([s], [], [], patience)
        while not readable and sent < size:
            s.sendall(chunk[: size - sent])
            sent += len(chunk)
            readable, _, _ = select.select([s], [], [], 0)
        answer = _read(_Stream(s), "POST")
        answer.sent = min(sent, size)
        return answer


def websocket(port: int, path: str, headers: HeaderList = (), *, timeout: float = TIMEOUT) -> Answer:
    """A WebSocket handshake. Status 101 leaves the socket open in `Answer.socket` (see `receive_text`)."""
    key = base64.b64encode(os.urandom(16)).decode()
    wanted = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", key),
        ("Sec-WebSocket-Version", "13"),
        *headers,
    ]
    s = _connect(port, timeout)
    try:
        s.sendall(head("GET", path, wanted, host=f"127.0.0.1:{port}"))
        stream = _Stream(s)
        answer = _read(stream, "GET")
        if answer.status == 101:
            answer.socket = s
            answer.body = stream.rest()
            return answer
    except BaseException:
        s.close()
        raise
    s.close()
    return answer


def receive_text(answer: Answer) -> str:
    """The first (short, unfragmented) text frame the server sends after a 101. Closes the socket."""
    assert answer.socket is not None
    with answer.socket as s:
        stream = _Stream(s, answer.body)
        opcode, length = stream.exactly(2)
        assert opcode == 0x81 and length < 126, (opcode, length)
        return stream.exactly(length).decode()


def _connect(port: int, timeout: float) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=timeout)


class _Stream:
    def __init__(self, s: socket.socket, buffer: bytes = b"") -> None:
        self.socket = s
        self.buffer = buffer

    def _fill(self) -> bool:
        try:
            data = self.socket.recv(65_536)
        except TimeoutError:
            raise NoAnswer("the server fell silent") from None
        except ConnectionResetError:
            return False
        self.buffer += data
        return bool(data)

    def line(self) -> bytes:
        while b"\r\n" not in self.buffer:
            if not self._fill():
                raise NoAnswer(f"closed in the middle of a line: {self.buffer!r}")
        found, self.buffer = self.buffer.split(b"\r\n", 1)
        return found

    def exactly(self, count: int) -> bytes:
        while len(self.buffer) < count:
            if not self._fill():
                raise NoAnswer(f"closed {count - len(self.buffer)} bytes early")
        found, self.buffer = self.buffer[:count], self.buffer[count:]
        return found

    def to_end(self) -> bytes:
        while self._fill():
            pass
        return self.rest()

    def rest(self) -> bytes:
        found, self.buffer = self.buffer, b""
        return found


def _read(stream: _Stream, method: str) -> Answer:
    status_line = stream.line()
    version, status, *_ = status_line.split(b" ", 2)
    assert version in (b"HTTP/1.1", b"HTTP/1.0"), status_line
    answer = Answer(int(status), [])
    while line := stream.line():
        name, value = line.split(b":", 1)
        answer.headers.append((name.decode("latin-1").lower(), value.strip(b" \t").decode("latin-1")))
    if answer.status == 100:
        return _read(stream, method)
    if method == "HEAD" or answer.status in (101, 204, 304):
        return answer
    if "chunked" in answer.all("transfer-encoding"):
        while size := int(stream.line().split(b";")[0], 16):
            answer.body += stream.exactly(size)
            stream.exactly(2)
        stream.line()
    elif lengths := answer.all("content-length"):
        assert len(set(lengths)) == 1, lengths
        answer.body = stream.exactly(int(lengths[0]))
    else:
        answer.body = stream.to_end()
    return answer
