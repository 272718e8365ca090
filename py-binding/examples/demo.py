"""`make demo`: the protected app under a real server, and what it answers.

Starts `protected:app` under uvicorn on a free loopback port (PORT= in the environment names
one), asks it over real sockets, and prints what came back. On a terminal it then keeps serving;
otherwise it ends, with status 1 when any answer is not what it should be.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from demo_api import open_in_a_browser, watch

from sallet import SecurityHeaders, generate_token

COLOUR = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
GREEN, RED, BOLD, DIM = "32", "31", "1", "2"

WEBSOCKET = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "c2FsbGV0LXNhbGxldC0xIQ=="),
]


@dataclass(frozen=True)
class Row:
    """One request, and what must come back."""

    title: str
    path: str
    status: int
    answer: str = ""
    credentials: tuple[str, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()
    method: str = "GET"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def get(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="sallet-demo-") as folder:
        os.environ["ARTICLE_DB"] = str(Path(folder) / "users.sqlite3")
        key = os.environ["ARTICLE_KEY"] = generate_token()
        page, robot = os.environ["PAGE_TOKEN"], os.environ["ROBOT_TOKEN"] = generate_token(), generate_token()
        say("making a SQLite file with demo users", DIM)
        # Imported here, since the examples read their settings as they are imported.
        import users

        tokens = users.create_database()
        import protected
        import single_page

        say("starting the app under uvicorn", DIM)
        with serve(protected.app, wanted_port()) as port:
            say(f"serving on http://127.0.0.1:{port}\n", DIM)
            wrong = show_table(port, rows(tokens["alice"], key))
            show_headers(port, tokens["alice"])
            with serve(protected.make_app(), 0) as bare:
                answer = ask(bare, Row("", "/", 200))
            count = len(security_headers(answer))
            print(f"\nWithout protect(), / answers anyone: {answer.status}, {count} security headers.\n")
            wrong += show_api(single_page.app, page, robot)
            if wrong:
                print(paint(f"\n{len(wrong)} of the answers above are wrong:", RED))
                print("\n".join(f"  {line}" for line in wrong))
                return 1
            print(paint("\nEvery answer is what it should be.", GREEN))
            if sys.stdin.isatty() and sys.stdout.isatty():
                keep_serving(port, tokens["alice"], key)
    return 0


def wanted_port() -> int:
    port = os.environ.get("PORT") or "0"
    if not port.isdecimal() or int(port) > 65535:
        raise SystemExit(f"PORT={port} is no port; give a number up to 65535, or none for a free one")
    return int(port)


def rows(token: str, key: str) -> list[Row]:
    typo = key[:10] + ("B" if key[10] == "A" else "A") + key[11:]
    needs_token = 'Bearer realm="article"'
    socket_extra = tuple(WEBSOCKET)
    return [
        Row("/", "/", 401, needs_token),
        Row("/ with a user's token", "/", 200, '{"hello":"alice"}', (token,)),
        Row("unknown path", "/nowhere", 401, needs_token),
        Row("unknown path, signed in", "/nowhere", 404, "Not Found", (token,)),
        Row("endpoint that raises", "/broken", 500, "Internal Server Error", (token,)),
        Row("/docs", "/docs", 200, "Swagger UI"),
        Row("/openapi.json", "/openapi.json", 200, '"securitySchemes"'),
        Row("/v1/items, no token", "/v1/items", 401, 'Bearer realm="v1"'),
        Row("/v1/items, wrong token", "/v1/items", 401, 'error="invalid_token"', (typo,)),
        Row("/v1/items, the key", "/v1/items", 200, '["helm","gorget"]', (key,)),
        Row("/v1/items, key twice", "/v1/items", 400, 'error="invalid_request"', (key, key)),
        Row("WebSocket, no token", "/ws", 401, needs_token, (), socket_extra),
        Row("WebSocket, signed in", "/ws", 101, "", (token,), socket_extra),
    ]


def show_api(app: Any, page: str, robot: str) -> list[str]:
    """An open page, whose API is guarded by `protected=["/api/*"]`, and what the log says; what is wrong, as sentences."""
    log, of_robot = watch(), (("X-API-Key", robot),)
    with serve(app, 0) as port:
        wrong = show_table(
            port,
            [
                Row("the page, no login", "/", 200, "no login here"),
                Row("/api/parts", "/api/parts", 401, "Bearer"),
                Row("/api/parts, an API key", "/api/parts", 200, '"for":"robot"', extra=of_robot),
                Row("/api/parts, two keys", "/api/parts", 400, "ApiKey", extra=of_robot * 2),
                Row("/api/parts, a person", "/api/parts", 200, '"for":"page"', (page,)),
            ],
        )
        why = open_in_a_browser(f"http://127.0.0.1:{port}/#{page}", lambda: any("/api/live" in line for line in log.lines))
        print(why or "A browser opened the page, and its WebSocket was let in by the token that it offers as a subprotocol.")
        wrong += [why] if why and not why.startswith("SKIPPED") else []
    print(paint("\nWhat sallet.auth has logged:", BOLD))
    print("\n".join(f"  {line}" for line in log.lines))
    leaks = [line for line in log.lines if page in line or robot in line]
    return wrong + ["the log holds a token"] * bool(leaks)


def show_table(port: int, wanted: list[Row]) -> list[str]:
    """Prints the table; the rows that are wrong, as sentences."""
    wrong: list[str] = []
    full = len(SecurityHeaders.STRICT.items(https=False))
    title = max(len(row.title) for row in wanted)
    print(paint(f"{'request':<{title}}  status  headers  sent or refused", BOLD))
    for row in wanted:
        answer = ask(port, row)
        headers = len(security_headers(answer))
        # Headers are for responses; an accepted WebSocket is none.
        expected = 0 if row.status == 101 else full
        what = summary(answer)
        problems = []
        if answer.status != row.status:
            problems.append(f"status {answer.status}, not {row.status}")
        if row.answer not in what and row.answer.encode() not in answer.body:
            problems.append(f"{what!r} does not hold {row.answer!r}")
        if headers != expected:
            problems.append(f"{headers} security headers, not {expected}")
        wrong += [f"{row.title}: {problem}" for problem in problems]
        status = paint(f"{answer.status:<6}", RED if problems else GREEN)
        print(f"{row.title:<{title}}  {status}  {headers or '-':>7}  {what}")
    return wrong


def summary(answer: Answer) -> str:
    challenge = answer.get("www-authenticate")
    if challenge is not None:
        return f"WWW-Authenticate: {challenge}"
    if answer.status == 101:
        return "accepted"
    text = answer.body.decode("utf-8", "replace")
    start, end = text.find("<title>"), text.find("</title>")
    if start >= 0:
        return f"page “{text[start + 7 : end]}”"
    return text if len(text) <= 40 else f"{answer.get('content-type')}, {len(answer.body)} bytes"


def show_headers(port: int, token: str) -> None:
    print(paint("\nThe security headers of GET /, TLS ended by a proxy on this machine:", BOLD))
    tls = Row("", "/", 200, credentials=(token,), extra=(("X-Forwarded-Proto", "https"),))
    over_tls = security_headers(ask(port, tls))
    for name, value in over_tls:
        print(f"  {paint(name, GREEN)}: {value}")
    plain = dict(security_headers(ask(port, Row("", "/", 200, credentials=(token,)))))
    left_out = [name for name, _ in over_tls if name not in plain]
    print(
        f"  Over plain http, {' and '.join(left_out)} and upgrade-insecure-requests are left out:"
        "\n  a browser must not hear of https from a host that may not have it. uvicorn believes"
        "\n  X-Forwarded-Proto from 127.0.0.1 alone; Sallet believes uvicorn."
    )


def security_headers(answer: Answer) -> list[tuple[str, str]]:
    known = {name for name, _ in SecurityHeaders.STRICT.items(https=True)}
    return [(name, value) for name, value in answer.headers if name in known]


def ask(port: int, row: Row) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    with contextlib.closing(connection):
        connection.putrequest(row.method, row.path)
        for credential in row.credentials:
            connection.putheader("Authorization", f"Bearer {credential}")
        for name, value in row.extra:
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        headers = [(name.lower(), value) for name, value in response.getheaders()]
        # After 101 come WebSocket frames, with no end to wait for.
        body = b"" if response.status == 101 else response.read()
        return Answer(response.status, headers, body)


@contextlib.contextmanager
def serve(app: Any, port: int) -> Iterator[int]:
    """uvicorn on a loopback port, stopped when the block is left in whatever way."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise SystemExit(f"port {port} cannot be used ({error.strerror}); try another: PORT=8001")
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + 30
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise SystemExit("uvicorn did not start; run it by hand to see why")
            time.sleep(0.02)
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()


def keep_serving(port: int, token: str, key: str) -> None:
    url = f"http://127.0.0.1:{port}"
    print(f"\n{paint('Still serving', BOLD)} {url}  (docs at {url}/docs; Ctrl-C stops it)")
    print(f"Alice's token: {token}")
    print(f"  curl -i -H 'Authorization: Bearer {token}' {url}/")
    print(f"  curl -i -H 'Authorization: Bearer {key}' {url}/v1/items")
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
    print("\nstopped")


def say(text: str, code: str) -> None:
    print(paint(text, code), flush=True)


def paint(text: str, code: str) -> str:
    return f"\033[{code}m{text}\033[0m" if COLOUR else text


if __name__ == "__main__":
    sys.exit(main())
