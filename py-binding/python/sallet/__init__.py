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

from sallet import _sallet, auth, passwords
from sallet._policy import policy
from sallet._sallet import *
from sallet.auth import *
from sallet.headers import Directives, SecurityHeadersMiddleware
from sallet.keyring import Keyring
from sallet.passwords import *
from sallet.throttle import FailureThrottle

__all__ = ["Directives", "FailureThrottle", "Keyring", "SecurityHeadersMiddleware", "policy"]
__all__ += auth.__all__
__all__ += passwords.__all__
__all__ += _sallet.__all__
