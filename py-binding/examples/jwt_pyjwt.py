"""JWTs of an OAuth provider, verified by PyJWT: issuer, audience and algorithms pinned, the provider's keys cached.

pip install 'pyjwt[crypto]'; uvicorn jwt_pyjwt:app
"""

from __future__ import annotations

import os
from typing import Any

import jwt
from fastapi import FastAPI, HTTPException, Security
from sallet import Credentials
from sallet.fastapi import Bearer, protect

ISSUER = os.environ.get("ISSUER", "https://login.example/")
AUDIENCE = os.environ.get("AUDIENCE", "https://api.example")
# Never what the token's own header says (RFC 8725 section 3.1).
ALGORITHMS = ["RS256"]
# The document is fetched again after five minutes, and where a token names a key that is not in it. PyJWT allows one such fetch in 30 seconds,
# so tokens with invented names cannot make this server a client that asks all the time.
jwks = jwt.PyJWKClient(os.environ.get("JWKS", f"{ISSUER}.well-known/jwks.json"), lifespan=300, timeout=5)


def verify(credentials: Credentials) -> dict[str, Any] | None:
    """The claims, which are the user. Sallet reads their `scope`."""
    try:
        key = jwks.get_signing_key_from_jwt(credentials.token)
        return jwt.decode(
            credentials.token,
            key,
            algorithms=ALGORITHMS,
            issuer=ISSUER,
            audience=AUDIENCE,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
    except jwt.PyJWKClientConnectionError:
        # Nobody can say just now whether it is good.
        raise HTTPException(503, headers={"Retry-After": "5"}) from None
    except (jwt.PyJWTError, jwt.PyJWKClientError):
        return None


# The keys are fetched by a call that blocks: in a thread. Access tokens with many groups are longer than 8 KiB.
bearer = Bearer(authenticate=verify, threaded=True, max_length=16_384, bearer_format="JWT")

app = FastAPI()
protect(app, auth=bearer, hide=True)


@app.get("/items")
async def items(claims: dict[str, Any] = Security(bearer, scopes=["items:read"])) -> dict[str, str]:
    return {"hello": claims["sub"]}
