"""The FastAPI applications that are served, each guarded by somebody else. All answer one route with the same items."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from fastapi_security_headers import Presets, SecurityHeadersMiddleware
from sallet import Keyring, SecurityHeaders
from sallet.fastapi import Bearer, protect
from Secweb import SecWeb  # type: ignore[attr-defined]
from secure import Secure
from secure.middleware import SecureASGIMiddleware

from contenders import peers, pure
from request import TOKENS

ITEMS = {"items": [{"id": 1, "name": "gorget"}, {"id": 2, "name": "visor"}]}

# The load is plain http, so that what only https may carry is left out everywhere.
FIELDS = [(name.encode(), value.encode()) for name, value in SecurityHeaders.STRICT.items(https=False)]


def routed() -> FastAPI:
    app = FastAPI()

    @app.get("/v1/items")
    async def items() -> JSONResponse:
        return JSONResponse(ITEMS)

    return app


def bare() -> FastAPI:
    """No middleware, no check of a token: the route itself sends the header bytes, prepared once."""
    app = FastAPI()

    @app.get("/v1/items")
    async def items() -> JSONResponse:
        response = JSONResponse(ITEMS)
        response.raw_headers.extend(FIELDS)
        return response

    return app


def sallet() -> FastAPI:
    app = routed()
    protect(app, auth=Bearer(Keyring.from_tokens(TOKENS)))
    return app


def pure_python() -> FastAPI:
    app = routed()
    app.add_middleware(pure.PureBearer, tokens=TOKENS)
    app.add_middleware(pure.PureHeaders, fields=FIELDS)
    return app


def article() -> FastAPI:
    """Its headers alone: its check of the token never lets the right one in."""
    app = routed()
    app.add_middleware(peers.ArticleMiddleware)
    return app


def secure2() -> FastAPI:
    app = routed()
    app.add_middleware(SecureASGIMiddleware, secure=Secure.with_default_headers())
    return app


def secweb() -> FastAPI:
    app = routed()
    SecWeb(app=app)
    return app


def fsh() -> FastAPI:
    app = routed()
    app.add_middleware(SecurityHeadersMiddleware, config=Presets.swagger_friendly())
    return app


APPS: dict[str, Callable[[], FastAPI]] = {
    "bare": bare,
    "bare-again": bare,
    "sallet": sallet,
    "pure": pure_python,
    "secweb": secweb,
    "fsh": fsh,
    "secure": secure2,
    "article": article,
}


def tell_cpu(port: int) -> None:
    """A thread that answers each byte from that port with the CPU seconds of this process, and else sleeps."""
    connection = socket.create_connection(("127.0.0.1", port))

    def answer() -> None:
        while connection.recv(1):
            connection.sendall(b"%.9f\n" % time.process_time())

    threading.Thread(target=answer, daemon=True).start()


def served() -> FastAPI:
    """What the servers call, in the process that will do the work (granian's is not the one that was started)."""
    app = APPS[os.environ["SALLET_BENCH_APP"]]()
    tell_cpu(int(os.environ["SALLET_BENCH_CPU"]))
    return app
