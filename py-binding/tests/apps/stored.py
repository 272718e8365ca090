"""An application whose keys are in the store of the variable STORE; it says which process answers."""

from __future__ import annotations

import os

from fastapi import FastAPI
from sallet import Keyring
from sallet.fastapi import Bearer, protect

app = FastAPI()
protect(app, auth=Bearer(Keyring.from_store(os.environ["STORE"], max_stale=60)), public=["/"])


@app.get("/")
def root() -> int:
    return os.getpid()


@app.get("/items")
def items() -> int:
    return os.getpid()
