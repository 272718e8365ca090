"""An app whose keys are read again on SIGHUP and on SIGUSR1; KEYS names the file."""

from __future__ import annotations

import os
import signal

from fastapi import FastAPI
from sallet import Keyring
from sallet.fastapi import Bearer, protect

before: list[int] = []
signal.signal(signal.SIGHUP, lambda signum, frame: before.append(signum))

keys = Keyring.from_file(os.environ["KEYS"])
keys.reload_on(signal.SIGHUP)
keys.reload_on(signal.SIGUSR1)

app = FastAPI()
protect(app, auth=Bearer(keys, realm="items"), public=["/before"])


@app.get("/items")
async def items() -> str:
    return "ok"


@app.get("/before")
async def called_before() -> int:
    """How often the handler was called that was there before."""
    return len(before)
