"""Who takes part, in the order of the tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from contenders import peers, pure, starlette_auth, wearing
from contenders.bare import App, bare
from request import TOKENS

KINDS = {
    "headers": "security headers",
    "nonce": "security headers with a fresh CSP nonce",
    "bearer": "a bearer token checked against 16 keys",
    "both": "headers and bearer token",
}


@dataclass(frozen=True)
class Contender:
    name: str
    title: str
    build: Callable[[App], Any]  # wraps an application
    kind: str = "headers"  # the table it stands in: one of KINDS
    over: str = "bare"  # the row whose time is taken off to get "added"
    under: App = bare  # what is wrapped
    proves: tuple[str, ...] = ()  # the checks of checks.py that it must pass
    longer: int = 1  # how many times as long its turn is: where little is added to much, the noise of much
    app: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "app", self.build(self.under))


def unwrapped(app: App) -> App:
    return app


def baseline(name: str = "bare", title: str = "bare app", under: App = bare, kind: str = "headers") -> Contender:
    return Contender(name, title, unwrapped, kind, over=name, under=under)


def all_contenders() -> list[Contender]:
    # What each must show before it is timed (checks.py). Peers need not do what they do not promise.
    sends, keeps, removes, nonce, bearer = "sends", "keeps", "removes", "nonce", "bearer"
    merges = (sends, keeps, removes)
    strict, nonced = wearing.fields(), wearing.nonce_fields()
    return [
        baseline(),
        Contender("bare-again", "bare app, again (the noise)", unwrapped),
        Contender("passing-on", "a `send` that passes all on (the least)", pure.passing_on),
        Contender("article", "article's BaseHTTPMiddleware", peers.article, proves=(sends,)),
        Contender("secure", f"secure {peers.version('secure')}, defaults", peers.secure2, proves=(sends,)),
        Contender("secweb", f"Secweb {peers.version('Secweb')}, defaults", peers.secweb, proves=(sends,)),
        Contender(
            "fsh",
            f"fastapi-security-headers {peers.version('fastapi-security-headers')}",
            peers.fastapi_security_headers,
            proves=(sends, keeps),
        ),
        Contender("pure-headers", "pure Python", lambda app: pure.PureHeaders(app, strict), proves=merges),
        Contender(
            "tuned-headers",
            "pure Python, no coroutine",
            lambda app: pure.TunedHeaders(app, strict),
            proves=merges,
        ),
        Contender("sallet-headers", "Sallet, STRICT", wearing.headers, proves=merges),
        Contender(
            "pure-nonce",
            "pure Python, nonce",
            lambda app: pure.PureNonce(app, nonced),
            "nonce",
            proves=(*merges, nonce),
        ),
        Contender("sallet-nonce", "Sallet, nonce", wearing.nonce, "nonce", proves=(*merges, nonce)),
        Contender(
            "starlette-bearer",
            "Starlette's AuthenticationMiddleware",
            lambda app: starlette_auth.bearer(app, TOKENS),
            "bearer",
            proves=(bearer,),
        ),
        Contender(
            "pure-bearer",
            "pure Python, bearer",
            lambda app: pure.PureBearer(app, TOKENS),
            "bearer",
            proves=(bearer,),
        ),
        Contender("sallet-bearer", "Sallet, bearer", wearing.bearer, "bearer", proves=(bearer,)),
        Contender(
            "pure-both",
            "pure Python, headers and bearer",
            lambda app: pure.PureHeaders(pure.PureBearer(app, TOKENS), strict),
            "both",
            proves=(*merges, bearer),
        ),
        Contender("sallet-both", "Sallet, headers and bearer", wearing.both, "both", proves=(*merges, bearer)),
        Contender("fastapi", "FastAPI around the bare app", wearing.fastapi, "both", over="fastapi", longer=4),
        Contender(
            "protect",
            "the same under protect(headers, auth)",
            wearing.protected_fastapi,
            "both",
            over="fastapi",
            proves=(*merges, bearer),
            longer=4,
        ),
    ]
