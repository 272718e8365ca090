"""The recipes in `examples/`: JWTs against a provider of keys, counters, and an error tracker that sees no token."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from harness import asgi
from jwt.algorithms import RSAAlgorithm
from keys import READER, UNKNOWN
from opentelemetry import metrics as telemetry
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from prometheus_client import REGISTRY

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
APPS = Path(__file__).resolve().parent / "apps"
AUDIENCE = "https://api.example"
KEYS = {name: rsa.generate_private_key(65537, 2048) for name in ("one", "two", "stranger")}


class Provider:
    """Serves the public keys of an issuer, and counts how often it is asked."""

    def __init__(self) -> None:
        self.names, self.asked = ["one"], 0
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked += 1
                keys = [{**json.loads(RSAAlgorithm.to_jwk(KEYS[name].public_key())), "kid": name} for name in provider.names]
                body = json.dumps({"keys": keys}).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def token(self, key: str = "one", kid: str | None = None, algorithm: str = "RS256", secret: Any = None, **claims: Any) -> str:
        payload = {"iss": self.issuer, "aud": AUDIENCE, "sub": "ada", "exp": time.time() + 60, "scope": "items:read", **claims}
        payload = {name: value for name, value in payload.items() if value is not None}
        return jwt.encode(payload, KEYS[key] if secret is None else secret, algorithm, {"kid": kid or key})


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture(params=["jwt_pyjwt", "jwt_joserfc"])
def recipe(request: pytest.FixtureRequest, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("ISSUER", provider.issuer)
    monkeypatch.setenv("AUDIENCE", AUDIENCE)
    monkeypatch.syspath_prepend(str(EXAMPLES))
    sys.modules.pop(request.param, None)
    return importlib.import_module(request.param)


def status(recipe: Any, token: str) -> int:
    return asgi.call(recipe.app, "/items", [asgi.bearer(token)]).status


def test_only_this_issuers_tokens_for_this_audience_are_good(recipe: Any, provider: Provider) -> None:
    reply = asgi.call(recipe.app, "/items", [asgi.bearer(provider.token())])
    assert (reply.status, reply.json()) == (200, {"hello": "ada"})
    # The public key as the secret of an HMAC (RFC 8725 section 2.1); PyJWT refuses to make such a token.
    pem = KEYS["one"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    bad = {
        "another issuer": provider.token(iss="https://evil.example/"),
        "another audience": provider.token(aud="https://other.example"),
        "no audience": provider.token(aud=None),
        "no expiry": provider.token(exp=None),
        "expired": provider.token(exp=time.time() - 60),
        "a stranger's key": provider.token("stranger", kid="one"),
        "an unknown key": provider.token("stranger"),
        "no signature": provider.token(algorithm="none", secret=""),
        "another algorithm": provider.token(algorithm="PS256"),
        "the public key as a secret": hmac_with(pem, provider),
        "no token": "abc",
        "no JSON": "a.b.c",
    }
    assert {name: status(recipe, token) for name, token in bad.items()} == dict.fromkeys(bad, 401)
    assert status(recipe, provider.token(scope="items:write")) == 403
    assert status(recipe, provider.token(scope=None)) == 403
    assert status(recipe, provider.token(groups=["00000000-0000-0000-0000-000000000000"] * 160)) == 200


def hmac_with(secret: bytes, provider: Provider) -> str:
    import hashlib
    import hmac

    def encoded(data: bytes) -> str:
        return jwt.utils.base64url_encode(data).decode()

    claims = provider.token().split(".")[1]
    signed = f"{encoded(json.dumps({'alg': 'HS256', 'kid': 'one'}).encode())}.{claims}"
    return f"{signed}.{encoded(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def test_the_keys_are_cached_and_invented_ones_cannot_make_it_ask_all_the_time(recipe: Any, provider: Provider) -> None:
    for n in range(20):
        assert status(recipe, provider.token()) == 200
        assert status(recipe, provider.token("stranger", kid=f"invented-{n}")) == 401
    assert provider.asked <= 2


def test_a_new_key_is_fetched(recipe: Any, provider: Provider) -> None:
    assert status(recipe, provider.token()) == 200
    provider.names = ["two"]
    # As if the last fetch were a minute ago.
    if hasattr(recipe, "keys"):
        recipe.keys._fetched -= 60
    else:
        recipe.jwks._last_successful_fetch -= 60
    assert (status(recipe, provider.token("two")), status(recipe, provider.token("one"))) == (200, 401)


def test_a_provider_that_is_away_is_503(recipe: Any, provider: Provider) -> None:
    token = provider.token()
    provider.close()
    reply = asgi.call(recipe.app, "/items", [asgi.bearer(token)])
    assert (reply.status, reply.one("retry-after")) == (503, "5")


def test_the_counters(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = InMemoryMetricReader()
    telemetry.set_meter_provider(MeterProvider([reader]))
    monkeypatch.setenv("SALLET_TOKENS", f"ci={READER}")
    monkeypatch.syspath_prepend(str(EXAMPLES))
    app = importlib.import_module("metrics").app
    for headers in ([], [asgi.bearer(READER)], [asgi.bearer(UNKNOWN)], [asgi.bearer(UNKNOWN)]):
        asgi.call(app, "/x", headers)
    unknown = {"outcome": "refused", "scheme": "Bearer", "reason": "no key matches the credentials"}
    admitted = {"outcome": "admitted", "scheme": "Bearer", "reason": ""}
    count = lambda labels: REGISTRY.get_sample_value("sallet_decisions_total", labels)  # noqa: E731
    assert (count(unknown), count(admitted)) == (2, 1)
    data: Any = reader.get_metrics_data()
    named = {metric.name: metric for scope in data.resource_metrics[0].scope_metrics for metric in scope.metrics}
    points = named["sallet.decisions"].data.data_points
    assert {(point.attributes["outcome"], point.attributes["reason"]): point.value for point in points}["refused", unknown["reason"]] == 2
    page = asgi.call(app, "/metrics/")
    assert page.status == 200 and b"sallet_decisions_total" in page.body


@pytest.mark.parametrize("hide", [True, False])
def test_sentry_sees_no_token(hide: bool) -> None:
    """With all that it can be told to send. Without `hide` it has the token, or this test would show nothing."""
    # In a process of its own: Sentry's SDK changes Starlette and FastAPI for all.
    done = subprocess.run([sys.executable, APPS / "tracked.py", str(hide)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "a bug of the app" in done.stdout and "reader-1" in done.stdout
    assert READER not in done.stdout if hide else READER in done.stdout
    assert not hide or UNKNOWN not in done.stdout
