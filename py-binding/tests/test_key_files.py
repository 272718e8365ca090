"""The key files that all hosts share (`cases/key_files.json`): here, what Python reads in them.

The hyper adapter's tests read the same file, so that one `keys.toml` means the same in both.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from needs import need
from sallet import Key, Keyring, KeyringError

ROOT = Path(__file__).resolve().parents[2]
CASES = json.loads((ROOT / "cases/key_files.json").read_text("utf-8"))["cases"]
# A minted token has 53 characters, a digest 64.
MAY_BE_A_TOKEN = re.compile(r"[^\s'\"]{33,}")


class Kept(Keyring):
    """Remembers what it was made of: a keyring itself shows no window."""

    kept: list[Key]

    def __new__(cls, keys: list[Key]) -> Kept:
        ring = super().__new__(cls, keys)
        ring.kept = keys
        return ring


def written(case: dict[str, Any]) -> bytes:
    return bytes.fromhex(case["hex"]) if "hex" in case else case["text"].encode()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_key_file_means_the_same_everywhere(tmp_path, case):
    file = tmp_path / "keys.toml"
    file.write_bytes(written(case))
    if "error" not in case:
        names = ("id", "principal", "scopes", "not_before", "not_after")
        read = [{name: getattr(key, name) for name in names} for key in Kept.from_file(file).kept]
        assert read == [{name: key[name] for name in names} | {"scopes": tuple(key["scopes"])} for key in case["keys"]]
        return
    with pytest.raises(KeyringError) as refused:
        Keyring.from_file(file)
    said = str(refused.value)
    assert [what for what in (str(file), *case["says"]) if what not in said] == [], said
    for word in MAY_BE_A_TOKEN.findall(case.get("text", "")):
        assert word not in said.replace(str(file), "")


@pytest.fixture(scope="module")
def rust_server() -> Path:
    """The example of sallet-hyper that reads a key file, built."""
    if (cargo := shutil.which("cargo")) is None:
        need("a Rust server that reads keys.toml", "no cargo on PATH", "get Rust from https://rustup.rs")
    command = [cargo, "build", "--locked", "-p", "sallet-hyper", "--all-features", "--example", "key_file"]
    built = subprocess.run([*command, "--message-format", "json"], cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    made = [json.loads(line) for line in built.stdout.splitlines() if line.startswith("{")]
    (path,) = [one["executable"] for one in made if one.get("executable") and one["target"]["name"] == "key_file"]
    return Path(path)


@contextlib.contextmanager
def serving(server: Path, keys: Path) -> Iterator[str]:
    running = subprocess.Popen([server, keys], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert running.stdout is not None
        yield running.stdout.readline().strip()
    finally:
        running.kill()
        running.communicate()


def answer(url: str, token: str) -> tuple[int, str]:
    request = urllib.request.Request(f"{url}/items", headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, ""


def until(url: str, token: str, status: int) -> str:
    """Asks until that is the answer; nothing here takes half a minute."""
    end = time.monotonic() + 30
    while (seen := answer(url, token))[0] != status:
        assert time.monotonic() < end, f"{seen}, not {status}"
        time.sleep(0.02)
    return seen[1]


def test_a_rust_server_admits_what_the_command_wrote_and_no_longer_what_was_taken_out(tmp_path, rust_server):
    command = [sys.executable, "-m", "sallet", "token", "--id", "ci-1", "--principal", "ci", "--scopes", "items:read"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    token, block = re.findall(r"\bslt_\w+", said)[0], said[said.index("[[key]]") :]
    keys = tmp_path / "keys.toml"
    keys.write_text("# nobody, for now\n")
    with serving(rust_server, keys) as url:
        assert answer(url, token)[0] == 401
        with keys.open("a") as file:
            file.write(block)
        assert until(url, token, 200) == "the helm of ci (ci-1)\n"
        assert Keyring.from_file(keys).verify(token).name == "ci"
        keys.write_text("# nobody any more\n")
        until(url, token, 401)
