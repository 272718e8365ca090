"""The document by which clients learn where to get a token for a protected resource (RFC 9728)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sallet import PathRules, PolicyError
from sallet._near import arguments

# RFC 9728 section 3.
_WELL_KNOWN = "/.well-known/oauth-protected-resource"
_METHODS = ("GET", "OPTIONS")
# RFC 3986 section 2.
_URL = re.compile(r"[!#-;=?-\[\]_a-z~]+")


@arguments()
def resource_metadata(
    app: Starlette,
    resource: str,
    *,
    authorization_servers: Iterable[str],
    scopes: Iterable[str] = (),
    name: str | None = None,
    documentation: str | None = None,
) -> str:
    """Serves the metadata of a protected resource (RFC 9728), and returns the document's URL for `Bearer`:

    ```python
    url = resource_metadata(
        app, "https://api.example/mcp", authorization_servers=["https://login.example"]
    )
    protect(app, auth=Bearer(authenticate=check_jwt, resource_metadata=url))
    ```

    An OAuth client without a token, such as an MCP client, is answered 401 with that URL, and finds there who
    gives it one. The document is public under `protect(app, auth=...)`, and pages of any origin may
    read it; with a plain `AuthMiddleware` add its path to `public`.

    Args:
        app: The app at the root of the host: the path of the document is `/.well-known/oauth-protected-resource`, and
            behind that the path of `resource`.
        resource: The URL of what is protected, as clients reach it. Clients refuse a document that names another.
        authorization_servers: Their issuer identifiers, which are URLs.
        scopes: Those that a client may ask for.
        name, documentation: For people: what it is called, and the URL of its documentation.

    Raises:
        PolicyError: A URL is not absolute, or `resource` has a query or a fragment.
        TypeError: `authorization_servers` or `scopes` is one str, or there is no server.
    """
    lists = {"authorization_servers": authorization_servers, "scopes": scopes}
    for argument, given in lists.items():
        if isinstance(given, str):
            raise TypeError(f"{argument} is a list of str: write {argument}=[{given!r}]")
    servers = list(authorization_servers)
    if not servers:
        raise TypeError(
            "authorization_servers is empty, so the document would lead nowhere: name one, or leave resource_metadata out"
        )
    for server in servers:
        _check("authorization_servers", server)
    _check("resource", resource)
    parts = urlsplit(resource)
    if parts.query or parts.fragment:
        raise PolicyError(f"resource: {resource!r} has a query or a fragment: leave it out")
    # Section 3.1: between the host and the path, which is no path if it is only the slash behind the host.
    path = _WELL_KNOWN + ("" if parts.path == "/" else parts.path)
    PathRules([path])
    members = {
        "resource": resource,
        "authorization_servers": servers,
        "bearer_methods_supported": ["header"],
        "scopes_supported": list(scopes),
        "resource_name": name,
        "resource_documentation": documentation,
    }
    document = MetadataDocument({member: value for member, value in members.items() if value})
    # In front of a mount that would take every path.
    app.router.routes.insert(0, Route(path, document, methods=list(_METHODS), include_in_schema=False))
    return f"{parts.scheme}://{parts.netloc}{path}"


def _check(argument: str, url: str) -> None:
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or parts.scheme not in ("https", "http") or not parts.netloc:
        raise PolicyError(f"{argument}: {url!r} is not an absolute URL: write it with https:// and the host")
    if not _URL.fullmatch(url):
        raise PolicyError(f"{argument}: {url!r} has a character that no URL has: percent-encode it")


class MetadataDocument:
    """The document, for pages of any origin: there is nothing secret in it, and MCP's clients also run in browsers."""

    def __init__(self, members: dict[str, Any]) -> None:
        self._app = CORSMiddleware(
            JSONResponse(members), allow_origins=["*"], allow_methods=["GET"], allow_headers=["mcp-protocol-version"]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def public_documents(app: Starlette) -> Iterator[str]:
    """The rules that open the documents of an app."""
    for route in app.router.routes:
        if isinstance(route, Route) and isinstance(route.endpoint, MetadataDocument):
            yield from (f"{method} {route.path}" for method in _METHODS)
