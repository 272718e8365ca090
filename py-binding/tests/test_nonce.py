"""One nonce per request: in the body what is in the header, never the same twice, never fit for a shared cache."""

from __future__ import annotations

import asyncio
import base64
import functools
import operator
import re
from concurrent.futures import ThreadPoolExecutor

import pages
import pytest
from fastapi import FastAPI
from harness import asgi
from hypercorn.middleware import ProxyFixMiddleware
from keys import keyring
from sallet import NONCE, SELF, ContentSecurityPolicy, SecurityHeaders, SecurityHeadersMiddleware
from sallet.fastapi import Bearer, protect

IN_HEADER = re.compile(r"'nonce-([^']*)'")
IN_BODY = re.compile(rb'nonce="([^"]*)"')


def nonces(reply):
    enforced = IN_HEADER.findall(reply.one("content-security-policy"))
    reported = IN_HEADER.findall(reply.one("content-security-policy-report-only"))
    return enforced, reported


def the_nonce(reply):
    """The one nonce of a response: every place in both policies, and the page, hold the same."""
    enforced, reported = nonces(reply)
    assert len(enforced) == 2 and len(reported) == 1
    [nonce] = set(enforced + reported)
    assert {found.decode() for found in IN_BODY.findall(reply.body)} == {nonce}
    assert len(base64.urlsafe_b64decode(nonce + "==")) == 16  # 128 bits
    assert re.fullmatch(r"[A-Za-z0-9+/_-]{22}(==)?", nonce)  # CSP's base64-value, nothing to escape in an attribute
    return nonce


def test_a_thousand_concurrent_requests_in_one_loop():
    async def main():
        return await asyncio.gather(*[asgi.send_to(pages.app, asgi.http_scope(path="/slow")) for _ in range(1000)])

    replies = asyncio.run(main())
    assert len({the_nonce(reply) for reply in replies}) == 1000


def test_every_bit_of_a_nonce_is_drawn():
    """Each of the 128 is 1 in one of 64 nonces and 0 in another; by chance alone this fails once in 2**56 runs."""
    drawn = [the_nonce(asgi.call(pages.app, "/slow")) for _ in range(64)]
    numbers = [int.from_bytes(base64.urlsafe_b64decode(nonce + "=="), "big") for nonce in drawn]
    assert functools.reduce(operator.or_, numbers) == 2**128 - 1
    assert functools.reduce(operator.and_, numbers) == 0


def test_hundreds_of_concurrent_requests_through_uvicorn(server):
    uvicorn = server("uvicorn", "pages:app")
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: uvicorn.get("/slow"), range(300)))
    assert {answer.status for answer in answers} == {200}
    assert len({the_nonce(answer) for answer in answers}) == 300


def test_a_template_gets_it(server):
    answer = server("uvicorn", "pages:app").get("/template")
    assert the_nonce(answer)


def test_the_nonce_is_in_the_scope_before_the_application_runs_and_nowhere_after():
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["state"]["csp_nonce"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    wrapped = SecurityHeadersMiddleware(app, pages.POLICY)
    shared = {"db": 1}
    first = asgi.call(wrapped, state=dict(shared))
    second = asgi.call(wrapped)  # a server without scope["state"]
    assert nonces(first)[0] == [seen[0]] * 2
    assert nonces(second)[0] == [seen[1]] * 2
    assert isinstance(seen[0], str)
    assert seen[0] != seen[1]
    assert shared == {"db": 1}


def test_a_nonce_from_outside_is_replaced():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["state"]["csp_nonce"].encode()})

    reply = asgi.call(SecurityHeadersMiddleware(app, pages.POLICY), state={"csp_nonce": "guessed"})
    assert reply.body != b"guessed"
    assert nonces(reply)[0] == [reply.body.decode()] * 2


def test_no_nonce_where_the_policy_asks_for_none():
    seen = []

    async def app(scope, receive, send):
        seen.append(scope.get("state"))

    asgi.call(SecurityHeadersMiddleware(app))
    assert not (seen[0] or {}).get("csp_nonce")


def test_the_policy_alone_in_the_report_only_header():
    policy = SecurityHeaders.EMPTY.replace(
        content_security_policy_report_only=ContentSecurityPolicy({"script-src": [NONCE]})
    )

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["state"]["csp_nonce"].encode()})

    reply = asgi.call(SecurityHeadersMiddleware(app, policy))
    assert reply.one("content-security-policy-report-only") == f"script-src 'nonce-{reply.body.decode()}'"


def test_a_500_page_has_it_too(server):
    answer = server("uvicorn", "pages:app").get("/boom")
    assert answer.status == 500
    the_nonce(answer)  # pages.app has a handler of its own, outside all user middleware


def test_every_response_with_a_nonce_says_private():
    for path in ("/slow", "/boom", "/missing"):
        reply = asgi.call(pages.app, path)
        assert reply.one("cache-control") == "private"


@pytest.mark.parametrize(
    ("own", "sent"),
    [
        (b"private, max-age=60", "private, max-age=60"),
        (b"no-store", "no-store"),
        (b"max-age=60, private", "max-age=60, private"),
    ],
)
def test_an_own_cache_control_that_keeps_shared_caches_out_stays(own, sent):
    assert cache_control_of(own) == [sent]


@pytest.mark.parametrize("own", [b"public, max-age=31536000", b"max-age=60", b"s-maxage=60", b"max-age=60, public", b""])
def test_an_own_cache_control_cannot_put_a_nonce_into_a_shared_cache(own):
    """Whatever the route says: another reader who is served this page from a cache would get a known nonce.

    "private" anywhere in the field decides (RFC 9111, section 3), even next to "public".
    """
    assert cache_control_of(own) == [f"private, {own.decode()}" if own else "private"]


def cache_control_of(own):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"Cache-Control", own)]})
        await send({"type": "http.response.body", "body": b""})

    return asgi.call(SecurityHeadersMiddleware(app, pages.POLICY)).all("cache-control")


def test_without_a_nonce_caching_is_the_applications_affair():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"public")]})
        await send({"type": "http.response.body", "body": b""})

    assert asgi.call(SecurityHeadersMiddleware(app)).all("cache-control") == ["public"]


def test_a_policy_for_a_path_may_be_the_one_that_asks():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": (scope.get("state") or {}).get("csp_nonce", "").encode()})

    wrapped = SecurityHeadersMiddleware(app, paths={"/page": pages.POLICY, "/chosen": lambda scope: pages.POLICY})
    for path in ("/page", "/chosen"):
        reply = asgi.call(wrapped, path)
        assert nonces(reply)[0] == [reply.body.decode()] * 2
    # It is there, because it may be needed; not needed, it makes nothing private.
    other = asgi.call(wrapped, "/other")
    assert len(other.body) == 22
    assert "nonce" not in other.one("content-security-policy") and not other.has("cache-control")


def test_a_removed_cache_control_does_not_stand_for_the_one_that_is_sent():
    async def app(scope, receive, send):
        own = [(b"cache-control", b"public, max-age=60")]
        await send({"type": "http.response.start", "status": 200, "headers": own})
        await send({"type": "http.response.body", "body": b""})

    wrapped = SecurityHeadersMiddleware(app, pages.POLICY, remove=["cache-control"])
    assert len(asgi.call(wrapped).all("cache-control")) == 1


def test_items_show_the_place_and_no_nonce():
    value = dict(pages.POLICY.items())["content-security-policy"]
    assert NONCE in value
    assert not re.search(r"nonce-[A-Za-z0-9+/]{22}==", value)


def test_a_refusal_and_a_websocket_denial_under_a_nonce_policy():
    """They are JSON, in which no script runs."""
    app = pages.make()
    protect(app, headers=pages.POLICY, auth=Bearer(keyring()))
    for reply in (asgi.call(app, "/slow"), asgi.connect(app, "/ws")):
        assert reply.status == 401
        assert nonces(reply) == ([], [])
        assert "script-src 'none'" in reply.one("content-security-policy-report-only")


# Several layers with a nonce: the page has one, so all policies must name it (CSP3 section 8.1).

RO = SecurityHeaders.EMPTY.replace(content_security_policy_report_only={"script-src": [NONCE]})
ENFORCED = SecurityHeaders.EMPTY.replace(content_security_policy={"script-src": [SELF, NONCE]})
NO_NONCE = SecurityHeaders.EMPTY


def mounted_child():
    parent, child = FastAPI(), pages.make()
    protect(child, headers=pages.POLICY)
    parent.mount("/child", child)
    protect(parent, headers=ENFORCED, override=True)
    return parent, "/child/slow"


def protect_and_a_tighter_one_on_trial():
    app = pages.make()
    protect(app, headers=ENFORCED)
    app.add_middleware(SecurityHeadersMiddleware, headers=RO)
    return app, "/slow"


def deeply_copied():
    return SecurityHeadersMiddleware(ProxyFixMiddleware(SecurityHeadersMiddleware(pages.bare, RO)), ENFORCED), "/"


def layers(*outer_to_inner):
    def make():
        app = pages.bare
        for policy, override in reversed(outer_to_inner):
            app = SecurityHeadersMiddleware(app, policy, override=override)
        return app, "/"

    return make


@pytest.mark.parametrize(
    "make",
    [
        layers((ENFORCED, False), (RO, False)),
        layers((ENFORCED, True), (ENFORCED, False)),
        layers((RO, False), (ENFORCED, False)),
        layers((ENFORCED, False), (ENFORCED, False)),
        layers((ENFORCED, False), (NO_NONCE, False), (RO, False)),
        mounted_child,
        protect_and_a_tighter_one_on_trial,
        deeply_copied,
    ],
)
def test_every_policy_of_a_response_names_the_nonce_of_its_page(make):
    app, path = make()
    seen = set()
    for _ in range(2):
        reply = asgi.call(app, path)
        policies = reply.all("content-security-policy") + reply.all("content-security-policy-report-only")
        assert policies
        [nonce] = {found for policy in policies for found in IN_HEADER.findall(policy)}
        assert all(nonce in policy for policy in policies)
        assert set(IN_BODY.findall(reply.body)) == {nonce.encode()}
        seen.add(nonce)
    assert len(seen) == 2


@pytest.mark.parametrize("forged", ["guessed", b"guessed", {"nonce": "guessed"}])
def test_only_a_layer_of_sallet_hands_a_nonce_on(forged):
    """Nothing that a server or a middleware can write is taken for one, wherever it writes."""
    app = SecurityHeadersMiddleware(pages.bare, ENFORCED)
    reply = asgi.call(app, state={"csp_nonce": "guessed"}, **{"sallet.nonce": forged})
    [nonce] = IN_HEADER.findall(reply.one("content-security-policy"))
    assert set(IN_BODY.findall(reply.body)) == {nonce.encode()} != {b"guessed"}


def test_a_middleware_in_between_cannot_change_it():
    def overwrites(app):
        async def overwriting(scope, receive, send):
            scope["state"]["csp_nonce"] = "guessed"
            await app(scope, receive, send)

        return overwriting

    app = SecurityHeadersMiddleware(overwrites(SecurityHeadersMiddleware(pages.bare, RO)), ENFORCED)
    reply = asgi.call(app)
    [nonce] = IN_HEADER.findall(reply.one("content-security-policy"))
    assert set(IN_BODY.findall(reply.body)) == {nonce.encode()}


def test_docs_pages_draw_no_nonce_for_an_app_that_has_none():
    app = FastAPI()
    protect(app)
    assert "csp_nonce" not in (asgi.call(app, "/docs").scope.get("state") or {})
    noncy = FastAPI()
    protect(noncy, headers=ENFORCED)
    assert "'nonce-" in asgi.call(noncy, "/docs").one("content-security-policy")
