"""The MCP SDK's own client, against an MCP server that is mounted into FastAPI and protected: with a key, and by discovery."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from browser.serving import serve
from fastapi import FastAPI
from harness import asgi
from harness.servers import free_port
from keys import READER, UNKNOWN, keyring
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.server.auth.provider import AuthorizationCode, AuthorizationParams, construct_redirect_uri
from mcp.server.auth.routes import create_auth_routes
from mcp.server.auth.settings import ClientRegistrationOptions
from mcp.server.mcpserver import MCPServer
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyHttpUrl, AnyUrl
from sallet import AuthMiddleware, PolicyError
from sallet.fastapi import ApiKey, Bearer, protect, resource_metadata
from starlette.applications import Starlette


@contextmanager
def tools(*, discovery: str | None = None) -> Iterator[str]:
    """The URL of a protected MCP server whose tool adds."""
    server = MCPServer("tools")

    @server.tool()
    def add(a: int, b: int) -> int:
        return a + b

    inner = server.streamable_http_app()
    app = FastAPI(lifespan=lambda _: server.session_manager.run())
    app.mount("/", inner)
    port = free_port()
    url = f"http://127.0.0.1:{port}/mcp"
    document = resource_metadata(app, url, authorization_servers=[discovery], scopes=["items:read"]) if discovery else None
    bearer = Bearer(keyring(), realm="mcp", scopes=["items:read"], resource_metadata=document)
    protect(app, auth=[bearer, ApiKey(keyring())])
    with serve(app, at=port):
        yield url


async def added(url: str, client: httpx2.AsyncClient) -> str:
    async with client, Client(streamable_http_client(url, http_client=client)) as session:
        result = await session.call_tool("add", {"a": 2, "b": 3})
        return str(result.content[0].text)


@pytest.mark.parametrize("headers", [{"authorization": f"Bearer {READER}"}, {"x-api-key": READER}])
def test_a_client_with_a_key(headers):
    with tools() as url:
        assert asyncio.run(added(url, httpx2.AsyncClient(headers=headers))) == "5"
        told = set()

        async def see(response: httpx2.Response) -> None:
            told.add(response.status_code)

        wrong = {name: value.replace(READER, UNKNOWN) for name, value in headers.items()}
        with pytest.raises(Exception, match="TaskGroup"):
            asyncio.run(added(url, httpx2.AsyncClient(headers=wrong, event_hooks={"response": [see]})))
        assert told == {401}


class Login:
    """An authorization server that asks nobody: the SDK's own, whose codes are good for the token of a key."""

    def __init__(self) -> None:
        self.clients: dict[str, OAuthClientInformationFull] = {}
        self.codes: dict[str, AuthorizationCode] = {}

    async def get_client(self, client_id: str) -> OAuthClientInformationFull | None:
        return self.clients.get(client_id)

    async def register_client(self, client_info: OAuthClientInformationFull) -> None:
        assert client_info.client_id
        self.clients[client_info.client_id] = client_info

    async def authorize(self, client: OAuthClientInformationFull, params: AuthorizationParams) -> str:
        code = AuthorizationCode(
            code="a-code-of-these-tests",
            scopes=params.scopes or [],
            expires_at=time.time() + 60,
            client_id=str(client.client_id),
            **params.model_dump(include={"code_challenge", "redirect_uri", "redirect_uri_provided_explicitly", "resource"}),
        )
        self.codes[code.code] = code
        return construct_redirect_uri(str(params.redirect_uri), code=code.code, state=params.state)

    async def load_authorization_code(self, client: Any, authorization_code: str) -> AuthorizationCode | None:
        return self.codes.get(authorization_code)

    async def exchange_authorization_code(self, client: Any, authorization_code: AuthorizationCode) -> OAuthToken:
        return OAuthToken(access_token=READER, scope=" ".join(authorization_code.scopes))


class Storage:
    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


def test_a_client_that_finds_its_token_by_discovery():
    port = free_port()
    issuer, login, storage, visited = f"http://127.0.0.1:{port}/", Login(), Storage(), []
    routes = create_auth_routes(
        login,  # type: ignore[arg-type]
        AnyHttpUrl(issuer),
        client_registration_options=ClientRegistrationOptions(enabled=True, valid_scopes=["items:read"]),
    )

    async def redirect(url: str) -> None:
        async with httpx2.AsyncClient() as browser:
            answer = await browser.get(url)
        assert parse_qs(urlsplit(url).query)["scope"] == ["items:read"]
        visited.append(answer.headers["location"])

    async def callback() -> AuthorizationCodeResult:
        query = parse_qs(urlsplit(visited[-1]).query)
        return AuthorizationCodeResult(code=query["code"][0], state=query["state"][0])

    with serve(Starlette(routes=routes), at=port), tools(discovery=issuer) as url:
        metadata = OAuthClientMetadata(client_name="test", redirect_uris=[AnyUrl("http://127.0.0.1:1/callback")])
        auth = OAuthClientProvider(url, metadata, storage, redirect, callback)
        assert asyncio.run(added(url, httpx2.AsyncClient(auth=auth))) == "5"
    assert storage.tokens is not None and storage.tokens.access_token == READER
    assert len(visited) == 1


# The document

SERVERS = ["https://login.example"]


def test_the_document_is_where_the_rfc_says_and_public():
    for resource, path in (
        ("https://api.example", "/.well-known/oauth-protected-resource"),
        ("https://api.example/", "/.well-known/oauth-protected-resource"),
        ("https://api.example/v1/mcp", "/.well-known/oauth-protected-resource/v1/mcp"),
    ):
        for options in ({}, {"protected": ["/v1", "/.well-known"]}):
            app = FastAPI()
            app.mount("/", AuthMiddleware(app, Bearer(keyring())))
            url = resource_metadata(app, resource, authorization_servers=SERVERS, scopes=["a", "b"], name="Items")
            assert url == f"https://api.example{path}"
            protect(app, auth=Bearer(keyring(), resource_metadata=url), **options)
            reply = asgi.call(app, path, [("origin", "https://client.example")])
            assert reply.json() == {
                "resource": resource,
                "authorization_servers": SERVERS,
                "bearer_methods_supported": ["header"],
                "scopes_supported": ["a", "b"],
                "resource_name": "Items",
            }
            assert reply.one("access-control-allow-origin") == "*"
            assert asgi.call(app, path, method="HEAD").status == 200
            asked = [("origin", "https://client.example"), ("access-control-request-method", "GET")]
            asked.append(("access-control-request-headers", "mcp-protocol-version"))
            assert asgi.call(app, path, asked, method="OPTIONS").status == 200
            # And nothing else.
            for other, method in ((f"{path}/x", "GET"), (path, "POST"), ("/v1/mcp", "GET")):
                assert asgi.call(app, other, method=method).status == 401, (other, method)
            assert path not in app.openapi()["paths"]


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"resource": "/mcp"}, PolicyError, "^resource: '/mcp' is not an absolute URL"),
        ({"resource": "https://a.example/?x"}, PolicyError, "has a query or a fragment"),
        ({"resource": "https://a.example/a b"}, PolicyError, "percent-encode"),
        ({"authorization_servers": "https://login.example"}, TypeError, r"write authorization_servers=\['https://login.example'\]"),
        ({"authorization_servers": []}, TypeError, "name one, or leave"),
        ({"authorization_servers": ["login.example"]}, PolicyError, "^authorization_servers: 'login.example'"),
        ({"scopes": "a b"}, TypeError, r"write scopes="),
        ({"authorization_server": SERVERS}, TypeError, "did you mean authorization_servers"),
    ],
)
def test_a_mistake_names_the_fix(arguments, kind, message):
    app = FastAPI()
    with pytest.raises(kind, match=message):
        resource_metadata(app, **({"resource": "https://a.example", "authorization_servers": SERVERS} | arguments))
