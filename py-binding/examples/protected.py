"""The app of `article.py`, protected in one call.

Run it:  uvicorn protected:app --app-dir py-binding/examples
"""

from __future__ import annotations

import os

from fastapi import APIRouter, Depends, FastAPI, Request, WebSocket
from users import announce, create_database, fetch_user

from sallet import Keyring, generate_token
from sallet.fastapi import Bearer, protect

announce(create_database())

KEY = os.environ.get("ARTICLE_KEY") or generate_token()
if "ARTICLE_KEY" not in os.environ:
    announce({"the /v1 key (set ARTICLE_KEY to keep it)": KEY})

users = Bearer(authenticate=fetch_user, realm="article", description="A user's own token.")
key = Bearer(
    Keyring.from_tokens({"v1": KEY}),
    realm="v1",
    scheme_name="V1Key",
    description="The constant key of /v1.",
)


def make_app() -> FastAPI:
    """The routes alone, wearing nothing yet."""
    app = FastAPI(title="The article's app, protected")
    router = APIRouter(prefix="/v1", dependencies=[Depends(key)])

    @router.get("/items")
    async def items() -> list[str]:
        return ["helm", "gorget"]

    @app.get("/")
    async def home(request: Request) -> dict[str, str]:
        user = getattr(request.state, "user", None)
        return {"hello": user.name if user else "stranger"}

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("this endpoint always fails")

    @app.websocket("/ws")
    async def greet(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_json({"hello": socket.state.user.name})
        await socket.close()

    app.include_router(router)
    return app


app = make_app()

# The whole job. /v1/ is public here because its router guards itself, with a key of its own.
protect(app, auth=users, public=["/v1/*"])
