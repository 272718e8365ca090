"""A single-page app at /, and an API that people, machines and the page's own WebSocket sign in to.

Run it:  uvicorn single_page:app --app-dir py-binding/examples
"""

from __future__ import annotations

import os

from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import HTMLResponse
from users import announce

from sallet import NONCE, SELF, Keyring, SecurityHeaders, csp_nonce, generate_token
from sallet.fastapi import ApiKey, Bearer, protect

TOKENS = {name: os.environ.get(f"{name.upper()}_TOKEN") or generate_token() for name in ("page", "robot")}
if "PAGE_TOKEN" not in os.environ:
    announce(TOKENS)

# The page has its token from the fragment of its URL, which no server sees.
PAGE = """<!doctype html><title>no login here</title><h1>Waiting…</h1>
<script nonce="{nonce}">
  const socket = new WebSocket(`ws://${{location.host}}/api/live`, ["bearer", location.hash.slice(1)]);
  socket.onmessage = ({{data}}) => document.querySelector("h1").textContent = data;
</script>"""

app = FastAPI(title="A single-page app and its API")


@app.get("/", response_class=HTMLResponse)
async def page(request: Request) -> str:
    return PAGE.format(nonce=csp_nonce(request))


@app.get("/api/parts")
async def parts(request: Request) -> dict[str, object]:
    return {"for": request.user.name, "parts": ["helm", "gorget"]}


@app.websocket("/api/live")
async def live(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(f"Hello, {websocket.user.name}")
    await websocket.receive()


csp = SecurityHeaders.STRICT.content_security_policy
assert csp is not None
protect(
    app,
    headers=SecurityHeaders.STRICT.replace(
        content_security_policy=csp.extend({"script-src": [NONCE], "connect-src": [SELF]})
    ),
    auth=[
        Bearer(Keyring.from_tokens({"page": TOKENS["page"]}), realm="parts", websocket_subprotocol="bearer"),
        ApiKey(Keyring.from_tokens({"robot": TOKENS["robot"]}), realm="parts"),
    ],
    protected=["/api/*"],
)
