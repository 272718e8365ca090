"""The CSP nonce in Jinja2 templates.

```python
from fastapi.templating import Jinja2Templates
from sallet.templates import csp_nonce

templates = Jinja2Templates(directory="templates", context_processors=[csp_nonce])
```

```html
<script nonce="{{ csp_nonce }}">…</script>
```
"""

from __future__ import annotations

from typing import Any

__all__ = ["csp_nonce"]


def csp_nonce(request: Any) -> dict[str, Any]:
    """`{"csp_nonce": ...}` of this request, for `Jinja2Templates(context_processors=[...])`.

    Args:
        request: A Starlette request, or anything whose `.scope` is the ASGI scope.

    Returns:
        The nonce that the policy of this response carries; an empty dict when the policy has no
        `NONCE` source, so that a template that uses one under `StrictUndefined` says so.
    """
    nonce = (request.scope.get("state") or {}).get("csp_nonce")
    return {} if nonce is None else {"csp_nonce": nonce}
