"""`AnyOf`: the scopes of a route of which any of several schemes will do. Its verdict and challenges are those of a guard with the list."""

import base64
import hashlib
import itertools
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, HTTPException, Security, WebSocket
from harness import asgi
from keys import EXPIRED, READER, UNKNOWN, WRITER, keyring
from sallet import AuthMiddleware, Credentials, Key, Keyring, PolicyError, Principal, SecurityHeadersMiddleware
from sallet import Bearer as PlainBearer
from sallet.fastapi import AnyOf, ApiKey, Basic, Bearer, protect
from sallet.testing import assert_protected, signed_in
from whoami import whoami

PAIR = "Ada:7Xr2KvLw0QyPz5UnTjBe9CfMhIa"
RING = Keyring([Key("ada", digest=hashlib.sha256(PAIR.encode()).hexdigest(), scopes=["items:read"])])


def basic(pair: str) -> tuple[str, str]:
    return ("authorization", f"Basic {base64.b64encode(pair.encode()).decode()}")


def key(token: str) -> tuple[str, str]:
    return ("x-api-key", token)


def three(**options: Any) -> tuple[Bearer, Basic, ApiKey]:
    return Bearer(keyring(), realm="items", **options), Basic(RING, realm="items"), ApiKey(keyring(), realm="items")


def app_of(either: Any, *scopes: str) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def route(who: Annotated[Any, Security(either, scopes=list(scopes))]) -> Any:
        return None if who is None else who.id

    @app.post("/")
    async def post(who: Annotated[Any, Security(either, scopes=list(scopes))]) -> Any:
        return who.id

    return app


# From the user's side


def test_a_route_asks_for_scopes_of_whoever_comes():
    bearer, api_key = Bearer(keyring(), realm="items"), ApiKey(keyring(), realm="items")
    either = AnyOf(bearer, api_key)
    app = FastAPI()
    protect(app, auth=either)

    @app.get("/items")
    async def items(who: Annotated[Principal, Security(either, scopes=["items:write"])]) -> str:
        return who.name

    for shown in (asgi.bearer(WRITER), key(WRITER)):
        assert asgi.call(app, "/items", [shown]).json() == "writer"
    for shown, challenge in (
        (asgi.bearer(READER), 'Bearer realm="items", error="insufficient_scope", scope="items:write"'),
        (key(READER), 'ApiKey realm="items", header="X-API-Key"'),
    ):
        reply = asgi.call(app, "/items", [shown])
        assert (reply.status, reply.all("www-authenticate")) == (403, [challenge])
    challenges = ['Bearer realm="items"', 'ApiKey realm="items", header="X-API-Key"']
    assert asgi.call(app, "/items").all("www-authenticate") == challenges


# The same as a guard

BEARERS = [[], *([asgi.bearer(token)] for token in (READER, WRITER, UNKNOWN, EXPIRED, "a b"))]
BASICS = [[], *([basic(pair)] for pair in (PAIR, "Ada:x")), [("authorization", "Basic !")], [("authorization", "Digest x")]]
KEYS = [[], *([key(token)] for token in (READER, WRITER, UNKNOWN, "a b"))]
SHOWN = [[*one, *two, *three] for one, two, three in itertools.product(BEARERS, BASICS, KEYS)]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("scopes", [[], ["items:write"]])
def test_the_verdict_and_the_challenges_are_those_of_a_guard(order, scopes):
    """Every pair and triple of credentials, good and bad, in every order of the schemes: with a guard of this list, and alone."""
    made = three(scopes=scopes)
    schemes = [made[at] for at in order]
    guard = AuthMiddleware(whoami, auth=list(schemes))
    alone = app_of(AnyOf(*schemes))
    behind = app_of(AnyOf(*schemes))
    protect(behind, auth=schemes, public=["GET /"], hide=True)
    for shown in SHOWN:
        told = asgi.call(guard, "/", shown)
        for app in (alone, behind):
            reply = asgi.call(app, "/", shown)
            assert (reply.status, reply.all("www-authenticate")) == (told.status, told.all("www-authenticate")), shown
            if told.status != 200:
                assert (reply.body, reply.one("cache-control")) == (told.body, told.one("cache-control"))
            else:
                assert reply.json() == told.json()["id"]


def test_a_page_of_another_site_is_refused_as_by_a_guard():
    app = app_of(AnyOf(Basic(RING), ApiKey(keyring())))
    forged = [basic(PAIR), ("sec-fetch-site", "cross-site")]
    reply = asgi.call(app, "/", forged, method="POST")
    assert reply.status == 403 and not reply.has("www-authenticate")
    assert asgi.call(app, "/", forged).json() == "ada"


def test_what_a_guard_has_decided_holds():
    """Whatever the order is here, and although the field was taken out of the scope."""
    bearer, api_key, password = Bearer(keyring()), ApiKey(keyring(), query="key"), Basic(RING)
    app = app_of(AnyOf(bearer, api_key))
    protect(app, auth=[api_key, bearer, password], hide=True)
    assert asgi.call(app, f"/?key={READER}").json() == "reader-1"
    assert asgi.call(app, "/", [key(WRITER), asgi.bearer(UNKNOWN)]).json() == "writer-1"
    # Admitted by a scheme that the route does not take.
    assert asgi.call(app, "/", [basic(PAIR)]).status == 401


def counted(calls: list[str]) -> Any:
    async def find(credentials: Credentials) -> Principal | None:
        calls.append(credentials.token)
        if credentials.token == "away":
            raise HTTPException(503, "Later", {"Retry-After": "7"})
        if credentials.token == "no":
            raise HTTPException(401, "No")
        return Principal("found", scopes=["items:read"]) if credentials.token == "good" else None

    return find


def test_a_request_is_authenticated_once_and_each_of_several_is_asked_for_its_own():
    calls: list[str] = []
    bearer, api_key = Bearer(authenticate=counted(calls)), ApiKey(authenticate=counted(calls), query="key")
    either, again = AnyOf(bearer, api_key), AnyOf(bearer, api_key, auto_error=False)
    app = FastAPI()

    @app.get("/")
    async def route(
        one: Annotated[Any, Security(either, scopes=["items:read"])],
        two: Annotated[Any, Security(either, scopes=[])],
        three: Annotated[Any, Depends(again)],
        own: Annotated[Any, Depends(api_key)],
    ) -> list[str]:
        return [one.id, two.id, three.id, own.id]

    assert asgi.call(app, "/?key=good").json() == ["found"] * 4
    assert calls == ["good"]

    @app.get("/first")
    async def first(own: Annotated[Any, Depends(api_key)], one: Annotated[Any, Depends(either)]) -> str:
        return str(one.id)

    assert asgi.call(app, "/first?key=good").json() == "found"
    assert calls == ["good"] * 2


def test_what_authenticate_raises_is_the_answer_with_the_challenges_of_all():
    app = app_of(AnyOf(Bearer(authenticate=counted([])), ApiKey(authenticate=counted([]))))
    away = asgi.call(app, "/", [asgi.bearer("away")])
    assert (away.status, away.json(), away.one("retry-after")) == (503, {"detail": "Later"}, "7")
    no = asgi.call(app, "/", [asgi.bearer("no")])
    assert (no.status, no.json(), len(no.all("www-authenticate"))) == (401, {"detail": "No"}, 2)
    guard = AuthMiddleware(whoami, auth=[Bearer(authenticate=counted([])), ApiKey(authenticate=counted([]))])
    assert no.all("www-authenticate") == asgi.call(guard, "/", [asgi.bearer("no")]).all("www-authenticate")


def test_auto_error_off_is_for_a_missing_credential_alone():
    app = app_of(AnyOf(*three(), auto_error=False))
    assert asgi.call(app, "/").json() is None
    assert asgi.call(app, "/", [("authorization", "Digest x")]).json() is None
    assert asgi.call(app, "/", [key(UNKNOWN)]).status == 401
    # Two of the same schemes are two dependencies.
    strict, loose = AnyOf(*(schemes := three())), AnyOf(*schemes, auto_error=False)
    both = FastAPI()
    both.add_api_route("/", lambda a=Depends(loose), b=Depends(strict): "in")
    assert asgi.call(both, "/").status == 401


def test_a_websocket_is_denied_or_closed():
    app = FastAPI()
    either = AnyOf(Bearer(keyring(), websocket_subprotocol="bearer"), ApiKey(keyring()))

    @app.websocket("/ws")
    async def ws(websocket: WebSocket, who: Annotated[Principal, Security(either, scopes=["items:write"])]) -> None:
        await websocket.accept("bearer")

    assert asgi.connect(app, "/ws", [("sec-websocket-protocol", f"bearer, {WRITER}")]).types == ["websocket.accept"]
    for shown, status in ([], 401), ([key(UNKNOWN)], 401), ([key(READER)], 403):
        assert asgi.connect(app, "/ws", shown).status == status
        assert asgi.connect(app, "/ws", shown, denial=False).messages[0]["code"] == 1008


def test_a_token_of_the_others_leaves_the_scope():
    seen: list[Any] = []
    app = FastAPI()
    either = AnyOf(Bearer(keyring()), ApiKey(keyring(), query="key"))
    app.add_api_route("/", lambda who=Depends(either): seen.append(1))
    reply = asgi.call(app, f"/?key={READER}&a=1", [asgi.bearer(WRITER)])
    assert reply.status == 200 and reply.scope["query_string"] == b"a=1"


def test_the_answer_of_a_key_is_private():
    app = SecurityHeadersMiddleware(app_of(AnyOf(*three())))
    assert "private" in asgi.call(app, "/", [key(READER)]).one("cache-control")


def test_it_is_for_tests_as_a_scheme_is():
    app = app_of(AnyOf(*three()), "items:write")
    assert_protected(app)
    with signed_in(app, Principal("alice", scopes=["items:write"])):
        assert asgi.call(app, "/").json() == "alice"
    with signed_in(app, Principal("bob")):
        assert asgi.call(app, "/").status == 403


def test_a_handler_sees_every_challenge_in_one_field_and_sends_each_in_its_line():
    app = app_of(AnyOf(*three()))
    seen: list[Any] = []

    @app.exception_handler(HTTPException)
    async def handle(request: Any, error: HTTPException) -> Any:
        from fastapi.exception_handlers import http_exception_handler

        seen.append(dict(error.headers or {})["www-authenticate"])
        return await http_exception_handler(request, error)

    reply = asgi.call(app, "/")
    assert len(reply.all("www-authenticate")) == 3 and seen == [", ".join(reply.all("www-authenticate"))]


# OpenAPI


def test_openapi_has_alternatives_each_with_the_scopes():
    bearer, password, api_key = three()
    for guarded in (False, True):
        app = app_of(AnyOf(bearer, api_key), "items:read")
        if guarded:
            protect(app, auth=[bearer, password, api_key])
        schema = app.openapi()
        assert schema["paths"]["/"]["get"]["security"] == [{"Bearer": ["items:read"]}, {"ApiKey": ["items:read"]}]
        schemes = schema["components"]["securitySchemes"]
        assert schemes["Bearer"] == {"type": "http", "scheme": "bearer"} and schemes["ApiKey"]["in"] == "header"
        assert "parameters" not in schema["paths"]["/"]["get"]
    assert "403" in schema["paths"]["/"]["get"]["responses"]


# Mistakes


class Stricter(Bearer):
    async def __call__(self, request: Any) -> Any:
        return await super().__call__(request)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AnyOf(), r"empty list, so nobody could be admitted"),
        (lambda: AnyOf([Bearer(keyring()), ApiKey(keyring())]), "without a list"),
        (lambda: AnyOf(PlainBearer(keyring())), r"schemes of sallet\.fastapi: write AnyOf\(Bearer"),
        (lambda: AnyOf(READER), "without a list"),
        (lambda: AnyOf(Bearer(keyring()), Bearer(keyring())), r"read the same credential.*tries both: write Bearer\(authenticate="),
        (lambda: AnyOf(Bearer(keyring()), Stricter(keyring(), scheme="Token")), "Stricter overrides __call__.*override identify"),
    ],
)
def test_a_mistake_names_the_fix(make, message):
    with pytest.raises(TypeError, match=message) as caught:
        make()
    assert READER not in str(caught.value)


def test_scopes_that_nobody_can_have_keep_the_app_from_starting():
    app = FastAPI()
    either = AnyOf(*three())
    app.add_api_route("/", lambda who=Security(either, scopes="items:read"): "in")
    protect(app, auth=either)
    error = asgi.call(app, "/").error
    assert isinstance(error, PolicyError) and "scopes is a list" in str(error)


def test_a_guard_of_one_scheme_has_found_nothing_of_another():
    bearer, api_key, app = Bearer(keyring()), ApiKey(keyring()), FastAPI()
    protect(app, auth=bearer, public=["/"])

    @app.get("/")
    async def route(who: Annotated[Principal, Depends(AnyOf(bearer, api_key))]) -> str:
        return who.id

    good = [asgi.call(app, "/", [shown]) for shown in (key(READER), asgi.bearer(READER))]
    assert [reply.status for reply in good] == [200, 200]
    bad = [[], [key(UNKNOWN)], [asgi.bearer(UNKNOWN)], [asgi.bearer(UNKNOWN), key(READER)]]
    assert [asgi.call(app, "/", shown).status for shown in bad] == [401] * 4
    assert len(asgi.call(app, "/").all("www-authenticate")) == 2
