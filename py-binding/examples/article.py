"""The app of the FastAPI article, rebuilt with Sallet part by part.

Run it:  uvicorn article:app --app-dir py-binding/examples

The article's three parts, each of which was broken as printed: seven security headers, a
middleware that looks the caller up, and a router behind a constant key. `protected.py` is the
same app in one call.
"""

from __future__ import annotations

import os

from fastapi import APIRouter, Depends, FastAPI, Request, WebSocket
from users import announce, create_database, fetch_user

from sallet import (
    AuthMiddleware,
    Bearer,
    Keyring,
    SecurityHeaders,
    SecurityHeadersMiddleware,
    generate_token,
)
from sallet.fastapi import Bearer as BearerDependency

announce(create_database())

# The article's constant. It has no place in the source, so it comes from the environment.
KEY = os.environ.get("ARTICLE_KEY") or generate_token()
if "ARTICLE_KEY" not in os.environ:
    announce({"the /v1 key (set ARTICLE_KEY to keep it)": KEY})

app = FastAPI(title="The article's app")

# Part two of the article: everybody shows a token that fetch_user knows. The docs need their
# openapi.json, and the page Swagger UI comes back to. /v1/ is public here because its router has
# a guard of its own; without that rule a caller would need two tokens in one Authorization line.
app.add_middleware(
    AuthMiddleware,
    auth=Bearer(authenticate=fetch_user, realm="article"),
    public=["/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json", "/v1/*"],
)

# Part one: the seven headers. Added last, so outermost: the 401s above carry them too. What parts
# cannot do and protect() does: Starlette's own 500 is made outside all added middleware and has
# none of them, and under this policy Swagger UI at /docs stays blank.
app.add_middleware(SecurityHeadersMiddleware, headers=SecurityHeaders.CLASSIC)

# Part three: a router behind the constant key.
key = BearerDependency(
    Keyring.from_tokens({"v1": KEY}),
    realm="v1",
    scheme_name="V1Key",
    description="The constant key of /v1.",
)
router = APIRouter(prefix="/v1", dependencies=[Depends(key)])


@router.get("/items")
async def items() -> list[str]:
    return ["helm", "gorget"]


@app.get("/")
async def home(request: Request) -> dict[str, str]:
    return {"hello": request.state.user.name}


@app.get("/broken")
async def broken() -> None:
    raise RuntimeError("this endpoint always fails")


@app.websocket("/ws")
async def greet(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_json({"hello": socket.state.user.name})
    await socket.close()


app.include_router(router)
