"""`ContentSecurityPolicy` as a value: several policies, what Sallet does not know, spelling, and what it takes from Python."""

from __future__ import annotations

import copy
import pickle

import pytest
from sallet import NONCE, SELF, STRICT_DYNAMIC, UNSAFE_INLINE, ContentSecurityPolicy, PolicyError, SecurityHeaders

DICT = {"default-src": [SELF], "object-src": ["'none'"]}
TEXT = "default-src 'self'; object-src 'none'"


def sent(policy):
    return dict(SecurityHeaders.EMPTY.replace(content_security_policy=policy).items())["content-security-policy"]


# Several policies


def test_a_list_is_several_policies_in_one_line():
    both = ContentSecurityPolicy([DICT, "script-src https:", ContentSecurityPolicy("img-src *")])
    assert str(both) == sent(both) == f"{TEXT}, script-src https:, img-src *"
    assert both == ContentSecurityPolicy(str(both)) == ContentSecurityPolicy((DICT, "script-src https:, img-src *"))
    assert [str(policy) for policy in both.policies] == [TEXT, "script-src https:", "img-src *"]
    assert [policy.directives for policy in both.policies] == [DICT, {"script-src": ["https:"]}, {"img-src": ["*"]}]
    assert sent([DICT, "img-src *"]) == f"{TEXT}, img-src *"
    assert SecurityHeaders(content_security_policy_report_only=[DICT, DICT]).content_security_policy_report_only == ContentSecurityPolicy(
        [DICT, DICT]
    )


def test_one_policy_is_a_list_of_one():
    one = ContentSecurityPolicy([DICT])
    assert one == ContentSecurityPolicy(DICT)
    assert one.policies == [one]
    assert one.directives == DICT


def test_the_directives_of_several_are_asked_of_each():
    with pytest.raises(PolicyError, match=r"2 policies.* ask each of \.policies"):
        _ = ContentSecurityPolicy([DICT, DICT]).directives


def test_each_of_several_is_extended():
    both = ContentSecurityPolicy(["default-src 'self'", "img-src 'none'; script-src 'self'"])
    more = both.extend({"img-src": ["data:"], "script-src": [NONCE]})
    assert str(more) == (
        "default-src 'self'; img-src 'self' data:; script-src 'self' 'nonce-{one-for-each-request}', "
        "img-src data:; script-src 'self' 'nonce-{one-for-each-request}'"
    )


@pytest.mark.parametrize("wrong", [[1], [None], [["default-src"]], [b"default-src 'self'"]])
def test_a_list_of_something_else_is_a_type_error(wrong):
    for make in (ContentSecurityPolicy, lambda policy: SecurityHeaders(content_security_policy=policy)):
        with pytest.raises(TypeError, match="a dict or a text"):
            make(wrong)
    with pytest.raises(PolicyError, match="protects nothing"):
        ContentSecurityPolicy([])


# What Sallet does not know


UNKNOWN = ContentSecurityPolicy(
    {
        "script-src": [SELF, "{unchecked}'new-keyword'"],
        "sandbox": ["allow-scripts", "{unchecked}allow-new"],
        "{unchecked}new-directive": ["a", "'b'", "{unchecked}{c}"],
        "{unchecked}block-all-mixed-content": [],
    }
)


def test_the_mark_is_never_sent():
    expected = "script-src 'self' 'new-keyword'; sandbox allow-scripts allow-new; new-directive a 'b' {c}; block-all-mixed-content"
    assert str(UNKNOWN) == sent(UNKNOWN) == expected
    policy = SecurityHeaders(content_security_policy=UNKNOWN)
    assert "{unchecked}" not in str(policy)
    assert sent([UNKNOWN, "img-src *"]) == f"{expected}, img-src *"


def test_the_mark_stays_on_the_value():
    assert UNKNOWN.directives == {
        "script-src": [SELF, "{unchecked}'new-keyword'"],
        "sandbox": ["allow-scripts", "{unchecked}allow-new"],
        "{unchecked}new-directive": ["a", "'b'", "{c}"],
        "{unchecked}block-all-mixed-content": [],
    }
    assert ContentSecurityPolicy(UNKNOWN.directives) == UNKNOWN
    for again in (copy.deepcopy(UNKNOWN), pickle.loads(pickle.dumps(UNKNOWN)), eval(repr(UNKNOWN)), UNKNOWN.extend({})):
        assert again == UNKNOWN
        assert again.directives == UNKNOWN.directives
    policy = SecurityHeaders(content_security_policy=UNKNOWN, x_frame_options=None)
    for again in (copy.copy(policy), pickle.loads(pickle.dumps(policy)), eval(repr(policy)), policy.replace(x_frame_options=None)):
        assert again == policy
        assert again.content_security_policy == UNKNOWN
    assert policy.report_only().content_security_policy_report_only.directives["script-src"] == [SELF, "{unchecked}'new-keyword'"]
    text = "script-src {unchecked}'new'"
    assert SecurityHeaders(content_security_policy=text).content_security_policy == ContentSecurityPolicy(text)


def test_an_unknown_source_can_be_added_and_an_unknown_directive_is_written_whole():
    more = UNKNOWN.extend({"script-src": ["{unchecked}'newer'"]})
    assert more.directives["script-src"] == [SELF, "{unchecked}'new-keyword'", "{unchecked}'newer'"]
    with pytest.raises(PolicyError, match=r"policy\.directives"):
        UNKNOWN.extend({"{unchecked}new-directive": ["d"]})
    assert str(ContentSecurityPolicy({**DICT, "{unchecked}new": ["d"]})) == f"{TEXT}; new d"


# Spelling


def test_words_of_the_grammar_have_no_case():
    policy = ContentSecurityPolicy({"Script-SRC": ["'SELF'", "'Unsafe-Inline'"], "SANDBOX": ["Allow-Forms"]})
    assert str(policy) == "script-src 'self' 'unsafe-inline'; sandbox allow-forms"
    assert policy.directives == {"script-src": [SELF, UNSAFE_INLINE], "sandbox": ["allow-forms"]}


def test_a_text_over_several_lines_is_sent_in_one():
    assert (
        sent(
            """
            default-src 'self';
            object-src
                'none';
            """
        )
        == TEXT
    )


def test_strict_dynamic_alone_is_legal():
    assert sent({"script-src": [STRICT_DYNAMIC]}) == "script-src 'strict-dynamic'"


# What it takes


@pytest.mark.parametrize("kind", [set, frozenset])
def test_a_set_of_sources_is_refused(kind):
    for make in (
        ContentSecurityPolicy,
        ContentSecurityPolicy(DICT).extend,
        lambda directives: SecurityHeaders(content_security_policy=directives),
    ):
        with pytest.raises(TypeError, match="img-src: a set .* as a list"):
            make({"img-src": kind([SELF, "data:"])})
    assert sent({"img-src": (source for source in [SELF, "data:"])}) == sent({"img-src": (SELF, "data:")}) == "img-src 'self' data:"


def test_two_lists_of_one_extension_agree():
    both = ContentSecurityPolicy({"script-src": [SELF]}).extend({"script-src": ["https://a"], "script-src-elem": ["https://b"]})
    assert str(both) == "script-src 'self' https://a; script-src-elem 'self' https://a https://b"
