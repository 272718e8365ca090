"""Plain applications, for testing the harness itself without Sallet."""

from __future__ import annotations

from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response, WebSocket

started = False


@asynccontextmanager
async def lifespan(app: FastAPI):
    global started
    started = True
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def root() -> dict[str, bool]:
    return {"started": started}


@app.get("/lines")
async def lines(request: Request) -> list[str]:
    return [v.decode("latin-1") for k, v in request.scope["headers"] if k == b"authorization"]


@app.post("/late")
async def late(request: Request) -> int:
    return len(await request.body())


@app.post("/early")
async def early() -> Response:
    return Response(status_code=401)


@app.get("/two")
async def two() -> Response:
    response = Response("two")
    response.headers.append("Set-Cookie", "a=1")
    response.headers.append("Set-Cookie", "b=2")
    return response


@app.websocket("/ws")
async def ws(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("hello")
    await socket.close()


@app.websocket("/denied")
async def denied(socket: WebSocket) -> None:
    await socket.close()
