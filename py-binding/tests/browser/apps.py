"""The applications that the browser is shown, and the ways they are reached."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import httpx
from fastapi import Body, FastAPI, Response, Security
from sallet import Keyring, Principal
from sallet.fastapi import Bearer, protect
from starlette.requests import Request
from starlette.responses import Response as RawResponse

from .cdn import certified, picture_file
from .serving import serve

TOKEN = "slt_a-token-for-the-browser-tests-of-forty-characters"
PREFIX = "/api"


def bearer() -> Bearer:
    return Bearer(Keyring.from_tokens({"browser": TOKEN}), realm="items")


def with_routes(app: FastAPI, auth: Bearer) -> FastAPI:
    """A default FastAPI application: what Swagger UI and ReDoc draw most things for."""

    @app.get("/items", tags=["items"])
    async def items(limit: int = 10, who: Principal = Security(auth)) -> dict[str, Any]:
        """All items, **newest** first.

        | column | meaning |
        |---|---|
        | `id` | a number |
        """
        return {"items": [], "limit": limit, "who": who.name}

    @app.post("/items", tags=["items"], status_code=201)
    async def add(item: dict[str, Any] = Body(examples=[{"name": "visor"}])) -> dict[str, Any]:
        return item

    @app.get("/picture", response_class=Response, responses={200: {"content": {"image/png": {}}}})
    async def picture() -> Response:
        return Response(picture_file().read_bytes(), media_type="image/png")

    return app


def default_app(*, docs: bool = True, headers: Any = None, **options: Any) -> FastAPI:
    auth = bearer()
    app = with_routes(FastAPI(**options), auth)
    protect(app, auth=auth, docs=docs, headers=headers)
    return app


def outer_app() -> FastAPI:
    """A FastAPI application with another mounted at PREFIX; `protect` is told of the outer one alone."""
    auth = bearer()
    app = FastAPI()
    app.mount(PREFIX, with_routes(FastAPI(title="Mounted"), auth))
    protect(app, auth=auth)
    return app


def stripping_proxy(upstream: str) -> Any:
    """A reverse proxy that serves `upstream` under PREFIX and takes the prefix off, as nginx does."""
    proxy = FastAPI(openapi_url=None)

    @proxy.api_route(PREFIX + "/{path:path}", methods=["GET", "POST", "OPTIONS"])
    async def forward(path: str, request: Request) -> RawResponse:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.request(
                request.method,
                f"{upstream}/{path}",
                params=request.query_params,
                headers=request.headers.raw,
                content=await request.body(),
            )
        response = RawResponse(answer.content, answer.status_code)
        response.raw_headers = [field for field in answer.headers.raw if field[0].lower() != b"content-encoding"]
        return response

    return proxy


@contextlib.contextmanager
def reached(layout: str) -> Iterator[str]:
    """Serves a default application in one of the ways that LAYOUTS lists; yields the URL that it is reached at."""
    with contextlib.ExitStack() as stack:
        if layout == "plain":
            yield f"http://127.0.0.1:{stack.enter_context(serve(default_app()))}"
        elif layout == "https":
            options = stack.enter_context(certified("localhost"))
            yield f"https://localhost:{stack.enter_context(serve(default_app(), **options))}"
        elif layout == "root_path":
            # The prefix arrives as a part of the path.
            yield f"http://127.0.0.1:{stack.enter_context(serve(default_app(root_path=PREFIX)))}{PREFIX}"
        elif layout == "proxy":
            port = stack.enter_context(serve(default_app(), root_path=PREFIX))
            front = stack.enter_context(serve(stripping_proxy(f"http://127.0.0.1:{port}")))
            yield f"http://127.0.0.1:{front}{PREFIX}"
        elif layout == "mounted":
            yield f"http://127.0.0.1:{stack.enter_context(serve(outer_app()))}{PREFIX}"
        else:
            raise ValueError(layout)


LAYOUTS = ("plain", "https", "root_path", "proxy", "mounted")
