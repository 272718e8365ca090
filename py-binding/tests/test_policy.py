"""`SecurityHeaders` and `ContentSecurityPolicy` as values: exact presets, nothing lost, every refusal names its fix."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest
import sallet
from sallet import (
    NONCE,
    NONE,
    SELF,
    STRICT_DYNAMIC,
    ContentSecurityPolicy,
    PolicyError,
    SecurityHeaders,
    SecurityHeadersMiddleware,
    _sallet,
    script_hash,
    style_hash,
)

HASH = "'sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc='"  # of alert('Hello, world.'), from CSP3's own example

# Presets; their bytes are held by test_shared_cases.py.

STRICT = SecurityHeaders.STRICT.items()
PRESETS = ("STRICT", "API", "CLASSIC", "THIRD_PARTY_UI", "EMPTY")


def csp(**directives):
    return ContentSecurityPolicy({name.replace("_", "-"): sources for name, sources in directives.items()})


def text(policy):
    return dict(SecurityHeaders.EMPTY.replace(content_security_policy=policy).items())["content-security-policy"]


def test_the_order_is_the_cores_everywhere():
    assert [name for name, _ in SecurityHeaders.EMPTY.replace(**VALUES).items()] == [row["name"] for row in ROWS]
    shuffled = SecurityHeaders.EMPTY
    for name, value in reversed(STRICT):
        shuffled = shuffled.replace(**{name.replace("-", "_"): value})
    assert shuffled.items() == STRICT


def test_the_default_is_strict():
    assert SecurityHeaders() == SecurityHeaders.STRICT


def test_items_over_http_leave_out_what_is_for_https():
    plain = dict(SecurityHeaders.STRICT.items(https=False))
    assert "strict-transport-security" not in plain
    assert "upgrade-insecure-requests" not in plain["content-security-policy"]
    assert plain["content-security-policy"].endswith("script-src-attr 'none'")
    assert SecurityHeaders.STRICT.items() == SecurityHeaders.STRICT.items(https=True)
    # A policy of nothing but the upgrade is no policy over HTTP.
    only = SecurityHeaders.EMPTY.replace(content_security_policy="upgrade-insecure-requests")
    assert only.items(https=False) == []


def test_names_are_lower_case_and_items_is_a_fresh_list():
    items = SecurityHeaders.STRICT.items()
    assert all(name == name.lower() for name, _ in items)
    items.clear()
    assert SecurityHeaders.STRICT.items() == STRICT


# Construction


def test_named_headers_change_and_unnamed_ones_stay():
    policy = SecurityHeaders(x_frame_options="SAMEORIGIN", referrer_policy=None)
    expected = [(n, "SAMEORIGIN" if n == "x-frame-options" else v) for n, v in STRICT if n != "referrer-policy"]
    assert policy.items() == expected


ROWS = _sallet._rows()["headers"]
VALUES = {row["keyword"]: row["good"] for row in ROWS}


@pytest.mark.parametrize("name", VALUES)
def test_every_header_can_be_set_read_replaced_and_left_out(name):
    value = VALUES[name]
    header = name.replace("_", "-")
    policy = SecurityHeaders.EMPTY.replace(**{name: value})
    assert policy.items() == [(header, value)]
    assert SecurityHeaders(**{name: value}) == SecurityHeaders.STRICT.replace(**{name: value})
    got = getattr(policy, name)
    assert getattr(SecurityHeaders, name).__doc__
    if name.startswith("content_security_policy"):
        assert got == ContentSecurityPolicy(value)
    else:
        assert got == value
    assert policy.replace(**{name: None}) == SecurityHeaders.EMPTY
    assert getattr(SecurityHeaders.EMPTY, name) is None
    with pytest.raises(AttributeError):
        setattr(policy, name, None)


def test_the_changelog_tells_of_every_header():
    changelog = Path(__file__).parents[2].joinpath("CHANGELOG.md").read_text("utf-8")
    assert [row["name"] for row in ROWS if f"`{row['name']}`" not in changelog] == []


def test_a_policy_object_and_its_text_are_one():
    value = {"default-src": [SELF], "script-src": [SELF, "https://cdn.example"]}
    a = SecurityHeaders(content_security_policy=ContentSecurityPolicy(value))
    b = SecurityHeaders(content_security_policy="default-src 'self'; script-src 'self' https://cdn.example")
    assert a == b
    assert hash(a) == hash(b)
    assert a.items() == b.items()


def test_frozen_comparable_hashable_printable():
    a, b = SecurityHeaders(x_frame_options="SAMEORIGIN"), SecurityHeaders.STRICT.replace(x_frame_options="SAMEORIGIN")
    assert (a == b, hash(a) == hash(b), a != SecurityHeaders.STRICT) == (True, True, True)
    assert {a, b, SecurityHeaders.STRICT} == {b, SecurityHeaders()}
    assert a != a.items()
    assert a != None  # noqa: E711
    shown = repr(a)
    assert shown.startswith("SecurityHeaders")
    assert "SAMEORIGIN" in shown
    for name in ("STRICT", "items", "new"):
        with pytest.raises((AttributeError, TypeError)):
            setattr(a, name, 1)


def test_repr_gives_the_value_back():
    names = vars(sallet)
    for policy in (*(getattr(SecurityHeaders, name) for name in PRESETS), SecurityHeaders(x_frame_options=None)):
        assert eval(repr(policy), dict(names)) == policy  # noqa: S307
        value = policy.content_security_policy
        if value is not None:
            assert eval(repr(value), dict(names)) == value  # noqa: S307


EVERYTHING = {**VALUES, "custom": {"x-robots-tag": "noindex", "x-b": "2"}}
COPIES = [copy.copy, copy.deepcopy] + [
    lambda value, protocol=protocol, python=python: (pickle._loads if python else pickle.loads)(  # noqa: S301
        (pickle._dumps if python else pickle.dumps)(value, protocol)
    )
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    for python in (False, True)
]


@pytest.mark.parametrize("copied", COPIES)
def test_a_policy_can_be_copied_and_pickled(copied):
    """For settings objects, and for workers that are spawned."""
    everything = SecurityHeaders.EMPTY.replace(**EVERYTHING)
    noncy = SecurityHeaders(content_security_policy={"script-src": [NONCE]}, x_frame_options=None)
    assert [value for value in (getattr(everything, name) for name in EVERYTHING) if not value] == []
    for policy in (*(getattr(SecurityHeaders, name) for name in PRESETS), everything, noncy):
        again = copied(policy)
        assert again == policy and hash(again) == hash(policy)
        assert again.items() == policy.items() and again.custom == policy.custom
        assert again.content_security_policy == copied(policy.content_security_policy)


def test_presets_cannot_be_changed():
    with pytest.raises((AttributeError, TypeError)):
        SecurityHeaders.STRICT.x_frame_options = None
    assert SecurityHeaders.STRICT.items() == STRICT


# ContentSecurityPolicy


def test_constants_carry_their_quotes():
    assert (SELF, sallet.UNSAFE_HASHES, sallet.TRUSTED_TYPES_EVAL) == ("'self'", "'unsafe-hashes'", "'trusted-types-eval'")
    assert (sallet.DATA, sallet.ALLOW_DUPLICATES) == ("data:", "'allow-duplicates'")
    assert NONCE.startswith("'nonce-")
    for name, doc, _ in _sallet._rows()["sources"]:
        assert name in sallet.__all__ and doc
        assert isinstance(getattr(sallet, name), str)


def test_hashes_are_those_of_csp3s_example():
    assert script_hash("alert('Hello, world.');") == "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
    assert script_hash(b"alert('Hello, world.');") == script_hash("alert('Hello, world.');")
    assert style_hash("p { color: red }") == script_hash("p { color: red }")
    assert script_hash("h\u00e9") == script_hash("h\u00e9".encode())


def test_a_page_has_one_hash_whichever_its_line_ends():
    """An HTML parser makes LF of CRLF and CR, and U+FFFD of NUL, before the browser hashes: see the browser's tests."""
    for hashed in (script_hash, style_hash):
        assert {hashed("a\r\nb"), hashed("a\rb"), hashed(b"a\r\nb")} == {hashed("a\nb")}
        assert hashed("a\0b\r\r\n") == hashed("a\ufffdb\n\n")
    assert script_hash("a\nb") == "'sha256-fhj3NzEbLcOy8mndeDlrA1HxT7Zu+oefdoyyMYGIPHg='"


def test_directives_come_back_as_given():
    given = {"default-src": [SELF], "script-src": [SELF, NONCE, "https://cdn.example:8443/a/"], "sandbox": [],
             "style-src": [HASH], "upgrade-insecure-requests": []}  # fmt: skip
    policy = ContentSecurityPolicy(given)
    assert policy.directives == given
    assert list(policy.directives) == list(given)
    policy.directives.clear()  # a copy
    assert policy.directives == given
    assert ContentSecurityPolicy(text(csp(default_src=[SELF], img_src=["*", "data:"]))).directives == {
        "default-src": [SELF],
        "img-src": ["*", "data:"],
    }


@pytest.mark.parametrize("sources", [[SELF, "data:"], (SELF, "data:")])
def test_sources_may_be_any_sequence(sources):
    assert text(csp(img_src=sources)) == "img-src 'self' data:"


def test_a_mapping_keeps_its_order():
    assert text(csp(img_src=["*"], default_src=[SELF])) == "img-src *; default-src 'self'"


def test_a_string_is_one_source_and_never_several():
    assert ContentSecurityPolicy({"default-src": "'self'"}) == csp(default_src=[SELF])
    with pytest.raises(PolicyError, match="item of its own"):
        ContentSecurityPolicy({"default-src": "'self' https:"})


def test_extend_adds_sources():
    base = csp(default_src=[SELF], script_src=[SELF])
    more = base.extend({"script-src": ["https://cdn.example"], "img-src": ["data:"]})
    assert more.directives == {
        "default-src": [SELF],
        "script-src": [SELF, "https://cdn.example"],
        "img-src": [SELF, "data:"],  # a missing fetch directive starts from what it falls back to
    }
    assert base.directives == {"default-src": [SELF], "script-src": [SELF]}


def test_extend_copies_from_the_nearest_fallback():
    base = csp(default_src=[NONE], script_src=[SELF], child_src=["https://a.example"])
    more = base.extend({"script-src-elem": [HASH], "frame-src": ["https://b.example"], "worker-src": ["blob:"]})
    assert more.directives["script-src-elem"] == [SELF, HASH]
    assert more.directives["frame-src"] == ["https://a.example", "https://b.example"]
    assert "blob:" in more.directives["worker-src"]


def test_extend_replaces_none_and_never_repeats():
    assert csp(default_src=[NONE]).extend({"img-src": [SELF]}).directives["img-src"] == [SELF]
    assert csp(img_src=[NONE]).extend({"img-src": [SELF]}).directives["img-src"] == [SELF]
    assert csp(img_src=[SELF]).extend({"img-src": [SELF]}).directives["img-src"] == [SELF]
    assert csp(default_src=[SELF]).extend({}) == csp(default_src=[SELF])


def test_extend_inherits_only_what_the_directive_can_take():
    base = csp(default_src=[NONE], script_src=[NONCE])
    assert base.extend({"worker-src": ["blob:"]}).directives["worker-src"] == ["blob:"]
    # It allows every worker that a script asks for, which a list of their own would take away.
    trusting = csp(default_src=[NONE], script_src=[NONCE, STRICT_DYNAMIC])
    assert trusting.extend({"worker-src": ["blob:"]}) == trusting
    assert csp(default_src=[SELF, NONCE]).extend({"img-src": ["data:"]}).directives["img-src"] == [SELF, "data:"]


def test_extend_never_forbids_what_was_allowed():
    """Nothing rules images or forms here, so a list of them would shut out every other."""
    assert csp(script_src=[SELF]).extend({"img-src": ["https://a.example"]}) == csp(script_src=[SELF])
    assert csp(default_src=[SELF]).extend({"form-action": ["https://a.example"]}) == csp(default_src=[SELF])


def test_extend_does_not_take_workers_from_scripts():
    """worker-src falls back to script-src, and a new child-src comes before it."""
    more = csp(default_src=[NONE], script_src=[SELF]).extend({"child-src": ["https://c.example"]}).directives
    assert more["child-src"] == ["https://c.example"]
    assert more["worker-src"] == [SELF, "https://c.example"]


def test_extend_refuses_what_construction_refuses():
    with pytest.raises(PolicyError, match="quote"):
        csp(default_src=[SELF]).extend({"img-src": ["self"]})


def test_csp_is_a_value():
    a, b = csp(default_src=[SELF]), ContentSecurityPolicy("default-src 'self'")
    assert (a == b, hash(a) == hash(b)) == (True, True)
    assert a != csp(default_src=[NONE])
    assert "default-src" in repr(a)
    with pytest.raises((AttributeError, TypeError)):
        a.directives = {}


# Headers that Sallet has no keyword for


def test_custom_headers():
    policy = SecurityHeaders.EMPTY.replace(custom={"x-robots-tag": "noindex", "x-b": "2"})
    assert policy.items() == [("x-robots-tag", "noindex"), ("x-b", "2")]
    assert policy.custom == {"x-robots-tag": "noindex", "x-b": "2"}
    assert SecurityHeaders.EMPTY.custom == {}
    assert SecurityHeaders(custom={"x-b": "2"}).items() == [*STRICT, ("x-b", "2")]
    assert policy.replace(x_frame_options="DENY").custom == policy.custom
    assert policy.replace(custom={"x-c": "3"}).custom == {"x-c": "3"}
    policy.custom.clear()
    assert len(policy.items()) == 2
    assert policy == SecurityHeaders.EMPTY.replace(custom={"x-robots-tag": "noindex", "x-b": "2"})
    assert policy != SecurityHeaders.EMPTY


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-frame-options", "DENY"), ("content-security-policy", "x"), ("", "a"), ("x y", "a"), ("x:", "a"), ("x\r\n", "a"), ("\u00e9", "a"),
        ("x-a", "a\r\nset-cookie: b=1"), ("x-a", "a\n"), ("x-a", "a\0"), ("x-a", ""), ("x-a", "\u00e9"),
    ],
)  # fmt: skip
def test_custom_refusals(name, value):
    with pytest.raises(PolicyError):
        SecurityHeaders(custom={name: value})


@pytest.mark.parametrize(
    "name",
    ["content-length", "Transfer-Encoding", "trailer", "connection", "keep-alive", "upgrade", "content-type",
     "content-encoding", "content-range", "set-cookie", "vary", "etag", "www-authenticate", "location", "host"],
)  # fmt: skip
def test_a_policy_cannot_own_what_belongs_to_one_response(name):
    with pytest.raises(PolicyError, match="leave it to the server and to the code that makes the response"):
        SecurityHeaders(custom={name: "3"})


def test_what_can_be_the_same_for_every_response_is_left_to_the_user():
    custom = {name: "x" for name in ("expires", "pragma", "accept-ch", "x-robots-tag", "nel", "alt-svc")}
    assert SecurityHeaders.EMPTY.replace(custom=custom).custom == custom


def test_only_what_frames_a_response_cannot_be_removed():
    async def app(scope, receive, send): ...

    for name in ("content-length", "Transfer-Encoding", "connection", "content-encoding", "content-type"):
        with pytest.raises(PolicyError, match=f'remove: "{name.lower()}"'):
            SecurityHeadersMiddleware(app, remove=[name])
    SecurityHeadersMiddleware(app, remove=["ETag", "via", "set-cookie", "vary", "server", "x-powered-by"])


def test_a_custom_header_cannot_stand_twice():
    with pytest.raises(PolicyError):
        SecurityHeaders(custom={"x-a": "1", "X-A": "2"})


# Lints

WEAK = [
    ("content_security_policy", "default-src 'self'; script-src 'unsafe-inline'", "script-src"),
    ("content_security_policy", "default-src 'unsafe-inline'", "default-src"),
    ("content_security_policy", "default-src 'self'; script-src 'unsafe-eval'", "script-src"),
    ("content_security_policy", "default-src 'self'", "base-uri"),
    ("content_security_policy", "default-src 'self'", "form-action"),
    ("content_security_policy", "default-src 'self'", "frame-ancestors"),
    ("content_security_policy", "default-src 'self'; script-src *", "script-src"),
    ("content_security_policy", "default-src 'self'; script-src https:", "script-src"),
    ("content_security_policy", "img-src 'self'", None),
    ("strict_transport_security", "max-age=300", None),
]


@pytest.mark.parametrize(("name", "value", "directive"), WEAK)
def test_weak_things_are_lints(name, value, directive):
    found = [lint for lint in SecurityHeaders.EMPTY.replace(**{name: value}).lint() if lint.header == name.replace("_", "-")]
    assert found
    if directive is not None:
        assert directive in [lint.directive for lint in found]
    for lint in found:
        assert lint.severity
        assert len(lint.reason) > 10
        assert len(lint.remedy) > 5
        assert repr(lint)


def test_a_nonce_makes_unsafe_inline_idle():
    base = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; "
    weak = SecurityHeaders.EMPTY.replace(content_security_policy=base + "script-src 'unsafe-inline'")
    strong = SecurityHeaders.EMPTY.replace(content_security_policy=base + f"script-src {NONCE} 'unsafe-inline'")
    assert "script-src" in [lint.directive for lint in weak.lint()]
    assert "script-src" not in [lint.directive for lint in strong.lint() if str(lint.severity).lower() != "info"]


def test_our_own_presets_have_nothing_weak_but_classic_has():
    assert SecurityHeaders.STRICT.lint() == []
    assert SecurityHeaders.API.lint() == []
    assert {"base-uri", "form-action", "frame-ancestors"} <= {lint.directive for lint in SecurityHeaders.CLASSIC.lint()}


def test_directives_need_no_wrapping():
    directives = {"default-src": [NONE], "img-src": [SELF]}
    assert SecurityHeaders(content_security_policy=directives) == SecurityHeaders(
        content_security_policy=ContentSecurityPolicy(directives)
    )
    with pytest.raises(TypeError):
        SecurityHeaders(x_frame_options={"a": "b"})


def test_frozen_names_what_to_do_instead():
    with pytest.raises(AttributeError, match=r"replace\(cache_control=…\)"):
        SecurityHeaders().cache_control = "no-store"
    with pytest.raises(PolicyError, match="x_frame_options="):
        SecurityHeaders(custom={"X-Frame-Options": "DENY"})


def test_a_policy_to_try_out_moves_to_the_report_only_headers():
    tried = SecurityHeaders(content_security_policy={"script-src": [SELF, NONCE], "frame-ancestors": [NONE]}, custom={"x-a": "b"})
    tried = tried.report_only()
    assert tried.content_security_policy is None
    assert str(tried.content_security_policy_report_only) == "script-src 'self' 'nonce-{one-for-each-request}'; frame-ancestors 'none'"
    assert tried.x_frame_options is None
    assert tried.x_content_type_options == "nosniff"
    assert tried.custom == {"x-a": "b"}
    # `private` follows from the nonce, and is no word of the policy's own.
    assert tried.cache_control is None
    assert SecurityHeaders.API.report_only().cache_control == "no-store"
    assert tried.report_only() == tried
