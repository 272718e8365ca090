"""A page signs its WebSocket in with a token among the subprotocols, and the browser takes the handshake."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.responses import HTMLResponse
from sallet import Principal, SecurityHeaders
from sallet.fastapi import Bearer, protect

from .apps import TOKEN, bearer
from .serving import serve
from .tab import Tab

CONNECT = """
new Promise(resolve => {
  const socket = new WebSocket(`ws://${location.host}/ws`, %s);
  socket.onmessage = ({data}) => resolve({said: data, protocol: socket.protocol});
  socket.onclose = ({code}) => resolve({code});
})
"""


def app(seen: list[Any]) -> FastAPI:
    made = FastAPI()
    scheme = Bearer(bearer().keyring, websocket_subprotocol="bearer")
    protect(made, headers=SecurityHeaders.EMPTY, auth=scheme, public=["/"])

    @made.get("/", response_class=HTMLResponse)
    async def page() -> str:
        return "<!doctype html>"

    @made.websocket("/ws")
    async def ws(websocket: WebSocket) -> None:
        seen.append([websocket.scope["subprotocols"], websocket.headers.get("sec-websocket-protocol")])
        await websocket.accept()
        user: Principal = websocket.user
        await websocket.send_text(user.name)
        await websocket.close()

    return made


@pytest.mark.parametrize("ws", ["websockets-sansio", "wsproto"])
def test_a_page_sends_a_token_as_a_subprotocol(tab: Tab, ws: str) -> None:
    seen: list[Any] = []
    with serve(app(seen), ws=ws) as port:
        tab.goto(f"http://127.0.0.1:{port}/")
        assert tab.evaluate(CONNECT % f'["bearer", "{TOKEN}"]') == {"said": "browser", "protocol": "bearer"}
        assert tab.evaluate(CONNECT % f'["chat", "bearer", "{TOKEN}"]') == {"said": "browser", "protocol": "bearer"}
        for refused in ('["bearer", "wrong"]', '["bearer"]', "[]"):
            assert tab.evaluate(CONNECT % refused) == {"code": 1006}
    # With wsproto uvicorn has taken them off the headers itself.
    lines = ["bearer", "chat, bearer"] if ws != "wsproto" else [None, None]
    assert seen == [[["bearer"], lines[0]], [["chat", "bearer"], lines[1]]]
