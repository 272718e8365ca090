"""What the firmware must answer to any bytes at all: a second reading of them, from the RFCs and the README.

It shares no code and no method with the firmware: regular expressions over the whole request instead of a parser that
goes byte by byte. Where several things are wrong with a head, each of their answers is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.cases import OPERATOR, SENSOR

HEAD_ROOM = 1024
FIELDS = 24
BODY_ROOM = 64

# RFC 9110 sections 5.6.2, 11.2, 5.6.4 and 5.6.1.
TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
TOKEN68 = re.compile(rb"[A-Za-z0-9\-._~+/]+=*")
QUOTED = rb'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"'
PARAM = rb"(" + TOKEN + rb")[ \t]*=[ \t]*(?:" + TOKEN + rb"|" + QUOTED + rb")[ \t]*"
PARAMS = re.compile(rb"(?:[ \t]*,[, \t]*)?(?:" + PARAM + rb"(?:,[, \t]*|\Z))+")
CREDENTIALS = re.compile(rb"(" + TOKEN + rb")(?: +(.*))?", re.DOTALL)

# RFC 9112 sections 3 and 5. The target: visible ASCII and no fragment.
REQUEST_LINE = re.compile(rb"([^ ]*) ([^ ]*) (.*)", re.DOTALL)
TARGET = re.compile(rb"[!\"$-~]+")
FIELD_LINE = re.compile(rb"(" + TOKEN + rb"):[ \t]*([\t -~\x80-\xff]*?)[ \t]*")
# A line with nothing on it, wherever its carriage returns are.
EMPTY_LINE = re.compile(rb"(?:\A|\n)\r*\n")

SCOPES = {SENSOR.encode(): {"read"}, OPERATOR.encode(): {"read", "write"}}


@dataclass(frozen=True)
class Expected:
    """One answer. More than one status where more than one thing is wrong."""

    statuses: frozenset[int]
    has_body: bool = True


def answers(data: bytes) -> Iterator[Expected]:
    """The answers to these bytes when they come in one piece and silence follows."""
    while data := re.sub(rb"\A(?:\r\n)+", b"", data):
        end = EMPTY_LINE.search(data)
        size = end.end() if end else len(data)
        if size > HEAD_ROOM or end is None:
            yield Expected(frozenset({431 if size > HEAD_ROOM else 408}))
            return
        head, data = data[:size], data[size:]
        wrong = faults(head)
        if wrong:
            yield Expected(frozenset(wrong))
            return
        method, path, fields = split(head)
        has_body = method != b"HEAD"
        coded = bool(values(fields, b"transfer-encoding"))
        length = int((values(fields, b"content-length") or [b"0"])[0])
        status = route(method, path, values(fields, b"authorization"))
        if status != 200:
            yield Expected(frozenset({status}), has_body)
            if coded or length:
                return
            continue
        if coded or length > BODY_ROOM:
            yield Expected(frozenset({411 if coded else 413}), has_body)
            return
        if length and [value.lower() for value in values(fields, b"expect")[:1]] == [b"100-continue"]:
            yield Expected(frozenset({100}), has_body=False)
        body, data = data[:length], data[length:]
        if len(body) < length:
            yield Expected(frozenset({408}), has_body)
            return
        if (method, path) == (b"PUT", b"/led") and body not in (b"on", b"off"):
            status = 400
        yield Expected(frozenset({status}), has_body)


def faults(head: bytes) -> set[int]:
    """What is wrong with a head, as the answers to it."""
    wrong = set() if head.endswith(b"\r\n\r\n") else {400}
    request, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    match = REQUEST_LINE.fullmatch(request)
    if not match:
        return {400}
    method, target, version = match.groups()
    if not re.fullmatch(TOKEN, method) or not TARGET.fullmatch(target):
        wrong.add(400)
    if version not in (b"HTTP/1.0", b"HTTP/1.1"):
        # What is not even the name of a version may be told so.
        wrong |= {505} if re.fullmatch(rb"HTTP/\d\.\d", version) else {400, 505}
    if head.count(b"\n") - 2 > FIELDS:
        wrong.add(431)
    matches = [FIELD_LINE.fullmatch(line) for line in lines]
    fields = [match.groups() for match in matches if match]
    hosts, lengths = len(values(fields, b"host")), values(fields, b"content-length")
    coded = bool(values(fields, b"transfer-encoding"))
    if (
        len(fields) < len(lines)
        or hosts > 1
        or (hosts == 0 and version == b"HTTP/1.1")
        or len(lengths) > 1
        or not all(length.isdigit() and int(length) < 1 << 64 for length in lengths)
        or (coded and (bool(lengths) or version == b"HTTP/1.0"))
    ):
        wrong.add(400)
    return wrong


def split(head: bytes) -> tuple[bytes, bytes, list[tuple[bytes, ...]]]:
    """Method, path and fields of a head without faults."""
    request, *lines = head[:-4].split(b"\r\n")
    method, target, _ = request.split(b" ")
    path = target.partition(b"?")[0]
    if not path.startswith(b"/") and b"://" in path:
        path = b"/" + path.partition(b"://")[2].partition(b"/")[2]
    return method, path, [FIELD_LINE.fullmatch(line).groups() for line in lines]


def values(fields: list[tuple[bytes, ...]], name: bytes) -> list[bytes]:
    return [value for field, value in fields if field.lower() == name]


def route(method: bytes, path: bytes, authorization: list[bytes]) -> int:
    reading = method in (b"GET", b"HEAD")
    setting = (method, path) == (b"PUT", b"/led")
    if not (reading and path in (b"/", b"/health")):
        verdict = judge(authorization, "write" if setting else "read")
        if verdict != 200:
            return verdict
    if path not in (b"/", b"/health", b"/readings", b"/led"):
        return 404
    return 200 if reading or setting else 405


def judge(lines: list[bytes], required: str) -> int:
    if not lines:
        return 401
    match = CREDENTIALS.fullmatch(lines[0])
    if len(lines) > 1 or not match:
        return 400
    scheme, rest = match.groups()
    is_token = bool(rest) and bool(TOKEN68.fullmatch(rest))
    if rest and not is_token:
        names = [name.lower() for name in re.findall(PARAM, rest)]
        if not PARAMS.fullmatch(rest) or len(set(names)) < len(names) or len(names) > 16:
            return 400
    if scheme.lower() != b"bearer":
        return 401
    if not is_token:
        return 400
    scopes = SCOPES.get(rest)
    return 401 if scopes is None else 200 if required in scopes else 403
