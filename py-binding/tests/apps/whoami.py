"""An application that says who is in, the guard around it, and how to ask the two."""

from __future__ import annotations

import json

from harness import asgi
from keys import keyring
from sallet import AuthMiddleware, Bearer


REALM = 'Bearer realm="items"'
INVALID_REQUEST = 'Bearer realm="items", error="invalid_request"'
INVALID_TOKEN = 'Bearer realm="items", error="invalid_token"'


async def whoami(scope, receive, send):
    user = scope["state"].get("user")
    body = json.dumps({"id": getattr(user, "id", None), "scopes": list(getattr(user, "scopes", ()))}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})


def guard(auth=None, **options):
    return AuthMiddleware(whoami, auth or Bearer(keyring(), realm="items"), **options)


GUARD = guard()


def ask(value, app=GUARD):
    return asgi.call(app, "/", [] if value is None else [("authorization", value)])


def exact(reply):
    return reply.status, sorted(reply.headers), reply.body
