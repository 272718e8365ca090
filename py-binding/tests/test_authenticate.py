"""`Bearer(authenticate=...)` and an `identify` of one's own."""

from __future__ import annotations

import asyncio
import gc
import json
import types
from concurrent.futures import Future

import pytest
from harness import asgi
from keys import READER, UNKNOWN, keyring
from sallet import AuthMiddleware, Bearer, Credentials, Key, Keyring, Principal, Refusal
from test_auth import seen_by
from test_credentials import MALFORMED, MISSING
from whoami import REALM, ask, exact, guard, whoami

# One's own callable


def with_callable(function):
    return guard(Bearer(authenticate=function, realm="items"))


def test_authenticate_is_given_parsed_credentials():
    given = []

    def plain(credentials):
        given.append((type(credentials), credentials.scheme.lower(), credentials.token))
        return Principal("1", "ann", ())

    async def coroutine(credentials):
        await asyncio.sleep(0)
        return plain(credentials)

    class Awaitable:
        def __call__(self, credentials):
            return coroutine(credentials)

    for function in (plain, coroutine, Awaitable()):
        assert ask(f"bearer  {READER}", with_callable(function)).json()["id"] == "1"
    assert given == [(Credentials, "bearer", READER)] * 3


def test_authenticate_is_not_asked_about_what_is_not_a_bearer_token():
    def never(credentials):
        raise AssertionError("asked")

    for value in (*MISSING, *MALFORMED):
        assert ask(value, with_callable(never)).status in (400, 401)


def test_none_refuses_and_only_none():
    async def none(credentials):
        return None

    for function in (none, lambda credentials: None):
        assert exact(ask(f"Bearer {READER}", with_callable(function))) == exact(ask(f"Bearer {UNKNOWN}"))
    # What else is a user, and that "ann" and 7 are none, is test_users.py's.
    for user in ({"name": "ann"}, Principal("1", "ann", ())):
        seen, reply = seen_by(Bearer(authenticate=lambda credentials, user=user: user), [asgi.bearer(READER)])
        assert (reply.status, seen["state"]["user"]) == (200, user)


@pytest.mark.parametrize("answer", [False, True])
def test_a_boolean_is_no_user(answer):
    """`return token == KEY` is the likely mistake: False must never let anybody in."""
    reply = ask(f"Bearer {READER}", with_callable(lambda credentials: answer))
    if answer is False:
        assert reply.error is not None or reply.status == 401
    else:
        assert reply.error is not None or reply.status in (200, 401)


def test_a_generator_is_no_user():
    """`yield` in place of `return`, as in a FastAPI dependency, must not let everybody in."""

    def plain(credentials):
        yield None

    async def asynchronous(credentials):
        yield None

    @types.coroutine
    def old_style(credentials):
        return None
        yield

    for function in (plain, asynchronous, old_style):
        reply = ask(f"Bearer {READER}", with_callable(function))
        assert isinstance(reply.error, TypeError) and "generator" in str(reply.error)
        assert reply.messages == []


def test_a_forgotten_await_is_no_user():
    """What was not awaited is there for a bad token as for a good one."""

    async def look_up(token):
        return None

    async def authenticate(credentials):
        return look_up(credentials.token)

    class Own:
        async def identify(self, scope, scopes=()):
            return look_up("")

    for auth in (Bearer(authenticate=authenticate), Own()):
        with pytest.warns(RuntimeWarning, match="never awaited"):
            reply = ask(f"Bearer {UNKNOWN}", AuthMiddleware(whoami, auth=auth))
            gc.collect()
        assert isinstance(reply.error, TypeError) and "await" in str(reply.error)
        assert reply.messages == []


@pytest.mark.parametrize("nothing", [[], (), "", {}, Future()])
def test_nothing_is_no_user(nothing):
    """`fetchall()` of a query that found nothing."""
    reply = ask(f"Bearer {UNKNOWN}", with_callable(lambda credentials: nothing))
    assert isinstance(reply.error, TypeError) and reply.messages == []


def test_scopes_that_are_a_mapping_grant_nothing():
    user = {"scopes": {"admin": False}}
    reply = ask(f"Bearer {READER}", guard(Bearer(authenticate=lambda credentials: user, scopes=["admin"])))
    assert isinstance(reply.error, TypeError) and reply.messages == []


def test_a_subclass_may_take_other_arguments():
    class Guard(AuthMiddleware):
        def __init__(self, app, *, public):
            super().__init__(app, Bearer(keyring()), public=[rule for rule in public if rule != "/admin"])

    inside = Guard(whoami, public=["/health", "/admin"])
    assert inside.public == ("/health",)
    assert asgi.call(inside, "/admin").status == 401

    class Forgetful(AuthMiddleware):
        def __init__(self, app):
            pass

    with pytest.raises(RuntimeError, match="super"):
        Forgetful(whoami)({"type": "http"}, None, None)


def test_a_state_that_is_none():
    reply = asgi.call(guard(Bearer(keyring())), headers=[asgi.bearer(READER)], state=None)
    assert reply.status == 200


def test_the_refusal_of_another_scheme_is_no_user():
    other = Bearer(authenticate=lambda credentials: None, realm="other")

    async def delegate(credentials):
        return await other.identify(asgi.http_scope(headers=[asgi.bearer(credentials.token)]))

    assert ask(f"Bearer {READER}", with_callable(delegate)).status == 401


def test_a_keyring_whose_verify_is_overridden_is_not_passed_by():
    class DenyList(Keyring):
        def verify(self, token):
            return None

    with pytest.raises(TypeError, match="authenticate="):
        Bearer(DenyList.from_tokens({"ann": READER}))


def test_an_error_in_authenticate_is_not_an_open_door():
    def plain(credentials):
        raise LookupError("the database is away")

    async def coroutine(credentials):
        plain(credentials)

    for function in (plain, coroutine):
        reply = ask(f"Bearer {READER}", with_callable(function))
        assert isinstance(reply.error, LookupError)
        assert reply.messages == []


def test_scopes_of_ones_own_user():
    def authenticate(credentials):
        return Principal("1", "ann", ("items:read",))

    assert ask(f"Bearer {READER}", guard(Bearer(authenticate=authenticate, scopes=["items:read"]))).status == 200
    assert ask(f"Bearer {READER}", guard(Bearer(authenticate=authenticate, scopes=["items:write"]))).status == 403
    # A user without scopes has none.
    assert ask(f"Bearer {READER}", guard(Bearer(authenticate=lambda c: {"name": "ann"}, scopes=["items:read"]))).status == 403


@pytest.mark.parametrize("wrong", [lambda: None, lambda a, b, c: None, lambda *, token: None])
def test_what_cannot_be_called_with_credentials_is_refused_at_once(wrong):
    with pytest.raises(TypeError, match=r"the Credentials, or with them.*write def authenticate\(credentials\)"):
        Bearer(authenticate=wrong)


@pytest.mark.parametrize("right", [lambda c: None, lambda *a: None, lambda c, extra=1: None, {}.get, dict])
def test_what_can_be_called_with_one_argument_is_taken(right):
    Bearer(authenticate=right)


def test_the_scopes_of_the_scheme_are_asked_of_an_awaited_user_too():
    async def authenticate(credentials):
        return {"scopes": ["items:read"]}

    for scope, status in (("items:write", 403), ("items:read", 200)):
        reply = ask(f"Bearer {READER}", guard(Bearer(authenticate=authenticate, realm="items", scopes=[scope])))
        assert reply.status == status


def test_the_scopes_of_a_route_come_on_top_of_those_of_the_scheme():
    token = "test-of-b-zQ4mTn8VbY1rXw6LkPd3HsJc9GfUe2Ra"
    bearer = Bearer(Keyring([Key("b-1", token=token, scopes=["b"])]), scopes=["a"])
    of_route = asyncio.run(bearer.identify(asgi.http_scope(headers=[asgi.bearer(token)]), scopes=["b"]))
    known = bearer.authorize(Principal("b-1", "b", ["b"]), ["b"])
    for refusal in (of_route, known):
        assert isinstance(refusal, Refusal) and refusal.status == 403
        assert dict(refusal.headers)["www-authenticate"].endswith('scope="a b"')
    assert bearer.authorize(Principal("ab-1", "ab", ["a", "b"]), ["b"]) is None


def test_identify_is_the_whole_check_of_one_request():
    bearer = Bearer(keyring(), realm="items")

    def identify(*headers, scopes=()):
        return asyncio.run(bearer.identify(asgi.http_scope(headers=headers), scopes))

    assert identify(asgi.bearer(READER)).id == "reader-1"
    assert identify(asgi.bearer(READER), scopes=["items:read"]).id == "reader-1"
    for refusal, status in (
        (identify(), 401),
        (identify(asgi.bearer(UNKNOWN)), 401),
        (identify(asgi.bearer("a b")), 400),
        (identify(asgi.bearer(READER), asgi.bearer(READER)), 400),
        (identify(asgi.bearer(READER), scopes=["items:write"]), 403),
    ):
        assert isinstance(refusal, Refusal)
        assert refusal.status == status
        assert json.loads(refusal.body) == {"detail": refusal.detail}
        headers = dict(refusal.headers)
        assert headers["www-authenticate"].startswith(REALM)
        assert headers["cache-control"] == "no-store"


def test_bearer_can_be_subclassed():
    class Mine(Bearer):
        extra = 1

    mine = Mine(keyring(), realm="items")
    assert (mine.realm, tuple(mine.scopes), mine.extra) == ("items", (), 1)
    assert ask(f"Bearer {READER}", guard(mine)).status == 200


def test_an_identify_of_ones_own_is_asked():
    asked = []

    class Mine(Bearer):
        async def identify(self, scope, scopes=()):
            asked.append(tuple(scopes))
            found = await super().identify(scope, scopes)
            return found if isinstance(found, Refusal) else Principal("mine", found.name, found.scopes)

    app = guard(Mine(keyring(), realm="items"))
    assert ask(f"Bearer {READER}", app).json()["id"] == "mine"
    assert exact(ask(f"Bearer {UNKNOWN}", app)) == exact(ask(f"Bearer {UNKNOWN}"))
    assert asked == [(), ()]


@pytest.mark.parametrize("answer", [None, True, False])
def test_an_identify_that_says_nothing_lets_nobody_in(answer):
    class Mine:
        async def identify(self, scope, scopes=()):
            return answer

    reply = ask(f"Bearer {READER}", guard(Mine()))
    assert isinstance(reply.error, TypeError)
    assert reply.messages == []


def test_what_one_request_does_to_its_scopes_is_not_the_next_ones_right():
    async def grabby(scope, receive, send):
        scope["auth"].scopes.append("admin")
        await whoami(scope, receive, send)

    seen = []

    async def app(scope, receive, send):
        seen.append(list(scope["auth"].scopes))
        await grabby(scope, receive, send)

    guarded = AuthMiddleware(app, Bearer(keyring()))
    for _ in range(2):
        asgi.call(guarded, "/", [asgi.bearer(READER)])
    assert seen == [["authenticated", "items:read"]] * 2
