"""No text, pickle, exception or log line of ours holds a token or its digest."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import pickle
import traceback

import pytest
from harness import asgi
from keys import EXPIRED, READER, UNKNOWN
from sallet import AuthMiddleware, Bearer, Key, Keyring
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
