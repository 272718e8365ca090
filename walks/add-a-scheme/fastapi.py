"""What `add-a-scheme.patch` adds to Python and FastAPI, through `protect` and a dependency."""

from hashlib import sha256
from typing import Annotated, Any

import pytest
import sallet
from fastapi import Depends, FastAPI
from harness import asgi
from sallet import Credentials, Key, Keyring
from sallet.fastapi import JwtAssertion, protect

GOOD = "e30.e30.c2ln"
CHALLENGE = 'JwtAssertion realm="foo", header="X-JWT-Assertion"'


def ring() -> Keyring:
    return Keyring([Key("joe", digest=sha256(GOOD.encode()).hexdigest(), principal="Joe")])


def authenticate(credentials: Credentials) -> dict[str, str] | None:
    # Where a real one calls PyJWT.
    return {"name": "Ada"} if credentials.token == "e30.YQ.c2ln" else None


def app(assertion: JwtAssertion) -> FastAPI:
    app = FastAPI()

    @app.api_route("/me", methods=["GET", "POST"])
    async def me(who: Annotated[Any, Depends(assertion)]) -> str:
        return who["name"] if isinstance(who, dict) else who.name

    protect(app, auth=assertion)
    return app


def ask(app: FastAPI, *fields: tuple[str, str], method: str = "GET") -> asgi.Reply:
    return asgi.call(app, "/me", fields, method=method)


def test_a_user_of_the_ring_is_admitted():
    reply = ask(app(JwtAssertion(ring(), realm="foo")), ("x-jwt-assertion", GOOD))
    assert (reply.status, reply.json()) == (200, "Joe")


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ([], 401),
        ([("authorization", f"Bearer {GOOD}")], 401),
        ([("x-jwt-assertion", "e30.e30.c2lm")], 401),
        ([("x-jwt-assertion", "e30.e30.")], 400),
    ],
)
def test_nobody_else_is(fields, status):
    reply = ask(app(JwtAssertion(ring(), realm="foo")), *fields)
    assert (reply.status, reply.one("www-authenticate")) == (status, CHALLENGE)


def test_another_site_is_refused_unless_it_is_meant():
    fields = [("x-jwt-assertion", GOOD), ("sec-fetch-site", "cross-site")]
    assert ask(app(JwtAssertion(ring())), *fields, method="POST").status == 403
    assert ask(app(JwtAssertion(ring(), cross_site=True)), *fields, method="POST").status == 200


def test_authenticate_is_given_the_assertion():
    with_own = app(JwtAssertion(authenticate=authenticate, realm="foo"))
    assert ask(with_own, ("x-jwt-assertion", "e30.YQ.c2ln")).json() == "Ada"
    assert ask(with_own, ("x-jwt-assertion", GOOD)).status == 401


@pytest.mark.parametrize("kind", [JwtAssertion, sallet.JwtAssertion])
def test_openapi_has_the_scheme(kind):
    plain = FastAPI()
    protect(plain, auth=kind(ring()))
    assert plain.openapi()["components"]["securitySchemes"] == {
        "JwtAssertion": {"type": "apiKey", "in": "header", "name": "X-JWT-Assertion"}
    }
