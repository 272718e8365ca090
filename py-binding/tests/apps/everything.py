"""One FastAPI application that can give every kind of response, under `protect`."""

from __future__ import annotations

import sys
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response, WebSocket
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, StreamingResponse
from pydantic import BaseModel
from sallet import SecurityHeaders
from sallet.fastapi import protect
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

POLICY = SecurityHeaders.STRICT


class Item(BaseModel):
    name: str


def make() -> FastAPI:
    # FastAPI's own limit came after its last release for Python 3.10.
    app = FastAPI(**({"max_body_size": 1000} if sys.version_info >= (3, 11) else {}))

    @app.get("/ok")
    async def ok() -> str:
        return "ok"

    @app.get("/no-content", status_code=204)
    async def no_content() -> None: ...

    @app.get("/not-modified")
    async def not_modified() -> Response:
        return Response(status_code=304)

    @app.get("/moved/")
    async def moved() -> str:
        return "ok"

    @app.get("/elsewhere")
    async def elsewhere() -> Response:
        return RedirectResponse("https://elsewhere.example/")

    @app.post("/items")
    async def items(item: Item) -> Item:
        if len(item.name) > 1000:
            raise HTTPException(413)
        return item

    @app.get("/boom")
    async def boom() -> None:
        raise RuntimeError("boom")

    @app.get("/stream")
    async def stream() -> Response:
        async def parts() -> Any:
            for part in (b"one ", b"two ", b"three"):
                yield part

        return StreamingResponse(parts(), media_type="text/plain")

    @app.get("/file")
    async def file() -> Response:
        return FileResponse(__file__)

    @app.get("/html")
    async def html() -> Response:
        return HTMLResponse("<p>hello</p>")

    @app.get("/framed")
    async def framed(request: Request) -> Response:
        return Response("framed", headers={request.query_params.get("as", "X-Frame-Options"): "SAMEORIGIN"})

    @app.get("/cookies")
    async def cookies() -> Response:
        response = Response("cookies")
        response.headers.append("Set-Cookie", "first=1; Path=/")
        response.headers.append("X-Between", "yes")
        response.headers.append("Set-Cookie", "second=2; Path=/")
        response.headers.append("Set-Cookie", "first=1; Path=/")
        return response

    @app.websocket("/denied")
    async def denied(socket: WebSocket) -> None:
        await socket.send_denial_response(PlainTextResponse("no", status_code=403))

    @app.websocket("/closed")
    async def closed(socket: WebSocket) -> None:
        await socket.close()

    @app.websocket("/raises")
    async def raises(websocket: WebSocket) -> None:
        raise RuntimeError("before accept")

    @app.websocket("/returns")
    async def returns(websocket: WebSocket) -> None:
        return None

    @app.websocket("/open")
    async def open_(socket: WebSocket) -> None:
        await socket.accept(headers=[(b"x-app", b"1")])
        await socket.close()

    async def sub(request: Request) -> Response:
        return PlainTextResponse("sub")

    async def sub_boom(request: Request) -> Response:
        raise RuntimeError("sub boom")

    app.mount("/sub", Starlette(routes=[Route("/page", sub), Route("/boom", sub_boom)]))
    app.router.routes.append(Mount("/bare", app=bare))
    return app


# A bare ASGI application that reuses one message, list and all, for every request, as some frameworks do.
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/plain"), (b"x-powered-by", b"bare")],
}
BODY = {"type": "http.response.body", "body": b"bare"}


async def bare(scope: Any, receive: Any, send: Any) -> None:
    await send(START)
    await send(BODY)


app = make()
protect(app, headers=POLICY)
