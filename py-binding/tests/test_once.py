"""Who judges what: `identify` finds the user, once; Sallet compares the scopes; other people's `request.user` stays."""

from typing import Any

import pytest
import sallet
from fastapi import Depends, FastAPI, HTTPException, Request, Security, WebSocket
from fastapi.security import HTTPBearer, SecurityScopes
from harness import asgi
from keys import READER, UNKNOWN, WRITER, keyring
from sallet import AuthMiddleware, Keyring, Principal, Refusal
from sallet.fastapi import Bearer, protect
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser, UnauthenticatedUser, requires
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

BY_READER = [asgi.bearer(READER)]


class Generous(Bearer):
    """Finds the user and looks at no scope, as one would who reads a cookie."""

    calls = 0

    async def identify(self, scope: Any, scopes: Any = ()) -> Any:
        type(self).calls += 1
        if not any(name == b"authorization" for name, _ in scope["headers"]):
            return await super().identify(scope)
        return Principal("ann-1", "ann", ("items:read",))


class Mapping(Generous):
    async def identify(self, scope: Any, scopes: Any = ()) -> Any:
        return {"name": "ann", "scopes": "items:read"}


def routes(scheme: Any) -> FastAPI:
    app = FastAPI()

    @app.get("/read")
    async def read(who: Any = Security(scheme, scopes=["items:read"])) -> str:
        return "ok"

    @app.get("/admin")
    async def admin(who: Any = Security(scheme, scopes=["admin"])) -> str:
        return "ok"

    @app.get("/any")
    async def anybody(who: Any = Depends(scheme)) -> str:
        return "ok"

    @app.websocket("/ws")
    async def ws(socket: WebSocket, who: Any = Security(scheme, scopes=["admin"])) -> None:
        await socket.accept()
        await socket.close()

    return app


# Scopes


@pytest.mark.parametrize("guarded", [False, True])
@pytest.mark.parametrize("kind", [Generous, Mapping])
def test_an_identify_of_ones_own_does_not_pass_scopes_by(kind, guarded):
    scheme = kind(keyring(), realm="items")
    app = routes(scheme)
    if guarded:
        protect(app, auth=scheme)
    assert asgi.call(app, "/read", BY_READER).status == 200
    assert asgi.call(app, "/any", BY_READER).status == 200
    reply = asgi.call(app, "/admin", BY_READER)
    assert reply.status == 403
    assert reply.one("www-authenticate") == 'Bearer realm="items", error="insufficient_scope", scope="admin"'
    assert asgi.connect(app, "/ws", BY_READER).status == 403


@pytest.mark.parametrize("kind", [Generous, Mapping])
def test_nor_the_scopes_of_the_scheme_itself(kind):
    for scope, status in (("admin", 403), ("items:read", 200)):
        scheme = kind(keyring(), realm="items", scopes=[scope])
        guarded = FastAPI()
        guarded.add_api_route("/", lambda: "ok")
        protect(guarded, auth=scheme)
        reply = asgi.call(guarded, "/", BY_READER)
        assert reply.status == status
        alone = routes(scheme)
        assert asgi.call(alone, "/any", BY_READER).status == status
        if status == 403:
            assert reply.one("www-authenticate").endswith('scope="admin"')


def test_the_challenge_names_the_scopes_of_scheme_and_route():
    scheme = Bearer(keyring(), realm="items", scopes=["items:write"])
    reply = asgi.call(routes(scheme), "/admin", BY_READER)
    assert (reply.status, reply.one("www-authenticate").endswith('scope="items:write admin"')) == (403, True)


# Once


def test_identify_runs_once_behind_the_guard():
    class Counting(Generous):
        calls = 0

    scheme = Counting(keyring())
    app = routes(scheme)

    @app.get("/many")
    async def many(
        a: Any = Depends(scheme), b: Any = Security(scheme, scopes=["items:read"]), c: Any = Depends(scheme, use_cache=False)
    ) -> bool:
        return a is b is c

    alone = FastAPI(routes=app.routes)
    assert asgi.call(alone, "/many", BY_READER).json() is True
    assert Counting.calls == 1
    protect(app, auth=scheme)
    assert asgi.call(app, "/many", BY_READER).json() is True
    assert Counting.calls == 2


def test_what_authenticate_said_holds_whatever_happens_to_the_field():
    """The guard has read `Authorization`; a middleware further in that takes it out changes nothing."""

    class TakesItOut:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"authorization"]}
            await self.app(scope, receive, send)

    scheme = Bearer(keyring())
    app = AuthMiddleware(TakesItOut(routes(scheme)), auth=scheme)
    assert asgi.call(app, "/read", BY_READER).status == 200
    assert asgi.call(app, "/admin", BY_READER).status == 403


def test_a_refusal_is_a_verdict_too():
    calls: list[str] = []

    async def authenticate(credentials: Any) -> None:
        calls.append(credentials.token)

    scheme = Bearer(authenticate=authenticate, auto_error=False)
    app = FastAPI()
    errors: list[int] = []

    async def first(request: Request) -> None:
        for _ in range(2):
            try:
                await scheme(request)
            except HTTPException as error:
                errors.append(error.status_code)

    @app.get("/", dependencies=[Depends(first)])
    async def index() -> None: ...

    assert asgi.call(app, "/", BY_READER).status == 200
    assert (calls, errors) == ([READER], [401, 401])


def test_verdicts_of_several_schemes_are_kept_apart():
    one, two = Bearer(keyring(), realm="one"), Bearer(authenticate=lambda credentials: {"name": "two"}, realm="two")
    app = FastAPI()

    @app.get("/")
    async def index(request: Request, a: Any = Depends(one), b: Any = Depends(two)) -> Any:
        return [a.id, b["name"], request.state.user["name"], request.user["name"]]

    guarded = AuthMiddleware(AuthMiddleware(app, two), one)
    # The inner guard's user is the one that the app sees; the dependencies have each their own.
    assert asgi.call(guarded, "/", BY_READER).json() == ["reader-1", "two", "two", "two"]


# A __call__ of a subclass, as FastAPI's documentation writes them


class Calls(Bearer):
    async def __call__(self, request: Request) -> Any:
        return await super().__call__(request)


class Named(Bearer):
    async def __call__(self, request: Request) -> Any:
        return await super().__call__(request=request)


class Further(Calls):
    async def __call__(self, request: Request) -> Any:
        return await super().__call__(request)


class Forgets(Bearer):
    async def __call__(self, request: Request, security_scopes: SecurityScopes) -> Any:
        return await super().__call__(request)


class HandsOn(Bearer):
    async def __call__(self, request: Request, security_scopes: SecurityScopes) -> Any:
        return await super().__call__(request, security_scopes)


class Plain(Bearer):
    def __call__(self, request: Request) -> Any:
        return super().__call__(request)


class WithOptions(Bearer):
    async def __call__(self, request: Request, x: int = 1) -> Any:
        return await super().__call__(request)


class Alone(Bearer):
    async def __call__(self, request: Request) -> Any:
        return Principal("ann-1", "ann", ("items:read",))


class Other(Bearer):
    """Its own user, made of Sallet's."""

    async def __call__(self, request: Request) -> Any:
        found = await super().__call__(request)
        return {"name": found.name, "scopes": found.scopes}


@pytest.mark.parametrize("guarded", [False, True])
@pytest.mark.parametrize("kind", [Calls, Named, Further, Forgets, HandsOn, Plain, WithOptions, Alone, Other])
def test_a_subclass_with_a_call_of_its_own(kind, guarded):
    scheme = kind(keyring(), realm="items")
    app = FastAPI()

    @app.get("/read")
    async def read(who: Any = Security(scheme, scopes=["items:read"])) -> str:
        return who["name"] if isinstance(who, dict) else who.name

    @app.get("/admin")
    async def admin(who: Any = Security(scheme, scopes=["admin"])) -> str:
        return "ok"

    if guarded:
        protect(app, auth=scheme)
    assert asgi.call(app, "/read", BY_READER).json() == ("ann" if kind is Alone else "reader")
    assert asgi.call(app, "/admin", BY_READER).status == 403
    if kind is not Alone:
        assert asgi.call(app, "/read").status == asgi.call(app, "/read", [asgi.bearer(UNKNOWN)]).status == 401


class HandsRefusalOn(Bearer):
    """Asks `identify`, and forgets that it may answer with a refusal."""

    async def __call__(self, request: Request) -> Any:
        return await self.identify(request.scope)


class Returns(Bearer):
    what: Any = None

    async def __call__(self, request: Request) -> Any:
        return self.what


@pytest.mark.parametrize("scopes", [[], ["items:read"]])
def test_a_refusal_that_a_call_of_its_own_returns_is_the_answer(scopes):
    app = routes(HandsRefusalOn(keyring(), scopes=scopes))
    assert asgi.call(app, "/any", BY_READER).status == 200
    assert asgi.call(app, "/any").status == asgi.call(app, "/any", [asgi.bearer(UNKNOWN)]).status == 401
    assert asgi.call(app, "/any", [*BY_READER, *BY_READER]).status == 400


def test_the_schemes_own_scopes_are_compared_whatever_a_call_of_its_own_returns():
    needing = routes(HandsRefusalOn(keyring(), scopes=["admin"]))
    assert asgi.call(needing, "/any", BY_READER).status == 403
    alone = routes(Alone(keyring(), scopes=["admin"]))
    assert asgi.call(alone, "/any").status == 403


@pytest.mark.parametrize("what", [HTTPException(401), "Invalid token", False, {}, JSONResponse({}, 401), Exception("no")])
def test_what_is_no_user_is_none_from_a_call_of_its_own_either(what):
    scheme = Returns(keyring())
    scheme.what = what
    assert isinstance(asgi.call(routes(scheme), "/any", BY_READER).error, TypeError)


def test_a_call_that_yields_is_told():
    with pytest.raises(TypeError, match="Yields.__call__ yields.*return the user"):

        class Yields(Bearer):
            async def __call__(self, request: Request) -> Any:
                yield await super().__call__(request)


# make_not_authenticated_error


class Forbidden:
    def make_not_authenticated_error(self) -> HTTPException:
        return HTTPException(403, "Not authenticated")


class OurForbidden(Forbidden, Bearer): ...


class TheirForbidden(Forbidden, HTTPBearer): ...


def test_make_not_authenticated_error():
    """FastAPI's documented way back to the old 403."""
    ours, theirs = routes(OurForbidden(keyring())), routes(TheirForbidden())
    for headers in ([], [("authorization", "Basic dTpw")]):
        replies = [asgi.call(app, "/any", headers) for app in (ours, theirs)]
        assert [(reply.status, reply.json()) for reply in replies] == [(403, {"detail": "Not authenticated"})] * 2
    assert asgi.call(ours, "/any", BY_READER).status == 200
    assert asgi.call(ours, "/any", [asgi.bearer(UNKNOWN)]).status == 401
    # Nobody's but a missing credential's: it is the guard that answers behind the guard.
    scheme = OurForbidden(keyring())
    guarded = routes(scheme)
    protect(guarded, auth=scheme)
    assert asgi.call(guarded, "/any").status == 401
    error = Bearer(keyring(), realm="items").make_not_authenticated_error()
    assert isinstance(error, HTTPException)
    assert (error.status_code, error.headers["www-authenticate"]) == (401, 'Bearer realm="items"')
    assert asgi.connect(routes(OurForbidden(keyring())), "/ws", [], denial=False).messages[0]["code"] == 1008


# request.user of others


class Cookie(AuthenticationBackend):
    async def authenticate(self, conn: Any) -> Any:
        return AuthCredentials(["authenticated", "admin"]), SimpleUser("ann")


class Nobody(AuthenticationBackend):
    async def authenticate(self, conn: Any) -> Any:
        return None


async def users(request: Any) -> JSONResponse:
    user = request.user
    state = getattr(request.state, "user", None)
    return JSONResponse([type(user).__name__, user.display_name, list(request.auth.scopes), state and state.id])


@requires("admin")
async def only_admins(request: Any) -> JSONResponse:
    return JSONResponse(request.user.username)


@requires("authenticated", redirect="login")
async def redirects(request: Any) -> JSONResponse:
    return JSONResponse("ok")


ROUTES = [
    Route("/", users),
    Route("/open", users),
    Route("/admin", only_admins),
    Route("/page", redirects),
    Route("/login", users, name="login"),
]
PUBLIC = ["/open", "/page", "/login"]


def starlette(*backends: AuthenticationBackend) -> Starlette:
    app = Starlette(routes=ROUTES, middleware=[Middleware(AuthenticationMiddleware, backend=backend) for backend in backends])
    protect(app, auth=sallet.Bearer(keyring()), public=PUBLIC)
    return app


def test_the_user_of_starlettes_middleware_stays():
    app = starlette(Cookie())
    assert asgi.call(app, "/", BY_READER).json() == ["SimpleUser", "ann", ["authenticated", "admin"], "reader-1"]
    assert asgi.call(app, "/admin", BY_READER).json() == "ann"
    assert asgi.call(app, "/open").json() == ["SimpleUser", "ann", ["authenticated", "admin"], None]
    assert asgi.call(app, "/").status == 401


def test_a_user_that_starlette_does_not_know_stays_unknown_to_it():
    app = starlette(Nobody())
    assert asgi.call(app, "/", BY_READER).json() == ["UnauthenticatedUser", "", [], "reader-1"]
    assert asgi.call(app, "/page", BY_READER).status == 303


def test_request_user_on_a_public_path_is_anonymous():
    """It was an AssertionError and so a 500, with a good token too."""
    app = starlette()
    for headers in ([], [asgi.bearer(UNKNOWN)]):
        assert asgi.call(app, "/open", headers).json() == ["Anonymous", "", [], None]
        reply = asgi.call(app, "/page", headers)
        assert (reply.status, reply.one("location").partition("?")[0]) == (303, "http://testserver/login")
    assert asgi.call(app, "/open", BY_READER).json() == ["Principal", "reader", ["authenticated", "items:read"], "reader-1"]
    assert asgi.call(app, "/", BY_READER).json() == ["Principal", "reader", ["authenticated", "items:read"], "reader-1"]


def test_anonymous_has_the_names_of_starlettes():
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope)

    guarded = AuthMiddleware(app, sallet.Bearer(keyring()), public=["/"])
    asgi.call(guarded, "/")
    theirs = UnauthenticatedUser()
    assert seen["user"].is_authenticated is theirs.is_authenticated is False
    assert seen["user"].display_name == theirs.display_name == ""
    assert (seen["user"].identity, repr(seen["user"]), list(seen["auth"].scopes)) == ("", "Anonymous()", [])
    assert "user" not in seen.get("state", {})
    # A new list each time: the object is everybody's.
    seen["auth"].scopes.append("admin")
    assert seen["auth"].scopes == []


def test_a_guard_replaces_the_user_of_a_guard_around_it():
    inner = Starlette(routes=[Route("/", users), Route("/open", users)])
    two = sallet.Bearer(authenticate=lambda credentials: Principal("two", "two", ("b",)))
    app = Starlette(routes=[Mount("/in", AuthMiddleware(inner, two, public=["/open"]))])
    outer = AuthMiddleware(app, sallet.Bearer(keyring()), public=["/in/open"])
    assert asgi.call(outer, "/in/", BY_READER).json() == ["Principal", "two", ["authenticated", "b"], "two"]
    assert asgi.call(outer, "/in/open", BY_READER).json()[3] == "two"  # who knows the token, on open paths too
    # Public inside alone: the user is still the outer guard's.
    outer = AuthMiddleware(app, sallet.Bearer(keyring()))
    inner_only = AuthMiddleware(inner, sallet.Bearer(Keyring.from_tokens({"other": UNKNOWN})), public=["/open"])
    app_too = Starlette(routes=[Mount("/in", inner_only)])
    assert asgi.call(AuthMiddleware(app_too, sallet.Bearer(keyring())), "/in/open", [asgi.bearer(WRITER)]).json()[1] == "writer"
    # And a user who was anonymous outside is known inside.
    outer = AuthMiddleware(app, sallet.Bearer(keyring()), public=["/in/"])
    assert asgi.call(outer, "/in/", BY_READER).json()[3] == "two"


# What cannot judge


class Duck:
    async def identify(self, scope: Any, scopes: Any = ()) -> Any:
        return Principal("1", "ann")


class Forgetful(Bearer):
    def __init__(self) -> None:
        pass


class ForgetfulPlain(sallet.Bearer):
    def __init__(self) -> None:
        pass


@pytest.mark.parametrize("wrong", [Duck(), READER, Bearer, keyring(), object(), [Bearer(keyring()), Duck()], HTTPBearer(), lambda: None])
def test_protect_says_what_to_give(wrong):
    app = FastAPI()
    with pytest.raises(TypeError, match=r"sallet\.fastapi\.Bearer.*Bearer\(keyring\)") as error:
        protect(app, auth=wrong)
    assert READER not in str(error.value)
    protect(app)


class HalfSetUp(Bearer):
    def __init__(self) -> None:
        sallet.Bearer.__init__(self, keyring())


def test_a_scheme_without_its_model_is_told_at_once():
    """Without it /openapi.json would be a 500."""
    with pytest.raises(RuntimeError, match=r"super\(\).__init__"):
        protect(FastAPI(), auth=HalfSetUp())


@pytest.mark.parametrize("kind", [Forgetful, ForgetfulPlain])
def test_a_subclass_that_was_not_set_up_is_told_at_once(kind):
    with pytest.raises(RuntimeError, match=r"super\(\).__init__"):
        protect(FastAPI(), auth=kind())
    with pytest.raises(RuntimeError, match=r"super\(\).__init__"):
        AuthMiddleware(FastAPI(), kind())


def test_a_refusal_of_identify_is_still_a_refusal():
    class Refusing(Bearer):
        async def identify(self, scope: Any, scopes: Any = ()) -> Any:
            found = await super().identify({**scope, "headers": []})
            assert isinstance(found, Refusal)
            return found

    scheme = Refusing(keyring())
    assert asgi.call(routes(scheme), "/any", BY_READER).status == 401
    app = routes(scheme)
    protect(app, auth=scheme)
    assert asgi.call(app, "/any", BY_READER).status == 401


# A __call__ that is not in the body of the subclass


class Mix:
    async def __call__(self, request: Request) -> Any:
        return await super().__call__(request)  # type: ignore[misc]


class OwnUser:
    async def __call__(self, request: Request) -> Any:
        return Principal("ann-1", "ann", [])


class Catches(Bearer):
    async def __call__(self, request: Request) -> Any:
        try:
            return await super().__call__(request)
        except HTTPException:
            return Principal("nobody", "nobody", [])


def late() -> type[Bearer]:
    class Late(Bearer): ...

    async def __call__(self: Any, request: Request) -> Any:
        return await Bearer.__call__(self, request)

    Late.__call__ = __call__  # type: ignore[method-assign, assignment]
    return Late


@pytest.mark.parametrize("guarded", [False, True])
@pytest.mark.parametrize(
    "kind",
    [
        type("Mixed", (Mix, Bearer), {}),
        type("MixedOwn", (OwnUser, Bearer), {}),
        type("MixedFurther", (Mix, Calls), {}),
        type("MixedOwnFurther", (OwnUser, Calls), {}),
        Catches,
        late(),
    ],
    ids=lambda kind: kind.__name__,
)
def test_the_scopes_of_a_route_hold_wherever_call_is_defined(kind, guarded):
    scheme = kind(keyring(), realm="items")
    app = routes(scheme)
    if guarded:
        protect(app, auth=scheme)
    assert asgi.call(app, "/admin", BY_READER).status == 403
    assert asgi.call(app, "/any", BY_READER).status == 200


def test_a_call_of_one_object_is_told():
    with pytest.raises(TypeError, match="override it in a subclass"):
        Bearer(keyring()).__call__ = lambda request: None  # type: ignore[method-assign, assignment]


@pytest.mark.parametrize("name", ["authorize", "_begin", "_finish", "_authenticate"])
def test_the_guard_refuses_what_it_would_pass_by(name):
    app = FastAPI()
    kind = type("Mine", (Bearer,), {name: lambda self, *args: None})
    with pytest.raises(TypeError, match=f"overrides {name}.*override identify"):
        AuthMiddleware(app, kind(keyring()))
    scheme = Bearer(keyring())
    setattr(scheme, name, lambda *args: None)
    with pytest.raises(TypeError, match=f"overrides {name}"):
        AuthMiddleware(app, scheme)


# Mistakes that are told


def test_an_identify_that_is_not_async_is_told():
    class Plainly(Bearer):
        def identify(self, scope: Any, scopes: Any = ()) -> Any:
            return Principal("ann-1")

    scheme = Plainly(keyring())
    for app in (routes(scheme), AuthMiddleware(routes(scheme), scheme)):
        error = asgi.call(app, "/any", BY_READER).error
        assert "identify of Plainly is not async: write async def identify" in str(error)


def test_none_in_place_of_a_user_or_a_scheme_is_told():
    class Nothing(Bearer):
        async def identify(self, scope: Any, scopes: Any = ()) -> Any:
            return None

    error = asgi.call(routes(Nothing(keyring())), "/any", BY_READER).error
    assert "return the user, or the Refusal that await super().identify(scope) returned" in str(error)
    with pytest.raises(TypeError, match=r"auth is None: write auth=Bearer\(keyring\)"):
        AuthMiddleware(FastAPI(), None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"write Bearer\(authenticate=your_function\)"):
        Bearer(lambda credentials: None)  # type: ignore[arg-type]


def test_scopes_are_split_at_spaces_alone():
    """RFC 6749 section 3.3."""
    for text, status in (("admin\xa0x", 403), ("admin\tx", 403), ("x  admin", 200)):
        scheme = Bearer(authenticate=lambda credentials, text=text: {"name": "ann", "scopes": text})
        assert asgi.call(routes(scheme), "/admin", BY_READER).status == status
