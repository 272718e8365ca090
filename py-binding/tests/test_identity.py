"""1,000 users at once on one process: nobody ever reads another's identity or nonce.

A server may hand every request the same `scope["state"]`, as gunicorn's ASGI worker did until 27 and asgi-lifespan does. Each
request here is read before and after all the others were: a shared place then holds the last one's.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import resource
from dataclasses import dataclass

import crowd
import httpx
import pytest
from asgi_lifespan import LifespanManager
from harness.servers import Server

STRANGERS = 100  # on the public path
SOCKETS = 100
KINDS = ("uvicorn", "hypercorn", "granian", "daphne", "gunicorn")
# More than 1,000 connections: what a server limits by default.
ARGUMENTS = {
    "gunicorn": ["-k", "asgi", "--worker-connections", "4000", "--graceful-timeout", "1"],
    "granian": ["--backpressure", "4000"],
}
IN_HEADER = re.compile(r"'nonce-([^']*)'")


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def nonce(self) -> str:
        [nonce] = IN_HEADER.findall(self.headers["content-security-policy"])
        return nonce


class Connection:
    """One keep-alive connection, or one WebSocket."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)

    def close(self) -> None:
        self.writer.close()

    async def get(self, path: str, user: str | None = None, *more: str) -> Answer:
        lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *more]
        if user is not None:
            lines.append(f"Authorization: Bearer {crowd.token(user)}")
        self.writer.write("\r\n".join([*lines, "", ""]).encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return Answer(int(head[0].split()[1]), headers, body)

    async def websocket(self, path: str, user: str) -> Answer:
        key = base64.b64encode(os.urandom(16)).decode()
        answer = await self.get(
            path, user, "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"
        )
        if answer.status == 101:
            opcode, length = await self.reader.readexactly(2)
            assert opcode == 0x81
            if length == 126:
                length = int.from_bytes(await self.reader.readexactly(2), "big")
            answer.body = await self.reader.readexactly(length)
        return answer


def check(answer: Answer, user: str | None, nonces: list[str]) -> list[str]:
    """What `user` read that is not theirs; None is a stranger, who reads nobody."""
    if answer.status not in (101, 200):
        return [f"{user}: status {answer.status}: {answer.body[:200]!r}"]
    found = json.loads(answer.body)
    wrong = []
    if "dependency" in found and found.pop("dependency") != user:
        wrong.append(f"{user}: another user in the dependency")
    nonce = found["before"]["nonce"]
    nonces.append(nonce)
    # A handshake that was accepted carries no policy.
    if answer.status == 200 and answer.nonce() != nonce:
        wrong.append(f"{user}: the header's nonce is not the page's")
    for when, places in found.items():
        for place, value in places.items():
            if value != (nonce if place.startswith("nonce") else user):
                wrong.append(f"{user}: {value} in {place} {when}")
    return wrong


def judge(pairs: list[tuple[str | None, Answer]]) -> None:
    nonces: list[str] = []
    wrong = [line for user, answer in pairs for line in check(answer, user, nonces)]
    assert not wrong, f"{len(wrong)} wrong: " + "; ".join(wrong[:10])
    assert len(set(nonces)) == len(nonces) == len(pairs)


async def crowd_at(port: int) -> list[tuple[str | None, Answer]]:
    users = [crowd.name(number) for number in range(crowd.USERS)]
    callers: list[str | None] = [*users, *[None] * STRANGERS]
    connections = [Connection(port) for _ in range(len(callers) + SOCKETS)]
    few = asyncio.Semaphore(40)  # fewer than a server's backlog

    async def arrive(connection: Connection) -> Answer:
        async with few:
            await connection.open()
            return await connection.get("/public")

    query = f"?round=all&size={len(connections)}"

    async def call(connection: Connection, user: str | None) -> Answer:
        return await connection.get(("/public" if user is None else "/me") + query, user)

    first = await asyncio.gather(*map(arrive, connections))
    waiting = [call(*pair) for pair in zip(connections, callers)]
    talking = [connection.websocket("/ws" + query, user) for connection, user in zip(connections[len(callers) :], users)]
    answers = await asyncio.gather(*waiting, *talking)
    # Strangers who come after all of them, over the users' own connections.
    last = await asyncio.gather(*(connection.get("/public") for connection in connections[:STRANGERS]))
    for connection in connections:
        connection.close()
    return [*[(None, answer) for answer in (*first, *last)], *zip([*callers, *users], answers)]


@pytest.fixture
def many_connections():
    """1,200 of them, and the server inherits the limit. Often 1,024 are allowed until one asks."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 4096:
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("kind", KINDS)
def test_on_a_server(kind, many_connections):
    running = Server(kind, "crowd:app", *ARGUMENTS.get(kind, ())).start()
    try:
        judge(asyncio.run(asyncio.wait_for(crowd_at(running.port), 300)))
    finally:
        running.stop()


def test_asgi_lifespan_with_httpx():
    users = [crowd.name(number) for number in range(crowd.USERS)]
    callers: list[str | None] = [*users, *[None] * STRANGERS]
    query = f"?round=httpx&size={len(callers)}"

    async def main() -> list[tuple[str | None, Answer]]:
        async with (
            LifespanManager(crowd.app) as manager,
            httpx.AsyncClient(transport=httpx.ASGITransport(app=manager.app), base_url="http://127.0.0.1") as client,
        ):

            async def get(path: str, user: str | None = None) -> Answer:
                response = await client.get(path, headers={"Authorization": f"Bearer {crowd.token(user)}"} if user else {})
                return Answer(response.status_code, dict(response.headers), response.content)

            first = await get("/public")
            answers = await asyncio.gather(*(get(("/public" if user is None else "/me") + query, user) for user in callers))
            last = await get("/public")
        return [(None, first), (None, last), *zip(callers, answers)]

    judge(asyncio.run(main()))
