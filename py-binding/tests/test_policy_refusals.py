"""Every mistake in a policy is refused when it is made, with a message that names the fix."""

from __future__ import annotations


import pytest
from sallet import (
    NONCE,
    NONE,
    SELF,
    UNSAFE_INLINE,
    ContentSecurityPolicy,
    PolicyError,
    SalletError,
    SecurityHeaders,
    SecurityHeadersMiddleware,
)
from test_policy import ROWS, VALUES

# Refusals: (directives, telling words of the message)

ONE_YEAR_LESS = 31_535_999

CSP_REFUSALS = [
    ({"default-src": ["self"]}, "'self'"),
    ({"default-src": ["none"]}, "'none'"),
    ({"script-src": ["unsafe-inline"]}, "quote"),
    ({"script-src": ["strict-dynamic"]}, "quote"),
    ({"script-src": ["nonce-abc"]}, "quote"),
    ({"script-src": ["sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc="]}, "quote"),
    ({"script-src": ["trusted-types-eval"]}, "quote"),
    ({"default-src": ["SELF"]}, "quote"),
    ({"default-src": ["'self"]}, "quote"),
    ({"default-src": ['"self"']}, "quote"),
    ({"default-src": ["`self`"]}, "quote"),
    ({"default-src": ["\u2018self\u2019"]}, "straight quotes"),
    ({"default-src": ["'https://cdn.example'"]}, "hosts"),
    ({"default-src": ["'sefl'"]}, "no such keyword"),
    ({"default-src": [NONE, SELF]}, "alone"),
    ({"default-src": [SELF, NONE]}, "alone"),
    ({"frame-ancestors": [NONE, "https://a.example"]}, "alone"),
    ({"script-sr": [SELF]}, "did you mean script-src?"),
    ({"reflected-xss": ["block"]}, "leave it out"),
    ({"block-all-mixed-content": []}, "upgrade-insecure-requests"),
    ({"{unchecked}Script-Src": [SELF]}, "{unchecked}'new-keyword'"),
    ({"{unchecked}": [SELF]}, "no such CSP directive"),
    ({"{unchecked}new;": [SELF]}, "%3B"),
    ({"{unchecked}new": ["a b"]}, "item of its own"),
    ({"script-src": ["{unchecked}'nonce-abc'"]}, "NONCE"),
    ({"script-src *": []}, ""),
    ({"": [SELF]}, ""),
    ({}, "default-src"),
    ({"default-src": []}, "'none'"),
    ({"default-src": [""]}, "leave it out"),
    ({"default-src": ["a.example;"]}, "%3B"),
    ({"default-src": ["a.example,b.example"]}, "%2C"),
    ({"default-src": ["a.example\r\nset-cookie: x=1"]}, "remove"),
    ({"default-src": ["a.example\n"]}, "remove"),
    ({"default-src": ["a.example\r"]}, "remove"),
    ({"default-src": ["a.example\0"]}, "remove"),
    ({"default-src": ["b\u00fccher.example"]}, "punycode"),
    ({"default-src": ["'self' https:"]}, "item of its own"),
    ({"default-src": [" 'self'"]}, "item of its own"),
    ({"default-src": ["https:\thttp:"]}, "item of its own"),
    ({"script-src": ["'nonce-abc'"]}, "NONCE"),
    ({"script-src": ["'nonce-None'"]}, "NONCE"),
    ({"script-src": ["'sha256-abc'"]}, "44"),
    ({"script-src": ["'sha1-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc='"]}, "sha256"),
    ({"upgrade-insecure-requests": ["1"]}, "no value"),
    ({"upgrade-insecure-requests": [SELF]}, "no value"),
    ({"frame-ancestors": [UNSAFE_INLINE]}, "frame-ancestors"),
    ({"frame-ancestors": [NONCE]}, ""),
    ({"img-src": [NONCE]}, ""),
    ({"sandbox": ["allow-everything"]}, "allow-"),
    ({"report-to": ["a", "b"]}, "exactly one"),
    ({"report-to": []}, "exactly one"),
    ({"default-src": ["https://"]}, "host"),
    ({"default-src": ["https://a.example/?q=1"]}, "without query"),
    ({"default-src": ["a b"]}, "item of its own"),
    ({"default-src": ["*.*.example"]}, "host"),
]


@pytest.mark.parametrize(("directives", "fix"), CSP_REFUSALS, ids=str)
def test_csp_refusals(directives, fix):
    with pytest.raises(PolicyError) as refused:
        ContentSecurityPolicy(directives)
    assert fix in str(refused.value), str(refused.value)
    # Whoever reads a traceback must be able to find the place in a policy of twenty lines.
    for name in directives:
        if name and name.isascii():
            assert name in str(refused.value)


TEXT_REFUSALS = [
    ("default-src 'self'; default-src *", "first"),
    ("script-src 'self'; Script-Src *", ""),
    ("default-src self", "quote"),
    ("", "default-src"),
    (";", ""),
    ("script-src 'self', https://cdn.example", "separate sources by spaces"),
    ("default-src 'self', script-src self", "quote"),
    ("default-src 'self'\r\nset-cookie: a=1", "host"),
    ("default-src 'self'\0", "remove"),
    ("default-src \u2018self\u2019", "ASCII"),
    ("default-src 'none' 'self'", "alone"),
    ("default-src 'self' script-src 'self'", "write a ; in front of it"),
    ("script-src: 'self'", "did you mean script-src?"),
    ("script-src 'nonce'", "'nonce-{one-for-each-request}'"),
]


@pytest.mark.parametrize(("value", "fix"), TEXT_REFUSALS, ids=repr)
def test_csp_text_refusals(value, fix):
    for make in (
        ContentSecurityPolicy,
        lambda v: SecurityHeaders(content_security_policy=v),
        lambda v: SecurityHeaders(content_security_policy_report_only=v),
        lambda v: SecurityHeaders.STRICT.replace(content_security_policy=v),
    ):
        with pytest.raises(PolicyError) as refused:
            make(value)
        assert fix in str(refused.value)


HEADER_REFUSALS = [
    ({"strict_transport_security": "max-age=31536000; preload"}, "includeSubDomains"),
    ({"strict_transport_security": f"max-age={ONE_YEAR_LESS}; includeSubDomains; preload"}, "31536000"),
    ({"strict_transport_security": "max-age=1, includeSubDomains"}, "max-age=SECONDS"),
    ({"permissions_policy": "camera 'none'"}, "camera=()"),
    ({"permissions_policy": "camera=(), camera=*"}, "once"),
    ({"x_frame_options": "ALLOW-FROM https://a.example"}, "frame-ancestors"),
    ({"x_frame_options": "SAME-ORIGINS"}, "did you mean SAMEORIGIN?"),
    ({"x_content_type_options": "nosnif"}, "did you mean nosniff?"),
    ({"reporting_endpoints": 'main="http://a.example"'}, "https"),
]
# What is wrong is for the core's own tests to say; here, that each header's sentence arrives with its keyword.
HEADER_REFUSALS += [({row["keyword"]: row["bad"]}, ": ") for row in ROWS]


@pytest.mark.parametrize(("headers", "fix"), HEADER_REFUSALS, ids=str)
def test_header_refusals(headers, fix):
    for make in (SecurityHeaders, SecurityHeaders.EMPTY.replace):
        with pytest.raises(PolicyError) as refused:
            make(**headers)
        assert fix in str(refused.value), str(refused.value)
        [name] = headers
        assert name in str(refused.value).replace("-", "_").lower(), str(refused.value)


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("bad", ["\r\nset-cookie: a=1", "\n", "\r", "\0", "\x7f", "\u00e9", "\u2028"])
def test_no_header_takes_a_line_break_or_a_control_character(name, bad):
    for value in (VALUES[name] + bad, bad + VALUES[name]):
        if name.startswith("content_security_policy") and bad in ("\r", "\n"):
            # White space between words: a policy over several lines is sent in one.
            assert SecurityHeaders(**{name: value}) == SecurityHeaders(**{name: VALUES[name]})
            continue
        with pytest.raises(PolicyError):
            SecurityHeaders(**{name: value})


REPORTING = {
    "content_security_policy": "default-src 'self'; report-to main",
    "reporting_endpoints": 'main="https://reports.example/csp"',
}


def test_an_endpoint_that_only_another_layer_can_define_is_a_lint():
    def found(policy):
        return [(lint.header, lint.directive) for lint in policy.lint() if "Reporting-Endpoints" in str(lint)]

    assert found(SecurityHeaders(**REPORTING)) == []
    in_csp = [("content-security-policy", "report-to")]
    assert found(SecurityHeaders(**REPORTING).replace(reporting_endpoints=None)) == in_csp
    assert found(SecurityHeaders(**{**REPORTING, "reporting_endpoints": 'other="https://reports.example/csp"'})) == in_csp


def test_unknown_headers_and_types():
    for make in (SecurityHeaders, SecurityHeaders.STRICT.replace):
        with pytest.raises(PolicyError, match="x_frame_options"):  # the message lists what there is
            make(x_frame_option="DENY")
        with pytest.raises(PolicyError, match="x_frame_options"):
            make(**{"X-Frame-Options": "DENY"})
        for wrong in (1, b"DENY", ["DENY"], True):
            with pytest.raises(TypeError):
                make(x_frame_options=wrong)
    with pytest.raises(TypeError, match=r'as a str, such as "max-age=\d+; includeSubDomains", or None to leave it out'):
        SecurityHeaders(strict_transport_security=31536000)
    with pytest.raises(TypeError, match="reporting_endpoints: give the header's value as a str, or None to leave it out"):
        SecurityHeaders(reporting_endpoints={"csp": "https://reports.example"})
    with pytest.raises(TypeError):
        SecurityHeaders("DENY")
    for wrong in (1, None, [1], [["default-src"]], b"default-src 'self'"):
        with pytest.raises(TypeError):
            ContentSecurityPolicy(wrong)
    with pytest.raises(TypeError):
        ContentSecurityPolicy({"default-src": [1]})


def test_a_header_cannot_be_set_twice():
    with pytest.raises(TypeError, match="multiple values|repeated|twice"):
        exec("SecurityHeaders(**{'x_frame_options': 'DENY'}, **{'x_frame_options': 'SAMEORIGIN'})")  # noqa: S102


def test_policy_errors_are_value_errors_of_sallet():
    assert issubclass(PolicyError, SalletError)
    assert issubclass(SalletError, ValueError)
    with pytest.raises(ValueError, match="quote"):
        SecurityHeaders(content_security_policy="default-src self")


def test_middleware_construction():
    async def app(scope, receive, send): ...

    assert SecurityHeadersMiddleware(app).app is app
    for wrong in ("STRICT", {"x-frame-options": "DENY"}, 1):
        with pytest.raises(TypeError):
            SecurityHeadersMiddleware(app, wrong)
    with pytest.raises(TypeError):
        SecurityHeadersMiddleware(app, paths={"/a": "DENY"})
    for name in ("x y", "x:y", "x\r\n", ""):
        with pytest.raises(ValueError):
            SecurityHeadersMiddleware(app, remove=[name])
    with pytest.raises(TypeError):
        SecurityHeadersMiddleware(app, remove="server")
