"""Request heads as a line may bring them: in pieces, too long, cut off, and broken in every way."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from harness.board import Board
from harness.cases import OPERATOR, RETIRED, SENSOR, UNKNOWN
from harness.reading import FIELDS, HEAD_ROOM, Expected, answers
from harness.skip import expect
from harness.toolchain import FIRMWARE
from harness.wire import Wire

REQUESTS = 10_000
# One request in five is malformed by the rules below; as many are the fuzzer's, half of them with one byte spoilt.
MALFORMED = 0.2
FUZZED = 0.2
HEALTH = b"GET /health HTTP/1.1\r\nhost: a\r\n\r\n"
READINGS = b'{"celsius":21.5}'


def run(board: Board) -> None:
    split(board)
    too_long(board)
    cut_off(board)
    fuzzed = corpus()
    replay(board, fuzzed)
    many(board, fuzzed)


def head(request: str, *fields: bytes) -> bytes:
    return b"\r\n".join([request.encode(), b"host: device", *fields, b"", b""])


def admitted() -> bytes:
    return head("GET /readings?a=b HTTP/1.1", b"Authorization: Bearer " + SENSOR.encode(), b"accept: */*")


def split(board: Board) -> None:
    data = admitted()
    print(f"==> a head of {len(data)} bytes, split at every byte boundary, and byte by byte")
    with Wire(board.port) as wire:
        counts = set()
        for at in range(1, len(data)):
            wire.send(data[:at])
            time.sleep(0.002)
            reply = wire.ask(data[at:])
            logged = board.logged()
            counts.add(logged.deciding)
            expect((reply.status, reply.body) == (200, READINGS), f"split at {at}: {reply}")
        for byte in data:
            wire.send(bytes([byte]))
            time.sleep(0.001)
        expect(wire.reply().status == 200, "byte by byte")
        counts.add(board.logged().deciding)
        # Two requests in one piece, and empty lines before the second (RFC 9112 section 2.2).
        wire.send(data + b"\r\n\r\n" + HEALTH)
        expect([wire.reply().status, wire.reply().status] == [200, 200], "two requests in one piece")
        counts |= {board.logged().deciding}
        board.logged()
    expect(len(counts) == 1, f"the same request took {counts} instructions")
    print(f"    all answered, in {counts.pop()} instructions each time")


def too_long(board: Board) -> None:
    print(f"==> heads around and beyond the buffer of {HEAD_ROOM} bytes, and the request after each")
    with Wire(board.port) as wire:
        for size in [HEAD_ROOM - 1, HEAD_ROOM, HEAD_ROOM + 1, HEAD_ROOM + 2, 1_500, 5_000, 100_000]:
            data = head("GET /health HTTP/1.1", b"x: ")
            data = data[:-4] + b"x" * (size - len(data)) + b"\r\n\r\n"
            status = 200 if size <= HEAD_ROOM else 431
            reply = wire.ask(data)
            expect(reply.status == board.logged().status == status, f"a head of {len(data)} bytes: {reply}")
            expect(wire.ask(HEALTH).status == board.logged().status == 200, f"the request after {len(data)} bytes")
    print("    431 beyond it, and the next request is served")


def cut_off(board: Board) -> None:
    print("==> requests that stop halfway, by silence and by closing")
    data = admitted()
    for at in (1, 10, 60, len(data) - 1):
        with Wire(board.port) as wire:
            expect(wire.ask(data[:at]).status == board.logged().status == 408, f"silence after {at} bytes")
            expect(wire.ask(HEALTH).status == board.logged().status == 200, f"the request after {at} bytes")
        with Wire(board.port) as wire:
            wire.send(data[:at])
        expect(board.logged().status == 408, f"closing after {at} bytes")
    put = head("PUT /led HTTP/1.1", b"Authorization: Bearer " + OPERATOR.encode(), b"Content-Length: 2")
    with Wire(board.port) as wire:
        expect(wire.ask(put + b"o").status == board.logged().status == 408, "half a body")
        expect(wire.ask(HEALTH).status == board.logged().status == 200, "the request after half a body")
    print("    408, and the next request is served")


Made = tuple[str, bytes, int, "bytes | None"]


def good(rng: random.Random) -> Made:
    """A name, a request, the status it must get, and the body where that is one text."""
    token, status, body = rng.choice(
        [(SENSOR, 200, READINGS), (OPERATOR, 200, READINGS), (UNKNOWN, 401, None), (RETIRED, 401, None), (None, 401, None)]
    )
    kind = rng.randrange(10)
    if kind == 0:
        return "health", HEALTH, 200, b'{"status":"ok"}'
    if kind == 1:
        return "page", head("GET / HTTP/1.1"), 200, None
    if kind == 2:
        return "nowhere", head(f"GET /{rng.randrange(1 << 40):x} HTTP/1.1", bearer(SENSOR)), 404, b'{"detail":"Not found"}'
    if kind == 3:
        on = rng.choice([b"on", b"off"])
        data = head("PUT /led HTTP/1.1", bearer(OPERATOR), b"content-length: %d" % len(on)) + on
        return "led", data, 200, b'{"led":"%s"}' % on
    fields = [b"x-%d: %s" % (i, printable(rng, 20)) for i in range(rng.randrange(6))]
    if token:
        fields.insert(rng.randrange(len(fields) + 1), bearer(token))
    return f"readings {status}", head("GET /readings HTTP/1.1", *fields), status, body


def bearer(token: str) -> bytes:
    return b"authorization: Bearer " + token.encode()


def printable(rng: random.Random, most: int) -> bytes:
    return bytes(rng.randrange(0x21, 0x7F) for _ in range(1 + rng.randrange(most)))


def noise(rng: random.Random, most: int) -> bytes:
    return rng.randbytes(rng.randrange(most))


def anywhere(rng: random.Random, data: bytes, what: bytes, after: int = 0) -> bytes:
    at = rng.randrange(after, len(data) + 1)
    return data[:at] + what + data[at:]


def bad_line(rng: random.Random, line: bytes) -> bytes:
    return b"GET /health HTTP/1.1\r\n" + b"".join(rng.sample([b"host: a\r\n", line], 2)) + b"\r\n"


# What is wrong, and what it must be told; the requests are made so that there is no other way to read them.
BROKEN: dict[str, tuple[int, Callable[[random.Random], bytes]]] = {
    "noise": (400, lambda rng: bytes([rng.choice(b"\0\x01\x1b \"(),/:;<=>?@[\\]{}\x7f\x80\xff")]) + noise(rng, 700) + b"\r\n\r\n"),
    "a control character in the target": (
        400, lambda rng: head(f"GET /{anywhere(rng, b'abc', bytes([rng.choice([0, 1, 9, 27, 127])])).decode()} HTTP/1.1")
    ),
    "a target that is not ASCII": (400, lambda rng: head("GET /caf\u00e9 HTTP/1.1")),
    "a fragment": (400, lambda rng: head("GET /health#top HTTP/1.1")),
    "no target": (400, lambda rng: head("GET HTTP/1.1")),
    "two spaces": (400, lambda rng: head("GET  /health HTTP/1.1")),
    "HTTP/0.9": (400, lambda rng: head("GET /health")),
    "HTTP/2": (505, lambda rng: head(f"GET /health HTTP/{rng.choice(['2.0', '1.2', '3.0', '0.9'])}")),
    "a bare LF": (400, lambda rng: b"GET /health HTTP/1.1\n" + b"host: a\r\n\r\n"),
    "a bare LF at the end": (400, lambda rng: b"GET /health HTTP/1.1\r\nhost: a\r\n\n"),
    "a bare CR": (400, lambda rng: bad_line(rng, b"x: a\rb\r\n")),
    "NUL in a value": (400, lambda rng: bad_line(rng, b"x: " + anywhere(rng, printable(rng, 9), b"\0") + b"\r\n")),
    "a space before the colon": (400, lambda rng: bad_line(rng, b"x : y\r\n")),
    "no colon": (400, lambda rng: bad_line(rng, b"xyz\r\n")),
    "no name": (400, lambda rng: bad_line(rng, b": y\r\n")),
    "a folded line": (400, lambda rng: b"GET /health HTTP/1.1\r\nhost: a\r\n b\r\n\r\n"),
    "no host": (400, lambda rng: b"GET /health HTTP/1.1\r\nx: y\r\n\r\n"),
    "two hosts": (400, lambda rng: bad_line(rng, b"Host: b\r\n")),
    "a length with a sign": (400, lambda rng: bad_line(rng, b"content-length: +2\r\n") + b"on"),
    "a length and another": (400, lambda rng: bad_line(rng, b"content-length: 2\r\ncontent-length: 2\r\n") + b"on"),
    "a list of lengths": (400, lambda rng: bad_line(rng, b"content-length: 2, 2\r\n") + b"on"),
    "a length beyond 64 bits": (400, lambda rng: bad_line(rng, b"content-length: 18446744073709551616\r\n")),
    "a length and chunks": (
        400, lambda rng: bad_line(rng, b"content-length: 2\r\ntransfer-encoding: chunked\r\n") + HEALTH
    ),
    "two Authorization lines": (400, lambda rng: head("GET /readings HTTP/1.1", bearer(SENSOR), bearer(SENSOR))),
    "a body too large": (
        413, lambda rng: head("PUT /led HTTP/1.1", bearer(OPERATOR), b"content-length: %d" % 2**rng.randrange(7, 64)) + HEALTH
    ),
    "too long": (431, lambda rng: b"GET /" + b"a" * HEAD_ROOM + printable(rng, 3_000)),
    "too many fields": (
        431, lambda rng: head("GET /health HTTP/1.1", *(b"x: y" for _ in range(FIELDS + rng.randrange(40))))
    ),
    "cut off": (408, lambda rng: admitted()[: rng.randrange(1, len(admitted()) - 1)]),
}


def broken(rng: random.Random) -> Made:
    name = rng.choice(list(BROKEN))
    # Half a second of silence each: few are enough.
    while name == "cut off" and rng.random() > 0.2:
        name = rng.choice(list(BROKEN))
    status, make = BROKEN[name]
    return name, make(rng), status, None


def corpus() -> list[bytes]:
    """The fuzzer's request heads: as they are; made whole, where they stop halfway; and with a token that is good. Its
    credentials too, each in a head that is good."""
    found = set(seeds("*head*"))
    whole = {data if not stalls(data) else data + b"\r\n\r\n" for data in found}
    with_token = {data.replace(b"\r\n", b"\r\n" + bearer(SENSOR) + b"\r\n", 1) for data in whole}
    whole |= {head("GET /readings HTTP/1.1", b"authorization: " + data) for data in seeds("credentials*")}
    # Each that stalls takes half a second of silence.
    halves = sorted(found - whole)[:: max(1, len(found - whole) // 40)]
    return sorted(data for data in whole | with_token if not stalls(data)) + halves


def seeds(folder: str) -> Iterator[bytes]:
    for path in (FIRMWARE.parent / "fuzz/corpus").glob(f"{folder}/*"):
        if data := path.read_bytes():
            yield data


def stalls(data: bytes) -> bool:
    return any(408 in answer.statuses for answer in answers(data))


def replay(board: Board, fuzzed: list[bytes]) -> None:
    print(f"==> {len(fuzzed)} requests of the fuzz corpus, against a second reading of them")
    expect(bool(fuzzed), "there is no fuzz/corpus/*head*: bring it back from the repository")
    told: Counter[int] = Counter()
    with Wire(board.port) as wire:
        for i, data in enumerate(fuzzed):
            told.update(converse(board, wire, data))
            if (i + 1) % 1_000 == 0:
                print(f"    {i + 1:>6} answered")
        expect(wire.ask(HEALTH).status == board.logged().status == 200, "the request after them")
    print(f"    every answer as read: {counted(told)}")


def converse(board: Board, wire: Wire, data: bytes) -> list[int]:
    """Sends the bytes and takes the answers, however many they bring."""
    wire.send(data)
    statuses = []
    for expected in answers(data):
        reply = wire.reply(head_only=not expected.has_body)
        where = f"{data!r} got {reply.status}, not {set(expected.statuses)}"
        expect(reply.status in expected.statuses, where)
        if reply.status != 100:
            expect(board.logged().status == reply.status, f"the log of {where}")
            expect(reply.one("x-content-type-options") == "nosniff", f"{data!r} got no policy")
        statuses.append(reply.status)
    expect(not wire.buffer, f"{data!r} got {wire.buffer!r} after {statuses}")
    return statuses


def counted(statuses: Counter[int]) -> str:
    return ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items()))


def spoilt(rng: random.Random, data: bytes) -> bytes:
    """With one byte changed, added or taken away; whole, for silence takes half a second."""
    at, byte = rng.randrange(len(data)), bytes([rng.choice([rng.randrange(256), *b" \t\r\n:,/\"\0"])])
    data = data[:at] + rng.choice([byte, byte + data[at : at + 1], b""]) + data[at + 1 :]
    return data + b"\r\n\r\n" if stalls(data) else data


def many(board: Board, fuzzed: list[bytes]) -> None:
    seed = int(os.environ.get("SALLET_SEED", "1"))
    print(f"==> {REQUESTS} requests, one in five malformed and as many from the fuzz corpus (SALLET_SEED={seed})")
    rng = random.Random(seed)
    told: Counter[int] = Counter()
    quick = [data for data in fuzzed if not stalls(data)]
    start = time.monotonic()
    wire = Wire(board.port)
    for i in range(REQUESTS):
        dice = rng.random()
        if dice < FUZZED:
            data = rng.choice(quick)
            data = data if rng.random() < 0.5 else spoilt(rng, data)
            told.update(converse(board, wire, data) if not stalls(data) else [])
        else:
            told[one(board, wire, i, *(broken(rng) if dice < FUZZED + MALFORMED else good(rng)))] += 1
        if rng.random() < 0.02:
            wire.socket.close()
            wire = Wire(board.port)
        if (i + 1) % 2_000 == 0:
            print(f"    {i + 1:>6} asked, {time.monotonic() - start:.0f} s")
    wire.send(HEALTH)
    expect(wire.reply().status == 200, "the request after them")
    stack = board.logged().stack
    wire.socket.close()
    print(f"    every answer right: {counted(told)}; the stack never held more than {stack} bytes")
    expect({200, 400, 401, 404, 408, 413, 431, 505} <= set(told), f"some answer never came: {told}")


def one(board: Board, wire: Wire, i: int, name: str, data: bytes, status: int, body: bytes | None) -> int:
    where = f"request {i}, {name}: {data[:200]!r}"
    read = list(answers(data))
    expect(len(read) == 1 and status in read[0].statuses, f"{where} is read as {read}, not {status}")
    reply = wire.ask(data)
    expect(reply.status == board.logged().status == status, f"{where} got {reply.status}, not {status}")
    expect(body is None or reply.body == body, f"{where} got {reply.body!r}, not {body!r}")
    expect(reply.one("x-content-type-options") == "nosniff", f"{where} got no policy")
    expect((reply.one("www-authenticate") is None) == (name != "two Authorization lines" and status != 401), where)
    return status
