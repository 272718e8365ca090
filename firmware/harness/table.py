"""The firmware's own cases, asked with curl."""

from __future__ import annotations

import re

from harness import curl
from harness.board import Board, Logged
from harness.cases import CASES, PAGE, Case
from harness.skip import expect

NONCE = re.compile(r"nonce-([A-Za-z0-9_-]{22})'")


def run(board: Board) -> None:
    print(f"==> {len(CASES)} cases of the firmware's own, asked with curl, twice")
    print(f"    {'status':>6} {'instructions to':^23}")
    print(f"    {'':6} {'decide':>11} {'send':>11}  case")
    nonces: set[str] = set()
    first: list[Logged] = []
    for case in CASES:
        nonce, logged = check(board, case)
        nonces |= nonce
        first.append(logged)
        print(f"    {logged.status:>6} {logged.deciding or '-':>11} {logged.sending:>11}  {case.name}")
    for case, before in zip(CASES, first):
        nonce, again = check(board, case)
        nonces |= nonce
        same = (again.deciding, again.sending) == (before.deciding, before.sending)
        expect(same, f"{case.name!r} took {before.deciding} and {before.sending} instructions, then {again}")
    for _ in range(50):
        nonces |= check(board, next(case for case in CASES if case.policy is PAGE))[0]
    expect(len(nonces) == 52, f"52 pages had {len(nonces)} different nonces")
    print("    the second time each took exactly as many instructions")
    print(f"    52 pages, 52 nonces; the stack never held more than {again.stack} bytes")


def check(board: Board, case: Case) -> tuple[set[str], Logged]:
    tokens = [("authorization", line if isinstance(line, bytes) else line.encode()) for line in case.authorization]
    others = [(name, None if value is None else value.encode()) for name, value in case.fields]
    data = None if case.data is None else case.data.encode()
    reply = curl.ask(board.url + case.path, case.method, tokens + others, data)
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
