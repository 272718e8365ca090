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

import re as _re

try:
    import fastapi as _fastapi
except ImportError as _error:
    raise ImportError(
        "sallet.fastapi needs FastAPI: pip install 'sallet[fastapi]'"
    ) from _error

# As in pyproject.toml, whose word does not count where Sallet was installed without the extra.
_OLDEST = (0, 144)

_version = getattr(_fastapi, "__version__", "")
_numbers = _re.match(r"(\d+)\.(\d+)", _version)
if _numbers and (int(_numbers[1]), int(_numbers[2])) < _OLDEST:
    raise ImportError(
        f"sallet.fastapi needs FastAPI {_OLDEST[0]}.{_OLDEST[1]} or newer, and this is {_version}: "
        "pip install 'sallet[fastapi]'. SecurityHeadersMiddleware and AuthMiddleware of sallet work "
        "with any version"
    )

from sallet.fastapi import _schemes
from sallet.fastapi._any_of import AnyOf
from sallet.fastapi._own_page import docs_page
from sallet.fastapi._protect import protect
from sallet.fastapi._resource_metadata import resource_metadata
from sallet.fastapi._schemes import *

__all__ = ["AnyOf", "docs_page", "protect", "resource_metadata"]
__all__ += _schemes.__all__
