"""Real caches that everyone shares, in front of a real server: they keep every asset, but no page that has a nonce, and nothing that
a key or a token has opened.

Both caches are set up as carelessly as they allow: what says nothing of caching is kept.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.serving import serve
from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from harness import http
from harness.proxies import nginx, varnish
from harness.servers import free_port
from keys import READER, WRITER, keyring
from sallet import NONCE, AuthMiddleware, ContentSecurityPolicy, Principal, SecurityHeaders
from sallet.fastapi import ApiKey, Bearer, protect

POLICY = SecurityHeaders.STRICT.replace(
    content_security_policy=ContentSecurityPolicy.STRICT.extend({"script-src": [NONCE]})
)
ASSETS = {
    "app.js": b"go()",
    "module.mjs": b"export {}",
    "app.css": b"p { margin: 0 }",
    "font.woff2": b"wOF2",
    "picture.png": b"\x89PNG",
    "film.mp4": b"\0\0\0\x18ftyp",
    "data.json": b"{}",
    "module.wasm": b"\0asm",
    "file.bin": b"\1\2\3",
    "read.txt": b"some text",
}
# What an app may say of a page's life in shared caches.
CACHING = {
    "silent": {},
    "public": {"cache-control": "public, max-age=60"},
    "shared": {"cache-control": "s-maxage=60"},
    "surrogate": {"surrogate-control": "max-age=60"},
    "accel": {"x-accel-expires": "60"},
    "targeted": {"cdn-cache-control": "max-age=60", "cache-control": "max-age=60"},
}
# Where a token was in `Authorization`, these two mean every client.
FOR_ALL = {"public", "shared"}
MORE_CACHING = {
    "revalidated": {"cache-control": "max-age=60, must-revalidate"},
    "aged": {"cache-control": "max-age=60"},
    "expires": {"expires": "Thu, 01 Jan 2099 00:00:00 GMT"},
}
key = ApiKey(keyring())
token = Bearer(keyring())
NONCE_SOURCE = re.compile(r"'nonce-([^']+)'")


class Counted:
    """The app, and how often it was asked for each path."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.asked: Counter[str] = Counter()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            self.asked[scope["path"]] += 1
        await self.app(scope, receive, send)


def site(folder: Path) -> Counted:
    for name, content in ASSETS.items():
        (folder / name).write_bytes(content)
    app = FastAPI()
    app.mount("/static", StaticFiles(directory=folder))

    @app.get("/page/{caching}")
    async def page(request: Request, caching: str) -> HTMLResponse:
        html = f'<!doctype html><script nonce="{request.state.csp_nonce}">go()</script>'
        return HTMLResponse(html, headers=CACHING[caching])

    @app.get("/drawing")
    async def drawing() -> Response:
        """A document of its own, in which scripts run."""
        return Response("<svg/>", media_type="image/svg+xml", headers=CACHING["public"])

    @app.get("/untyped")
    async def untyped() -> Response:
        return Response("<p>what is it?</p>", headers=CACHING["public"])

    @app.get("/list")
    async def list_() -> JSONResponse:
        return JSONResponse([], headers=CACHING["public"])

    @app.get("/mine/{caching}")
    async def mine(request: Request, caching: str) -> Response:
        return Response(request.user.id, headers=(CACHING | MORE_CACHING)[caching])

    @app.get("/by-a-dependency/{caching}")
    async def by_a_dependency(caching: str, who: Principal = Depends(token)) -> Response:
        return Response(who.id, headers=(CACHING | MORE_CACHING)[caching])

    protect(app, headers=POLICY, auth=[key, token], protected=["/mine"])
    return Counted(app)


def bare(_: Path) -> Counted:
    """A guard with no layer of headers around."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        said = (CACHING | MORE_CACHING)[scope["path"].rpartition("/")[2]]
        headers = [(name.encode(), value.encode()) for name, value in said.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": scope["user"].id.encode()})

    return Counted(AuthMiddleware(app, [key, token]))


@contextlib.contextmanager
def nginx_cache(backend: int) -> Iterator[int]:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        settings = f"""
        proxy_cache_path {folder} keys_zone=all:1m;
        server {{
            listen 127.0.0.1:{port};
            location / {{
                proxy_pass http://127.0.0.1:{backend};
                proxy_cache all;
                proxy_cache_valid 1m;
            }}
        }}"""
        with nginx(settings, port):
            yield port


CACHES = {"nginx": nginx_cache, "varnish": varnish}


@pytest.fixture(scope="module", params=CACHES)
def cached(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Counted]]:
    """The port of a cache, and the app behind it."""
    app = site(tmp_path_factory.mktemp("assets"))
    with serve(app) as backend, CACHES[request.param](backend) as port:
        yield port, app


def two_clients(cached: tuple[int, Counted], path: str, **headers: str) -> tuple[http.Answer, http.Answer, int]:
    """What the first and the second client are given, and how often the app was asked."""
    port, app = cached
    before = app.asked[path]
    first, second = (http.request(port, path=path, headers=list(headers.items())) for _ in range(2))
    assert (first.status, second.status) in ((200, 200), (206, 206))
    return first, second, app.asked[path] - before


def nonces(answer: http.Answer) -> list[str]:
    return NONCE_SOURCE.findall(answer.one("content-security-policy"))


@pytest.mark.parametrize("caching", CACHING)
def test_a_page_with_a_nonce_is_for_one_client(cached: tuple[int, Counted], caching: str) -> None:
    first, second, asked = two_clients(cached, f"/page/{caching}")
    assert asked == 2
    assert nonces(first) and nonces(second) and nonces(first) != nonces(second)
    for answer in (first, second):
        assert answer.body.decode() == f'<!doctype html><script nonce="{nonces(answer)[0]}">go()</script>'


@pytest.mark.parametrize("path", ["/drawing", "/untyped"])
def test_so_is_what_may_be_one(cached: tuple[int, Counted], path: str) -> None:
    first, second, asked = two_clients(cached, path)
    assert (asked, nonces(first) != nonces(second)) == (2, True)


@pytest.mark.parametrize("name", ASSETS)
def test_every_asset_is_shared(cached: tuple[int, Counted], name: str) -> None:
    first, second, asked = two_clients(cached, f"/static/{name}")
    assert asked == 1
    assert first.body == second.body == ASSETS[name]
    for answer in (first, second):
        assert nonces(answer) == []
        assert not answer.has("cache-control")
        assert answer.one("x-content-type-options") == "nosniff"


def test_so_is_json(cached: tuple[int, Counted]) -> None:
    first, second, asked = two_clients(cached, "/list")
    assert (asked, first.one("cache-control"), nonces(second)) == (1, "public, max-age=60", [])


def test_a_part_of_an_asset(cached: tuple[int, Counted]) -> None:
    whole, _, _ = two_clients(cached, "/static/read.txt")
    first, second, asked = two_clients(cached, "/static/read.txt", range="bytes=0-3")
    assert (first.status, first.body, second.body, asked) == (206, b"some", b"some", 0)
    assert nonces(first) == nonces(second) == []
    assert first.one("content-security-policy") == whole.one("content-security-policy")


@pytest.mark.parametrize("cache", CACHES)
@pytest.mark.parametrize("make", [site, bare])
def test_nobody_gets_what_is_for_another_api_key(make: Any, cache: str, tmp_path: Path) -> None:
    app = make(tmp_path)
    with serve(app) as backend, CACHES[cache](backend) as port:
        for caching in CACHING:
            path = f"/mine/{caching}"
            answers = [http.request(port, path=path, headers=[("x-api-key", token)]) for token in (READER, WRITER, READER)]
            assert [answer.body for answer in answers] == [b"reader-1", b"writer-1", b"reader-1"], caching
            assert http.request(port, path=path).status == 401
            assert app.asked[path] == 4


@pytest.mark.parametrize("cache", CACHES)
@pytest.mark.parametrize(("make", "place"), [(site, "/mine"), (bare, "/mine"), (site, "/by-a-dependency")])
def test_nor_what_is_for_another_token(make: Any, place: str, cache: str, tmp_path: Path) -> None:
    """nginx's `proxy_cache` does not look at `Authorization`."""
    app = make(tmp_path)
    with serve(app) as backend, CACHES[cache](backend) as port:
        for caching in (CACHING.keys() | MORE_CACHING.keys()) - FOR_ALL:
            path = f"{place}/{caching}"
            answers = [http.request(port, path=path, headers=[("authorization", f"Bearer {each}")]) for each in (READER, WRITER, READER)]
            assert [answer.body for answer in answers] == [b"reader-1", b"writer-1", b"reader-1"], caching
            assert http.request(port, path=path).status == 401
            assert app.asked[path] == 4


def test_an_app_may_share_what_a_token_has_opened(tmp_path: Path) -> None:
    app = bare(tmp_path)
    with serve(app) as backend, nginx_cache(backend) as port:
        for caching in FOR_ALL:
            path = f"/mine/{caching}"
            answers = [http.request(port, path=path, headers=[("authorization", f"Bearer {each}")]) for each in (READER, WRITER)]
            assert [answer.body for answer in answers] == [b"reader-1", b"reader-1"]
            assert (app.asked[path], answers[0].one("cache-control")) == (1, CACHING[caching]["cache-control"])
