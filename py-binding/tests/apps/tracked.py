"""An app that fails under Sentry's SDK, which is told to send all that it can: prints what it would send. The argument is `hide`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import sentry_sdk
from fastapi import Depends, FastAPI
from sallet.fastapi import Bearer, protect
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from harness import asgi  # noqa: E402
from keys import READER, UNKNOWN, keyring  # noqa: E402


class Outbox(sentry_sdk.transport.Transport):
    def capture_envelope(self, envelope: Any) -> None:
        print([item.payload.json for item in envelope.items])


sentry_sdk.init(
    dsn="https://key@sentry.example/1", transport=Outbox(), send_default_pii=True, traces_sample_rate=1.0, max_value_length=100_000
)
app, bearer = FastAPI(), Bearer(keyring())
app.add_middleware(CORSMiddleware, allow_origins=["*"])


@app.get("/fails")
async def fails(request: Request, who: Any = Depends(bearer)) -> None:
    shown = request.headers  # a variable of a frame, as Sentry shows them
    raise LookupError(f"a bug of the app, {len(shown) > 0}")


protect(app, auth=bearer, hide=sys.argv[1] == "True")
for token in (READER, UNKNOWN):
    asgi.call(app, "/fails", [asgi.bearer(token), ("origin", "https://a.example")])
sentry_sdk.flush()
