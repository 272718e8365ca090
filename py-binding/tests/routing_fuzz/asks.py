"""Requests near the rules: a path that the app or a rule knows, with a few pieces changed, as servers put it in a scope."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from random import Random
from typing import Any
from urllib.parse import quote

from .worlds import TOKEN, World

# A piece of a path: as decoded, and as sent.
Piece = tuple[str, bytes]

CORNERS: tuple[Piece, ...] = (
    ("/", b"/"), ("/", b"/"), ("//", b"//"), ("/..", b"/.."), ("/../", b"/../"), ("/.", b"/."), ("/.;", b"/.;"), ("/..;/", b"/..;/"),
    ("/", b"%2f"), ("/", b"%2F"), ("%2f", b"%252f"), ("..", b"%2e%2e"), (".", b"%2e"), ("%2e", b"%252e"), (";x", b";x"), (";", b"%3b"),
    ("\\", b"\\"), ("\\", b"%5c"), ("\0", b"%00"), ("\n", b"%0a"), ("\n", b"\n"), ("\r", b"%0d"), ("\t", b"%09"), ("\x7f", b"%7f"),
    ("é", b"%C3%A9"), ("é", "é".encode()), ("é", b"%c3%a9"), ("É", b"%C3%89"), ("e\u0301", b"e%CC%81"), ("\ufffd", b"%ff"), ("Ã©", b"%C3%A9"),
    ("\u212a", b"%E2%84%AA"), ("ſ", b"%C5%BF"), ("\u2215", b"%E2%88%95"), ("\uff0f", b"%EF%BC%8F"), ("\u2028", b"%E2%80%A8"), ("\x85", b"%C2%85"),
    ("%", b"%"), ("%", b"%25"), ("%2", b"%2"), ("%zz", b"%zz"), ("?", b"%3f"), ("#", b"%23"), (" ", b"%20"), (" ", b"+"), ("+", b"+"),
    ("*", b"*"), ("{p}", b"%7Bp%7D"), (":", b":"), ("@", b"@"), ("a", b"%61"), ("h", b"%68"), ("x", b"x"), ("", b"%"), ("..", b".."),
)  # fmt: skip
METHODS = ("GET", "GET", "GET", "GET", "POST", "OPTIONS", "HEAD", "DELETE", "PUT", "get", "GET ", "", "OPTION")
ROOTS = ("/api", "/zz", "/", "/api/", "//", "api", "/API", "/x", "/a/b", "/%61pi", "/caf\u00e9")
HOSTS = (b"testserver", b"a.example", b"A.EXAMPLE:80", b"x.b.example", b"c.example", b"health/docs?", b"")
PREFLIGHT = [(b"origin", b"https://page.example"), (b"access-control-request-method", b"GET")]


@dataclass(frozen=True)
class Ask:
    pieces: tuple[Piece, ...]
    method: str = "GET"
    """Empty for a WebSocket."""
    root_path: str | None = ""
    carried: bool = False
    """Whether the server put the root_path in front of the path."""
    raw: str = "same"
    """`same` as the path; `inner`, without a carried root_path; `outer`, with one that the path does not carry; `none`,
    `absent` and `empty`; `other`, of `other_pieces`."""
    other_pieces: tuple[Piece, ...] = ()
    query: bytes = b""
    """What a server left behind the raw path."""
    host: bytes = HOSTS[0]
    preflight: bool = False
    denial: bool = True
    """Whether the server can answer a handshake with a response."""

    @cached_property
    def path(self) -> str:
        return (self.root_path or "") * self.carried + "".join(decoded for decoded, _ in self.pieces)

    @cached_property
    def raw_path(self) -> bytes | None:
        if self.raw in ("none", "absent", "empty"):
            return b"" if self.raw == "empty" else None
        if self.raw == "other":
            return b"".join(sent for _, sent in self.other_pieces) + self.query
        in_front = self.carried if self.raw == "same" else self.raw == "outer"
        root = quote(self.root_path or "").encode() if in_front else b""
        return root + b"".join(sent for _, sent in self.pieces) + self.query

    @property
    def is_preflight(self) -> bool:
        return self.preflight and self.method == "OPTIONS"

    def scope(self, *, token: bool = False) -> dict[str, Any]:
        scope: dict[str, Any] = {
            "path": self.path,
            "raw_path": self.raw_path,
            "root_path": self.root_path,
            "query_string": b"",
            "scheme": "http",
            "headers": [(b"host", self.host)],
            "server": ("127.0.0.1", 80),
        }
        if not self.method:
            scope.update(type="websocket", subprotocols=[], extensions={"websocket.http.response": {}} if self.denial else {})
        else:
            scope.update(type="http", method=self.method, http_version="1.1")
        if self.raw == "absent":
            del scope["raw_path"]
        if self.root_path is None:
            del scope["root_path"]
        if self.preflight:
            scope["headers"] += PREFLIGHT
        if token:
            scope["headers"].append((b"authorization", b"Bearer " + TOKEN.encode()))
        return scope

    def simpler(self) -> Iterator[Ask]:
        """What to try when this one shows a fault."""
        defaults = Ask(())
        for field in ("root_path", "raw", "query", "host", "preflight", "denial", "carried", "method"):
            if getattr(self, field) != getattr(defaults, field):
                yield replace(self, **{field: getattr(defaults, field)})
        if self.raw not in ("same", "absent"):
            yield replace(self, raw="absent", other_pieces=())
        for field in ("pieces", "other_pieces"):
            pieces = getattr(self, field)
            for place, (decoded, sent) in enumerate(pieces):
                yield replace(self, **{field: pieces[:place] + pieces[place + 1 :]})
                plain = as_sent(decoded)
                if sent != plain:
                    yield replace(self, **{field: (*pieces[:place], (decoded, plain), *pieces[place + 1 :])})
        if self.root_path and len(self.root_path) > 2:
            yield replace(self, root_path="/r")


class Asker:
    """Asks of one world."""

    def __init__(self, random: Random, world: World) -> None:
        self.random, self.world = random, world
        shape = world.shape
        rules = [rule.rpartition(" ")[2] for rules in vars(world.rules).values() for rule in rules]
        tails = {True: ("", "x", "docs"), False: ("",)}
        ruled = [path.removesuffix("*") + tail for path in rules for tail in tails[path.endswith("*")]]
        known = [*shape.paths, *ruled, *ruled, *shape.docs[:4]]
        below = [prefix + path for prefix in shape.prefixes for path in known]
        self.known = [pieces_of(world.front + path) for path in known]
        self.bases = [*self.known, *self.known, *(pieces_of(world.front + path) for path in below), *map(pieces_of, known[:4])]
        self.words = [piece for base in self.known for piece in base]
        first = [path[: path.index("/", 1)] for path in known if path.count("/") > 1]
        slashed = [f"{prefix}/" for prefix in shape.prefixes]
        self.roots = [*ROOTS, *shape.prefixes, *slashed, *first, *known, shape.root_path, None]

    def plain(self) -> Ask:
        """A request as it comes from a client that plays no tricks, through a server that carries the root_path."""
        random = self.random
        root = self.world.shape.root_path or random.choice(("", "/proxy", "/a/b"))
        return Ask(
            random.choice(self.known),
            random.choice(("GET", "GET", "GET", "POST", "HEAD", "OPTIONS", "")),
            root,
            bool(root),
            random.choice(("same", "same", "absent")),
            preflight=not random.randrange(10),
        )

    def any(self) -> Ask:
        random = self.random
        chance = random.random
        raw, other = "same", ()
        pieces = self.path()
        root, carried = "", False
        if chance() < 0.5:
            root, carried = random.choice(self.roots), chance() < 0.4
        if (what := chance()) < 0.35:
            raw = random.choice(("none", "absent", "empty", "inner", "outer")) if what < 0.25 else "other"
            other = self.path() if raw == "other" else ()
        return Ask(
            pieces,
            "" if chance() < 0.15 else random.choice(METHODS),
            root,
            carried,
            raw,
            other,
            random.choice((b"?a=1", b"?x=/../%2f", b"?")) if chance() < 0.1 else b"",
            random.choice(HOSTS) if chance() < 0.3 else HOSTS[0],
            chance() < 0.15,
            chance() < 0.8,
        )

    def path(self) -> tuple[Piece, ...]:
        random = self.random
        base = random.choice(self.bases)
        for _ in range(int(random.random() ** 2 * 4)):
            place = random.randrange(len(base) + 1)
            change = random.randrange(8)
            if change < 4:
                base = (*base[:place], random.choice(CORNERS), *base[place:])
            elif change == 4:
                base = base[:place] + base[place + 1 :]
            elif change == 5:
                base = (*base[:place], random.choice(self.words), *base[place + 1 :])
            elif change == 6:
                base = (*base[:place], *random.choice(self.bases))
            elif place < len(base):
                base = (*base[:place], varied(random, base[place]), *base[place + 1 :])
        return base


def varied(random: Random, piece: Piece) -> Piece:
    """The same word in other letters or another encoding."""
    decoded, sent = piece
    change = random.randrange(3)
    if change == 0:
        return decoded.swapcase(), as_sent(decoded.swapcase())
    if change == 1 and decoded:
        place = random.randrange(len(decoded))
        first, rest = decoded[:place], decoded[place + 1 :]
        encoded = "".join(f"%{byte:02X}" for byte in decoded[place].encode())
        return decoded, as_sent(first) + encoded.encode() + as_sent(rest)
    return decoded, decoded.encode()


def pieces_of(path: str) -> tuple[Piece, ...]:
    words = path.replace("/", "\n/\n").split("\n")
    return tuple((word, as_sent(word)) for word in words if word)


def as_sent(decoded: str) -> bytes:
    """As a browser sends it."""
    return quote(decoded, safe="/:@!$&'()*+,;=~").encode()
