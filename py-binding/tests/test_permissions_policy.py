"""`permissions_policy` as a dict, which editors complete."""

from __future__ import annotations

import pytest
from sallet import NONE, SELF, PolicyError, SecurityHeaders, unchecked


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"camera": []}, "camera=()"),
        ({"camera": NONE, "usb": [NONE]}, "camera=(), usb=()"),
        ({"camera": SELF, "usb": "self"}, "camera=self, usb=self"),
        ({"geolocation": "*", "fullscreen": ["*"]}, "geolocation=*, fullscreen=(*)"),
        ({"fullscreen": [SELF, "https://a.example"]}, 'fullscreen=(self "https://a.example")'),
        ({"gyroscope": "https://a.example"}, 'gyroscope="https://a.example"'),
        ({"usb": ("self",)}, "usb=(self)"),
        ({unchecked("new-feature"): ["self"], "camera": []}, "new-feature=(self), camera=()"),
        ({unchecked("new-feature"): unchecked("(new-word);x"), "camera": []}, "new-feature=(new-word);x, camera=()"),
        ({"usb": unchecked("new-word"), "hid": ["self", unchecked("new-word")]}, "usb=new-word, hid=(self new-word)"),
    ],
)
def test_a_dict_is_the_text(given, sent):
    for keyword in ("permissions_policy", "permissions_policy_report_only"):
        policy = SecurityHeaders.EMPTY.replace(**{keyword: given})
        assert [value for _, value in policy.items()] == [sent]
        assert policy == SecurityHeaders.EMPTY.replace(**{keyword: getattr(policy, keyword)})


@pytest.mark.parametrize(
    "given",
    [
        {"camera": {"self", "https://a.example"}},
        {"camera": None},
        {"camera": [1]},
        {"camera": ["none", "self"]},
        {1: []},
        {"camera=*, usb": []},
        {"camera": ['https://a.example" "https://b.example']},
    ],
    ids=str,
)
def test_what_is_no_allowlist_is_a_type_error(given):
    with pytest.raises(TypeError):
        SecurityHeaders(permissions_policy=given)


@pytest.mark.parametrize(
    "text", ["(self), usb=*", "() usb=*", "a b", "(", '"', "", "*\r\nx: y", "caf\u00e9", unchecked("a"), "'self'"], ids=repr
)
def test_unchecked_text_is_of_its_feature_alone(text):
    for given in (unchecked(text), [SELF, unchecked(text + ")")]):
        with pytest.raises(PolicyError):
            SecurityHeaders(permissions_policy={"camera": given})


def test_the_core_judges_what_is_in_it():
    for bad in ({}, {"camera": ["https://a b.example"]}, {"Camera": []}):
        with pytest.raises(PolicyError, match="permissions_policy="):
            SecurityHeaders(permissions_policy=bad)
    (lint,) = SecurityHeaders(permissions_policy={"camra": []}).lint()
    assert (lint.header, lint.directive) == ("permissions-policy", "camra")
    assert lint.remedy.startswith("did you mean camera?")
