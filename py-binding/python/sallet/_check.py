"""`python -m sallet check`: asks an app in this process, and judges what it answers."""

from __future__ import annotations

import argparse
import asyncio
import base64
import getpass
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from sallet import NONCE, PolicyError, SecurityHeaders, unchecked

# Headers whose bad value is no protection at all: browsers skip what they cannot read.
_LOAD_BEARING = ("content-security-policy", "strict-transport-security")

# Whose lines are one list, so that two of them are in order.
_LISTS = (
    "cache-control",
    "clear-site-data",
    "content-security-policy",
    "content-security-policy-report-only",
    "integrity-policy",
    "integrity-policy-report-only",
    "permissions-policy",
    "permissions-policy-report-only",
    "referrer-policy",
    "reporting-endpoints",
)

PROBES = ("/", "/sallet-check-not-found")


@dataclass(frozen=True)
class Finding:
    severity: str
    header: str
    reason: str
    remedy: str


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    error: str | None = None
    # The fields of the policy that are not sent, because the app has set its own.
    displaced: tuple[tuple[str, str], ...] = ()
    # Name and value of each field that a policy has marked as unchecked, and the value with its marks.
    unchecked: Mapping[tuple[str, str], str] = field(default_factory=dict)


class Shown(NamedTuple):
    """A credential to send, and how it is called in messages."""

    name: str
    field: tuple[bytes, bytes]


def credential_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that say what to send. A secret is never one of them: others on this machine can see a command line."""
    one = parser.add_mutually_exclusive_group()
    one.add_argument(
        "--token",
        help="a bearer token, for an app that asks for one; - reads it from standard input. Others "
        "on this machine can see a command line, so the variable SALLET_TOKEN counts too",
    )
    one.add_argument(
        "--user",
        metavar="NAME",
        help="a user of Basic; the password is in SALLET_PASSWORD, or one line of standard input",
    )
    one.add_argument(
        "--api-key",
        metavar="HEADER",
        nargs="?",
        const="X-API-Key",
        help="an API key in this header (X-API-Key); the key is in SALLET_API_KEY, or one line of standard input",
    )


def credential(arguments: argparse.Namespace) -> Shown | None:
    """What those arguments say to send.

    Raises:
        ValueError: It cannot be sent.
    """
    if arguments.user is not None:
        if ":" in arguments.user:
            raise ValueError("--user is the name alone: put the password into SALLET_PASSWORD, or write it to standard input")
        pair = f"{arguments.user}:{_secret('SALLET_PASSWORD', 'Password')}"
        return Shown("the user and password", (b"authorization", b"Basic " + base64.b64encode(pair.encode())))
    if arguments.api_key is not None:
        name, key = arguments.api_key, _secret("SALLET_API_KEY", "API key")
        if re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name) is None:
            raise ValueError("--api-key is the name of a header, and the key is read from SALLET_API_KEY or standard input")
        return Shown("the API key", (name.lower().encode(), key.strip().encode("latin-1", errors="replace")))
    token = os.environ.get("SALLET_TOKEN") if arguments.token is None else arguments.token
    token = sys.stdin.readline().strip() if token == "-" else token
    return None if token is None else Shown("the token", (b"authorization", f"Bearer {token}".encode("latin-1", errors="replace")))


def _secret(variable: str, prompt: str) -> str:
    if (found := os.environ.get(variable)) is not None:
        return found
    if sys.stdin.isatty():
        return getpass.getpass(f"{prompt}: ")
    return sys.stdin.readline().removesuffix("\n").removesuffix("\r")


def check(app: Any, shown: Shown | None = None) -> bool:
    """Prints what `app` sends and what is weak in it; whether anything is of high severity."""
    high = False
    refused = True
    for path in PROBES:
        answer = asyncio.run(ask(app, path, None if shown is None else shown.field))
        refused = refused and answer.status == 401
        print(f"GET {path} (https): {answer.status}")
        if answer.error is not None:
            print(f"  the app raised {answer.error}")
        for name, value in answer.headers:
            print(f"  {name}: {value}")
        found = [*judge(answer.headers, answer.unchecked), *displaced(answer)]
        for finding in found:
            print(f"  {finding.severity.upper():<6} {finding.header}: {finding.reason}")
            print(f"         {finding.remedy}")
        if not found:
            print("  nothing weak found")
        print()
        high = high or any(finding.severity == "high" for finding in found)
    if refused:
        print("The app asked for credentials each time, so its own answers, whose own headers win,")
        if shown is None:
            print("were not seen: give a token in SALLET_TOKEN, or with --token; or a user with --user, a key with --api-key.")
        else:
            field = shown.field[0].decode()
            print(f"were not seen: it refuses {shown.name} that was sent in {field}. If its credentials are no such thing,")
            print("use sallet.testing.signed_in and look at the headers in a test.")
    return high


def judge(
    headers: list[tuple[str, str]], marked: Mapping[tuple[str, str], str] = MappingProxyType({})
) -> Iterator[Finding]:
    """What is weak or wrong in one response's headers."""
    policy = SecurityHeaders.EMPTY
    custom: dict[str, str] = {}
    values: dict[str, list[str]] = {}
    for name, sent in headers:
        value = _with_place(sent)
        values.setdefault(name, []).append(marked.get((name, value), value))
    refused: set[str] = set()
    for name, lines in values.items():
        attribute = name.replace("-", "_")
        if getattr(SecurityHeaders.EMPTY, attribute, name) is not None:
            # No value of Sallet's to check; it may be a misspelt name, or a header that browsers have dropped.
            if _is_custom(name, lines[0]):
                custom[name] = lines[0]
            continue
        if len(lines) > 1 and name not in _LISTS:
            yield Finding("high", name, "sent twice", "send it once; browsers differ on the rest")
        # Lines of a list are one list (RFC 9110, section 5.3).
        value = ", ".join(lines) if name in _LISTS else lines[0]
        try:
            policy = _with(policy, attribute, value)
        except PolicyError as error:
            severity = "high" if name in _LOAD_BEARING else "medium"
            yield Finding(severity, name, "Sallet would refuse this value", str(error))
            refused.add(name)
            # It is there, so nothing is said of its being missing.
            with suppress(PolicyError):
                policy = _with(policy, attribute, unchecked(value))
    for lint in policy.replace(custom=custom).lint():
        if lint.header not in refused:
            place = " ".join(part for part in (lint.header, lint.directive, lint.value) if part)
            yield Finding(lint.severity, place, lint.reason, lint.remedy)


def _with(policy: SecurityHeaders, attribute: str, value: str) -> SecurityHeaders:
    change: Any = {attribute: value}
    return policy.replace(**change)


def _with_place(value: str) -> str:
    """A policy with the place of its nonce, which is new in each response."""
    return re.sub(r"'nonce-[A-Za-z0-9+/_=-]+'", NONCE, value)


def _is_custom(name: str, value: str) -> bool:
    try:
        SecurityHeaders.EMPTY.replace(custom={name: value})
    except PolicyError:
        return False
    return True


def displaced(answer: Answer) -> Iterator[Finding]:
    """Policies that the app's own have taken the place of: one line about frames loses all the rest."""
    # Layers around one another may have the same one to tell of.
    for name, policy in dict.fromkeys(answer.displaced):
        if not name.startswith("content-security-policy"):
            continue  # the app's own value of another header says the same kind of thing
        own = ", ".join(value for known, value in answer.headers if known == name)
        if _with_place(own) == policy:
            continue
        yield Finding(
            "medium",
            name,
            f"the app's own ({own}) is sent instead of the policy's ({policy})",
            'send both with override="add", or choose the policy of this path by paths= or set_policy',
        )


async def ask(app: Any, path: str, credential: tuple[bytes, bytes] | None = None) -> Answer:
    """One GET over https, by calling the app: no server, no lifespan, no network."""
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"host", b"localhost"),
            *([] if credential is None else [credential]),
        ],
        "client": ("127.0.0.1", 0),
        "server": ("localhost", 443),
        "state": {},
        # Each layer of Sallet adds to it.
        "sallet.check": [],
        "sallet.check.unchecked": [],
    }
    started: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            started.append(message)

    error = None
    try:
        await app(scope, receive, send)
    except Exception as raised:
        # Starlette answers 500 and raises all the same, so that a server can log it.
        error = repr(raised)
    if not started:
        return Answer(0, [], error or "nothing: it sent no response")
    return Answer(
        started[0]["status"],
        _text(started[0]["headers"]),
        error,
        tuple(_text(scope["sallet.check"])),
        {(name, value): marked for name, value, marked in scope["sallet.check.unchecked"]},
    )


def _text(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(bytes(name).decode("latin-1").lower(), bytes(value).decode("latin-1")) for name, value in headers]
