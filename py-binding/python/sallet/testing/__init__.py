"""For the tests of your app: `assert_protected` finds open routes, `signed_in` admits a user of your choice.

```python
from sallet import Principal
from sallet.testing import assert_protected, signed_in

def test_nothing_is_open_by_accident():
    assert_protected(app, public=["/health"])

def test_items():
    with signed_in(app, Principal("alice", scopes=["items:read"])):
        assert TestClient(app).get("/items").status_code == 200
```

Neither needs a key, a token or a server.
"""

from __future__ import annotations

from sallet.testing._assert_protected import assert_protected
from sallet.testing._signed_in import signed_in

__all__ = ["assert_protected", "signed_in"]
