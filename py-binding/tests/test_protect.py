"""What `sallet.fastapi.protect` promises: the order of things, the docs, and `app.openapi()`."""

import asyncio
import re
import subprocess
import sys
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Security
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from harness import asgi
from harness.asgi import bearer
from keys import READER, keyring
from sallet import Bearer as PlainBearer
from sallet import PolicyError, SecurityHeaders
from sallet.fastapi import Bearer, protect
from sallet.testing import assert_protected
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Route
from test_fastapi import app_with, make_bearer

# app.openapi()


def documented() -> tuple[FastAPI, Bearer]:
    scheme = make_bearer(description="Your key.")
    app = FastAPI()

    @app.get("/health")
    async def health() -> str:
        return "ok"

    @app.get("/items")
    async def items() -> str:
        return "ok"

    @app.post("/items")
    async def post() -> str:
        return "ok"

    @app.get("/items/{item}")
    async def one(item: str) -> str:
        return item

    @app.get("/scoped", dependencies=[Security(scheme, scopes=["items:write"])])
    async def scoped() -> str:
        return "ok"

    protect(app, auth=scheme, public=["/health", "GET /items"])
    return app, scheme


def test_openapi_of_a_protected_app():
    app, _ = documented()
    schema = app.openapi()
    assert schema["components"]["securitySchemes"] == {
        "Bearer": {"type": "http", "scheme": "bearer", "description": "Your key."}
    }
    security = {
        (path, method): operation.get("security")
        for path, item in schema["paths"].items()
        for method, operation in item.items()
    }
    assert security == {
        ("/health", "get"): None,
        ("/items", "get"): None,
        ("/items", "post"): [{"Bearer": []}],
        ("/items/{item}", "get"): [{"Bearer": []}],
        ("/scoped", "get"): [{"Bearer": ["items:write"]}],
    }


def test_openapi_says_what_the_guard_does():
    """Whatever the schema marks is refused without a token, and whatever it does not is open."""
    app, _ = documented()
    for path, item in app.openapi()["paths"].items():
        for method, operation in item.items():
            reply = asgi.call(app, path.replace("{item}", "1"), method=method.upper())
            assert (reply.status == 401) is ("security" in operation), (method, path)


def test_openapi_is_served_and_stable():
    app, _ = documented()
    assert app.openapi() == app.openapi()
    served = asgi.call(app, "/openapi.json").json()
    assert served["components"] == app.openapi()["components"]

    @app.get("/later")
    async def later() -> str:
        return "ok"

    assert app.openapi()["paths"]["/later"]["get"]["security"] == [{"Bearer": []}]


def test_a_custom_openapi_is_kept():
    app = app_with(make_bearer())
    original = app.openapi

    def custom():
        schema = original()
        schema["info"]["x-mine"] = True
        return schema

    app.openapi = custom  # type: ignore[method-assign]
    protect(app, auth=make_bearer())
    schema = app.openapi()
    assert schema["info"]["x-mine"] is True
    assert schema["paths"]["/me"]["get"]["security"]


def test_openapi_without_auth_is_unchanged():
    app = app_with(lambda: None)
    before = FastAPI.openapi(app_with(lambda: None))
    protect(app)
    assert app.openapi() == before


def test_the_openapi_of_a_mounted_app():
    sub = FastAPI()

    @sub.get("/inside")
    async def inside() -> str:
        return "ok"

    @sub.get("/free")
    async def free() -> str:
        return "ok"

    app = FastAPI()
    app.mount("/sub", sub)
    protect(app, auth=make_bearer(), public=["/sub/free"])
    assert asgi.call(app, "/sub/inside").status == 401
    assert asgi.call(app, "/sub/inside", [bearer(READER)]).status == 200
    assert asgi.call(app, "/sub/free").status == 200
    for path in ("/sub/docs", "/sub/openapi.json", "/sub/redoc", "/sub/docs/oauth2-redirect"):
        assert asgi.call(app, path).status == 200, path
    schema = asgi.call(app, "/sub/openapi.json").json()
    assert schema["paths"]["/inside"]["get"]["security"] == [{"Bearer": []}]
    assert "security" not in schema["paths"]["/free"]["get"]


# protect


def test_protect_twice_is_told():
    app = FastAPI()
    protect(app)
    with pytest.raises(RuntimeError, match="already"):
        protect(app)


def test_protect_after_the_start_is_told():
    app = FastAPI()
    asgi.call(app, "/")
    with pytest.raises(RuntimeError, match="started"):
        protect(app)


def test_bad_arguments_are_told_at_once():
    for options in (
        {"public": ["health"], "auth": make_bearer()},
        {"paths": {"health": SecurityHeaders.EMPTY}},
        {"public": "/health", "auth": make_bearer()},
        {"headers": "STRICT"},
        {"auth": READER},
    ):
        app = FastAPI()
        with pytest.raises((ValueError, TypeError)):
            protect(app, **options)
        # and a call that failed leaves nothing behind
        protect(app)
        assert asgi.call(app, "/docs").status == 200


def test_public_without_auth_is_a_mistake_or_idle_but_never_a_lock():
    app = app_with(lambda: None)
    protect(app)
    assert asgi.call(app, "/me").status == 200


def test_auth_is_innermost_and_headers_outermost_whatever_is_added_later():
    order: list[str] = []

    class Outer:
        def __init__(self, app: Any, name: str) -> None:
            self.app, self.name = app, name

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                order.append(f"{self.name}: user={scope.get('state', {}).get('user') is not None}")

            async def wrapped(message: Any) -> None:
                if message["type"] == "http.response.start":
                    names = [name for name, _ in message["headers"]]
                    order.append(f"{self.name}: policy={b'x-frame-options' in names}")
                await send(message)

            await self.app(scope, receive, wrapped)

    app = app_with(make_bearer())
    app.add_middleware(Outer, name="before")
    protect(app, auth=make_bearer())
    app.add_middleware(Outer, name="after")
    reply = asgi.call(app, "/me", [bearer(READER)])
    assert reply.status == 200
    assert order == ["after: user=False", "before: user=False", "before: policy=False", "after: policy=False"]
    order.clear()
    assert asgi.call(app, "/me").status == 401
    assert order == ["after: user=False", "before: user=False", "before: policy=False", "after: policy=False"]


def test_protect_guards_what_is_not_a_route_too():
    app = FastAPI()
    app.mount("/files", Starlette(routes=[Route("/a", lambda request: PlainTextResponse("file"))]))
    protect(app, auth=make_bearer())

    @app.get("/later")
    async def later() -> str:
        return "ok"

    for path in ("/files/a", "/later", "/nowhere", "/", "/files"):
        assert asgi.call(app, path).status == 401, path  # not 404: an outsider learns nothing of the routes
    assert asgi.call(app, "/nowhere", [bearer(READER)]).status == 404
    assert asgi.call(app, "/files/a", [bearer(READER)]).body == b"file"


def test_protect_takes_a_plain_starlette_app_and_a_plain_bearer():
    app = Starlette(routes=[Route("/", lambda request: PlainTextResponse(request.user.display_name))])
    protect(app, auth=PlainBearer(keyring()))
    assert asgi.call(app, "/").status == 401
    assert asgi.call(app, "/", [bearer(READER)]).body == b"reader"


def test_one_apps_protection_is_not_anothers():
    a, b = app_with(make_bearer()), FastAPI()
    protect(a, auth=make_bearer())

    @b.get("/me")
    async def me() -> str:
        return "ok"

    assert asgi.call(b, "/me").status == 200
    assert not asgi.call(b, "/me").has("x-frame-options")
    assert asgi.call(a, "/me").status == 401


def test_docs_false_leaves_the_docs_shut():
    app = app_with(make_bearer())
    protect(app, auth=make_bearer(), docs=False)
    for path in ("/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect"):
        assert asgi.call(app, path).status == 401
        assert asgi.call(app, path, [bearer(READER)]).status == 200


def test_the_docs_are_open_to_get_alone():
    app = app_with(make_bearer())
    protect(app, auth=make_bearer())
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert asgi.call(app, "/docs", method=method).status == 401


def test_docs_at_other_places_and_switched_off():
    moved = FastAPI(docs_url="/help", redoc_url=None, openapi_url="/api/schema.json", swagger_ui_oauth2_redirect_url="/help/back")
    protect(moved, auth=make_bearer())
    for path in ("/help", "/api/schema.json", "/help/back"):
        assert asgi.call(moved, path).status == 200, path
    for path in ("/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect", "/help/"):
        assert asgi.call(moved, path).status == 401, path

    off = FastAPI(openapi_url=None)
    protect(off, auth=make_bearer())
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert asgi.call(off, path).status == 401, path


def test_a_route_of_ones_own_at_a_docs_path_is_not_opened():
    app = FastAPI(docs_url=None)

    @app.get("/docs")
    async def docs() -> str:
        return "secret"

    @app.get("/redoc-private")
    async def private() -> str:
        return "secret"

    protect(app, auth=make_bearer())
    assert asgi.call(app, "/docs").status == 401


def test_the_lifespan_runs_under_protect():
    ran = []

    async def lifespan(app):
        ran.append("up")
        yield
        ran.append("down")

    from contextlib import asynccontextmanager

    app = FastAPI(lifespan=asynccontextmanager(lifespan))
    protect(app, auth=make_bearer())
    questions = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive():
        return questions.pop(0)

    async def send(message):
        pass

    asyncio.run(app({"type": "lifespan", "state": {}}, receive, send))
    assert ran == ["up", "down"]


@pytest.mark.filterwarnings("ignore:Using `httpx`")
def test_test_client_works():
    from fastapi.testclient import TestClient

    app = app_with(make_bearer())
    protect(app, auth=make_bearer())
    with TestClient(app) as client:
        assert client.get("/me").status_code == 401
        assert client.get("/me", headers={"Authorization": f"Bearer {READER}"}).json()["name"] == "reader"


# What an attack found.


def test_a_template_in_the_servers_does_not_break_the_docs():
    servers = [
        {"url": "https://{tenant}.example"},
        {"url": "https://[::1]:8000"},
        {"url": "https://b\u00fccher.example"},
        {"url": "https://[broken"},
        {"url": "https://api.example/v1"},
    ]
    app = FastAPI(servers=servers)
    protect(app)
    reply = asgi.call(app, "/docs")
    assert reply.status == 200
    assert "https://api.example" in reply.one("content-security-policy")


def test_a_host_route_may_lead_elsewhere_so_nothing_behind_it_is_opened():
    admin = FastAPI(docs_url=None, openapi_url=None)

    @admin.get("/{path:path}")
    def anything(path: str) -> str:
        return "secret"

    app = FastAPI()
    app.router.routes.insert(0, Host("admin.example", admin))
    protect(app, auth=Bearer(keyring()))
    for path in ("/docs", "/openapi.json"):
        assert asgi.call(app, path, headers=[("host", "admin.example")]).status == 401


def test_a_route_with_a_scheme_of_its_own_needs_the_guards_too():
    own = Bearer(keyring(), scheme_name="Own")
    app = FastAPI()

    @app.get("/both", dependencies=[Security(own, scopes=["x"])])
    async def both() -> None: ...

    protect(app, auth=Bearer(keyring()))
    for _ in range(2):
        assert app.openapi()["paths"]["/both"]["get"]["security"] == [{"Own": ["x"], "Bearer": []}]


# What a new user stumbled over.


def test_public_without_auth_is_a_mistake():
    for auth in ({}, {"auth": None}):
        with pytest.raises(TypeError, match="auth="):
            protect(FastAPI(), public=["/health"], **auth)


def test_wrong_arguments_name_the_fix():
    with pytest.raises(TypeError, match=r"Bearer\(keyring\)"):
        protect(FastAPI(), auth=keyring())
    for paths in (["/docs"], 0, "/docs"):
        with pytest.raises(TypeError, match=r'paths=\{"/docs/\*": SecurityHeaders'):
            protect(FastAPI(), paths=paths)
    for wrong, near in {"overide": "override", "pubic": "public"}.items():
        with pytest.raises(TypeError, match=rf"no argument '{wrong}': did you mean {near}\?"):
            protect(FastAPI(), **{wrong: True})
    with pytest.raises(TypeError, match="no argument 'x': it takes headers, auth, .*, paths, override, remove"):
        protect(FastAPI(), x=1)
    with pytest.raises(TypeError, match=r'remove=\["server"\]'):
        protect(FastAPI(), remove="server")
    for app in (APIRouter(), CORSMiddleware(FastAPI())):
        with pytest.raises(TypeError, match="FastAPI or Starlette app"):
            protect(app)


def test_a_policy_about_trusted_types_alone_leaves_the_docs_their_headers():
    for policy in ("require-trusted-types-for 'script'", "trusted-types x"):
        app = FastAPI()
        protect(app, headers=SecurityHeaders(content_security_policy_report_only=policy))
        reply = asgi.call(app, "/docs")
        assert reply.status == 200
        assert reply.has("content-security-policy")
        assert not reply.has("content-security-policy-report-only")
        assert asgi.call(app, "/nowhere").one("content-security-policy-report-only") == policy


def test_the_docs_at_a_mounts_root_take_nothing_from_the_subtree():
    sub = FastAPI(docs_url="/")
    app = FastAPI()
    app.mount("/sub", sub)
    protect(app, paths={"GET /sub/": SecurityHeaders.EMPTY})
    assert asgi.call(app, "/sub/x", method="POST").has("x-frame-options")


def test_an_auth_that_was_not_there_opens_nothing():
    """A setting that is None must not make an open app of a guarded one."""
    with pytest.raises(TypeError, match="auth is None"):
        protect(FastAPI(), auth=None)
    for rules in ({"public": ["/x"]}, {"protected": ["/x"]}, {"preflights": True}):
        with pytest.raises(TypeError, match="auth is left out"):
            protect(FastAPI(), **rules)
    with pytest.raises(TypeError, match="everything would be open"):
        protect(FastAPI(), auth=make_bearer(), protected=[])


@pytest.mark.parametrize("kind", ["a route for everything", "files", "a frontend"])
def test_a_single_page_app_with_an_api(kind, tmp_path, caplog):
    """The page and its files are open, and so are the docs; the API is guarded, in every spelling, but for its exceptions."""
    (tmp_path / "index.html").write_text("page")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "app.js").write_text("script")
    app = FastAPI()
    if kind == "a frontend":
        app.frontend("/", directory=tmp_path, fallback="index.html")
    protect(app, auth=make_bearer(), protected=["/api/*"], public=["/api/health", "POST /api/login"])
    for method, path in (("GET", "items"), ("POST", "items"), ("GET", "health"), ("GET", "login"), ("POST", "login")):
        app.api_route(f"/api/{path}", methods=[method])(lambda: "fine")
    if kind == "files":
        app.mount("/", StaticFiles(directory=tmp_path, html=True))
    elif kind == "a route for everything":
        app.get("/{page:path}", include_in_schema=False)(lambda page: "page")
    caplog.set_level("INFO", "sallet.auth")
    opened = ("/", "/index.html", "/assets/app.js", "/api/health", "/docs", "/redoc", "/openapi.json")
    shut = ("/api", "/api/", "/api/items", "/API/items", "/api/none", "/api/health/", "/api/login", "//api/items", "/x;y", "/x/../api/items")
    for path, status in {**dict.fromkeys(opened, 200), **dict.fromkeys(shut, 401)}.items():
        assert asgi.call(app, path).status == status, path
    assert asgi.call(app, "/api/items", raw_path=b"/%61pi/items").status == asgi.call(app, "/items", raw_path=b"/api/items").status == 401
    assert asgi.call(app, "/api/login", method="POST").status == asgi.call(app, "/api/items", [bearer(READER)]).status == 200
    assert asgi.connect(app, "/api/feed").status == 401
    schema = app.openapi()
    secured = {path: sorted(method for method, operation in item.items() if "security" in operation) for path, item in schema["paths"].items()}
    assert secured == {"/api/items": ["get", "post"], "/api/health": [], "/api/login": ["get"]}
    assert {path: "401" in item["get"]["responses"] for path, item in schema["paths"].items()} == {
        "/api/items": True, "/api/health": False, "/api/login": True
    }  # fmt: skip
    assert list(schema["components"]["securitySchemes"]) == ["Bearer"]
    assert "'sha256-" in asgi.call(app, "/docs").one("content-security-policy")
    assert caplog.messages[0] == (
        "credentials are needed for /api/*, except for /api/health, POST /api/login; every other path is open"
    )
    assert [record for record in caplog.records if record.levelname == "WARNING"] == []
    rules = {"protected": ["/api/*"], "public": ["/api/health", "POST /api/login"]}
    assert_protected(app, **rules)
    with pytest.raises(AssertionError, match="GET /(index.html|{page}|\\*)"):
        assert_protected(app, public=["/api/health", "POST /api/login"])


def test_docs_that_are_protected_stay_shut():
    app = FastAPI()
    protect(app, auth=make_bearer(), protected=["/api/*", "/docs", "/openapi.json"])
    assert {path: asgi.call(app, path).status for path in ("/docs", "/openapi.json", "/redoc")} == {
        "/docs": 401, "/openapi.json": 401, "/redoc": 200
    }  # fmt: skip
    assert "'sha256-" in asgi.call(app, "/docs", [bearer(READER)]).one("content-security-policy")


def test_the_order_of_paths_does_not_matter():
    first = SecurityHeaders.STRICT.replace(referrer_policy="no-referrer")
    second = SecurityHeaders.STRICT.replace(referrer_policy="origin")
    rules = {"/x/*": first, "GET /x/*": second}
    for paths in (rules, dict(reversed(rules.items()))):
        app = FastAPI(docs_url="/x/docs", openapi_url="/x/openapi.json", redoc_url=None)
        protect(app, paths=paths)
        for path in ("/x/docs", "/x/other"):
            assert asgi.call(app, path).one("referrer-policy") == "origin", path


def test_one_odd_server_url_costs_the_docs_page_nothing_else(caplog):
    odd = ("http://localhost:80000", "https://a:99999", "https://a..b", "https://[::1]:8000", "https://{t}.example", "//")
    good = ("https://good.example", "https://good.example//it's;/%zz,", "/v1")
    for url in odd + good:
        app = FastAPI(servers=[{"url": url}, {"url": "https://api.example"}])
        protect(app)
        csp = asgi.call(app, "/docs").one("content-security-policy")
        assert "'sha256-" in csp and "https://api.example" in csp, url
        told = [record.getMessage() for record in caplog.records if url in record.getMessage()]
        assert bool(told) is (url in odd), url


# Scopes that no token can satisfy


def scoped_app(scopes: Any) -> FastAPI:
    scheme = make_bearer()
    app, router = FastAPI(), APIRouter(prefix="/v1")
    protect(app, auth=scheme)

    @router.get("/items")
    async def items(who: Any = Security(scheme, scopes=scopes)) -> str:
        return "ok"

    # After protect(), and in a router: what is asked for is looked at when the app starts.
    app.include_router(router)
    return app


@pytest.mark.parametrize(
    ("scopes", "told"),
    [("items:read", r'/v1/items: scopes is a list: write scopes=\["items:read"\]'), (["a b"], r"/v1/items: scopes=\['a b'\]: ")],
)
def test_scopes_that_no_token_has_keep_the_app_from_starting(scopes, told):
    sent = []

    async def start() -> None:
        async def receive() -> Any:
            return {"type": "lifespan.startup"}

        async def send(message: Any) -> None:
            sent.append(message)

        await scoped_app(scopes)({"type": "lifespan"}, receive, send)

    with pytest.raises(PolicyError, match=told):
        asyncio.run(start())
    assert [message["type"] for message in sent] == ["lifespan.startup.failed"]
    # A server that knows no lifespan serves nothing either.
    error = asgi.call(scoped_app(scopes), "/v1/items", [bearer(READER)]).error
    assert isinstance(error, PolicyError) and re.search(told, str(error))


def test_scopes_of_a_mounted_app_are_looked_at_too():
    outer = FastAPI()
    protect(outer, auth=make_bearer())
    inner = scoped_app(["items:read"])
    outer.mount("/good", inner)
    assert asgi.call(outer, "/good/v1/items").status == 401
    outer = FastAPI()
    protect(outer, auth=make_bearer())
    outer.mount("/bad/{tenant}", scoped_app("items:read"))
    assert "/bad/{tenant}/v1/items: scopes is a list" in str(asgi.call(outer, "/").error)


def test_uvicorn_does_not_serve_such_an_app(tmp_path):
    (tmp_path / "wrong.py").write_text(
        "from fastapi import FastAPI, Security\n"
        "from sallet import Keyring\n"
        "from sallet.fastapi import Bearer, protect\n"
        f"scheme = Bearer(Keyring.from_tokens({{'a': {READER!r}}}))\n"
        "app = FastAPI()\n"
        "protect(app, auth=scheme)\n"
        "app.get('/', dependencies=[Security(scheme, scopes='items:read')])(lambda: 1)\n"
    )
    command = [sys.executable, "-m", "uvicorn", "wrong:app", "--port", "0", "--app-dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and 'write scopes=["items:read"]' in done.stderr


@pytest.mark.parametrize("wrong", [APIRouter(), PlainTextResponse("x"), lambda scope, receive, send: None, object()])
def test_an_app_that_is_no_starlette_is_told_what_would_do(wrong):
    """As `socketio.ASGIApp(...)`, and other things put around an app."""
    with pytest.raises(TypeError, match="FastAPI or Starlette app.*SecurityHeadersMiddleware.*AuthMiddleware"):
        protect(wrong)
