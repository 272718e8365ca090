"""A wrong name is answered with the right one, wherever it is written."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import stub
from fastapi import FastAPI
from sallet import SELF, AuthMiddleware, Bearer, ContentSecurityPolicy, PolicyError, SecurityHeaders, SecurityHeadersMiddleware
from sallet._near import HEADERS, nearest
from sallet.fastapi import Bearer as FastAPIBearer
from sallet.fastapi import protect


async def app(scope: Any, receive: Any, send: Any) -> None: ...


def middleware(**arguments: Any) -> Any:
    return SecurityHeadersMiddleware(app, **arguments)


def guard(**arguments: Any) -> Any:
    return AuthMiddleware(app, **arguments)


def protected(**arguments: Any) -> None:
    protect(FastAPI(), **arguments)


NAMES: list[tuple[Callable[..., Any], str, str]] = [
    (SecurityHeaders, "x_frame_option", "x_frame_options"),
    (SecurityHeaders, "X-Frame-Options", "x_frame_options"),
    (SecurityHeaders, "csp", "content_security_policy"),
    (SecurityHeaders, "hsts", "strict_transport_security"),
    (SecurityHeaders.STRICT.replace, "referer_policy", "referrer_policy"),
    (SecurityHeaders, "script_src", 'content_security_policy={"script-src": [...]}'),
    (SecurityHeaders, "zzz", "the keywords are content_security_policy"),
    (ContentSecurityPolicy, "script_src", '{"script-src": [SELF]}'),
    (middleware, "header", "headers?"),
    (middleware, "policy", "headers?"),
    (middleware, "csp", "headers=SecurityHeaders(content_security_policy=...)"),
    (middleware, "x_download_options", "headers=SecurityHeaders(x_download_options=...)"),
    (middleware, "zzz", "it takes headers, paths"),
    (guard, "publik", "public?"),
    (guard, "exclude", "public?"),
    (guard, "keyring", "auth=Bearer(keyring)"),
    (Bearer, "relm", "realm?"),
    (FastAPIBearer, "scheme_nam", "scheme_name?"),
    (Bearer, "header", "write ApiKey(..., header=...)"),
    (FastAPIBearer, "header", "write ApiKey(..., header=...)"),
    (protected, "heders", "headers?"),
    (protected, "hsts", "headers=SecurityHeaders(strict_transport_security=...)"),
    (protected, "overide", "override?"),
]


@pytest.mark.parametrize(("function", "name", "meant"), NAMES)
def test_an_unknown_argument_is_answered_with_the_right_one(function: Callable[..., Any], name: str, meant: str) -> None:
    with pytest.raises((TypeError, PolicyError), match=re.escape(meant)) as raised:
        function(**{name: None})
    # No value is shown: it may be a token that was put in the wrong place.
    assert "None" not in str(raised.value)


def test_an_argument_without_its_name_is_answered_with_the_names() -> None:
    with pytest.raises(TypeError, match=r"^protect\(\) takes app without a name: name the others, headers=, auth=, public="):
        protect(FastAPI(), object())  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"^Bearer\(\) takes keyring without a name: name the others, authenticate=, "):
        Bearer(None, print)  # type: ignore[call-arg]


@pytest.mark.parametrize("word", HEADERS)
def test_what_people_call_a_header_leads_to_its_keyword(word: str) -> None:
    known = {row["keyword"] for row in stub.ROWS["headers"]} | {"custom"}
    if HEADERS[word] in known:
        with pytest.raises(PolicyError, match=f"did you mean {HEADERS[word]}"):
            SecurityHeaders(**{word: None})


TEXTS: list[tuple[Any, str]] = [
    ({"script_src": [SELF]}, "script-src"),
    ({"script-scr": [SELF]}, "script-src"),
    ({"script-src": ["'slef'"]}, "'self'"),
    ({"style-src": ["'unsafe_inline'"]}, "'unsafe-inline'"),
    ("default-src 'self'; img-scr 'self'", "img-src"),
    ("default-src 'sefl'", "'self'"),
    ("sandbox allow-forms allow-script", "allow-scripts"),
    ({"sandbox": ["allow-form"]}, "allow-forms"),
]


@pytest.mark.parametrize(("policy", "meant"), TEXTS)
def test_an_unknown_directive_or_keyword_is_answered_with_the_right_one(policy: Any, meant: str) -> None:
    for make in (ContentSecurityPolicy, lambda policy: SecurityHeaders(content_security_policy=policy)):
        with pytest.raises(PolicyError, match=rf": no such [\w ]+: did you mean {meant}\?$"):
            make(policy)


def test_extend_answers_too() -> None:
    with pytest.raises(PolicyError, match=r"did you mean script-src\?"):
        ContentSecurityPolicy.STRICT.extend({"script_src": [SELF]})


def test_a_word_that_is_near_to_nothing_is_told_what_there_is() -> None:
    with pytest.raises(PolicyError, match="quotes are for 'self'"):
        ContentSecurityPolicy({"script-src": ["'zzz'"]})
    with pytest.raises(PolicyError, match=r"look for a typo \(script-src"):
        ContentSecurityPolicy({"zzz": [SELF]})
    assert nearest("zzz", ["script-src"]) is None


def test_a_misspelt_preset_is_answered_by_python_itself() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sallet; sallet.SecurityHeaders.STRIKT"], capture_output=True, text=True, timeout=60
    )
    assert "has no attribute 'STRIKT'. Did you mean: 'STRICT'?" in done.stderr


def test_arguments_are_still_those_of_the_function() -> None:
    import inspect

    assert [*inspect.signature(protect).parameters][:3] == ["app", "headers", "auth"]
    assert [*inspect.signature(AuthMiddleware).parameters][:5] == ["app", "auth", "public", "protected", "preflights"]
    assert str(inspect.signature(ContentSecurityPolicy)) == "(directives)"
