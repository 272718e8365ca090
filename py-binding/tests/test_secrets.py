"""No text, pickle, exception or log line of ours holds a token or its digest."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import pickle
import traceback

import pytest
from harness import asgi
from fastapi import HTTPException
from harness import asgi
from keys import EXPIRED, READER, UNKNOWN
from sallet import ApiKey, AuthMiddleware, Bearer, Key, Keyring
from whoami import ask, guard, whoami


def texts(value):
    yield repr(value)
    yield str(value)
    yield f"{value!a} {value:}" if type(value).__format__ is object.__format__ else f"{value!a}"
    yield repr(getattr(value, "__dict__", ""))
    for name in dir(value):
        if not name.startswith("__") and name != "token":
            try:
                yield repr(getattr(value, name))
            except Exception as error:
                yield repr(error)


def test_no_text_of_ours_holds_a_token_or_its_digest():
    digest = hashlib.sha256(READER.encode())
    secrets = (READER, digest.hexdigest(), digest.hexdigest().upper(), repr(digest.digest()))
    ring = Keyring([Key("a", token=READER)])
    given = []
    bearer = Bearer(authenticate=lambda credentials: given.append(credentials))
    reply = ask(f"Bearer {READER}", guard(bearer))
    values = [
        Key("a", token=READER), Key("a", digest=digest.hexdigest()), ring, Bearer(ring), bearer, guard(Bearer(ring)), ring.verify(READER),
        given[0], reply.body, reply.headers, asyncio.run(bearer.identify(asgi.http_scope(headers=[asgi.bearer(READER)]))),
    ]  # fmt: skip
    for value in values:
        for shown in texts(value):
            for secret in secrets:
                assert secret not in shown, type(value)
    assert given[0].token == READER


def test_pickles_hold_no_secret():
    given = []
    ask(f"Bearer {READER}", guard(Bearer(authenticate=given.append)))
    ring = Keyring([Key("a", token=READER)])
    for value in (Key("a", token=READER), ring, Bearer(ring), given[0], ring.verify(READER)):
        try:
            data = pickle.dumps(value)
        except (TypeError, AttributeError, pickle.PicklingError):
            continue
        assert READER.encode() not in data
        assert hashlib.sha256(READER.encode()).digest() not in data
        assert hashlib.sha256(READER.encode()).hexdigest().encode() not in data


BAD_SECRET = "hunter2-\u00e9-is-not-a-bearer-token"


@pytest.mark.parametrize(
    "make",
    [
        lambda s: Key("a", token=s),
        lambda s: Key("a", digest=s),
        lambda s: Keyring.from_tokens({"a": s}),
        lambda s: Keyring([Key("a", token=READER)]).verify(s),
        lambda s: Bearer(s),
        lambda s: AuthMiddleware(whoami, s),
    ],
)
def test_no_exception_holds_a_secret(make):
    try:
        make(BAD_SECRET)
    except Exception as error:
        shown = "".join(traceback.format_exception(type(error), error, None))
        assert "hunter2" not in shown


def test_nothing_is_logged_about_a_token(caplog, capfd):
    caplog.set_level(logging.DEBUG)
    for value in (f"Bearer {READER}", f"Bearer {UNKNOWN}", f"Bearer {EXPIRED}", f"Bearer {READER} x", f"Basic {READER}"):
        ask(value)
    out, err = capfd.readouterr()
    for text in (caplog.text, out, err):
        for token in (READER, UNKNOWN, EXPIRED):
            assert token not in text


class Catch(logging.Handler):
    """Every record of every logger, with all its attributes."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.texts = []

    def emit(self, record):
        self.texts.append(self.format(record))
        self.texts += [repr(value) for name, value in vars(record).items() if name != "exc_info"]
        self.texts += [text for value in (getattr(record, "decision", None), record.args) for text in texts(value)]


def raises(credentials):
    raise LookupError("no database")


def raises_an_answer(credentials):
    raise HTTPException(403, {"why": "blocked"}, {"Retry-After": "1"})


async def raises_later(credentials):
    raises_an_answer(credentials)


SCANNED = {
    "keys": Bearer(Keyring([Key("reader", token=READER), Key("expired", token=EXPIRED, not_after=1)])),
    "too few scopes": Bearer(Keyring([Key("reader", token=READER)]), scopes=["items:write"]),
    "a list": [ApiKey(Keyring([Key("reader", token=READER)])), Bearer(Keyring([Key("reader", token=READER)]))],
    "none": Bearer(authenticate=lambda credentials: None),
    "raises": Bearer(authenticate=raises),
    "no user": Bearer(authenticate=lambda credentials: credentials.token),
    "raises an answer": Bearer(authenticate=raises_an_answer),
    "raises later": Bearer(authenticate=raises_later),
}


@pytest.mark.parametrize("public", [[], ["/x"]])
@pytest.mark.parametrize("name", SCANNED)
def test_nothing_that_a_decision_leaves_behind_holds_a_token_or_its_digest(name, public):
    """Records, the scope that the app and the layers around see, decisions, refusals, tracebacks and pickles."""
    seen, decisions = [], []

    def on_refusal(refusal, scope):
        seen.append(refusal)
        raise ValueError(refusal)

    app = AuthMiddleware(whoami, SCANNED[name], public=public, hide=True, on_refusal=on_refusal, on_decision=decisions.append)
    catch, root, log = Catch(), logging.getLogger(), logging.getLogger("sallet.auth")
    root.addHandler(catch)
    log.setLevel(logging.DEBUG)
    try:
        for token in (READER, UNKNOWN, EXPIRED):
            for call in (asgi.call, asgi.connect):
                reply = call(app, "/x", [asgi.bearer(token), *([("x-api-key", token)] if name == "a list" else [])])
                seen += [*reply.scope.values(), reply.messages, *catch.texts]
                if reply.error is not None:
                    seen.append("".join(traceback.format_exception(reply.error)))
    finally:
        root.removeHandler(catch)
        log.setLevel(logging.NOTSET)
    assert decisions and catch.texts
    for value in (*seen, *decisions):
        for shown in (*texts(value), pickled(value)):
            for token in (READER, UNKNOWN, EXPIRED):
                digest = hashlib.sha256(token.encode())
                for secret in (token, digest.hexdigest(), repr(digest.digest())[2:-1]):
                    assert secret not in shown, type(value)


def pickled(value):
    try:
        return repr(pickle.dumps(value))
    except (TypeError, AttributeError, pickle.PicklingError):
        return ""
