"""The CSP nonce in Jinja2 templates.

```python
from fastapi.templating import Jinja2Templates
from sallet.templates import csp_nonce

templates = Jinja2Templates(directory="templates", context_processors=[csp_nonce])
```

```html
<script nonce="{{ csp_nonce }}">…</script>
<script {{ csp_nonce_attr }}>…</script>
```

Templates that are imported (`{% import "macros.html" as macros %}`) get no context. For those, and for a
`Jinja2` environment of your own, there are globals: functions of the request.

```python
from sallet.templates import globals

templates.env.globals.update(globals())
```

```html
<script nonce="{{ csp_nonce_of(request) }}">…</script>
<script {{ csp_nonce_attr_of(request) }}>…</script>
```
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sallet import _sallet

__all__ = ["csp_nonce", "csp_nonce_attr_of", "csp_nonce_of", "globals"]


class _Attribute(str):
    """`nonce="…"`, which is HTML: Jinja2 and Markupsafe do not escape it."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


def csp_nonce_of(request: Any) -> str:
    """The nonce of this request: `sallet.csp_nonce`.

    Raises:
        RuntimeError: No Sallet layer is around.
    """
    return _sallet.csp_nonce(request)


def csp_nonce_attr_of(request: Any) -> str:
    """The whole attribute, `nonce="…"`, that need not be marked as safe.

    Raises:
        RuntimeError: No Sallet layer is around.
    """
    # base64url, in which nothing has to be escaped.
    return _Attribute(f'nonce="{_sallet.csp_nonce(request)}"')


def csp_nonce(request: Any) -> dict[str, Any]:
    """`{"csp_nonce": ..., "csp_nonce_attr": ...}`, for `Jinja2Templates(context_processors=[...])`.

    Args:
        request: A Starlette request, or anything whose `.scope` is the ASGI scope.

    Returns:
        The nonce of the request, which the policy of the response names where it says `NONCE`; an empty
        dict where no Sallet layer is around, so that a template that uses it under `StrictUndefined` says so.
    """
    try:
        nonce = _sallet.csp_nonce(request)
    except RuntimeError:
        return {}
    return {"csp_nonce": nonce, "csp_nonce_attr": _Attribute(f'nonce="{nonce}"')}


def globals() -> dict[str, Callable[[Any], str]]:  # noqa: A001 - as Jinja2 calls them
    """The functions of this module by their names, for `env.globals.update(...)`."""
    return {"csp_nonce_of": csp_nonce_of, "csp_nonce_attr_of": csp_nonce_attr_of}
