"""Whether a response travels over HTTPS: what the scope says when it starts, or what `https=` says."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from harness import asgi
from sallet import SecurityHeadersMiddleware
from sallet.fastapi import protect

HSTS = "strict-transport-security"


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def is_https(scheme="http", **options):
    reply = asgi.call(SecurityHeadersMiddleware(app, **options), scheme=scheme)
    upgraded = "upgrade-insecure-requests" in reply.one("content-security-policy")
    assert reply.has(HSTS) == upgraded
    return upgraded


def test_the_scope_decides_unless_something_else_is_said():
    assert [is_https(scheme) for scheme in ("http", "https")] == [False, True]
    for scheme in ("http", "https"):
        assert is_https(scheme, https=None) == (scheme == "https")
        assert is_https(scheme, https=True) and not is_https(scheme, https=False)
        assert is_https(scheme, https=lambda scope: True) and not is_https(scheme, https=lambda scope: False)


def test_a_function_is_asked_when_the_response_starts():
    """So that it sees what a middleware inside has found out."""

    async def finds(scope, receive, send):
        scope["state"] = {"tls": scope["path"] == "/tls"}
        await app(scope, receive, send)

    wrapped = SecurityHeadersMiddleware(finds, https=lambda scope: scope["state"]["tls"])
    assert [asgi.call(wrapped, path).has(HSTS) for path in ("/tls", "/plain")] == [True, False]


@pytest.mark.parametrize("bad", [lambda scope: 1 / 0, lambda scope: "https", lambda scope: None, lambda scope: 1])
def test_a_function_that_fails_is_logged_and_nothing_is_sent_for_https(bad, caplog):
    assert not is_https("https", https=bad)
    assert "https: the function failed, so the headers for HTTPS only were left out" in caplog.text


def test_protect_hands_it_on():
    site = FastAPI()
    protect(site, https=True)
    assert asgi.call(site).has(HSTS)


async def waits(scope):
    return True


def test_what_is_no_answer():
    for wrong, says in (("https", "https='https': give None"), (1, "https=1: give None"), (waits, "write def instead of async def")):
        with pytest.raises(TypeError, match=says):
            SecurityHeadersMiddleware(app, https=wrong)


@pytest.mark.parametrize("wrong", ["policy", "", 1, None.__class__, ["add"]])
def test_what_override_is_not(wrong):
    with pytest.raises(TypeError, match=r"override=.*: give False \(a header of the app's own wins\), True .* or \"add\""):
        SecurityHeadersMiddleware(app, override=wrong)
