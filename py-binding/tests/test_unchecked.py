"""What Sallet does not know can be sent as it is, by the mark that `unchecked` puts in front of it."""

from __future__ import annotations

import copy
import pickle

import pytest
from sallet import ContentSecurityPolicy, PolicyError, SecurityHeaders, _sallet, unchecked

HEADERS = _sallet._rows()["headers"]


@pytest.mark.parametrize("row", HEADERS, ids=lambda row: row["keyword"])
def test_every_header_takes_a_whole_value(row):
    value = "img-src {new" if row["type"] == "ContentSecurityPolicy" else "{new"
    with pytest.raises(PolicyError):
        SecurityHeaders.EMPTY.replace(**{row["keyword"]: value})
    policy = SecurityHeaders.EMPTY.replace(**{row["keyword"]: unchecked(value)})
    assert policy.items() == [(row["name"], value)]
    given = getattr(policy, row["keyword"])
    if row["type"] == "ContentSecurityPolicy":
        assert given == ContentSecurityPolicy(unchecked(value)) == pickle.loads(pickle.dumps(given))
        assert str(given) == value
        for ask in (lambda: given.directives, lambda: given.policies, lambda: given.extend({"img-src": ["data:"]})):
            with pytest.raises(PolicyError, match="the whole policy is unchecked"):
                ask()
    else:
        assert given == unchecked(value), "with the mark, so that it can be given again"
    assert SecurityHeaders.EMPTY.replace(**{row["keyword"]: given}) == policy
    again = (copy.copy(policy), copy.deepcopy(policy), pickle.loads(pickle.dumps(policy)), policy.replace(x_xss_protection=None))
    for same in again if row["keyword"] != "x_xss_protection" else again[:3]:
        assert same == policy
        assert same.items() == policy.items()
    assert [lint.header for lint in policy.lint() if "unchecked" in str(lint)] == [row["name"]]
    for unsafe in ("a\r\nset-cookie: b=c", "a\0", "café", "", "a 'nonce-abc'"):
        with pytest.raises(PolicyError):
            SecurityHeaders.EMPTY.replace(**{row["keyword"]: unchecked(value + unsafe if unsafe else "")})


def test_a_feature():
    policy = SecurityHeaders.EMPTY.replace(permissions_policy=f"camera=(), {unchecked('camera-two=(new-word)')}")
    assert policy.items() == [("permissions-policy", "camera=(), camera-two=(new-word)")]
    assert policy.permissions_policy == "camera=(), {unchecked}camera-two=(new-word)"
    assert pickle.loads(pickle.dumps(policy)) == policy
    with pytest.raises(PolicyError, match="camera=\\(\\)"):
        SecurityHeaders(permissions_policy=unchecked("camera-two=(new-word)") + ", camera=none")


def test_it_is_text():
    assert unchecked("a") == "{unchecked}a"
    with pytest.raises(TypeError):
        unchecked(b"a")
