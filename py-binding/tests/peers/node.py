"""Runs a script of this folder that uses the npm packages of `tests/npm`: JSON goes in, JSON comes out."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from needs import need, program

HERE = Path(__file__).parent
NPM = HERE.parent / "npm"
SECONDS = 120


def node(script: str, given: object = None, env: Mapping[str, str] = {}) -> Any:
    """What `script` prints for `given`."""
    path = program("node", "nodejs", how="apt-get install nodejs npm, then make setup")
    if not (NPM / "node_modules").is_dir():
        need("the npm packages", "tests/npm/node_modules is not there", "make setup, with npm installed")
    done = subprocess.run(
        [path, HERE / script],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env={**os.environ, **env},
    )
    assert done.returncode == 0, f"{script}: {done.stderr[-2000:]}"
    return json.loads(done.stdout)
