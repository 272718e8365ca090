"""JWTs of an OAuth provider, verified by joserfc: issuer, audience and algorithms pinned, the provider's keys cached.

pip install joserfc httpx; uvicorn jwt_joserfc:app
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

import httpx
from fastapi import FastAPI, HTTPException, Security
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from sallet import Credentials
from sallet.fastapi import Bearer, protect

ISSUER = os.environ.get("ISSUER", "https://login.example/")
AUDIENCE = os.environ.get("AUDIENCE", "https://api.example")
# Never what the token's own header says (RFC 8725 section 3.1).
ALGORITHMS = ["RS256"]
CLAIMS = jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": ISSUER},
    aud={"essential": True, "value": AUDIENCE},
    exp={"essential": True},
    sub={"essential": True},
)


class Keys:
    """The provider's keys: fetched again after five minutes, and for a key that is not among them at most every 30 seconds."""

    def __init__(self, url: str) -> None:
        self._url, self._keys, self._fetched = url, KeySet([]), 0.0
        self._lock = asyncio.Lock()

    async def get(self, max_age: float) -> KeySet:
        async with self._lock:
            if not self._keys.keys or time.monotonic() - self._fetched > max_age:
                async with httpx.AsyncClient(timeout=5) as client:
                    answer = await client.get(self._url)
                self._keys = KeySet.import_key_set(answer.raise_for_status().json())
                self._fetched = time.monotonic()
            return self._keys


keys = Keys(os.environ.get("JWKS", f"{ISSUER}.well-known/jwks.json"))


async def verify(credentials: Credentials) -> dict[str, Any] | None:
    """The claims, which are the user. Sallet reads their `scope`."""
    try:
        for max_age in (300, 30):
            try:
                token = jwt.decode(credentials.token, await keys.get(max_age), algorithms=ALGORITHMS)
            except InvalidKeyIdError:
                continue  # perhaps the provider has a new key
            CLAIMS.validate(token.claims)
            return token.claims
    except httpx.HTTPError:
        # Nobody can say just now whether it is good.
        raise HTTPException(503, headers={"Retry-After": "5"}) from None
    except (JoseError, ValueError):
        pass
    return None


# Access tokens with many groups are longer than 8 KiB.
bearer = Bearer(authenticate=verify, timeout=8, max_length=16_384, bearer_format="JWT")

app = FastAPI()
protect(app, auth=bearer, hide=True)


@app.get("/items")
async def items(claims: dict[str, Any] = Security(bearer, scopes=["items:read"])) -> dict[str, str]:
    return {"hello": claims["sub"]}
