"""A policy under which a docs page works: the app's own, and no more than the page needs."""

from __future__ import annotations

from typing import cast

from fastapi import FastAPI

from sallet import (
    NONE,
    STRICT_DYNAMIC,
    UNSAFE_INLINE,
    ContentSecurityPolicy,
    PolicyError,
    SecurityHeaders,
)
from sallet._sallet import url_origin
from sallet.fastapi._page import Needs, log, merge, named
from sallet.headers import Directives

_SCRIPTS = ["allow-scripts", "allow-same-origin"]  # the schema is fetched from the page's own origin
# What the bundles do after they load, found in a real browser; none of it shows in the HTML.
_KINDS: dict[str, Needs] = {
    "swagger-ui": {
        "connect-src": ["'self'"],
        # Icons in its style sheet, and an image response shown by "Try it out".
        "img-src": ["data:", "blob:"],
        "media-src": ["'self'"],
        # Authorize is a form and may open a window, which is the authorization server's and not in the sandbox.
        "sandbox": [*_SCRIPTS, "allow-forms", "allow-popups", "allow-popups-to-escape-sandbox", "allow-downloads"],
    },
    "redoc": {
        "connect-src": ["'self'"],
        "worker-src": ["blob:"],
        "img-src": ["data:", "https://cdn.redoc.ly/redoc/logo-mini.svg"],
        "font-src": ["https://fonts.gstatic.com"],
        # Its bundle injects <style> elements whose text changes from release to release, behind one
        # moving CDN address, so that no list of hashes holds. Styles only; scripts stay listed.
        "style-src": [UNSAFE_INLINE],
        "sandbox": [*_SCRIPTS, "allow-downloads"],
    },
    "oauth2-redirect": {"sandbox": _SCRIPTS},
    # Starlette's page for an exception while debugging.
    "debug": {"sandbox": ["allow-scripts"]},
}

# Sources and directives under which the pages cannot work however many hashes are added.
_DIRECTIVES_DROPPED = ("require-trusted-types-for", "trusted-types")
# Headers under which they cannot work either, by keyword or custom.
_HEADERS_DROPPED = (
    # The hosts of the CDN's files do not promise Cross-Origin-Resource-Policy.
    "cross-origin-embedder-policy",
    "cross-origin-embedder-policy-report-only",
    "document-isolation-policy",
    "document-isolation-policy-report-only",
    # FastAPI's pages carry no integrity attributes.
    "integrity-policy",
    "integrity-policy-report-only",
)


def relaxed(policy: SecurityHeaders, kind: str, needs: Needs) -> SecurityHeaders:
    """`policy` for a page of a kind that holds what `needs` lists."""
    needs = merge(needs, _KINDS.get(kind, {}))
    dropped = [name for name, _ in policy.items() if name in _HEADERS_DROPPED]
    typed = {name.replace("-", "_"): None for name in dropped if name not in policy.custom}
    custom = {name: value for name, value in policy.custom.items() if name not in dropped}
    page = policy.replace(custom=custom, **typed)
    enforced = policy.content_security_policy
    if enforced is not None:
        page = page.replace(content_security_policy=_extended(enforced, needs))
    reported = policy.content_security_policy_report_only
    if reported is not None:
        page = page.replace(content_security_policy_report_only=_extended(reported, needs))
    return page if policy.cross_origin_opener_policy is None else _keeping_opener(page, kind)


def _keeping_opener(policy: SecurityHeaders, kind: str) -> SecurityHeaders:
    """Keeps window.opener between Swagger UI and the OAuth2 pop-up it opens.

    The pop-up goes to the authorization server and comes back to the redirect page; a browser cuts
    it off from its opener unless the page allows pop-ups and the page that comes back asks for no
    isolation.
    """
    if kind == "oauth2-redirect":
        return policy.replace(cross_origin_opener_policy=None)
    if kind == "swagger-ui":
        return policy.replace(cross_origin_opener_policy="same-origin-allow-popups")
    return policy


def _extended(csp: ContentSecurityPolicy, needs: Needs) -> ContentSecurityPolicy | None:
    try:
        each_one = csp.policies
    except PolicyError as error:
        # It stands as a whole as its author wrote it, and the page may not work.
        log.warning("docs page: Content-Security-Policy is sent as it is: %s", error)
        return csp
    # A browser enforces each of several policies, so each must let the page work.
    policies = [policy for each in each_one if (policy := _one_extended(each, needs)) is not None]
    return ContentSecurityPolicy(policies) if policies else None


def _one_extended(csp: ContentSecurityPolicy, needs: Needs) -> ContentSecurityPolicy | None:
    needs = dict(needs)
    directives = {
        # 'strict-dynamic' would switch off the URLs of the scripts.
        name: ([source for source in sources if source != STRICT_DYNAMIC] or [NONE]) if sources else []
        for name, sources in csp.directives.items()
        if name not in _DIRECTIVES_DROPPED
    }
    if "sandbox" not in directives:  # flags of a sandbox that is not there would make one
        needs.pop("sandbox", None)
    for name in ("script-src", "style-src"):
        # The -elem form, where there is one, is what a browser asks about elements.
        if f"{name}-elem" in directives and name in needs:
            needs[f"{name}-elem"] = needs[name]
    if not directives:  # a policy about Trusted Types alone
        return None
    page = ContentSecurityPolicy(directives)
    for name, source in ((name, source) for name, sources in needs.items() for source in sources):
        try:
            page = page.extend(cast(Directives, {name: source}))
        except PolicyError as error:
            # One odd need must not cost the page all the others.
            log.warning("docs page: %s is left out of %s: %s", source, name, error)
    directives = page.directives
    for name in directives.keys() & {name for name in needs if UNSAFE_INLINE in needs[name]}:
        # A hash or a nonce beside it, copied from default-src perhaps, would switch it off.
        directives[name] = [source for source in directives[name] if not _names_inline(source)]
    return ContentSecurityPolicy(directives)


def _names_inline(source: str) -> bool:
    return source.startswith(("'nonce", "'sha"))


def servers(app: FastAPI) -> Needs:
    """Origins that "Try it out" and "Authorize" call: the schema's servers and token URLs."""
    try:
        schema = app.openapi()
    except Exception:
        # A broken schema shows on the page itself; the page's headers are not the place to raise.
        return {}
    schemes = schema.get("components", {}).get("securitySchemes", {}).values()
    urls = [server.get("url", "") for server in schema.get("servers", [])]
    for scheme in schemes:
        urls.append(scheme.get("openIdConnectUrl", ""))
        for flow in scheme.get("flows", {}).values():
            urls += [flow.get("tokenUrl", ""), flow.get("refreshUrl", "")]
    return {"connect-src": [found for url in dict.fromkeys(urls) for found in named("connect-src", url, url_origin)]}
