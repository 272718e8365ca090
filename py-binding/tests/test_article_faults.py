"""The fourteen faults of the article's code (DESIGN, section 8): each shown there, and gone here.

What hangs on the server (lifespan, state, WebSocket, the outermost object) runs on all four servers.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import subprocess
import sys

import article
import guarded
import pytest
from harness import asgi, http
from harness.asgi import bearer
from harness.servers import KINDS
from keys import READER, UNKNOWN
from sallet import AuthMiddleware, Bearer, SecurityHeaders, SecurityHeadersMiddleware
from starlette.middleware.base import BaseHTTPMiddleware

ARTICLE_KEY = bearer(article.KEY)
WHOLE = ("app", "outermost", "outermost_auth")


@pytest.fixture(params=KINDS)
def kind(request) -> str:
    return request.param


# 1


def test_01_every_name_can_be_imported():
    with pytest.raises(ImportError, match="HTTPException"):
        from fastapi.security import HTTPBearer, HTTPException  # noqa: F401

    import sallet
    import sallet.fastapi

    for module in (sallet, sallet.fastapi):
        for name in module.__all__:
            assert getattr(module, name) is not None


def test_01_sallet_needs_neither_fastapi_nor_starlette():
    code = (
        "import sys; sys.modules['fastapi'] = sys.modules['starlette'] = None\n"
        "import sallet\n"
        "app = lambda scope, receive, send: None\n"
        "sallet.SecurityHeadersMiddleware(sallet.AuthMiddleware(app, sallet.Bearer(authenticate=print)))\n"
        "try:\n    import sallet.fastapi\n"
        "except ImportError as error:\n    assert 'sallet[fastapi]' in str(error), error\n"
        "else:\n    raise SystemExit('imported without FastAPI')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


# 2


def test_02_the_valid_token_is_found_whatever_the_case_of_the_header(server):
    assert asgi.call(article.published, "/items", [ARTICLE_KEY]).status == 401  # the article refuses the right key

    uvicorn = server("uvicorn", "guarded:app")
    for name in ("Authorization", "authorization", "AUTHORIZATION"):
        assert uvicorn.get("/items", [(name, f"Bearer {READER}")]).status == 200


def test_02_an_async_fetch_user_is_given_the_token(server):
    uvicorn = server("uvicorn", "guarded:fetched")
    answer = uvicorn.get("/items", [("Authorization", f"Bearer {READER}")])
    assert (answer.status, answer.json()["user"]) == (200, "ann")
    assert uvicorn.get("/items", [("Authorization", f"Bearer {UNKNOWN}")]).status == 401


# 3


def test_03_the_article_loses_the_lifespan_in_silence(server):
    uvicorn = server("uvicorn", "article:lower_case")
    assert uvicorn.get("/items", [ARTICLE_KEY]).json() == {"started": False}


@pytest.mark.parametrize("target", WHOLE)
def test_03_lifespan_runs(server, kind, target):
    running = server(kind, f"guarded:{target}")
    answer = running.get("/items", [("Authorization", f"Bearer {READER}")])
    assert answer.status == 200, running.log()
    if kind == "daphne":  # has no lifespan protocol at all: see test_harness
        return
    assert answer.json()["started"] is True
    assert answer.json()["from_lifespan"] == "yes"
    assert "unsupported" not in running.log().lower()


@pytest.mark.parametrize("target", WHOLE)
def test_03_lifespan_messages_pass_untouched(target):
    app = getattr(guarded, target)
    sent: list[dict] = []
    questions = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}

    async def receive():
        return questions.pop(0)

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    assert sent == [{"type": "lifespan.startup.complete"}, {"type": "lifespan.shutdown.complete"}]
    assert scope["state"] == {"from_lifespan": "yes"}  # nobody is logged in for the whole server


# 4


def test_04_the_article_answers_the_valid_token_with_500_where_state_is_absent(server):
    assert server("daphne", "article:state").get("/items", [ARTICLE_KEY]).status == 500
    assert server("uvicorn", "article:state").get("/items", [ARTICLE_KEY]).status == 200


@pytest.mark.parametrize("target", WHOLE)
def test_04_the_right_token_sets_the_user_on_every_server(server, kind, target):
    answer = server(kind, f"guarded:{target}").get("/items", [("Authorization", f"Bearer {READER}")])
    assert answer.status == 200
    got = answer.json()
    assert (got["user"], got["id"], got["request.user"]) == ("reader", "reader-1", "reader")


def test_04_state_is_made_where_the_server_has_none_and_is_the_requests_own():
    shared = {"from_lifespan": "yes"}
    for app in (guarded.app, guarded.outermost, guarded.outermost_auth):
        assert asgi.call(app, "/items", [bearer(READER)]).status == 200
        # Servers copy the lifespan's state for each request, shallowly: so do we here.
        assert asgi.call(app, "/items", [bearer(READER)], state=dict(shared)).status == 200
    assert shared == {"from_lifespan": "yes"}


@pytest.mark.parametrize("target", WHOLE)
def test_04_the_wrong_token_is_refused_on_every_server(server, kind, target):
    running = server(kind, f"guarded:{target}")
    for headers in ([], [("Authorization", f"Bearer {UNKNOWN}")], [("Authorization", f"Basic {READER}")]):
        assert running.get("/items", headers).status == 401


# 5


def test_05_the_article_lets_every_websocket_in(server):
    answer = server("uvicorn", "article:http_only").websocket("/ws")
    assert answer.status == 101
    assert http.receive_text(answer) == "secret"


@pytest.mark.parametrize("target", WHOLE)
def test_05_a_websocket_needs_the_token_on_every_server(server, kind, target):
    running = server(kind, f"guarded:{target}")
    for headers in ([], [("Authorization", f"Bearer {UNKNOWN}")]):
        denied = running.websocket("/ws", headers)
        # 401 where the server can send a denial response; close before accept is 403 on the wire.
        if denied.status == 401:
            assert denied.one("www-authenticate").startswith('Bearer realm="items"')
        else:
            assert denied.status == 403
            assert kind == "daphne"
    doubled = running.websocket("/ws", [("Authorization", f"Bearer {READER}")] * 2)
    assert doubled.status in ((400, 403) if kind == "daphne" else (400,))


@pytest.mark.parametrize("target", WHOLE)
def test_05_a_websocket_with_the_token_is_let_in_on_every_server(server, kind, target):
    answer = server(kind, f"guarded:{target}").websocket("/ws", [("Authorization", f"Bearer {READER}")])
    assert answer.status == 101
    assert http.receive_text(answer) == "hello reader"


def test_05_without_denial_responses_the_handshake_is_closed_with_1008():
    reply = asgi.connect(guarded.app, "/ws", denial=False)
    assert reply.messages == [{"type": "websocket.close", "code": 1008, "reason": reply.messages[0].get("reason", "")}]


# 6

DOCS = ("/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect")


def test_06_the_article_opens_docs_but_not_what_docs_needs():
    assert asgi.call(article.lower_case, "/docs").status == 200
    for path in DOCS[1:]:
        assert asgi.call(article.lower_case, path).status == 401
    # The prefix repair opens a neighbour.
    assert asgi.call(article.prefix, "/docs-internal/secrets").body == b'"leak"'
    assert asgi.call(article.lower_case, "/api/docs", root_path="/api").status == 401


def test_06_docs_are_whole_and_only_docs(server):
    uvicorn = server("uvicorn", "guarded:app")
    for path in DOCS:
        assert uvicorn.get(path).status == 200, path
    for path in ("/docs-internal/secrets", "/docs/", "/docs/x", "/openapi.jsonx", "/items"):
        assert uvicorn.get(path).status == 401, path


def test_06_docs_are_whole_under_a_root_path(server):
    uvicorn = server("uvicorn", "guarded:app", "--root-path", "/api")
    for path in DOCS:
        assert uvicorn.get(path).status == 200, path
    assert b"/api/openapi.json" in uvicorn.get("/docs").body
    assert uvicorn.get("/docs-internal/secrets").status == 401


def test_06_docs_are_whole_in_a_mount():
    from starlette.applications import Starlette
    from starlette.routing import Mount

    outer = Starlette(routes=[Mount("/api", app=guarded.app)])
    for path in DOCS:
        assert asgi.call(outer, f"/api{path}").status == 200, path
    assert asgi.call(outer, "/api/docs-internal/secrets").status == 401


# 7


@pytest.mark.parametrize(
    "headers, challenge",
    [
        ([], 'Bearer realm="items"'),
        ([("Authorization", "Basic dTpw")], 'Bearer realm="items"'),
        ([("Authorization", f"Bearer {UNKNOWN}")], 'Bearer realm="items", error="invalid_token"'),
        ([("Authorization", "Bearer")], 'Bearer realm="items", error="invalid_request"'),
    ],
)
def test_07_a_refusal_says_how_to_authenticate(server, headers, challenge):
    assert not asgi.call(article.lower_case, "/items").has("www-authenticate")

    for target in ("app", "fetched"):
        assert server("uvicorn", f"guarded:{target}").get("/items", headers).one("www-authenticate") == challenge
    assert server("uvicorn", "guarded:dependency").get("/items", headers).one("www-authenticate") == challenge


# 8

PREFLIGHT = [
    ("Origin", guarded.ORIGIN),
    ("Access-Control-Request-Method", "GET"),
    ("Access-Control-Request-Headers", "authorization"),
]


def test_08_a_cors_preflight_passes_and_a_refusal_can_be_read(server):
    refused = asgi.call(article.cors, "/items", PREFLIGHT, method="OPTIONS")
    assert (refused.status, refused.has("access-control-allow-origin")) == (401, False)

    uvicorn = server("uvicorn", "guarded:app")
    preflight = http.request(uvicorn.port, "OPTIONS", "/items", PREFLIGHT)
    assert preflight.status == 200
    assert preflight.one("access-control-allow-origin") == guarded.ORIGIN
    assert "authorization" in preflight.one("access-control-allow-headers").lower()
    refusal = uvicorn.get("/items", [("Origin", guarded.ORIGIN)])
    assert (refusal.status, refusal.one("access-control-allow-origin")) == (401, guarded.ORIGIN)


# 9


def test_09_the_authorize_button_has_a_scheme():
    assert "components" not in article.lower_case.openapi()

    schema = guarded.app.openapi()
    [(name, scheme)] = schema["components"]["securitySchemes"].items()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert schema["paths"]["/items"]["get"]["security"] == [{name: []}]
    assert "security" not in schema["paths"]["/health"]["get"]


# 10


def test_10_the_right_key_is_accepted_by_the_dependency(server):
    assert asgi.call(article.dependency, "/published", [ARTICLE_KEY]).status == 401

    answer = server("uvicorn", "guarded:dependency").get("/items", [("Authorization", f"Bearer {READER}")])
    assert (answer.status, answer.json()) == (200, {"user": "reader"})


def test_10_a_non_ascii_token_is_the_clients_fault(server):
    assert asgi.call(article.dependency, "/compared", [bearer(b"k\xe9y")]).error is not None

    for target in ("app", "outermost", "fetched", "dependency", "both"):
        for token in (b"k\xe9y", "k\u00e9y".encode(), b"\xff" * 40, READER.encode() + b"\xe9"):
            answer = server("uvicorn", f"guarded:{target}").get("/items", [("Authorization", b"Bearer " + token)])
            assert answer.status in (400, 401), (target, token)


# 11


def test_11_middleware_and_dependency_agree_on_two_authorization_lines(server, kind):
    two = [("Authorization", "Bearer FIRST"), ("Authorization", "Bearer LAST")]
    saw = asgi.call(article.both, "/", two).json()
    assert saw == {"middleware": "Bearer LAST", "dependency": "FIRST"}

    right, wrong = f"Bearer {READER}", f"Bearer {UNKNOWN}"
    for target in ("app", "both", "dependency"):
        running = server(kind, f"guarded:{target}") if kind == "uvicorn" or target == "app" else None
        for first, second in ((right, wrong), (wrong, right), (right, right), (right, "")):
            lines = [("Authorization", first), ("Authorization", second)]
            if running is None:
                answer = asgi.call(getattr(guarded, target), "/items", lines)
            else:
                answer = running.get("/items", lines)
            assert answer.status == 400, (target, first, second)
            assert answer.one("www-authenticate") == 'Bearer realm="items", error="invalid_request"'


# 12

MEGABYTES_20 = 20_000_000


def test_12_a_dependency_alone_reads_the_whole_body_first():
    # FastAPI parses the body before it runs dependencies; the article cannot help it.
    counter = guarded.Counter(article.dependency)
    body = [b"x" * 1_000_000] * 20
    reply = asgi.call(counter, "/upload", [("content-type", "application/json")], method="POST", body=body)
    assert counter.drawn == MEGABYTES_20
    assert reply.status in (401, 422)


@pytest.mark.parametrize("headers, status", [([], 401), ([bearer(UNKNOWN)], 401), ([bearer("a b")], 400)])
def test_12_the_middleware_answers_before_the_body(headers, status):
    for app in (guarded.app, guarded.both, guarded.fetched, guarded.outermost):
        counter = guarded.Counter(app)
        reply = asgi.call(counter, "/upload", headers, method="POST", body=[b"x" * 1_000_000] * 20)
        assert (reply.status, counter.drawn) == (status, 0)


def test_12_the_server_answers_an_upload_without_a_token_at_once(server, kind):
    running = server(kind, "guarded:app")
    buffers = kind == "daphne"  # which reads the whole request before it calls any application
    answer = http.upload(running.port, "/upload", [], MEGABYTES_20, patience=0.2 if buffers else 10)
    assert answer.status == 401
    assert buffers or answer.sent < MEGABYTES_20


# 13


def test_13_starlettes_500_carries_the_headers(server):
    assert not asgi.call(article.headers, "/boom").has("content-security-policy")

    answer = server("uvicorn", "guarded:app").get("/boom", [("Authorization", f"Bearer {READER}")])
    assert answer.status == 500
    for name, value in SecurityHeaders.STRICT.items(https=False):
        assert answer.all(name) == [value]


@pytest.mark.parametrize("target", ["outermost"])
def test_13_so_does_the_middleware_around_the_whole_application(server, kind, target):
    answer = server(kind, f"guarded:{target}").get("/boom", [("Authorization", f"Bearer {READER}")])
    assert answer.status == 500
    for name, value in SecurityHeaders.CLASSIC.items(https=False):
        assert answer.all(name) == [value]


# 14

trace: contextvars.ContextVar[str] = contextvars.ContextVar("trace", default="unset")


async def sets_a_context_variable(scope, receive, send):
    trace.set("set inside")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def seen_outside(app) -> str:
    async def main() -> str:
        await asgi.send_to(app, asgi.http_scope(headers=[bearer(READER)]))
        return trace.get()

    return asyncio.run(main())


def whole(app):
    return SecurityHeadersMiddleware(AuthMiddleware(app, guarded.bearer), SecurityHeaders.STRICT)


def test_14_no_base_http_middleware_no_task_no_copied_context():
    assert seen_outside(article.ArticleHeaders(sets_a_context_variable)) == "unset"
    assert seen_outside(sets_a_context_variable) == "set inside"
    assert seen_outside(whole(sets_a_context_variable)) == "set inside"
    for cls in (SecurityHeadersMiddleware, AuthMiddleware):
        assert not issubclass(cls, BaseHTTPMiddleware)


def test_14_the_inner_applications_awaitable_is_returned_as_it_is():
    async def inner(scope, receive, send):
        pass

    returned = []

    def app(scope, receive, send):
        returned.append(inner(scope, receive, send))
        return returned[-1]

    for wrapped in (SecurityHeadersMiddleware(app), AuthMiddleware(app, guarded.bearer), whole(app)):
        awaitable = wrapped(asgi.http_scope(headers=[bearer(READER)]), None, None)
        assert awaitable is returned[-1]
        awaitable.close()


def test_14_headers_and_auth_leave_receive_alone():
    seen = {}

    async def app(scope, receive, send):
        seen.update(receive=receive, send=send)

    async def receive(): ...
    async def send(message): ...

    asyncio.run(SecurityHeadersMiddleware(app)(asgi.http_scope(), receive, send))
    assert seen.pop("receive") is receive
    asyncio.run(AuthMiddleware(app, guarded.bearer)(asgi.http_scope(headers=[bearer(READER)]), receive, send))
    assert seen["receive"] is receive


def test_14_servers_that_sniff_see_asgi_3():
    async def app(scope, receive, send): ...

    from asgiref.compatibility import is_double_callable
    from uvicorn.config import Config

    for wrapped in (SecurityHeadersMiddleware(app), AuthMiddleware(app, Bearer(authenticate=print)), whole(app)):
        assert inspect.iscoroutinefunction(wrapped.__call__)
        assert asyncio.iscoroutinefunction(wrapped.__call__)
        assert not is_double_callable(wrapped)
        config = Config(wrapped)
        config.load()
        assert config.interface == "asgi3"
        # uvicorn asks every application in this way whether it is a factory, and takes TypeError for a no.
        with pytest.raises(TypeError):
            wrapped()


def test_14_the_marked_call_works_when_a_server_awaits_it_by_name():
    reply = asyncio.run(asgi.send_to(whole(sets_a_context_variable).__call__, asgi.http_scope(headers=[bearer(READER)])))
    assert reply.status == 200
    assert asyncio.run(asgi.send_to(whole(sets_a_context_variable).__call__, asgi.http_scope())).status == 401
