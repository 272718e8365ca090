"""An app whose keys are those of a watched file; KEYS names it."""

from __future__ import annotations

import os
import threading

from fastapi import FastAPI
from sallet import Keyring
from sallet.fastapi import Bearer, protect

keys = Keyring.from_file(os.environ["KEYS"], watch=True)

app = FastAPI()
protect(app, auth=Bearer(keys, realm="items"), public=["/process"])


@app.get("/items")
async def items() -> int:
    return os.getpid()


@app.get("/process")
async def process() -> list[int]:
    """Which worker this connection leads to, and how many threads look at files there."""
    return [os.getpid(), sum(thread.name == "sallet-watch" for thread in threading.enumerate())]
