"""Two browsers behind a real cache that they share: each is given a page of its own, and the files that the first one fetched."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from harness.proxies import varnish
from sallet import NONCE, ContentSecurityPolicy, SecurityHeaders
from sallet.fastapi import protect
from test_shared_caches import Counted

from .serving import serve
from .tab import Tab

POLICY = SecurityHeaders.STRICT.replace(
    content_security_policy=ContentSecurityPolicy.STRICT.extend({"script-src": [NONCE]})
)
FILES = {
    "app.js": "document.body.dataset.file = 'ran'",
    "module.mjs": "document.body.dataset.module = 'ran'",
    "worker.js": "postMessage('ran')",
    "app.css": "p { display: none }",
}


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[int, Counted]]:
    with tempfile.TemporaryDirectory() as folder:
        for name, text in FILES.items():
            (Path(folder) / name).write_text(text)
        app = FastAPI()
        app.mount("/static", StaticFiles(directory=folder))

        @app.get("/page", response_class=HTMLResponse, response_model=None)
        async def page(request: Request) -> HTMLResponse:
            nonce = request.state.csp_nonce
            html = f"""<!doctype html><meta charset="utf-8"><title>page</title><link rel="icon" href="data:,">
            <link rel="stylesheet" href="/static/app.css"><body><p>text</p>
            <script nonce="{nonce}">
              document.body.dataset.own = "ran"
              new Worker("/static/worker.js").onmessage = (event) => document.body.dataset.worker = event.data
            </script>
            <script src="/static/app.js"></script><script type="module" src="/static/module.mjs"></script></body>"""
            return HTMLResponse(html, headers={"cache-control": "public, max-age=60"})

        protect(app, headers=POLICY)
        counted = Counted(app)
        with serve(counted) as backend, varnish(backend) as port:
            yield port, counted


def test_a_page_of_its_own_and_shared_files(tab: Tab, shared: tuple[int, Counted]) -> None:
    port, app = shared
    before = app.asked["/page"]
    tab.goto(f"http://127.0.0.1:{port}/page")
    tab.until("document.body.dataset.worker === 'ran'")
    assert tab.evaluate("({...document.body.dataset})") == dict.fromkeys(("own", "file", "module", "worker"), "ran")
    assert tab.evaluate("getComputedStyle(document.querySelector('p')).display") == "none"
    assert tab.violations == []
    # Of the page each browser has asked the app; of the files the first one has, for both.
    assert app.asked["/page"] == before + 1
    assert {name: app.asked[f"/static/{name}"] for name in FILES} == dict.fromkeys(FILES, 1)
