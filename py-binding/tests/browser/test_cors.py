"""A browser application of another origin can read a refusal through Starlette's CORSMiddleware."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from sallet.fastapi import protect
from starlette.middleware.cors import CORSMiddleware

from .apps import TOKEN, bearer
from .chromium import Watched
from .serving import serve

FETCH = """
async ([url, token]) => {
  const headers = token ? {authorization: `Bearer ${token}`} : {};
  try {
    const answer = await fetch(url, {headers});
    return {status: answer.status, body: await answer.json(), challenge: answer.headers.get("www-authenticate")};
  } catch (error) {
    return {blocked: String(error)};
  }
}
"""


def api(allowed: str | None, *, protect_first: bool) -> FastAPI:
    app = FastAPI()

    def add_cors() -> None:
        if allowed:
            app.add_middleware(
                CORSMiddleware,
                allow_origins=[allowed],
                allow_headers=["authorization"],
                expose_headers=["www-authenticate"],
            )

    if protect_first:
        protect(app, auth=bearer())
        add_cors()
    else:
        add_cors()
        protect(app, auth=bearer())

    @app.get("/items")
    async def items() -> dict[str, list[int]]:
        return {"items": [1, 2, 3]}

    return app


def front() -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.get("/", response_class=HTMLResponse)
    async def page() -> str:
        return '<!doctype html><title>front</title><link rel="icon" href="data:,">'

    return app


@pytest.mark.parametrize("protect_first", [True, False], ids=["protect-then-cors", "cors-then-protect"])
def test_a_refusal_of_another_origin_can_be_read(watch: Watched, protect_first: bool) -> None:
    with serve(front()) as home, serve(api(f"http://127.0.0.1:{home}", protect_first=protect_first)) as port:
        watch.page.goto(f"http://127.0.0.1:{home}/")

        def fetch(token: str | None) -> Any:
            return watch.page.evaluate(FETCH, [f"http://127.0.0.1:{port}/items", token])

        missing = fetch(None)
        assert missing["status"] == 401
        assert missing["body"]["detail"]
        assert missing["challenge"] == 'Bearer realm="items"'
        # With a token the browser asks leave first, by a preflight that carries none.
        wrong = fetch("slt_this-is-not-the-right-token")
        assert wrong["status"] == 401
        assert 'error="invalid_token"' in wrong["challenge"]
        assert fetch(TOKEN) == {"status": 200, "body": {"items": [1, 2, 3]}, "challenge": None}


def test_without_cors_nothing_can_be_read(watch: Watched) -> None:
    """The control that can fail: the browser does enforce the rule that the other test gets past."""
    with serve(front()) as home, serve(api(None, protect_first=True)) as port:
        watch.page.goto(f"http://127.0.0.1:{home}/")
        answer = watch.page.evaluate(FETCH, [f"http://127.0.0.1:{port}/items", TOKEN])
        assert "Failed to fetch" in answer["blocked"]
