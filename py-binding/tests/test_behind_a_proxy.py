"""The redirect to TLS behind a real nginx that ends TLS, on real servers that are told, or not told, to believe it.

The settings are those of the README's "Behind a proxy".
"""

from __future__ import annotations

import contextlib
import logging
import re
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from browser.cdn import certified
from browser.serving import serve
from fastapi import FastAPI, WebSocket
from harness.http import websocket
from harness.proxies import nginx
from harness.servers import Server, free_port
from sallet.fastapi import protect
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from websockets.sync.client import connect

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
LOCATION = re.search(r"^```nginx\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


class Front:
    """What a client sees: `http` and `https` are nginx's ports."""

    def __init__(self, http: int, https: int) -> None:
        self.http, self.https = http, https
        self._client = httpx.Client(verify=False, trust_env=False)

    def get(self, url: str, **headers: str) -> httpx.Response:
        return self._client.get(url, headers=headers)

    def follow(self, url: str, most: int = 5) -> list[int]:
        """The statuses on the way from one redirect to the next."""
        seen: list[int] = []
        while len(seen) < most:
            answer = self.get(url)
            seen.append(answer.status_code)
            if "location" not in answer.headers:
                break
            url = answer.headers["location"]
        return seen


@contextlib.contextmanager
def in_front_of(port: int, http: int, https: int) -> Iterator[Front]:
    assert LOCATION is not None
    location = LOCATION[1].replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    with certified("localhost") as options:
        pem = options["ssl_certfile"]
        settings = f"""
        server {{
            listen 127.0.0.1:{http};
            listen 127.0.0.1:{https} ssl;
            ssl_certificate {pem};
            ssl_certificate_key {pem};
            {location}
        }}"""
        with nginx(settings, http, https):
            yield Front(http, https)


def app(https: int, *, trusting: bool) -> FastAPI:
    application = FastAPI()

    @application.get("/items")
    async def items() -> str:
        return "items"

    @application.websocket("/ws")
    async def ws(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("over tls")
        await websocket.close()

    protect(application, https_redirect=f"localhost:{https}")
    if trusting:
        application.add_middleware(ProxyHeadersMiddleware, trusted_hosts="127.0.0.1")
    return application


@pytest.mark.parametrize("believes", ["the app", "the server"])
def test_one_redirect_and_then_the_app(believes: str) -> None:
    http, https = free_port(), free_port()
    options = {"forwarded_allow_ips": "127.0.0.1"} if believes == "the server" else {"proxy_headers": False}
    application = app(https, trusting=believes == "the app")
    with serve(application, **options) as port, in_front_of(port, http, https) as front:
        first = front.get(f"http://localhost:{http}/items?a=1")
        assert first.headers["location"] == f"https://localhost:{https}/items?a=1"
        assert "strict-transport-security" not in first.headers
        assert front.follow(f"http://localhost:{http}/items") == [308, 200]
        assert "strict-transport-security" in front.get(f"https://localhost:{https}/items").headers

        insecure = ssl.create_default_context()
        insecure.check_hostname, insecure.verify_mode = False, ssl.CERT_NONE
        with connect(f"wss://localhost:{https}/ws", ssl=insecure, proxy=None) as socket:
            assert socket.recv() == "over tls"
        denied = websocket(port, "/ws")
        assert (denied.status, denied.one("location")) == (308, f"wss://localhost:{https}/ws")


def test_a_proxy_that_nobody_was_told_to_believe(caplog: pytest.LogCaptureFixture) -> None:
    """The control that can fail: this is the loop that the README warns of, and the log says what to do."""
    http, https = free_port(), free_port()
    application = app(https, trusting=False)
    with caplog.at_level(logging.WARNING, "sallet.headers"):
        with serve(application, proxy_headers=False) as port, in_front_of(port, http, https) as front:
            assert front.follow(f"http://localhost:{http}/items") == [308] * 5
    assert "--forwarded-allow-ips" in caplog.text


def test_a_client_that_reaches_the_server_itself_is_not_believed() -> None:
    """Sallet reads no X-Forwarded-Proto."""
    with serve(app(443, trusting=False), forwarded_allow_ips="192.0.2.1") as port:
        answer = httpx.get(f"http://127.0.0.1:{port}/items", headers={"x-forwarded-proto": "https"}, trust_env=False)
        assert (answer.status_code, answer.headers["location"]) == (308, "https://localhost/items")


TOLD = [("x-forwarded-proto", "https"), ("x-forwarded-for", "203.0.113.7")]
WORKER = ("--graceful-timeout=1", "-k", "uvicorn_worker.UvicornWorker")


@pytest.mark.parametrize(("kind", "worker"), [("uvicorn", ()), ("gunicorn", WORKER)], ids=["uvicorn", "gunicorn"])
def test_what_the_readme_says_to_tell_a_server(
    server: Callable[..., Server], kind: str, worker: tuple[str, ...]
) -> None:
    believing = server(kind, "redirected:app", *worker, "--forwarded-allow-ips=127.0.0.1")
    assert believing.get("/items").status == 308
    answer = believing.get("/items", TOLD)
    assert (answer.status, answer.has("strict-transport-security")) == (200, True)
    doubting = server(kind, "redirected:app", *worker, "--forwarded-allow-ips=192.0.2.1")
    assert doubting.get("/items", TOLD).one("location") == "https://www.example.com/items"


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [("gunicorn", ("--graceful-timeout=1", "-k", "asgi", "--forwarded-allow-ips=127.0.0.1")), ("hypercorn", ()), ("granian", ())],
    ids=["gunicorn", "hypercorn", "granian"],
)
def test_a_server_that_cannot_be_told(server: Callable[..., Server], kind: str, arguments: tuple[str, ...]) -> None:
    assert server(kind, "redirected:app", *arguments).get("/items", TOLD).status == 308
    assert server(kind, "redirected:believing", *arguments).get("/items", TOLD).status == 200
