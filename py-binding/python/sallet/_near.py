"""The right name for a wrong one: every message about an unknown name asks here."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import ParamSpec, TypeVar

from sallet._sallet import SecurityHeaders

_P = ParamSpec("_P")
_T = TypeVar("_T")

_CSP, _CSP_RO = "content_security_policy", "content_security_policy_report_only"

HEADERS = {
    "cache": "cache_control",
    "clear_data": "clear_site_data",
    "coep": "cross_origin_embedder_policy",
    "content_type_options": "x_content_type_options",
    "coop": "cross_origin_opener_policy",
    "corp": "cross_origin_resource_policy",
    "csp": _CSP,
    "csp_report_only": _CSP_RO,
    "cspro": _CSP_RO,
    "dns_prefetch": "x_dns_prefetch_control",
    "dns_prefetch_control": "x_dns_prefetch_control",
    "extra": "custom",
    "extra_headers": "custom",
    "feature_policy": "permissions_policy",
    "features": "permissions_policy",
    "frame_guard": "x_frame_options",
    "frame_options": "x_frame_options",
    "hsts": "strict_transport_security",
    "no_sniff": "x_content_type_options",
    "nosniff": "x_content_type_options",
    "oac": "origin_agent_cluster",
    "permissions": "permissions_policy",
    "permitted_cross_domain_policies": "x_permitted_cross_domain_policies",
    "referrer": "referrer_policy",
    "reporting": "reporting_endpoints",
    "sts": "strict_transport_security",
    "x_csp": _CSP,
    "xcto": "x_content_type_options",
    "xfo": "x_frame_options",
    "xss": "x_xss_protection",
    "xss_protection": "x_xss_protection",
}
"""What people call the keywords of `SecurityHeaders`."""

_ARGUMENTS = {
    "allow": "public",
    "authentication": "auth",
    "exclude": "public",
    "excluded_paths": "public",
    "exempt": "public",
    "force": "override",
    "header_name": "header",
    "include": "protected",
    "keyring": "auth=Bearer(keyring)",
    "keys": "auth=Bearer(keyring)",
    "name": "header",
    "only": "protected",
    "open": "public",
    "overwrite": "override",
    "param": "query",
    "policy": "headers",
    "prefix": "scheme",
    "public_paths": "public",
    "required_scopes": "scopes",
    "routes": "paths",
    "scheme": "auth",
    "scope": "scopes",
    "skip": "public",
    "subprotocol": "websocket_subprotocol",
    "tokens": "auth=Bearer(Keyring.from_tokens(...))",
    "verify": "authenticate",
    "whitelist": "public",
    "word": "scheme",
}
"""What people call the arguments of the guard, the middleware and `protect`; what is not one of the function's own is not offered."""


def nearest(given: str, known: Iterable[str], synonyms: Mapping[str, str] = {}) -> str | None:
    """The known name that is meant, if one is likely. Case, hyphens and underscores do not count."""
    by_plain = {_plain(name): name for name in known}
    plain = _plain(given)
    meant = {_plain(word): name for word, name in synonyms.items()}
    if plain in by_plain:
        return by_plain[plain]
    if plain in meant:
        return meant[plain]
    near = get_close_matches(plain, by_plain, 1, 0.7)
    return by_plain[near[0]] if near else None


def header(given: str, known: Iterable[str], directives: Iterable[str]) -> str:
    """What to write instead of a keyword that `SecurityHeaders` does not have."""
    known = [*known, "custom"]
    near = nearest(given, known, HEADERS)
    directive = nearest(given, directives)
    if directive is not None and _plain(directive) == _plain(given):
        return f'this is a directive: write {_CSP}={{"{directive}": [...]}}'
    if near is not None:
        return f"did you mean {near}?"
    return f"the keywords are {', '.join(known[:-1])} and custom={{name: value}} for any other"


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(" ", "-")


def arguments(*more: str) -> Callable[[Callable[_P, _T]], Callable[_P, _T]]:
    """Names the nearest argument for one that the function does not have, and those that were given without their names.

    `more` are those that it takes as `**options`.
    """

    def decorate(function: Callable[_P, _T]) -> Callable[_P, _T]:
        variable = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        taken = inspect.signature(function).parameters.values()
        by_position = [parameter.name for parameter in taken if parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
        known = [parameter.name for parameter in taken if parameter.kind not in variable and parameter.name not in ("self", "app")] + [*more]

        @functools.wraps(function)
        def checked(*args: _P.args, **kwargs: _P.kwargs) -> _T:
            if len(args) > len(by_position):
                first = ", ".join(name for name in by_position if name != "self")
                named = ", ".join(f"{name}=" for name in known if name not in by_position)
                raise TypeError(f"{_called(function)}() takes {first or 'nothing'} without a name: name the others, {named}")
            for name in kwargs:
                if name not in known:
                    raise TypeError(f"{_called(function)}() has no argument {name!r}: {_instead(name, known)}")
            return function(*args, **kwargs)

        return checked

    return decorate


def _called(function: Callable[..., object]) -> str:
    return function.__qualname__.removesuffix(".__init__")


def _instead(name: str, known: list[str]) -> str:
    own = {word: meant for word, meant in _ARGUMENTS.items() if meant.partition("=")[0] in known}
    if name == "header" and "scheme" in known:
        return "it reads Authorization; write ApiKey(..., header=...) for a key in a header of its own"
    if near := nearest(name, known, own):
        return f"did you mean {near}?"
    keywords = [word for word, value in vars(SecurityHeaders).items() if isinstance(value, property)]
    if "headers" in known and (near := nearest(name, [*keywords, "custom"], HEADERS)):
        return f"write headers=SecurityHeaders({near}=...)"
    return f"it takes {', '.join(known)}"
