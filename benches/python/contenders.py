"""Who takes part, in the order of the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import peers
import pure
import wearing
from bare import App, bare
from keys import TOKENS


@dataclass(frozen=True)
class Contender:
    name: str
    title: str
    build: Callable[[App], Any]  # wraps an application
    over: str = "bare"  # the row whose time is taken off to get "added"
    proves: tuple[str, ...] = ()  # the checks of checks.py that it must pass
    app: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "app", self.build(bare))


def all_contenders() -> list[Contender]:
    strict = wearing.fields()
    nonced = wearing.nonce_fields()
    headers, merges, nonce, bearer = "headers", "merges", "nonce", "bearer"
    return [
        Contender("bare", "bare app", lambda app: app),
        Contender("bare-again", "bare app, again (the noise)", lambda app: app),
        Contender("article", "article's BaseHTTPMiddleware", peers.article, proves=(headers,)),
        # `secure` replaces the app's own header instead of keeping it: no double either.
        Contender("secure", "secure 2, defaults", peers.secure2, proves=(headers,)),
        Contender("secweb", "Secweb 2, defaults (may double)", peers.secweb, proves=(headers,)),
        Contender(
            "pure-headers",
            "pure Python, headers",
            lambda app: pure.PureHeaders(app, strict),
            proves=(headers, merges),
        ),
        Contender(
            "tuned-headers",
            "pure Python, headers, no coroutine",
            lambda app: pure.TunedHeaders(app, strict),
            proves=(headers, merges),
        ),
        Contender("sallet-headers", "Sallet headers, STRICT", wearing.headers, proves=(headers, merges)),
        Contender(
            "pure-nonce",
            "pure Python, headers and nonce",
            lambda app: pure.PureNonce(app, nonced),
            proves=(headers, merges, nonce),
        ),
        Contender("sallet-nonce", "Sallet headers and nonce", wearing.nonce, proves=(headers, merges, nonce)),
        Contender(
            "pure-bearer",
            "pure Python, bearer, 16 keys",
            lambda app: pure.PureBearer(app, TOKENS),
            proves=(bearer,),
        ),
        Contender("sallet-bearer", "Sallet bearer, 16 keys", wearing.bearer, proves=(bearer,)),
        Contender(
            "pure-both",
            "pure Python, headers and bearer",
            lambda app: pure.PureHeaders(pure.PureBearer(app, TOKENS), strict),
            proves=(headers, merges, bearer),
        ),
        Contender("sallet-both", "Sallet headers and bearer", wearing.both, proves=(headers, merges, bearer)),
        Contender("fastapi", "FastAPI around the bare app", wearing.fastapi, over="fastapi"),
        Contender(
            "protect",
            "the same under protect(headers, auth)",
            wearing.protected_fastapi,
            over="fastapi",
            proves=(headers, merges, bearer),
        ),
    ]
