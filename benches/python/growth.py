"""How the cost of a request grows, in process: with the policy, the keys, the app's own headers, the CSP.

Every point is a contender of its own, and all points of a curve take turns in the same rounds. What is shown is added
to the bare app that sends the same headers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sallet import NONCE, SELF, ContentSecurityPolicy, SecurityHeaders

from contenders import peers, pure, starlette_auth, wearing
from contenders.bare import Fields, own, sending
from contenders.rows import Contender, baseline
from in_process import Plan, Row, measure
from request import ring
from turns import Spread

SALLET = "Sallet"
PURE = "pure Python"
TUNED = "pure Python, no coroutine"

POLICY = (1, 2, 4, 8, 16, 24, 32)
KEYS = (1, 4, 16, 64, 256, 1024, 4096)
OWN = (1, 2, 4, 8, 16, 32, 64)
SOURCES = (1, 8, 32, 64, 128, 256)

# x, and the contenders of that x: their titles are the names of the series.
Point = tuple[int, list[Contender]]


@dataclass(frozen=True)
class Curve:
    name: str
    title: str
    x: str
    log_y: bool
    at: Sequence[int]
    points: Callable[[int], Point]


@dataclass(frozen=True)
class Drawn:
    """What was measured: for each series the points `(x, Spread)` in order."""

    curve: Curve
    series: dict[str, list[tuple[int, Spread]]]


def encoded(fields: dict[str, str]) -> Fields:
    return [(name.encode(), value.encode()) for name, value in fields.items()]


def with_policy(count: int) -> Point:
    fields = {f"x-policy-{index}": "a value of a common length" for index in range(count)}
    policy = SecurityHeaders.EMPTY.replace(custom=fields)
    name = f"headers/{count}"
    return count, [
        Contender(f"{name}/sallet", SALLET, lambda app: wearing.headers(app, policy)),
        Contender(f"{name}/pure", PURE, lambda app: pure.PureHeaders(app, encoded(fields))),
        Contender(f"{name}/tuned", TUNED, lambda app: pure.TunedHeaders(app, encoded(fields))),
        Contender(
            f"{name}/fsh",
            "fastapi-security-headers",
            lambda app: peers.fastapi_security_headers_custom(app, fields),
        ),
        Contender(f"{name}/secure", "secure 2", lambda app: peers.secure2_custom(app, fields)),
    ]


def with_keys(count: int) -> Point:
    tokens, name, proves = ring(count), f"keys/{count}", ("bearer",)
    return count, [
        Contender(f"{name}/sallet", SALLET, lambda app: wearing.bearer(app, tokens), proves=proves),
        Contender(f"{name}/pure", PURE, lambda app: pure.PureBearer(app, tokens), proves=proves),
        Contender(
            f"{name}/starlette",
            "Starlette's AuthenticationMiddleware",
            lambda app: starlette_auth.bearer(app, tokens),
            proves=proves,
        ),
    ]


def with_own(count: int) -> Point:
    """Twice: an app whose headers are none of the policy's, and one that sends the policy's last header itself."""
    strict, name = wearing.fields(), f"own/{count}"
    plain = sending(own(count))
    clashing = sending([*own(count - 1), (b"x-xss-protection", b"1; mode=block")])
    base, base_clashing = baseline(f"{name}/bare", under=plain), baseline(f"{name}/bare-clashing", under=clashing)

    def over_plain(row: str, title: str, build: Callable[..., object]) -> Contender:
        return Contender(f"{name}/{row}", title, build, over=base.name, under=plain)

    def over_clashing(row: str, title: str, build: Callable[..., object]) -> Contender:
        title += ", one of them the policy's"
        return Contender(f"{name}/{row}-clashing", title, build, over=base_clashing.name, under=clashing)

    return count, [
        base,
        base_clashing,
        over_plain("sallet", SALLET, wearing.headers),
        over_clashing("sallet", SALLET, wearing.headers),
        over_plain("secweb", "Secweb 2", peers.secweb),
        over_plain("tuned", TUNED, lambda app: pure.TunedHeaders(app, strict)),
        over_clashing("tuned", TUNED, lambda app: pure.TunedHeaders(app, strict)),
        over_plain("pure", PURE, lambda app: pure.PureHeaders(app, strict)),
        over_plain("fsh", "fastapi-security-headers", peers.fastapi_security_headers),
    ]


def with_csp(count: int) -> Point:
    """`count` sources; x is the length of the header in bytes."""
    sources = [SELF, *(f"https://images-{index}.example" for index in range(count - 1))]

    def policy(*script: str) -> SecurityHeaders:
        csp = ContentSecurityPolicy({"default-src": [SELF], "img-src": sources, "script-src": [SELF, *script]})
        return SecurityHeaders(content_security_policy=csp)

    fixed, nonced = policy(), policy(NONCE)
    written = dict(fixed.items())["content-security-policy"]
    fields = encoded(dict(fixed.items()))
    with_nonce = encoded({**dict(fixed.items()), "content-security-policy": f"{written} 'nonce-{{nonce}}'"})
    name, sends, nonce = f"csp/{count}", ("sends",), ("sends", "nonce")
    return len(written), [
        Contender(f"{name}/sallet", SALLET, lambda app: wearing.headers(app, fixed), proves=sends),
        Contender(f"{name}/pure", PURE, lambda app: pure.PureHeaders(app, fields), proves=sends),
        Contender(f"{name}/sallet-nonce", f"{SALLET}, nonce", lambda app: wearing.headers(app, nonced), proves=nonce),
        Contender(f"{name}/pure-nonce", f"{PURE}, nonce", lambda app: pure.PureNonce(app, with_nonce), proves=nonce),
    ]


CURVES = [
    Curve("headers", "Headers in the policy", "headers that the policy adds", False, POLICY, with_policy),
    Curve("keys", "Keys in the ring", "keys", True, KEYS, with_keys),
    Curve("own", "The app's own headers", "headers that the app sends itself", False, OWN, with_own),
    Curve("csp", "Length of the Content-Security-Policy", "bytes of the policy", False, SOURCES, with_csp),
]


def draw(curve: Curve, plan: Plan, quick: bool) -> Drawn:
    at = curve.at[::2] if quick and len(curve.at) % 2 else curve.at[1::2] if quick else curve.at
    points = [curve.points(x) for x in at]
    contenders = [baseline(), *(contender for _, some in points for contender in some)]
    rows = {row.contender.name: row for row in measure(f"growth, {curve.title.lower()}", contenders, plan)}
    return Drawn(curve, dict(_series(points, rows)))


def _series(points: Sequence[Point], rows: dict[str, Row]) -> Iterator[tuple[str, list[tuple[int, Spread]]]]:
    for at, first in enumerate(points[0][1]):
        if not rows[first.name].is_baseline:
            yield first.title, [(x, Spread.of(rows[some[at].name].added)) for x, some in points]


