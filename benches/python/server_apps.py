"""The two FastAPI applications of the section "server". They answer with the same bytes."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from sallet import Keyring, SecurityHeaders
from sallet.fastapi import Bearer, protect

from keys import TOKENS

ITEMS = {"items": [{"id": 1, "name": "gorget"}, {"id": 2, "name": "visor"}]}


def bare() -> FastAPI:
    """No Sallet, no check of a token: the route itself sends the header bytes, prepared once."""
    app = FastAPI()
    # The load is plain http, so that what only https may carry is left out on both sides.
    fields = [(name.encode(), value.encode()) for name, value in SecurityHeaders.STRICT.items(https=False)]

    @app.get("/v1/items")
    async def items() -> JSONResponse:
        response = JSONResponse(ITEMS)
        response.raw_headers.extend(fields)
        return response

    return app


def worn() -> FastAPI:
    app = FastAPI()
    protect(app, auth=Bearer(Keyring.from_tokens(TOKENS)))

    @app.get("/v1/items")
    async def items() -> JSONResponse:
        return JSONResponse(ITEMS)

    return app
