"""What `add-a-scheme.patch` adds to Python and FastAPI, through `protect` and a dependency."""

from hashlib import sha256
from typing import Annotated, Any

import pytest
import sallet
from fastapi import Depends, FastAPI
from harness import asgi
from sallet import Credentials, Key, Keyring
from sallet.fastapi import Basic, protect

GOOD = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
DIGEST = sha256(b"Aladdin:open sesame").hexdigest()
CHALLENGE = 'Basic realm="foo", charset="UTF-8"'


def ring() -> Keyring:
    return Keyring([Key("aladdin", digest=DIGEST, principal="Aladdin")])


def authenticate(credentials: Credentials) -> dict[str, str] | None:
    user, _, password = credentials.token.partition(":")
    return {"name": user} if (credentials.scheme, password) == ("Basic", "123£") else None


def app(basic: Basic) -> FastAPI:
    app = FastAPI()

    @app.get("/me")
    async def me(who: Annotated[Any, Depends(basic)]) -> str:
        return who["name"] if isinstance(who, dict) else who.name

    protect(app, auth=basic)
    return app


def ask(app: FastAPI, authorization: str | None) -> asgi.Reply:
    return asgi.call(app, "/me", [("authorization", authorization)] if authorization else [])


def test_a_user_of_the_ring_is_admitted():
    reply = ask(app(Basic(ring(), realm="foo")), GOOD)
    assert (reply.status, reply.json()) == (200, "Aladdin")


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (None, 401),
        ("Bearer abc", 401),
        ("Basic QWxhZGRpbjpvcGVuIHNlc2FtZA==", 401),
        ("Basic QWxhZGRpbjpvcGVuIHNlc2FtZR==", 400),
    ],
)
def test_nobody_else_is(authorization, status):
    reply = ask(app(Basic(ring(), realm="foo")), authorization)
    assert (reply.status, reply.one("www-authenticate")) == (status, CHALLENGE)


def test_authenticate_is_given_the_pair_as_it_was_decoded():
    with_own = app(Basic(authenticate=authenticate, realm="foo"))
    assert ask(with_own, "Basic dGVzdDoxMjPCow==").json() == "test"
    assert ask(with_own, GOOD).status == 401


def test_openapi_has_the_scheme():
    schema = app(Basic(ring(), description="Yours.")).openapi()
    assert schema["components"]["securitySchemes"] == {
        "Basic": {"type": "http", "scheme": "basic", "description": "Yours."}
    }
    assert schema["paths"]["/me"]["get"]["security"] == [{"Basic": []}]


def test_openapi_has_the_plain_scheme_too():
    plain = FastAPI()
    protect(plain, auth=sallet.Basic(ring()))
    assert plain.openapi()["components"]["securitySchemes"] == {"Basic": {"type": "http", "scheme": "basic"}}


def test_it_works_without_fastapi():
    async def inner(scope, receive, send):
        body = scope["state"]["user"].name.encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    guarded = sallet.AuthMiddleware(inner, auth=sallet.Basic(ring(), realm="foo"))
    assert asgi.call(guarded, "/", [("authorization", GOOD)]).body == b"Aladdin"
    assert asgi.call(guarded, "/").one("www-authenticate") == CHALLENGE
