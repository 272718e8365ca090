"""Pages under a policy with a nonce, in Chromium and in Firefox: nested layers, a stream, htmx, and Alpine's build for CSP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from npm_packages import package
from sallet import NONCE, ContentSecurityPolicy, SecurityHeaders
from sallet.fastapi import protect

from .serving import serve
from .tab import Tab
from .test_nonce import a_mounted_child, one_on_trial_inside, one_on_trial_outside, one_that_overrides

POLICY = SecurityHeaders.STRICT.replace(
    content_security_policy=ContentSecurityPolicy.STRICT.extend({"script-src": [NONCE]})
)
# What a page holds that someone else has written into it.
INJECTED = """<script>document.body.dataset.injected = "ran"</script>
<img src="data:," alt="" onerror="document.body.dataset.injected = 'ran'">"""
HEAD = '<!doctype html><meta charset="utf-8"><title>page</title><link rel="icon" href="data:,">'


def scripts_refused(tab: Tab) -> list[str]:
    return sorted({said["directive"] for said in tab.violations if said["directive"].startswith("script-src")})


@pytest.mark.parametrize("make", [one_on_trial_inside, one_on_trial_outside, one_that_overrides, a_mounted_child])
def test_nested_layers(tab: Tab, make: Callable[[], Any]) -> None:
    with serve(make()) as port:
        tab.goto(f"http://127.0.0.1:{port}/page")
        assert tab.evaluate("document.body.dataset.own") == "ran"
        assert scripts_refused(tab) == []
        tab.goto(f"http://127.0.0.1:{port}/page?comment={INJECTED.replace(chr(10), '')}")
        assert tab.evaluate("[document.body.dataset.own, document.body.dataset.injected]") == ["ran", None]
        assert "script-src-elem" in scripts_refused(tab)


def test_a_streamed_page(tab: Tab) -> None:
    """The nonce is in the head that has left long before the last script has."""
    app = FastAPI()
    protect(app, headers=POLICY)

    @app.get("/stream")
    async def stream(request: Request) -> StreamingResponse:
        async def parts() -> AsyncIterator[str]:
            yield f"{HEAD}<body>"
            for number in range(5):
                nonce = request.state.csp_nonce
                yield f'<script nonce="{nonce}">document.body.dataset.own = "{number}"</script>{INJECTED}'

        return StreamingResponse(parts(), media_type="text/html")

    with serve(app) as port:
        tab.goto(f"http://127.0.0.1:{port}/stream")
        assert tab.evaluate("[document.body.dataset.own, document.body.dataset.injected]") == ["4", None]
        assert scripts_refused(tab) == ["script-src-attr", "script-src-elem"]


def with_files(name: str) -> FastAPI:
    app = FastAPI()
    app.mount("/static", StaticFiles(directory=package(name) / "dist"))
    protect(app, headers=POLICY)
    return app


@pytest.mark.parametrize("is_trusted", [True, False], ids=["trusted", "untrusted"])
def test_htmx(tab: Tab, is_trusted: bool) -> None:
    """Told the nonce of its page, htmx gives it to the scripts of every part that it loads; not told, none of them runs."""
    app = with_files("htmx.org")

    @app.get("/", response_class=HTMLResponse)
    async def home(request: Request) -> str:
        nonce = request.state.csp_nonce if is_trusted else ""
        return f"""{HEAD}<meta name="htmx-config" content='{{"inlineScriptNonce": "{nonce}"}}'>
        <script src="/static/htmx.min.js"></script>
        <body><button hx-get="/part" hx-target="#part">Load</button><div id="part"></div></body>"""

    @app.get("/part", response_class=HTMLResponse)
    async def part() -> str:
        return '<p>loaded</p><script>document.body.dataset.part = "ran"</script>'

    with serve(app) as port:
        tab.goto(f"http://127.0.0.1:{port}/")
        tab.evaluate("document.querySelector('button').click()")
        assert tab.until("document.querySelector('#part p')?.textContent") == "loaded"
        if is_trusted:
            assert tab.until("document.body.dataset.part") == "ran"
            assert tab.violations == []
        else:
            tab.until("document.querySelector('#part script') !== null")
            assert tab.evaluate("document.body.dataset.part") is None
            assert scripts_refused(tab) == ["script-src-elem"]


def test_alpine(tab: Tab) -> None:
    app = with_files("@alpinejs/csp")

    @app.get("/", response_class=HTMLResponse)
    async def home(request: Request) -> str:
        return f"""{HEAD}<script nonce="{request.state.csp_nonce}">
            document.addEventListener("alpine:init", () => Alpine.data("counter", () => ({{
                count: 0, add() {{ this.count++ }} }})))
        </script>
        <script defer src="/static/cdn.min.js"></script>
        <body x-data="counter"><button x-on:click="add">Add</button><p x-text="count"></p><i x-show="count">some</i></body>"""

    with serve(app) as port:
        tab.goto(f"http://127.0.0.1:{port}/")
        tab.until("document.querySelector('p').textContent === '0'")
        assert tab.evaluate("getComputedStyle(document.querySelector('i')).display") == "none"
        tab.evaluate("document.querySelector('button').click()")
        tab.until("document.querySelector('p').textContent === '1'")
        assert tab.violations == []
