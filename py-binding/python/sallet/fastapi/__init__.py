"""Sallet for FastAPI: `protect` does the whole job, `Bearer` is the scheme it is given.

```python
from fastapi import FastAPI, Security
from sallet import Keyring, Principal
from sallet.fastapi import Bearer, protect

bearer = Bearer(Keyring.from_file("keys.toml"), realm="items")

app = FastAPI()
protect(app, auth=bearer, public=["/health"])

@app.get("/items")
async def items(who: Principal = Security(bearer, scopes=["items:read"])): ...
```
"""

try:
    import fastapi as _fastapi  # noqa: F401
except ImportError as _error:
    raise ImportError(
        "sallet.fastapi needs FastAPI: pip install 'sallet[fastapi]'"
    ) from _error

from sallet.fastapi._bearer import Bearer
from sallet.fastapi._protect import protect

__all__ = ["Bearer", "protect"]
