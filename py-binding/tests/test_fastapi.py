"""`sallet.fastapi`: what FastAPI's own security classes do, done the same; and what `protect` promises."""

import functools
import json
from typing import Annotated, Any, Optional

import pytest
from fastapi import APIRouter, Body, Depends, FastAPI, Request, Security, WebSocket
from fastapi.security import HTTPBearer, SecurityScopes
from fastapi.security.base import SecurityBase
from harness import asgi
from harness.asgi import bearer
from keys import EXPIRED, READER, UNKNOWN, WRITER, keyring
from pydantic import BaseModel
from sallet import PolicyError, Principal, SecurityHeaders
from sallet import Bearer as PlainBearer
from sallet.fastapi import Bearer, protect
from starlette.authentication import requires


def make_bearer(**options: Any) -> Bearer:
    return Bearer(keyring(), realm="items", **options)


def app_with(scheme: Any, **options: Any) -> FastAPI:
    app = FastAPI(**options)

    @app.get("/me")
    async def me(who: Annotated[Any, Depends(scheme)]) -> Any:
        return who and {"id": who.id, "name": who.name}

    return app


# FastAPI's own behaviour


def test_missing_credentials_are_401_as_with_http_bearer():
    theirs, ours = asgi.call(app_with(HTTPBearer()), "/me"), asgi.call(app_with(make_bearer()), "/me")
    assert theirs.status == ours.status == 401
    assert theirs.json() == ours.json() == {"detail": "Not authenticated"}
    assert ours.one("www-authenticate") == 'Bearer realm="items"'


def test_auto_error_off_gives_none():
    def whether(scheme):
        app = FastAPI()

        @app.get("/me")
        async def me(who: Annotated[Any, Depends(scheme)]) -> bool:
            return who is None

        return app

    for headers in ([], [("authorization", "Basic dTpw")]):
        theirs = asgi.call(whether(HTTPBearer(auto_error=False)), "/me", headers)
        ours = asgi.call(whether(make_bearer(auto_error=False)), "/me", headers)
        assert theirs.json() is ours.json() is True
    assert asgi.call(whether(make_bearer(auto_error=False)), "/me", [bearer(READER)]).json() is False


@pytest.mark.parametrize(
    ("headers", "status"), [([bearer(UNKNOWN)], 401), ([bearer(EXPIRED)], 401), ([bearer("a b")], 400), ([bearer(READER)] * 2, 400)]
)
def test_auto_error_off_does_not_turn_a_wrong_token_into_a_stranger(headers, status):
    assert asgi.call(app_with(make_bearer(auto_error=False)), "/me", headers).status == status


def test_scheme_name_and_description_reach_openapi():
    def schemes(scheme):
        return app_with(scheme).openapi()["components"]["securitySchemes"]

    assert schemes(make_bearer()) == {"Bearer": {"type": "http", "scheme": "bearer"}}
    options = {"scheme_name": "Items", "description": "A key of the items service.", "bearerFormat": "slt"}
    theirs = schemes(HTTPBearer(**options))
    options["bearer_format"] = options.pop("bearerFormat")
    assert schemes(make_bearer(**options)) == theirs


def test_it_is_fastapis_own_kind_of_thing():
    scheme = make_bearer()
    assert isinstance(scheme, SecurityBase)
    assert isinstance(scheme, PlainBearer)
    assert scheme.scheme_name == "Bearer"
    assert scheme.model.scheme == "bearer"


def test_a_subclass_names_its_scheme():
    class ItemsKey(Bearer): ...

    app = app_with(ItemsKey(keyring()))
    assert list(app.openapi()["components"]["securitySchemes"]) == ["ItemsKey"]


@pytest.mark.parametrize(
    ("headers", "status", "challenge"),
    [
        ([], 401, 'Bearer realm="items"'),
        ([bearer(UNKNOWN)], 401, 'Bearer realm="items", error="invalid_token"'),
        ([bearer("a b")], 400, 'Bearer realm="items", error="invalid_request"'),
        ([bearer(READER)] * 2, 400, 'Bearer realm="items", error="invalid_request"'),
    ],
)
def test_the_dependencys_refusal_is_the_middlewares(headers, status, challenge):
    alone, behind = app_with(make_bearer()), app_with(make_bearer())
    protect(behind, headers=SecurityHeaders.EMPTY, auth=make_bearer())
    replies = [asgi.call(app, "/me", headers) for app in (alone, behind)]
    for reply in replies:
        assert (reply.status, reply.one("www-authenticate"), reply.one("cache-control")) == (status, challenge, "no-store")
    assert replies[0].json() == replies[1].json()
    assert sorted(replies[0].headers) == sorted(replies[1].headers)


# Scopes


def scoped(scheme: Bearer) -> FastAPI:
    app = FastAPI()

    @app.get("/read")
    async def read(who: Annotated[Principal, Security(scheme, scopes=["items:read"])]) -> str:
        return who.name

    @app.get("/write")
    async def write(who: Annotated[Principal, Security(scheme, scopes=["items:write"])]) -> str:
        return who.name

    async def needs_read(who: Annotated[Principal, Security(scheme, scopes=["items:read"])], asked: SecurityScopes) -> Principal:
        assert isinstance(asked.scopes, list)
        return who

    @app.get("/both")
    async def both(who: Annotated[Principal, Security(needs_read, scopes=["items:write"])]) -> str:
        return who.name

    return app


@pytest.mark.parametrize("behind_middleware", [False, True])
def test_scopes_of_a_route(behind_middleware):
    scheme = make_bearer()
    app = scoped(scheme)
    if behind_middleware:
        protect(app, auth=scheme)
    for path, token, status in [
        ("/read", READER, 200),
        ("/read", WRITER, 200),
        ("/write", READER, 403),
        ("/write", WRITER, 200),
        ("/both", READER, 403),
        ("/both", WRITER, 200),
    ]:
        reply = asgi.call(app, path, [bearer(token)])
        assert reply.status == status, (path, token)
        if status == 403:
            challenge = reply.one("www-authenticate")
            assert 'error="insufficient_scope"' in challenge
            assert "items:write" in challenge
            assert reply.one("cache-control") == "no-store"
    assert asgi.call(app, "/read").status == 401


def test_scopes_reach_openapi():
    schema = scoped(make_bearer()).openapi()
    assert schema["paths"]["/read"]["get"]["security"] == [{"Bearer": ["items:read"]}]
    assert {"items:read", "items:write"} == set(schema["paths"]["/both"]["get"]["security"][0]["Bearer"])


def test_scopes_of_the_scheme_itself():
    app = app_with(make_bearer(scopes=["items:write"]))
    assert asgi.call(app, "/me", [bearer(READER)]).status == 403
    assert asgi.call(app, "/me", [bearer(WRITER)]).status == 200


# A request is authenticated once


class Counted:
    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, credentials: Any) -> Principal | None:
        self.calls += 1
        return Principal("1", "ann", ("items:read",)) if credentials.token == READER else None


def test_authenticated_once_behind_the_middleware():
    authenticate = Counted()
    scheme = Bearer(authenticate=authenticate)
    app = FastAPI()

    async def nested(who: Annotated[Principal, Security(scheme, scopes=["items:read"])]) -> Principal:
        return who

    @app.get("/")
    async def index(
        a: Annotated[Principal, Depends(scheme)],
        b: Annotated[Principal, Security(scheme, scopes=["items:read"])],
        c: Annotated[Principal, Depends(nested)],
    ) -> bool:
        return a is b is c

    alone = FastAPI(routes=app.routes)
    protect(app, auth=scheme)
    assert asgi.call(app, "/", [bearer(READER)]).json() is True
    assert authenticate.calls == 1
    assert asgi.call(app, "/", [bearer(UNKNOWN)]).status == 401
    assert authenticate.calls == 2
    # And with dependencies alone, several of them:
    assert asgi.call(alone, "/", [bearer(READER)]).json() is True
    assert authenticate.calls == 3


def test_another_scheme_does_its_own_check():
    """The middleware's verdict is no verdict about a different keyring."""
    other = Bearer(authenticate=lambda credentials: None, realm="other")
    app = app_with(other)
    protect(app, auth=make_bearer())
    reply = asgi.call(app, "/me", [bearer(READER)])
    assert (reply.status, reply.one("www-authenticate")) == (401, 'Bearer realm="other", error="invalid_token"')


def test_on_a_public_path_the_dependency_does_the_check():
    scheme = make_bearer()
    app = app_with(scheme)
    protect(app, auth=scheme, public=["/me"])
    assert asgi.call(app, "/me").status == 401
    assert asgi.call(app, "/me", [bearer(READER)]).json()["id"] == "reader-1"


def test_routers_and_whole_apps_take_it_as_a_dependency():
    scheme = make_bearer()
    router = APIRouter(prefix="/v1", dependencies=[Depends(scheme)])

    @router.get("/items")
    async def items() -> str:
        return "ok"

    app = FastAPI()
    app.include_router(router)
    assert asgi.call(app, "/v1/items").status == 401
    assert asgi.call(app, "/v1/items", [bearer(READER)]).status == 200
    assert app.openapi()["paths"]["/v1/items"]["get"]["security"] == [{"Bearer": []}]


def test_websocket_dependency():
    scheme = make_bearer()
    app = FastAPI()

    @app.websocket("/ws")
    async def ws(socket: WebSocket, who: Annotated[Principal, Depends(scheme)]) -> None:
        await socket.accept()
        await socket.send_text(who.name)
        await socket.close()

    admitted = asgi.connect(app, "/ws", [bearer(READER)])
    assert [m.get("text") for m in admitted.messages if m["type"] == "websocket.send"] == ["reader"]
    for headers, status in (([], 401), ([bearer(UNKNOWN)], 401), ([bearer(READER)] * 2, 400)):
        assert asgi.connect(app, "/ws", headers).status == status
        closed = asgi.connect(app, "/ws", headers, denial=False)
        assert [(m["type"], m["code"]) for m in closed.messages] == [("websocket.close", 1008)]


# Starlette's request.user and @requires


def test_requires_and_request_user():
    app = FastAPI()
    protect(app, auth=make_bearer(), public=["/open"])

    @app.get("/user")
    async def user(request: Request) -> dict[str, Any]:
        return {
            "name": request.user.display_name,
            "identity": request.user.identity,
            "in": request.user.is_authenticated,
            "scopes": request.auth.scopes,
            "state": request.state.user.id,
        }

    @app.get("/write")
    @requires("items:write")
    async def write(request: Request) -> str:
        return "ok"

    @app.get("/in")
    @requires(["authenticated", "items:read"])
    async def signed_in(request: Request) -> str:
        return "ok"

    got = asgi.call(app, "/user", [bearer(READER)]).json()
    assert got == {
        "name": "reader",
        "identity": "reader-1",
        "in": True,
        "scopes": ["authenticated", "items:read"],
        "state": "reader-1",
    }
    assert asgi.call(app, "/write", [bearer(READER)]).status == 403
    assert asgi.call(app, "/write", [bearer(WRITER)]).status == 200
    assert asgi.call(app, "/in", [bearer(READER)]).status == 200


@pytest.mark.parametrize("kind", [Depends, Security])
@pytest.mark.parametrize("annotated", [False, True])
@pytest.mark.parametrize("subclass", [False, True])
def test_the_plain_bearer_in_a_route_says_what_to_import(kind, annotated, subclass):
    class Mine(PlainBearer):
        async def identify(self, scope, scopes=()):
            return await super().identify(scope, scopes)

    plain = (Mine if subclass else PlainBearer)(keyring())
    if annotated:

        async def endpoint(who: Annotated[Any, kind(plain)]): ...

    else:

        async def endpoint(who: Any = kind(plain)): ...

    with pytest.raises(TypeError, match="from sallet.fastapi import Bearer"):
        FastAPI().get("/")(endpoint)


def test_the_plain_bearer_cannot_be_called_and_is_no_authenticate():
    plain = PlainBearer(keyring())
    with pytest.raises(TypeError, match="from sallet.fastapi import Bearer"):
        plain(object())
    with pytest.raises(TypeError, match="authenticate is a function that takes Credentials"):
        PlainBearer(authenticate=plain)


def test_a_subclass_of_the_plain_bearer_may_be_a_dependency_of_its_own():
    class Mine(PlainBearer):
        async def __call__(self, request: Request) -> Any:
            return await self.identify(request.scope)

    app = FastAPI()

    @app.get("/")
    async def endpoint(who: Annotated[Any, Depends(Mine(keyring()))]) -> str:
        return who.name

    assert asgi.call(app, "/", [asgi.bearer(READER)]).status == 200


# A Principal as what a route returns, and never as what a client sends


SHAPE = {"id": "reader-1", "name": "reader", "scopes": ["items:read"]}


class Answer(BaseModel):
    who: Principal
    others: list[Principal] = []


def test_a_route_may_return_who_it_is():
    app, scheme = FastAPI(), make_bearer()
    Who = Annotated[Principal, Depends(scheme)]

    @app.get("/bare")
    async def bare(who: Who):  # type: ignore[no-untyped-def]
        return who

    @app.get("/typed")
    async def typed(who: Who) -> Principal:
        return who

    @app.get("/inside")
    async def inside(who: Who) -> Answer:
        return Answer(who=who, others=[who])

    shown = [bearer(READER)]
    assert asgi.call(app, "/bare", shown).json() == SHAPE
    assert asgi.call(app, "/typed", shown).json() == SHAPE
    assert asgi.call(app, "/inside", shown).json() == {"who": SHAPE, "others": [SHAPE]}
    schema = app.openapi()["paths"]["/typed"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema["properties"].keys() == SHAPE.keys() and schema["required"] == list(SHAPE)
    one = FastAPI(separate_input_output_schemas=False)
    one.add_api_route("/", typed)
    assert one.openapi()["paths"]["/"]
    assert vars(Principal("a", scopes=["x"])) == {"id": "a", "name": "a", "scopes": ("x",)}


@pytest.mark.parametrize("body", [SHAPE, {"who": SHAPE}, [SHAPE], None])
@pytest.mark.parametrize("query", ["", "?who=admin", "?id=admin&name=admin&scopes=x"])
@pytest.mark.parametrize("kind", [Principal, Optional[Principal], list[Principal], Annotated[Principal, Body()], Annotated[Principal, Body(embed=True)], Answer])
def test_no_client_says_who_it_is(kind, query, body):
    """Where `Depends(bearer)` was forgotten, FastAPI takes the parameter for one of the query or the body."""
    app, seen = FastAPI(), []

    def route(who: Any) -> None:
        seen.append(who)

    route.__annotations__["who"] = kind
    app.add_api_route("/", route, methods=["POST"])
    shown = [("content-type", "application/json"), ("who", "admin"), ("cookie", "who=admin")]
    reply = asgi.call(app, f"/{query}", shown, method="POST", body=json.dumps(body).encode())
    assert reply.status == 422 and seen == []


@pytest.mark.parametrize("kind", [Principal, Optional[Principal], list[Principal], Annotated[Principal, Body()]])
def test_a_forgotten_depends_keeps_a_protected_app_from_starting(kind):
    def route(who: Any) -> None: ...

    route.__annotations__["who"] = kind
    app, inner = FastAPI(), FastAPI()
    inner.add_api_route("/me", route, methods=["POST"])
    app.mount("/v1", inner)
    protect(app, auth=make_bearer())
    error = asgi.call(app, "/").error
    assert isinstance(error, PolicyError), error
    assert "/v1/me: who is a Principal" in str(error) and "write who: Annotated[Principal, Depends(bearer)]" in str(error)


def of_the_route(who: Annotated[Principal, Depends()]) -> None: ...


def by_its_default(who: Principal = Depends(Principal)) -> None: ...


def of_a_partial(who: Annotated[Any, Depends(functools.partial(Principal, name="ada"))]) -> None: ...


def of_a_dependency(found: Annotated[None, Depends(of_the_route)]) -> None: ...


@pytest.mark.parametrize("route", [of_the_route, by_its_default, of_a_partial, of_a_dependency])
@pytest.mark.parametrize("place", ["app", "included", "mounted"])
def test_an_empty_depends_keeps_a_protected_app_from_starting(route, place):
    """FastAPI would call the class itself with `?id=admin`."""
    app, inner, router = FastAPI(), FastAPI(), APIRouter()
    {"app": app, "included": router, "mounted": inner}[place].add_api_route("/me", route)
    app.include_router(router)
    app.mount("/v1", inner)
    protect(app, auth=make_bearer(), public=["/me", "/v1/*"])
    reply = asgi.call(app, "/v1/me?id=admin" if place == "mounted" else "/me?id=admin")
    assert isinstance(reply.error, PolicyError), (reply.status, reply.error)
    assert "/me: who is a Principal" in str(reply.error) and "write who: Annotated[Principal, Depends(bearer)]" in str(reply.error)


def test_requires_holds_for_a_mapping_too():
    """It is the app's own object, so it has no `is_authenticated`; `request.auth` speaks of every user alike."""
    app = FastAPI()
    protect(app, auth=Bearer(authenticate=lambda credentials: {"sub": "ann", "scope": "items:read"}), public=["/open"])

    @app.get("/in")
    @requires(["authenticated", "items:read"])
    async def read(request: Request) -> str:
        return str(request.user["sub"])

    @app.get("/write")
    @requires("items:write")
    async def write(request: Request) -> str:
        return "ok"

    @app.get("/open")
    @requires("authenticated")
    async def signed_in(request: Request) -> str:
        return "ok"

    shown = [bearer("x")]
    assert asgi.call(app, "/in", shown).json() == "ann"
    assert asgi.call(app, "/write", shown).status == 403
    assert [asgi.call(app, "/open", headers).status for headers in (shown, [])] == [200, 403]
