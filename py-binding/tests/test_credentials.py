"""The reading of `Authorization` (RFC 9110, section 11; RFC 6750), and the tokens in it."""

from __future__ import annotations

import asyncio
import re
from random import Random

import pytest
from harness import asgi
from keys import EARLY, EXPIRED, READER, keyring
from sallet import Bearer, Key, Keyring, Refusal, SalletError, generate_token
from whoami import GUARD, INVALID_REQUEST, INVALID_TOKEN, REALM, ask, guard

# Grammar

RIGHT = [
    f"Bearer {READER}",
    f"bearer {READER}",
    f"BEARER {READER}",
    f"bEaReR {READER}",
    f"Bearer  {READER}",
    f"Bearer          {READER}",
    f"Bearer {READER} ",  # OWS around a field's value is no part of it (RFC 9110, section 5.5)
    f"  Bearer {READER}\t",
]


@pytest.mark.parametrize("value", RIGHT)
def test_right_ways_to_write_it(value):
    reply = ask(value)
    assert (reply.status, reply.json()["id"]) == (200, "reader-1")


MISSING = [
    None,
    f"Basic {READER}",
    f"BearerToken {READER}",
    f"Bearers {READER}",
    f"Token {READER}",
    "Negotiate",
    'Digest username="a", realm="b"',
]


@pytest.mark.parametrize("value", MISSING)
def test_no_bearer_credentials(value):
    reply = ask(value)
    assert (reply.status, reply.one("www-authenticate")) == (401, REALM)


MALFORMED = [
    "",
    " ",
    "Bearer",
    "Bearer ",
    "Bearer\t",
    f"Bearer\t{READER}",
    f"Bearer \t{READER}",
    f"Bearer {READER} x",
    f"Bearer {READER}\t{READER}",
    f"Bearer {READER},",
    f"Bearer {READER}, Bearer {READER}",
    f"Bearer {READER},{READER}",
    f"Bearer ={READER}",
    f"Bearer {READER}=x",
    f'Bearer "{READER}"',
    f"Bearer token={READER}",
    f"Bearer {READER};",
    f"Bearer {READER}:x",
    f"Bearer {READER}%20",
    f"Bearer: {READER}",
    f"Bearer={READER}",
    f":Bearer {READER}",
    b"Bearer \x00" + READER.encode(),
    b"Bearer " + READER.encode() + b"\x00",
    b"Bearer " + READER.encode() + b"\x7f",
    b"Bearer " + READER.encode() + b"\r\n",
    b"Bearer k\xe9y",
    b"Bearer \xff\xfe",
    "Bearer k\u00e9y".encode(),
    b"B\xe9arer " + READER.encode(),
    b"Bearer\xa0" + READER.encode(),
    f"Bearer {'x' * 9000}",
    "x" * 100_000,
    b"\xff" * 100,
]


@pytest.mark.parametrize("value", MALFORMED, ids=lambda v: repr(v)[:40])
def test_malformed_is_the_clients_error(value):
    reply = ask(value)
    assert (reply.status, reply.one("www-authenticate")) == (400, INVALID_REQUEST)


@pytest.mark.parametrize("token", ["abc", "a=", "a==", "-._~+/", "A" * 8000, "0"])
def test_well_formed_but_unknown(token):
    reply = ask(f"Bearer {token}")
    assert (reply.status, reply.one("www-authenticate")) == (401, INVALID_TOKEN)


@pytest.mark.parametrize("first", [f"Bearer {READER}", "Bearer", "Basic dTpw", ""])
@pytest.mark.parametrize("second", [f"Bearer {READER}", "Basic dTpw", ""])
def test_two_lines_are_refused_even_when_identical(first, second):
    reply = asgi.call(GUARD, "/", [("authorization", first), ("x-between", "1"), ("authorization", second)])
    assert (reply.status, reply.one("www-authenticate")) == (400, INVALID_REQUEST)


def test_only_the_authorization_header_counts():
    for name in ("proxy-authorization", "x-authorization", "authorization2", "authorizatio"):
        assert asgi.call(GUARD, "/", [(name, f"Bearer {READER}")]).status == 401
    assert asgi.call(GUARD, f"/?access_token={READER}").status == 401
    assert asgi.call(GUARD, "/", [("cookie", f"authorization={READER}")]).status == 401


def test_names_in_another_case_count_as_lines_too():
    """ASGI promises lower case; should a server break that, two lines are still two lines."""
    scope = asgi.http_scope()
    scope["headers"] += [(b"authorization", f"Bearer {READER}".encode()), (b"Authorization", b"Bearer x")]
    assert asyncio.run(asgi.send_to(GUARD, scope)).status == 400


@pytest.mark.parametrize("shape", [list, tuple, iter])
def test_the_scopes_headers_may_be_any_iterable(shape):
    scope = asgi.http_scope(headers=[asgi.bearer(READER)])
    scope["headers"] = shape(scope["headers"])
    assert asyncio.run(asgi.send_to(GUARD, scope)).status == 200


GRAMMAR = re.compile(rb"[ \t]*bearer +(?P<token>[A-Za-z0-9._~+/-]+=*)[ \t]*", re.IGNORECASE)  # RFC 6750, section 2.1


def test_thousands_of_mutations_agree_with_the_grammar_written_as_a_regular_expression():
    random = Random(6750)
    seeds = [f"Bearer {READER}".encode(), b"bearer  abc==", b"Basic dTpw", b"", f"  BEARER {READER}\t".encode()]
    letters = b" \t,=\"\\;:\r\n\x00\x7f\xe9Bb-_~+/.'"
    bearer = Bearer(keyring(), realm="items")
    admitted = 0

    async def main():
        nonlocal admitted
        for _ in range(20_000):
            value = bytearray(random.choice(seeds))
            for _ in range(random.choice((0, 1, 1, 2, 3))):
                at = random.randrange(len(value) + 1)
                value[at : at + random.randrange(3)] = bytes(random.choices(letters, k=random.randrange(3)))
            match = GRAMMAR.fullmatch(bytes(value))
            verdict = await bearer.identify({"type": "http", "headers": [(b"host", b"x"), (b"authorization", bytes(value))]})
            if match is None:
                assert isinstance(verdict, Refusal) and verdict.status in (400, 401), value
            elif match["token"] == READER.encode():
                admitted += 1
                assert verdict.id == "reader-1", value
            else:
                assert (verdict.status, dict(verdict.headers)["www-authenticate"]) == (401, INVALID_TOKEN), value

    asyncio.run(main())
    assert admitted > 1000


# Tokens


def test_a_generated_token_is_accepted_and_one_changed_character_anywhere_is_not():
    token = generate_token()
    ring = Keyring([Key("a", token=token)])
    app = guard(Bearer(ring, realm="items"))
    assert ask(f"Bearer {token}", app).status == 200
    for position in range(len(token)):
        for other in "aZ0_":
            if token[position] != other:
                changed = token[:position] + other + token[position + 1 :]
                assert ring.verify(changed) is None, position
        assert ask(f"Bearer {token[:position]}{'-'}{token[position + 1 :]}", app).status == 401
    for changed in (token[:-1], token[1:], token + "a", "a" + token, token.lower(), token.upper(), token[::-1]):
        assert ask(f"Bearer {changed}", app).status == 401


def test_generated_tokens():
    tokens = {generate_token() for _ in range(1000)}
    assert len(tokens) == 1000
    for token in tokens:
        assert token.startswith("slt_")
        assert len(token) == 53
        assert token.isascii() and token.replace("_", "").isalnum()
    assert generate_token("acme").startswith("acme_")
    # Every character of the 43 that carry the entropy takes many values.
    for position in range(5, 47):
        assert len({token[position] for token in tokens}) > 40
    for bad in ("", "a b", "a\r\n", "\u00e9", "1a", "x" * 15, "a-b"):
        with pytest.raises(SalletError):
            generate_token(bad)


def test_validity_windows():
    for token in (EXPIRED, EARLY):
        assert ask(f"Bearer {token}").status == 401
    assert ask(f"Bearer {READER}").status == 200
