"""Sallet: a light helmet for HTTP.

Security headers and token authentication for any ASGI app, the work done in Rust.

```python
from fastapi import FastAPI
from sallet import Keyring
from sallet.fastapi import Bearer, protect

app = FastAPI()
protect(app, auth=Bearer(Keyring.from_file("keys.toml")), public=["/health"])
```

The parts, for those who want them apart: `SecurityHeaders` is a policy and
`SecurityHeadersMiddleware` sends it; `Keyring` knows the keys, `Bearer` reads and judges a
request's credentials, and `AuthMiddleware` refuses what does not pass. Neither FastAPI nor
Starlette is needed for them.

Every error is a `SalletError`, which is a `ValueError`.
"""

from __future__ import annotations

from sallet._sallet import (
    NONCE,
    NONE,
    REPORT_SAMPLE,
    SELF,
    STRICT_DYNAMIC,
    UNSAFE_EVAL,
    UNSAFE_HASHES,
    UNSAFE_INLINE,
    WASM_UNSAFE_EVAL,
    ContentSecurityPolicy,
    Credentials,
    CredentialsError,
    Key,
    KeyringError,
    Lint,
    PathRules,
    PolicyError,
    Principal,
    Refusal,
    SalletError,
    SecurityHeaders,
    generate_token,
    script_hash,
    style_hash,
)
from sallet.auth import AuthMiddleware, Bearer
from sallet.headers import SecurityHeadersMiddleware
from sallet.keyring import Keyring

__all__ = [
    "NONCE",
    "NONE",
    "REPORT_SAMPLE",
    "SELF",
    "STRICT_DYNAMIC",
    "UNSAFE_EVAL",
    "UNSAFE_HASHES",
    "UNSAFE_INLINE",
    "WASM_UNSAFE_EVAL",
    "AuthMiddleware",
    "Bearer",
    "ContentSecurityPolicy",
    "Credentials",
    "CredentialsError",
    "Key",
    "Keyring",
    "KeyringError",
    "Lint",
    "PathRules",
    "PolicyError",
    "Principal",
    "Refusal",
    "SalletError",
    "SecurityHeaders",
    "SecurityHeadersMiddleware",
    "generate_token",
    "script_hash",
    "style_hash",
]
