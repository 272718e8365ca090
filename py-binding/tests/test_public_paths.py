"""Which requests pass without credentials, and above all which do not."""

from __future__ import annotations

import asyncio
from typing import Any

import guarded
import pytest
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from harness import asgi, http
from harness.servers import KINDS
from keys import READER, keyring
from sallet import AuthMiddleware, Bearer, PathRules, SalletError
from sallet.fastapi import Bearer as FastAPIBearer
from sallet.fastapi import protect
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route


async def open_sesame(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"inside"})


def status(path, *rules, method="GET", headers=(), **scope):
    app = AuthMiddleware(open_sesame, Bearer(keyring()), public=rules)
    return asgi.call(app, path, headers, method=method, **scope).status


RULES = ("/health", "/static/*", "GET /items", "POST /hook", "/docs")

OPEN = [
    ("GET", "/health"),
    ("POST", "/health"),
    ("GET", "/static/"),
    ("GET", "/static/app.js"),
    ("DELETE", "/static/a/b/c"),
    ("GET", "/static/..."),
    ("GET", "/static/.hidden"),
    ("GET", "/static/a..b"),
    ("GET", "/items"),
    ("HEAD", "/items"),
    ("POST", "/hook"),
    ("GET", "/docs"),
    ("GET", "/health?a=/../b"),
]

SHUT = [
    ("GET", "/"),
    ("GET", ""),
    ("GET", "/health/"),
    ("GET", "/healthy"),
    ("GET", "/health/x"),
    ("GET", "/x/health"),
    ("GET", "//health"),
    ("GET", "health"),
    ("GET", "/HEALTH"),
    ("GET", "/static"),
    ("GET", "/static-internal"),
    ("GET", "/x/static/"),
    ("GET", "//static/"),
    ("GET", "/static//app.js"),
    ("GET", "/static/../items"),
    ("GET", "/static/.."),
    ("GET", "/static/a/./b"),
    ("GET", "/static/."),
    ("GET", "/static/a\\..\\b"),
    ("GET", "/static/a;b"),
    ("GET", "/static/a\x00b"),
    ("GET", "/static/a\r\nb"),
    ("GET", "/static/a\x7fb"),
    ("POST", "/items"),
    ("DELETE", "/items"),
    ("OPTIONS", "/items"),
    ("get", "/items"),
    ("GET", "/items/"),
    ("GET", "/items/1"),
    ("GET", "/hook"),
    ("HEAD", "/hook"),
    ("GET", "/docs-internal"),
    ("GET", "/docs-internal/secrets"),
    ("GET", "/docs/"),
    ("GET", "/docs/x"),
    ("GET", "/docs.json"),
    ("GET", "/docs "),
]


@pytest.mark.parametrize(("method", "path"), OPEN)
def test_open(method, path):
    assert status(path, *RULES, method=method) == 200


@pytest.mark.parametrize(("method", "path"), SHUT)
def test_shut(method, path):
    assert status(path, *RULES, method=method, raw_path=path.encode("latin-1")) == 401


@pytest.mark.parametrize(
    "raw",
    [
        b"/static/x%2fadmin", b"/static/x%2Fadmin", b"/static/%2e%2e/admin", b"/static/.%2E/admin", b"/static/x%5cadmin",
        b"/static/x%5Cadmin", b"/static/x%00", b"/static/x%0d%0a", b"/static/x%3bb", b"/static/%2e/x", b"/static//x", b"/static/../x",
    ],
)  # fmt: skip
def test_an_encoded_separator_is_never_public(raw):
    from urllib.parse import unquote_to_bytes

    path = unquote_to_bytes(raw).decode("latin-1")
    assert status(path, *RULES, raw_path=raw) == 401
    # Even when the server has resolved it to something innocent.
    assert status("/static/admin", *RULES, raw_path=raw) == 401
    assert status("/static/admin", *RULES, raw_path=raw + b"?a=1") == 401


def test_only_what_must_be_encoded_may_be():
    """A router that compares what was sent takes "/%68ealth" for another path (RFC 3986 section 2.3)."""
    assert status("/health", *RULES, raw_path=b"/%68ealth") == 401
    assert status("/static/caf\u00e9", *RULES, raw_path=b"/static/caf%C3%A9") == 200
    assert status("/health", *RULES, raw_path=b"/health?x=%2f..%2f") == 200


@pytest.mark.parametrize("raw", ["/health", 7, bytearray(b"/health")])
def test_a_raw_path_that_is_no_bytes_is_doubt(raw):
    assert status("/health", *RULES, raw_path=raw) == 401


def test_the_raw_path_is_optional():
    for raw in (None, b""):
        scope = asgi.http_scope("GET", "/health")
        scope["raw_path"] = raw
        app = AuthMiddleware(open_sesame, Bearer(keyring()), public=RULES)
        assert asyncio.run(asgi.send_to(app, scope)).status == 200
    del scope["raw_path"]
    assert asyncio.run(asgi.send_to(app, scope)).status == 200
    scope["path"] = "/static/../x"
    assert asyncio.run(asgi.send_to(app, scope)).status == 401


def test_no_rule_opens_nothing():
    assert status("/") == status("/health") == status("") == 401


def test_the_root_rule_is_the_root_page_alone():
    assert status("/", "/") == 200
    assert status("/anything", "/") == 401


# root_path and mounts: the router's path counts


@pytest.mark.parametrize(
    ("path", "root_path", "expected"),
    [
        ("/api/health", "/api", 200),
        ("/health", "/api", 200),  # a server that does not put root_path into path: hypercorn
        ("/api/api/health", "/api", 401),
        ("/apihealth", "/api", 401),
        ("/api-internal/health", "/api", 401),
        ("/api/static/x", "/api", 200),
        ("/api", "/api", 401),
        ("/api/health", "", 401),
        ("/api/health", "/ap", 401),
        ("/health", "/health", 401),
        ("/static/secret", "/static", 401),
    ],
)
def test_root_path(path, root_path, expected):
    """The same answers as Starlette's router, which is what decides what runs."""
    routes = [Route("/health", lambda request: PlainTextResponse("inside")), Mount("/static", app=open_sesame)]
    app = Starlette(routes=routes)
    assert asgi.call(AuthMiddleware(app, Bearer(keyring()), public=RULES), path, root_path=root_path).status == expected
    reached = asgi.call(app, path, root_path=root_path).status == 200
    assert reached or expected == 401, "opened a path that the router does not route there"


def test_where_routes_cannot_be_seen_a_root_path_must_be_carried():
    assert status("/health", *RULES, root_path="/api") == 401
    assert status("/api/health", *RULES, root_path="/api") == 200


def behind_a_mount():
    """A FastAPI app whose mounted one answers every path, as a proxy does."""
    sub, app = FastAPI(), FastAPI()

    @sub.get("/{path:path}")
    async def inside(path: str) -> str:
        return path

    app.mount("/sub", sub)
    return sub, app


def test_a_root_path_that_the_path_does_not_carry_opens_nothing_below_a_mount(caplog, monkeypatch):
    """Starlette hands the sub-app "/sub/docs" under the root path "/api/sub" (hypercorn --root-path /api): no docs page."""
    monkeypatch.setattr("sallet._startup._told", set())  # by other tests
    _, app = behind_a_mount()
    protect(app, auth=FastAPIBearer(keyring()), public=["/sub/open", "/sub/pub/*", "/health"])
    app.get("/health")(lambda: "fine")
    for path in ("/sub/docs", "/sub/openapi.json", "/sub/open", "/sub/pub/x", "/sub/x"):
        assert asgi.call(app, path, root_path="/api").status == 401, path
        assert asgi.call(app, "/api" + path, root_path="/api").status == (401 if path == "/sub/x" else 200), path
    assert asgi.call(app, "/health", root_path="/api").status == 200
    told = [record.getMessage() for record in caplog.records if "do not agree" in record.getMessage()]
    assert len(told) == 4 and "'/sub/docs' with root_path '/api'" in told[0]
    # A client cannot fill the log.
    for at in range(200):
        asgi.call(app, f"/sub/pub/{at % 150}", root_path="/api")
    told = [record.getMessage() for record in caplog.records if "do not agree" in record.getMessage()]
    assert len(told) == len(set(told)) == 100


def test_a_mounted_app_that_sets_a_root_path_of_its_own_is_followed():
    sub, app = behind_a_mount()
    sub.root_path = "/elsewhere"
    protect(app, auth=FastAPIBearer(keyring()), public=["/sub/open"])
    assert asgi.call(app, "/sub/open").status == 401
    sub, app = behind_a_mount()
    protect(app, auth=FastAPIBearer(keyring()), public=["/sub/open"])
    assert asgi.call(app, "/sub/open").status == 200


def test_a_root_path_that_the_app_inside_sets_is_read_from_it():
    app = FastAPI(root_path="/static")
    app.get("/admin")(lambda: "secret")
    app.get("/health")(lambda: "fine")
    guard = AuthMiddleware(app, Bearer(keyring()), public=["/static/*", "/health"])
    assert asgi.call(guard, "/static/admin").status == 401
    assert asgi.call(guard, "/static/health").status == 200
    shut = AuthMiddleware(app, Bearer(keyring()), protected=["/admin"])
    assert asgi.call(shut, "/static/admin").status == 401
    assert asgi.call(shut, "/static/health").status == 200


def test_a_trailing_slash_opens_no_item():
    app = FastAPI()
    app.get("/items/")(lambda: "all")
    app.get("/items/{id}")(lambda id: id)
    protect(app, auth=FastAPIBearer(keyring()), public=["GET /items/"])
    assert asgi.call(app, "/items/").status == 200
    assert asgi.call(app, "/items/42").status == 401


def test_the_start_tells_what_is_open_and_what_was_probably_not_meant(caplog):
    caplog.set_level("INFO", "sallet.auth")
    app = FastAPI(openapi_url=None)
    app.get("/items/")(lambda: "all")
    app.add_middleware(AuthMiddleware, auth=Bearer(keyring()), public=["GET /items/", "/static/"])
    asgi.call(app, "/")
    asgi.call(app, "/")
    told = [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "sallet.auth"]
    told = [(level, message) for level, message in told if not message.startswith("refused: ")]
    assert [level for level, _ in told] == ["INFO", "WARNING"]
    assert "GET /items/, /static/" in told[0][1]
    assert "'/static/' opens that one path alone" in told[1][1] and "'/static/*'" in told[1][1]


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({}, "credentials are needed for every path"),
        ({"public": ["/health", "GET /x"]}, "credentials are needed for every path, except for /health, GET /x"),
        ({"protected": ["/api/*", "/x"]}, "credentials are needed for /api/*, /x; every other path is open"),
        (
            {"protected": ["/api/*"], "public": ["/api/health"], "preflights": True},
            "credentials are needed for /api/*, except for /api/health; every other path is open; CORS preflights pass at /*",
        ),
    ],
)
def test_the_start_tells_what_is_open(rules, told, caplog):
    caplog.set_level("INFO", "sallet.auth")
    asgi.call(AuthMiddleware(open_sesame, Bearer(keyring()), **rules), "/api")
    assert caplog.messages[0] == told


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("/api/*", None), ("/API", None), ("/api/items/1", None), ("/api/items", None), ("/legacy/report", None), ("/sub/x", None),
        ("/files/2026/*", None), ("/FILES", None), ("/site/admin/*", None), ("/v1/report-7/pdf", None), ("/apy/*", "did you mean '/api/*'?"),
        ("/fles/*", "did you mean '/files/*'?"), ("/v2/things/*", "so it guards none"), ("/api/orders", "so it guards none"),
        ("/api/items/1/2", "so it guards none"), ("/sub/x/deep", "so it guards none"), ("/v1/invoice-7/*", "so it guards none"),
    ],
)  # fmt: skip
def test_a_protected_rule_that_guards_no_route_is_told(rule, told, tmp_path, caplog):
    """What it was to guard is open."""
    sub = Starlette(routes=[Route("/{tenant}", lambda request: PlainTextResponse("inside"))])
    app = FastAPI(openapi_url=None)
    app.get("/api/items/{item_id}")(lambda item_id: item_id)
    app.mount("/legacy", open_sesame)
    app.mount("/sub", sub)
    app.mount("/files", StaticFiles(directory=tmp_path))
    app.frontend("/site", directory=tmp_path)
    app.get("/v1/report-{number}/{format}")(lambda number, format: number)
    app.add_middleware(AuthMiddleware, auth=Bearer(keyring()), protected=[rule])
    asgi.call(app, "/")
    warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [told in message and repr(rule) in message for message in warned] == ([] if told is None else [True])


@pytest.mark.parametrize("kind", ["a route", "files", "a frontend", "an app", "a slip"])
def test_a_protected_rule_below_a_catch_all_guards_something(kind, tmp_path, caplog):
    app = FastAPI(openapi_url=None)
    app.get("/api/items")(lambda: "all")
    app.get("/apps")(lambda: "all")
    if kind == "files":
        app.mount("/", StaticFiles(directory=tmp_path))
    elif kind == "a frontend":
        app.frontend("/", directory=tmp_path)
    elif kind == "an app":
        app.mount("/", open_sesame)
    else:
        app.get("/{page:path}")(lambda page: page)
    protected = ["/apy/*"] if kind == "a slip" else ["/admin/*", "/apps", "/appz/*", "/api"]
    app.add_middleware(AuthMiddleware, auth=Bearer(keyring()), protected=protected)
    assert asgi.call(app, protected[0].replace("*", "x")).status == 401
    warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    slip = "protected: only a route for any first segment is at or below the path of '/apy/*'; did you mean '/api/*'?"
    assert warned == ([slip] if kind == "a slip" else [])


@pytest.mark.parametrize("around", [False, True])
def test_a_public_rule_that_opens_nothing_is_told_once(around, caplog):
    app = FastAPI()
    app.get("/api/health")(lambda: "well")
    app.get("/login")(lambda: "in")
    rules: dict[str, Any] = {"protected": ["/api/*"], "public": ["/api/health", "GET /login", "/static/*"]}
    if around:
        app.add_middleware(AuthMiddleware, auth=Bearer(keyring()), **rules)
    else:
        protect(app, auth=FastAPIBearer(keyring()), **rules)
    for _ in range(2):
        assert [asgi.call(app, path).status for path in ("/login", "/api/health", "/api/x")] == [200, 200, 401]
    warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    # Not of the docs pages, which protect opens itself.
    assert len(warned) == 2 and all("no rule of protected (/api/*) covers it" in message for message in warned)
    assert "'GET /login' opens nothing" in warned[0] and "'/static/*' opens nothing" in warned[1]


def test_half_a_segment_is_no_root_path():
    """Of "/app-x/y" under the root path "/app" the router sees all, and so does a rule."""
    app = Starlette(routes=[Route("/app-x/y", lambda request: PlainTextResponse("inside"))])
    for inside in (app, AuthMiddleware(app, Bearer(keyring()), public=["/app-x/*"])):
        assert asgi.call(inside, "/app-x/y", root_path="/app").status == 200


def test_a_mount_is_seen_by_the_path_inside_it():
    guard = AuthMiddleware(open_sesame, Bearer(keyring()), public=["/health"])
    outer = Starlette(routes=[Mount("/sub", app=guard)])
    assert asgi.call(outer, "/sub/health").status == 200
    assert asgi.call(outer, "/sub/other").status == 401
    assert asgi.call(outer, "/health").status == 404


def test_a_rule_of_the_outer_application_names_the_whole_path():
    inner = Starlette(routes=[Route("/health", lambda request: PlainTextResponse("inside"))])
    guard = AuthMiddleware(Starlette(routes=[Mount("/sub", app=inner)]), Bearer(keyring()), public=["/sub/health"])
    assert asgi.call(guard, "/sub/health").status == 200
    assert asgi.call(guard, "/health").status == 401


# On the wire


@pytest.mark.parametrize("kind", KINDS)
def test_servers(server, kind):
    running = server(kind, "guarded:app")
    assert running.get("/health").status == 200
    assert running.get("/health?x=1").status == 200
    for path in ("/health/", "//health", "/./health", "/x/../health", "/health/..", "/health%2f", "/health%00", "/docs-internal/secrets",
                 "/docs/../docs-internal/secrets", "/docs%2f..%2fdocs-internal/secrets", "/docs;/docs-internal/secrets"):  # fmt: skip
        answer = running.get(path)
        assert answer.status in (400, 401, 404), path
        assert b"leak" not in answer.body
        if kind != "daphne":
            assert answer.status != 404, path


def test_bad_host_cannot_bend_the_path(server):
    """CVE-2026-48710: `Host: localhost/docs?` made request.url.path of any request `/docs`."""
    uvicorn = server("uvicorn", "guarded:app")
    for host in ("localhost/docs?", "localhost/health?", "localhost/docs#", "/docs", "localhost/health/..", "x@y/docs?"):
        answer = http.request(uvicorn.port, "GET", "/items", [("Host", host)])
        assert answer.status in (400, 401), host
    absolute = http.request(uvicorn.port, "GET", "http://localhost/items", [("Host", "localhost/docs?")])
    assert absolute.status in (400, 401, 404)


# Preflights

CORS = [("origin", "https://app.example"), ("access-control-request-method", "GET")]


def preflight(path="/items", *, method="OPTIONS", headers=CORS, preflights=True, **scope):
    app = AuthMiddleware(open_sesame, Bearer(keyring()), preflights=preflights)
    return asgi.call(app, path, headers, method=method, **scope).status


def test_a_preflight_is_refused_like_anything_else():
    assert status("/items", method="OPTIONS", headers=CORS) == 401
    assert status("/items", "/health", method="OPTIONS", headers=CORS) == 401
    assert preflight(preflights=False) == preflight(preflights=[]) == 401


def test_a_preflight_passes_where_it_is_told_to_and_a_plain_options_does_not():
    assert preflight() == preflight(preflights=["/*"]) == preflight(preflights=["/items"]) == 200
    assert preflight(preflights=["/items/*"]) == preflight("/other", preflights=["/items"]) == 401
    assert preflight("/items;x") == preflight("//items") == 401
    assert preflight(headers=()) == preflight(headers=CORS[:1]) == preflight(headers=CORS[1:]) == 401
    for method in ("GET", "POST", "HEAD", "options", "OPTIONSX"):
        assert preflight(method=method) == 401
    with pytest.raises(SalletError, match="remove the method"):
        preflight(preflights=["OPTIONS /items"])


def test_the_headers_that_are_asked_for_make_no_preflight():
    """Fetch's CORS-preflight has a method (Fetch, section 3.3.2: `Access-Control-Request-Method`), and headers if any."""
    asked_for = ("access-control-request-headers", "authorization")
    assert preflight(headers=[CORS[0], asked_for]) == 401
    assert preflight(headers=[*CORS, asked_for]) == 200


def test_a_websocket_is_opened_by_a_rule_without_a_method():
    for rule, passes in (("/ws", True), ("GET /ws", False), ("/other", False)):
        reached = []

        async def app(scope, receive, send, reached=reached):
            reached.append(1)

        asgi.connect(AuthMiddleware(app, Bearer(keyring()), public=[rule]), "/ws")
        assert bool(reached) is passes


def test_a_method_in_the_scope_of_a_websocket_opens_nothing():
    """ASGI's websocket scope has no method; a server that copies it from the handshake opens no rule for GET."""
    reply = asgi.connect(AuthMiddleware(open_sesame, Bearer(keyring()), public=["GET /feed"]), "/feed", method="GET")
    assert reply.status == 401


def test_a_websocket_is_no_preflight():
    reply = asgi.connect(AuthMiddleware(open_sesame, Bearer(keyring()), preflights=True), "/ws", CORS)
    assert reply.status == 401


# What is done on a public path


def test_a_public_path_takes_any_credentials():
    def never(credentials):
        raise LookupError("the database is away")

    seen = []

    async def app(scope, receive, send):
        seen.append(dict(scope))
        await open_sesame(scope, receive, send)

    guard = AuthMiddleware(app, Bearer(authenticate=never), public=["/health"])
    for headers in ([], [asgi.bearer("wrong")], [asgi.bearer(READER)], [asgi.bearer(READER)] * 2, [("authorization", "")]):
        assert asgi.call(guard, "/health", headers).status == 200
    for scope in seen:
        assert not scope["user"].is_authenticated
        assert "user" not in scope.get("state", {})


# Rules


def test_rules_can_be_asked_themselves():
    rules = PathRules(RULES)
    assert not rules.needs_credentials("GET", "/health")
    assert rules.needs_credentials("GET", "/health/")
    assert not rules.needs_credentials("HEAD", "/items")
    assert rules.needs_credentials("POST", "/items")
    assert not rules.needs_credentials("GET", "/v1/health", b"/v1/health", "/v1")
    rules = PathRules(["/api/health"], protected=["/api"])
    asked = {path: rules.needs_credentials("GET", path) for path in ("/", "/API/x", "/api/health")}
    assert asked == {"/": False, "/API/x": True, "/api/health": False}


@pytest.mark.parametrize(
    ("rule", "fix"),
    [
        ("health", "starts with `/`"), ("", "starts with `/`"), ("*", "starts with `/`"), ("/items/*/x", "wildcards"), ("/items/{id}", "parameters"),
        ("GET", "starts with `/`"), ("get /items", "starts with `/`"), ("GET  /items", "starts with `/`"), ("GET /items ", "end with a space"),
        ("/*", "open everything"), ("/a%2fb", "decoded"), ("/a?b=1", "query"), ("/a#b", "fragment"), ("/a//b", "needs credentials"),
        ("/a/../b", "needs credentials"), ("/a/./b", "needs credentials"), ("//", "needs credentials"), ("/a;b", "needs credentials"), ("/a\\b", "needs credentials"),
        ("/a\r\n", "needs credentials"), ("https://a.example/health", "starts with `/`"),
    ],
)  # fmt: skip
def test_bad_rules_are_refused(rule, fix):
    for make in (
        lambda: PathRules([rule]),
        lambda: AuthMiddleware(open_sesame, Bearer(keyring()), public=[rule]),
        lambda: AuthMiddleware(open_sesame, Bearer(keyring()), public=["/ok", rule]),
    ):
        with pytest.raises(SalletError) as refused:
            make()
        assert fix in str(refused.value), str(refused.value)
        if rule:
            assert rule in str(refused.value) or repr(rule)[1:-1] in str(refused.value)


def test_one_string_is_not_a_list_of_rules():
    """["/", "h", ...] is what list("/health") would give."""
    for argument in ("public", "protected", "preflights"):
        with pytest.raises(TypeError, match=argument):
            PathRules(**{argument: "/health"})
        with pytest.raises(TypeError, match=argument):
            AuthMiddleware(open_sesame, Bearer(keyring()), **{argument: "/health"})
    assert guarded.app is not None


# Protected paths


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/", 200), ("/login", 200), ("/api", 401), ("/api/", 401), ("/api/items", 401), ("/API/items", 401), ("/api/health", 200),
     ("/api/health/", 401), ("/login;x", 401), ("//login", 401), ("/apiary", 200)],
)  # fmt: skip
def test_protected(path, expected):
    guard = AuthMiddleware(open_sesame, Bearer(keyring()), public=["/api/health"], protected=["/api/*"])
    assert asgi.call(guard, path).status == expected
    assert asgi.call(guard, path, [asgi.bearer(READER)]).status == 200


def test_protected_needs_a_rule_and_no_method():
    with pytest.raises(TypeError, match="everything would be open"):
        AuthMiddleware(open_sesame, Bearer(keyring()), protected=[])
    with pytest.raises(SalletError, match="remove the method"):
        AuthMiddleware(open_sesame, Bearer(keyring()), protected=["POST /api"])
