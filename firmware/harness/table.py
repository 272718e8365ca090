"""The table of cases, asked with curl."""

from __future__ import annotations

import re
import shutil
import subprocess

from harness import wire
from harness.board import Board
from harness.cases import CASES, PAGE, Case
from harness.skip import Skipped, expect

NONCE = re.compile(r"nonce-([A-Za-z0-9_-]{22})'")


def curl() -> str:
    found = shutil.which("curl")
    if not found:
        raise Skipped("the cases over HTTP", "there is no curl", "apt-get install curl")
    return found


def run(board: Board) -> None:
    print(f"==> {len(CASES)} cases, asked with curl")
    print(f"    {'status':>6} {'instructions to':^23}")
    print(f"    {'':6} {'decide':>11} {'send':>11}  case")
    nonces = set()
    stack = 0
    for case in CASES:
        nonce, logged = check(board, case)
        nonces |= nonce
        stack = logged.stack
        print(f"    {logged.status:>6} {logged.deciding or '-':>11} {logged.sending:>11}  {case.name}")
    for _ in range(50):
        nonces |= check(board, next(case for case in CASES if case.policy is PAGE))[0]
    expect(len(nonces) == 51, f"51 pages had {len(nonces)} different nonces")
    print(f"    51 pages, 51 nonces; the stack never held more than {stack} bytes")


def check(board: Board, case: Case) -> tuple[set[str], object]:
    reply = ask(board, case)
    logged = board.logged()
    name = f"{case.name!r}"
    expect(reply.status == case.status == logged.status, f"{name}: {reply.status}, the log says {logged.status}")
    expect(logged.key == case.key, f"{name}: the log says key {logged.key}")
    found = set(NONCE.findall(reply.one("content-security-policy") or ""))
    nonce = next(iter(found), "")
    body = case.body.format(nonce=nonce) if case.policy is PAGE else case.body
    expect(reply.body.decode() == body, f"{name}: {reply.body!r}, expected {body!r}")
    html = case.policy is PAGE
    expected = {
        "content-type": "text/html; charset=utf-8" if html else "application/json",
        **case.own,
        **{field: value.format(nonce=nonce) if html else value for field, value in case.policy.items()},
    }
    fields = {field: value for field, value in reply.fields if field != "content-length"}
    expect(len(fields) + 1 == len(reply.fields), f"{name}: a field twice in {reply.fields}")
    expect(fields == expected, f"{name}: {fields}, expected {expected}")
    # The policy stands there as one block, in its own order.
    names = [field for field, _ in reply.fields if field in case.policy]
    expect(names == list(case.policy), f"{name}: in the order {names}")
    return found, logged


def ask(board: Board, case: Case) -> wire.Reply:
    command: list[str | bytes] = [
        curl(), "--silent", "--show-error", "--max-time", "30", "--include", "--path-as-is", "--request", case.method
    ]
    if case.method == "HEAD":
        command.append("--head")
    for line in case.authorization:
        # curl sends a field without a value only when it ends with a semicolon.
        if line in ("", b""):
            command += ["--header", "Authorization;"]
        else:
            command += ["--header", b"Authorization: " + (line if isinstance(line, bytes) else line.encode())]
    for line in case.fields:
        command += ["--header", line]
    if case.data is not None:
        command += ["--data-binary", "@-"]
    done = subprocess.run(
        [*command, board.url + case.path], input=(case.data or "").encode(), capture_output=True, check=False
    )
    expect(done.returncode == 0, f"{case.name!r}: curl says {done.stderr.decode()}")
    answer = done.stdout
    while answer.startswith(b"HTTP/1.1 100 "):
        answer = answer.split(b"\r\n\r\n", 1)[1]
    head, body = answer.split(b"\r\n\r\n", 1)
    reply = wire.parse(head)
    length = int(reply.one("content-length") or -1)
    expect(case.method == "HEAD" or length == len(body), f"{case.name!r}: {length} is not the length of {body!r}")
    return wire.Reply(reply.status, reply.fields, body)
