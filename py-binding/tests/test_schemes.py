"""`Basic`, `ApiKey`, other words than `Bearer`, and several schemes at once."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from fastapi import Depends, FastAPI, Security
from harness import asgi
from keys import READER, UNKNOWN, WRITER, keyring
from sallet import ApiKey, AuthMiddleware, Basic, Bearer, Credentials, Key, Keyring, KeyringError, Passwords, PolicyError, Principal
from sallet import fastapi as for_fastapi
from sallet.fastapi import protect
from whoami import guard, whoami

ADA = "Ada"
PASSWORD = "test:of-colons:7Xr2KvLw0QyPz5UnTjBe9CfMhIa"
RING = Keyring([Key(ADA, digest=hashlib.sha256(f"{ADA}:{PASSWORD}".encode()).hexdigest())])
KEY = ("x-api-key", READER)


def basic(pair: str | bytes = f"{ADA}:{PASSWORD}", word: str = "Basic") -> tuple[str, str]:
    return ("authorization", f"{word} {base64.b64encode(pair.encode() if isinstance(pair, str) else pair).decode()}")


def sign_in(credentials: Credentials) -> Principal | None:
    known = (credentials.username, credentials.password) == (ADA, PASSWORD)
    return Principal(ADA, scopes=["items:read"]) if known else None


def ask(auth: Any, *headers: tuple[str, str | bytes], path: str = "/", method: str = "GET", **options: Any) -> asgi.Reply:
    return asgi.call(guard(auth, **options), path, headers, method=method)


async def open_websocket(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})


def challenges(reply: asgi.Reply) -> tuple[int, list[str]]:
    return reply.status, reply.all("www-authenticate")


# Basic


@pytest.mark.parametrize("known", [{"authenticate": sign_in}, {"keyring": RING}])
def test_basic_knows_a_user_by_a_password(known):
    auth = Basic(realm="items", **known)
    assert ask(auth, basic()).json()["id"] == ADA
    assert ask(auth, basic(word="bAsIc")).status == 200
    asked = (401, ['Basic realm="items", charset="UTF-8"'])
    for headers in ([], [basic(f"{ADA}:")], [basic(f"{ADA.lower()}:{PASSWORD}")], [asgi.bearer(READER)]):
        assert challenges(ask(auth, *headers)) == asked
    for unreadable in (b"no colon", b"a:\xff", b"a:\x00", b"a:" + 1023 * b"b"):
        assert ask(auth, basic(unreadable)).status == 400
    assert ask(auth, basic(), basic()).status == 400


def test_what_credentials_say():
    given: list[Credentials] = []

    def look(credentials: Credentials) -> Principal:
        given.append(credentials)
        return Principal("1")

    ask(Basic(authenticate=look), basic("\u00e9:\u00a3:"))
    ask(Basic(authenticate=look), basic(":"))
    ask(Bearer(authenticate=look, scheme="Token"), ("authorization", "token abc"))
    ask(ApiKey(authenticate=look), ("x-api-key", " a:{b} "))
    assert [(one.scheme, one.token, one.username, one.password) for one in given] == [
        ("Basic", "\u00e9:\u00a3:", "\u00e9", "\u00a3:"),
        ("Basic", ":", "", ""),
        ("Token", "abc", None, None),
        ("ApiKey", "a:{b}", None, None),
    ]
    assert {repr(one) for one in given} == {f"Credentials(scheme='{word}', token=...)" for word in ("Basic", "Token", "ApiKey")}


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("POST", {}, 200),
        ("POST", {"sec-fetch-site": "same-origin"}, 200),
        ("POST", {"sec-fetch-site": "none"}, 200),
        ("POST", {"sec-fetch-site": "same-site"}, 403),
        ("DELETE", {"sec-fetch-site": "cross-site", "origin": "http://testserver"}, 403),
        ("GET", {"sec-fetch-site": "cross-site"}, 200),
        ("POST", {"origin": "http://testserver"}, 200),
        ("POST", {"origin": "http://attacker.example"}, 403),
        ("POST", {"origin": "null"}, 403),
    ],
)
def test_a_page_of_another_site_cannot_use_what_the_browser_attaches(method, headers, status):
    fields = [basic(), *headers.items()]
    reply = ask(Basic(authenticate=sign_in), *fields, method=method)
    assert reply.status == status
    assert ask(Basic(authenticate=sign_in, cross_site=True), *fields, method=method).status == 200
    if status == 403:
        assert not reply.has("www-authenticate")
        assert reply.json() == {"detail": "The request was made for a page of another site"}
    # In a dependency likewise, and not for what no browser sends by itself.
    app = FastAPI()
    for path, scheme in (("/basic", for_fastapi.Basic(authenticate=sign_in)), ("/key", for_fastapi.ApiKey(keyring()))):
        app.add_api_route(path, lambda: "in", methods=[method], dependencies=[Depends(scheme)])
    assert asgi.call(app, "/basic", fields, method=method).status == status
    assert asgi.call(app, "/key", [KEY, *headers.items()], method=method).status == 200


def test_nor_can_it_open_a_websocket():
    app = AuthMiddleware(open_websocket, Basic(authenticate=sign_in))
    assert asgi.connect(app, "/", [basic(), ("origin", "http://testserver")]).types[0] == "websocket.accept"
    for forged in (("origin", "http://attacker.example"), ("sec-fetch-site", "cross-site")):
        assert asgi.connect(app, "/", [basic(), forged]).status == 403


# API keys, and other words


def test_an_api_key_is_a_header():
    auth = ApiKey(keyring(), realm="items", scopes=["items:write"])
    assert ask(auth, ("X-API-Key", WRITER)).json()["id"] == "writer-1"
    line = 'ApiKey realm="items", header="X-API-Key"'
    assert challenges(ask(auth)) == challenges(ask(auth, ("x-api-key", UNKNOWN))) == (401, [line])
    assert challenges(ask(auth, asgi.bearer(WRITER))) == (401, [line])
    assert challenges(ask(auth, KEY)) == (403, [line])
    assert challenges(ask(auth, KEY, KEY)) == challenges(ask(auth, ("x-api-key", "a b"))) == (400, [line])
    elsewhere = ApiKey(keyring(), header="X-Items-Key")
    assert ask(elsewhere, ("x-items-key", READER)).status == 200
    assert ask(elsewhere, KEY).status == 401


def test_another_word():
    auth = Bearer(keyring(), realm="items", scheme="Token")
    assert ask(auth, ("authorization", f"token {READER}")).status == 200
    assert challenges(ask(auth, asgi.bearer(READER))) == (401, ['Token realm="items"'])


def test_a_long_token_for_a_function():
    long = 10_000 * "a"
    auth = Bearer(authenticate=lambda credentials: Principal(str(len(credentials.token))), max_length=20_000)
    assert ask(auth, asgi.bearer(long)).json()["id"] == "10000"
    assert ask(Bearer(authenticate=sign_in), asgi.bearer(long)).status == 400


def test_a_challenge_says_where_tokens_are_to_be_had():
    url = "https://api.example/.well-known/oauth-protected-resource"
    auth = Bearer(keyring(), realm="mcp", scopes=["items:read"], resource_metadata=url)
    assert challenges(ask(auth)) == (401, [f'Bearer realm="mcp", scope="items:read", resource_metadata="{url}"'])
    missing = asgi.call(app_of(for_fastapi.Bearer(keyring(), resource_metadata=url)), "/")
    assert missing.one("www-authenticate").endswith(f'resource_metadata="{url}"')


def app_of(scheme: Any) -> FastAPI:
    app = FastAPI()
    app.add_api_route("/", lambda: "in", dependencies=[Security(scheme)])
    return app


# Several


def both(**options: Any) -> list[Any]:
    return [Bearer(keyring(), realm="items", **options), Basic(authenticate=sign_in, realm="items"), ApiKey(keyring(), realm="items")]


OTHERS = ['Basic realm="items", charset="UTF-8"', 'ApiKey realm="items", header="X-API-Key"']


def test_the_first_whose_credentials_are_there_decides():
    for headers, known in (([asgi.bearer(WRITER)], "writer-1"), ([basic()], ADA), ([KEY], "reader-1"), ([KEY, asgi.bearer(WRITER)], "writer-1")):
        assert ask(both(), *headers).json()["id"] == known
    # Another word is nobody's.
    assert ask(both(), KEY, ("authorization", "Digest abc")).status == 200
    # Finally: a good key does not make good a bad token, nor a second line.
    invalid = ['Bearer realm="items", error="invalid_token"', *OTHERS]
    assert challenges(ask(both(), asgi.bearer(UNKNOWN), KEY)) == (401, invalid)
    unreadable = (400, ['Bearer realm="items", error="invalid_request"'])
    assert challenges(ask(both(), asgi.bearer("a b"), KEY)) == unreadable
    assert challenges(ask(both(), asgi.bearer(WRITER), basic(), KEY)) == unreadable
    assert challenges(ask(both(), basic(f"{ADA}:x"), KEY)) == (401, ['Bearer realm="items"', *OTHERS])


def test_a_challenge_for_each():
    assert challenges(ask(both(scopes=["items:write"]))) == (401, ['Bearer realm="items", scope="items:write"', *OTHERS])
    narrow = both(scopes=["items:write"])
    forbidden = ['Bearer realm="items", error="insufficient_scope", scope="items:write"']
    assert challenges(ask(narrow, asgi.bearer(READER), KEY)) == (403, forbidden)
    # Its scopes are its own.
    assert ask(narrow, KEY).status == 200


class Own(ApiKey):
    asked = 0

    async def identify(self, scope: Any, scopes: Any = ()) -> Any:
        type(self).asked += 1
        return await super().identify(scope, scopes)


async def fetch(credentials: Credentials) -> Principal | None:
    return sign_in(credentials)


def test_in_a_list_some_may_have_to_be_awaited():
    auth = [Own(keyring(), scopes=["items:write"]), Basic(authenticate=fetch, realm="items")]
    own = 'ApiKey realm="api", header="X-API-Key"'
    assert ask(auth, basic()).json()["id"] == ADA
    assert Own.asked == 0
    assert ask(auth, ("x-api-key", WRITER)).json()["id"] == "writer-1"
    assert challenges(ask(auth, KEY)) == (403, [own])
    assert challenges(ask(auth, ("x-api-key", UNKNOWN), basic())) == (401, [own])
    assert challenges(ask(auth, basic(f"{ADA}:x"))) == (401, [own, OTHERS[0]])


def test_a_dependency_takes_the_verdict_of_its_own_scheme():
    calls = []

    def counted(credentials: Credentials) -> Principal | None:
        calls.append(credentials.scheme)
        return sign_in(credentials)

    bearer, password = for_fastapi.Bearer(keyring()), for_fastapi.Basic(authenticate=counted)
    app = FastAPI()
    app.add_api_route("/", lambda who=Security(password, scopes=["items:read"]): who.id)
    protect(app, auth=[bearer, password])
    assert asgi.call(app, "/", [basic()]).json() == ADA
    assert calls == ["Basic"]
    assert asgi.call(app, "/", [asgi.bearer(READER)]).status == 401


def test_each_is_itself_in_openapi():
    app = FastAPI()
    app.add_api_route("/", lambda: "in")
    app.add_api_route("/own", lambda who=Security(other, scopes=["x"]): "in")
    key = for_fastapi.ApiKey(keyring(), header="X-Items-Key", description="From the portal")
    protect(app, auth=[for_fastapi.Bearer(keyring()), Basic(authenticate=sign_in), key, ApiKey(keyring()), Bearer(keyring(), scheme="Token")])
    app.add_api_route("/key", lambda who=Security(key, scopes=["items:read"]): "in")
    for _ in range(2):
        app.openapi_schema = app.openapi()  # marked twice
    schema = app.openapi()
    assert schema["components"]["securitySchemes"] == {
        "Other": {"type": "http", "scheme": "bearer"},
        "Bearer": {"type": "http", "scheme": "bearer"},
        "Basic": {"type": "http", "scheme": "basic"},
        "ApiKey": {"type": "apiKey", "in": "header", "name": "X-Items-Key", "description": "From the portal"},
        "ApiKey2": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "Bearer2": {"type": "http", "scheme": "token"},
    }
    names = ["Bearer", "Basic", "ApiKey", "ApiKey2", "Bearer2"]
    paths = {path: item["get"]["security"] for path, item in schema["paths"].items()}
    assert paths == {
        "/": [{name: []} for name in names],
        "/own": [{"Other": ["x"], name: []} for name in names],
        "/key": [{"ApiKey": ["items:read"]}],
    }


other = for_fastapi.Bearer(keyring(), scheme_name="Other")


# Mistakes that are told


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: Bearer(keyring(), scheme="two words"), PolicyError, "^scheme: the name of a place for credentials"),
        (lambda: Bearer(keyring(), scheme="basic"), PolicyError, r"write Basic\(\.\.\.\) from sallet"),
        (lambda: ApiKey(keyring(), header="X API Key"), PolicyError, "^header: .*X-API-Key"),
        (lambda: ApiKey(keyring(), header="Cookie"), PolicyError, "browsers send cookies by themselves"),
        (lambda: ApiKey(keyring(), header=b"x"), TypeError, '^header is a str: write header="X-API-Key"$'),
        (lambda: Bearer(keyring(), websocket_subprotocol=True), TypeError, 'write websocket_subprotocol="bearer"$'),
        (lambda: Bearer(keyring(), query=True), TypeError, 'write query="access_token"$'),
        (lambda: ApiKey(), TypeError, r"write ApiKey\(Keyring.from_file\(path\)\) or ApiKey\(authenticate=find_user\)"),
        (lambda: Bearer(authenticate={}), TypeError, "write authenticate=find_user, without calling it"),
        (lambda: Basic(authenticate=lambda username, password: None), TypeError, "read credentials.username and credentials.password"),
        (lambda: Bearer(keyring(), max_length=9000), TypeError, "keyring are short, so leave it out"),
        (lambda: Bearer(authenticate=sign_in, max_length=0), TypeError, "above 0: write max_length=16384"),
        (lambda: Bearer(authenticate=sign_in, max_length=True), TypeError, "above 0"),
        (lambda: Bearer(keyring(), resource_metadata="/x"), PolicyError, "absolute URL"),
        (lambda: Bearer(keyring(), websocket_subprotocol=""), PolicyError, "^websocket_subprotocol: "),
        (lambda: Bearer(keyring(), query="a b"), PolicyError, "^query: "),
        (lambda: Basic(keyring(), cross_site="yes"), TypeError, "cross_site is True or False"),
        (lambda: ApiKey(keyring(), name="x"), TypeError, "did you mean header"),  # as FastAPI's APIKeyHeader
        (lambda: Bearer(keyring(), word="Token"), TypeError, "did you mean scheme"),
        (lambda: Basic(keyring(), header="x"), TypeError, "no argument 'header'"),
        (lambda: Bearer(authenticate=Passwords({})), TypeError, r"^Passwords asks for .*write Basic\(authenticate=Passwords\(\.\.\.\)\)"),
        (lambda: for_fastapi.ApiKey(authenticate=Passwords({})), TypeError, r"ApiKey does not read"),
        (lambda: Key("ada", token=f"ada:{READER}"), KeyringError, r"write digest=hashlib\.sha256\(b.user:password.\)\.hexdigest"),
        (lambda: AuthMiddleware(whoami, []), TypeError, r"write auth=\[Bearer\(keyring\), ApiKey\(keyring\)\]"),
        (lambda: AuthMiddleware(whoami, [Bearer(keyring()), Bearer(keyring())]), TypeError, r"read the same credential.*make them one that tries both: write Bearer\(authenticate="),
        (lambda: AuthMiddleware(whoami, [ApiKey(keyring()), ApiKey(keyring(), header="x-api-key")]), TypeError, "read the same credential"),
        (lambda: AuthMiddleware(whoami, [Bearer(keyring()), keyring()]), TypeError, r"^auth\[1\]: .*write auth=Bearer"),
        (lambda: AuthMiddleware(whoami, [Bearer(keyring()), None]), TypeError, r"^auth\[1\]: "),
        (lambda: AuthMiddleware(whoami, [Bearer(keyring()), AnyObject()]), TypeError, r"^auth\[1\]: .*derive from one"),
        (lambda: AuthMiddleware(whoami, (READER, READER)), TypeError, r"^auth\[0\]: auth is a Bearer"),
        (lambda: protect(FastAPI(), auth=[]), TypeError, r"write auth=\[Bearer"),
        (lambda: protect(FastAPI(), auth=[Bearer(keyring()), READER]), TypeError, "or a list of them"),
        (lambda: OldBearer(keyring()), TypeError, r"takes headers.*async def identify\(self, scope, scopes=\(\)\)"),
        (lambda: AuthMiddleware(whoami, OldObject()), TypeError, r"takes headers.*async def identify\(self, scope, scopes=\(\)\)"),
        (lambda: AuthMiddleware(whoami, NoArguments()), TypeError, r"identify of NoArguments is called with one argument"),
    ],
)
def test_a_mistake_names_the_fix(make, kind, message):
    with pytest.raises(kind, match=message) as caught:
        make()
    assert READER not in str(caught.value)


class AnyObject:
    async def identify(self, scope: Any, scopes: Any = ()) -> Any: ...


class OldObject:
    async def identify(self, headers: Any, scopes: Any = ()) -> Any: ...


class NoArguments:
    async def identify(self) -> Any: ...


class OldBearer(Bearer):
    async def identify(self, headers: Any, scopes: Any = ()) -> Any: ...  # type: ignore[override]


def test_identify_of_before_took_headers():
    from asyncio import run

    with pytest.raises(TypeError, match=r"write await scheme\.identify\(request\.scope\)"):
        run(Bearer(keyring()).identify([(b"authorization", b"Bearer x")]))  # type: ignore[arg-type]


def test_the_guard_shows_what_it_was_given():
    auth = both()
    assert AuthMiddleware(whoami, auth).auth == tuple(auth)
    assert AuthMiddleware(whoami, auth[0]).auth is auth[0]
