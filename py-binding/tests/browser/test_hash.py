"""The hash of an inline script or style is that of the text which the browser's HTML parser makes of the page."""

from __future__ import annotations

import pytest
from fastapi import FastAPI, Response
from sallet import SecurityHeaders, script_hash, style_hash
from sallet.fastapi import protect

from .chromium import Watched
from .serving import serve

SCRIPT = "document.body.dataset.own = 'ran'\n// a comment\n"
STYLE = "p {\n  display: none\n}\n"


@pytest.mark.parametrize("turn", [("\n", "\n"), ("\n", "\r\n"), ("\n", "\r"), ("comment", "\0"), ("\n", "\r\r\n\0\n")])
def test_a_page_with_any_line_ends(watch: Watched, turn: tuple[str, str]) -> None:
    script, style = SCRIPT.replace(*turn), STYLE.replace(*turn)
    if "\0" in turn[1]:  # elsewhere it would end the comment or the declaration that it is in
        script, style = SCRIPT + "/*" + turn[1] + "*/", STYLE + "/*" + turn[1] + "*/"
    application = FastAPI()
    policy = {"default-src": ["'none'"], "script-src": [script_hash(script)], "style-src": [style_hash(style)]}
    protect(application, headers=SecurityHeaders(content_security_policy=policy))

    @application.get("/page")
    async def page() -> Response:
        html = f"<!doctype html><meta charset=utf-8><style>{style}</style><body><p>text</p><script>{script}</script>"
        return Response(html.encode(), media_type="text/html")

    @application.get("/favicon.ico")
    async def icon() -> Response:
        return Response(status_code=204)

    with serve(application) as port:
        watch.page.goto(f"http://127.0.0.1:{port}/page")
        assert watch.page.locator("body").get_attribute("data-own") == "ran"
        assert not watch.page.locator("p").is_visible()
        assert [said for said in watch.violations if said["directive"] != "img-src"] == []
