"""The table of cases that all hosts share (`cases/` at the root), with the board as the host.

The program `shared_cases` holds its policies and keys as constants, made from the same files when it is built. It
feeds the app's own fields to the core, and sends the policy as it is in flash where they do not matter.
"""

from __future__ import annotations

import json
import re
import struct
import time
from typing import Any

from harness import curl
from harness.board import Board, Logged
from harness.skip import expect
from harness.toolchain import FIRMWARE
from harness.wire import Reply

Case = dict[str, Any]
Fields = list[tuple[str, str]]

TABLES = FIRMWARE.parent / "cases"
HEADERS: list[Case] = json.loads((TABLES / "headers.json").read_text("utf-8"))["cases"]
AUTH: list[Case] = json.loads((TABLES / "auth.json").read_text("utf-8"))["cases"]
PATHS: list[list[Any]] = json.loads((TABLES / "paths.json").read_text("utf-8"))["raw"]
# Added by a server, whatever the app and the policy say.
OF_THE_SERVER = {"date", "content-length", "connection", "transfer-encoding"}
NONCE = re.compile(r"[A-Za-z0-9_-]{22}")
PRIVATE = ("cache-control", "private")


def run(board: Board) -> None:
    print(f"==> the shared table, asked with curl: {len(HEADERS)} cases of headers, {len(AUTH)} of auth")
    print(f"    {'status':>6} {'instructions to':^23}")
    print(f"    {'':6} {'decide':>11} {'send':>11}  case")
    for number, case in enumerate(HEADERS):
        reply, logged = ask(board, 0, number, case)
        check_headers(case, reply)
        show(case, logged)
    for number, case in enumerate(AUTH):
        reply, logged = ask(board, 1, number, case)
        check_auth(case, reply, logged)
        show(case, logged)
    for number, row in enumerate(PATHS):
        check_path(board, number, row)
    print(f"    {len(HEADERS)} of headers, {len(AUTH)} of auth and {len(PATHS)} of paths answered as the table says")


def show(case: Case, logged: Logged) -> None:
    print(f"    {logged.status:>6} {logged.deciding:>11} {logged.sending:>11}  {case['name']}")


def ask(board: Board, table: int, number: int, case: Case) -> tuple[Reply, Logged]:
    now = case.get("now", int(time.time()))
    board.answer("case?", struct.pack(">BHQ", table, number, now))
    # The characters of the table are Latin-1.
    fields = [*case.get("headers", []), *(("authorization", line) for line in case.get("authorization", []))]
    if case.get("websocket"):
        fields += [("connection", "upgrade"), ("upgrade", "websocket")]
    reply = curl.ask(
        board.url + case.get("path", "/items" if table else "/"),
        case.get("method", "GET"),
        [(name, value.encode("latin-1")) for name, value in fields],
    )
    logged = board.logged("case?")
    status = case["expect"]["status"] if table else case.get("status", 200)
    expect(reply.status == logged.status == status, f"{case['name']!r}: {reply.status}, the log says {logged.status}")
    return reply, logged


def check_path(board: Board, number: int, row: list[Any]) -> None:
    """One rule, one path as it was sent: is it public, is it protected, is it the rule's policy?"""
    rule, method, path, *expected = row
    board.answer("case?", struct.pack(">BHQ", 2, number, int(time.time())))
    # A handshake has no method: the board is told so by the table.
    reply = curl.ask(board.url + path, method or "GET", [])
    board.logged("case?")
    if method != "HEAD":
        said = [{"0": False, "1": True, "-": None}[answer] for answer in reply.body.decode()]
        expect(said == expected, f"{rule!r} to {method} {path!r}: {said}, expected {expected}")


def by_name(fields: Fields) -> Fields:
    """Fields of one name keep their order; those of different names need not."""
    return sorted(((name, value) for name, value in fields if name not in OF_THE_SERVER), key=lambda field: field[0])


def check_headers(case: Case, reply: Reply) -> None:
    nonce = reply.body.decode()
    expected = [(name.lower(), value.replace("{nonce}", nonce)) for name, value in case["expect"]]
    if any("{nonce}" in value for _, value in case["expect"]):
        expect(bool(NONCE.fullmatch(nonce)), f"{case['name']!r}: {nonce!r} is no nonce")
    found = by_name(list(reply.fields))
    expect(found == by_name(expected), f"{case['name']!r}: {found}, expected {by_name(expected)}")


def check_auth(case: Case, reply: Reply, logged: Logged) -> None:
    name, verdict = case["name"], case["expect"]
    expect(logged.reason == verdict.get("reason"), f"{name!r}: the log says {logged.reason!r}, expected {verdict.get('reason')!r}")
    found = by_name(list(reply.fields))
    if reply.status == 200:
        key = verdict["id"]
        body = f"{key}/{verdict['principal']}" if key else ""
        expect(logged.key == (key or "-"), f"{name!r}: the log says key {logged.key}")
        expect(reply.body.decode() == body, f"{name!r}: the app sees {reply.body!r}, expected {body!r}")
        # On a public path the board looks at no credentials.
        told = by_name([(line[0], line[1]) for line in verdict.get("caching", [PRIVATE])]) if key else []
        expect(found == told, f"{name!r}: {found}, expected {told}")
        return
    expect(logged.key == "-", f"{name!r}: the log says key {logged.key}")
    body = json.dumps({"detail": verdict["detail"]}, separators=(",", ":"))
    expect(reply.body.decode() == body, f"{name!r}: {reply.body!r}, expected {body!r}")
    expected = by_name([
        *(("www-authenticate", challenge) for challenge in verdict["www-authenticate"]),
        ("cache-control", "no-store"),
        ("content-type", "application/json"),
    ])
    expect(found == expected, f"{name!r}: {found}, expected {expected}")
