"""What the README shows is run: every Python block, every shell line; its table of presets is what the code sends.

Its Rust blocks are doc tests of sallet-hyper, whose `lib.rs` includes the README. Run as a program, this file prints the table.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import sallet
from sallet import SecurityHeaders

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\S*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
PRESETS = {name: getattr(SecurityHeaders, name) for name in ("STRICT", "API", "CLASSIC", "THIRD_PARTY_UI")}


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCKS if name == language]


def shell_lines() -> list[str]:
    return [line for block in blocks("sh") for line in block.splitlines() if line.strip()]


def test_every_block_is_of_a_kind_that_is_run() -> None:
    assert {name for name, _ in BLOCKS} == {"python", "pycon", "sh", "toml", "nginx", "rust", "rust,compile_fail"}
    assert 'include_str!("../../README.md")' in (ROOT / "std-adapter/src/lib.rs").read_text(encoding="utf-8")


def presets_table() -> str:
    sent = {name: dict(preset.items(https=True)) for name, preset in PRESETS.items()}
    every = {header: None for headers in sent.values() for header in headers}
    rows = [["", *(f"`{name}`" for name in sent)]]
    rows.append(["---"] * len(rows[0]))
    for header in every:
        rows.append([f"`{header}`", *(f"`{h[header]}`" if header in h else "" for h in sent.values())])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def test_the_table_of_presets_is_what_the_code_sends() -> None:
    start, end = README.index("<!-- presets"), README.index("<!-- /presets -->")
    shown = README[README.index("\n", start) + 1 : end]
    assert shown == presets_table(), "print the table anew: python py-binding/tests/test_readme.py"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder with the files that the README names in the first line of a block."""
    for language in ("python", "toml"):
        for block in blocks(language):
            if named := re.match(r"# (\S+\.(?:py|toml))\n", block):
                (tmp_path / named[1]).write_text(block, encoding="utf-8")
    return tmp_path


def run(folder: Path, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
    # The README says `python` and means the environment that Sallet was installed into.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path, **env}, capture_output=True, text=True, timeout=600
    )


@pytest.mark.parametrize("block", blocks("python"))
def test_python(block: str, folder: Path) -> None:
    (folder / "block.py").write_text(block, encoding="utf-8")
    runner = ("-m", "pytest", "-q") if "def test_" in block else ()
    done = run(folder, "python", *runner, "block.py")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("block", blocks("pycon"))
def test_console(block: str) -> None:
    # `…` stands for the rest of a message.
    source = block.replace("…", "...")
    wanted = doctest.DocTestParser().get_doctest(source, {}, "README.md", "README.md", 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL)
    said: list[str] = []
    assert runner.run(wanted, out=said.append).failed == 0, "".join(said)


def test_the_shell_lines(folder: Path) -> None:
    """From top to bottom, as a reader would: mint, keep the block, serve, ask."""
    token = ""
    ran = 0
    with served_by_the_readme() as start:
        for line in shell_lines():
            command, _, expected = (part.strip() for part in line.partition("#"))
            words = shlex.split(command)
            ran += 1
            if words[0] == "make":
                assert run(ROOT, "make", "--dry-run", *words[1:]).returncode == 0, line
            elif words[:2] == ["pip", "install"]:
                install(folder / "installed", next(word for word in words[2:] if word.startswith("./")))
            elif words[0] == "uvicorn":
                assert words[-1] == "&"
                start(folder, words[1:-1])
            elif words[0] == "curl":
                done = ask(folder, start.port, command, token)
                head, _, body = done.partition("\n\n")
                assert head.splitlines()[0].split()[1] == expected, f"{line}\n{done}"
                for name, _ in PRESETS["STRICT"].items(https=False):
                    assert head.count(f"\n{name}: ") == 1, f"{line}\n{done}"
                assert body
            else:
                assert words[:3] == ["python", "-m", "sallet"], f"no test knows how to run {line!r}"
                first = words[3:5] == ["keys", "add"] and not token
                if first:
                    (folder / "keys.toml").unlink()
                done_python = run(folder, *words)
                printed = done_python.stdout or "--tokens" in words
                assert done_python.returncode == 0 and printed, f"{line}\n{done_python.stderr}"
                if first:
                    token = done_python.stdout.strip()
                    assert re.fullmatch(r"slt_\w{49}", token), done_python.stdout
                    shown = next(text for text in blocks("toml") if text.startswith("# keys.toml"))
                    digest = re.compile(r'sha256 = "[0-9a-f]{64}"')
                    written = (folder / "keys.toml").read_text(encoding="utf-8")
                    assert digest.sub("", shown).split()[2:] == digest.sub("", written).split(), "the file shown is the file written"
    assert ran >= 8 and token and start.port


def install(target: Path, package: str) -> None:
    """What pip installs from the README's folder, and that it asks for no framework."""
    pip = ["-m", "pip", "install", "--no-build-isolation", "--no-deps", "--target", str(target), package]
    done = run(ROOT, "python", *pip)
    assert done.returncode == 0, done.stderr
    alone = f"""
import sys
sys.modules.update(dict.fromkeys(["fastapi", "starlette", "pydantic"]))
sys.path.insert(0, {str(target)!r})
import sallet
print(sallet.__file__)
"""
    done = run(target, "python", "-I", "-c", alone)
    assert done.stdout.startswith(str(target)), done.stderr
    assert (target / "sallet" / "py.typed").is_file() and (target / "sallet" / "_sallet.pyi").is_file()


class Serving:
    """The server of the README's own command line, on a free port instead of the one it names."""

    def __init__(self) -> None:
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    def __call__(self, folder: Path, arguments: list[str]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        arguments[arguments.index("--port") + 1] = str(self.port)
        self.process = subprocess.Popen([sys.executable, "-m", "uvicorn", *arguments], cwd=folder)
        deadline = time.monotonic() + 60
        while True:
            assert self.process.poll() is None and time.monotonic() < deadline, "uvicorn did not start"
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)


@contextmanager
def served_by_the_readme() -> Iterator[Serving]:
    serving = Serving()
    try:
        yield serving
    finally:
        if serving.process is not None:
            serving.process.terminate()
            serving.process.wait(timeout=30)


def ask(folder: Path, port: int, command: str, token: str) -> str:
    from needs import program

    program("curl", how="apt-get install curl")
    assert port and ":8000/" in command
    # A shell, since the line holds "$TOKEN".
    shell = shutil.which("sh")
    assert shell
    done = run(folder, shell, "-c", "curl --silent --show-error " + command.replace(":8000/", f":{port}/")[5:], TOKEN=token)
    assert done.returncode == 0, done.stderr
    return done.stdout.replace("\r\n", "\n")


def test_the_parts_do_what_the_readme_says(folder: Path) -> None:
    """The second app of the README: guarded, and its API policy on the refusal too."""
    program = f"""
import sys; sys.path.insert(0, {str(folder)!r})
from starlette.testclient import TestClient
import parts, hashlib
parts.database.execute("INSERT INTO users VALUES ('alice', ?)", [hashlib.sha256(b"a-token-of-alice").hexdigest()])
client = TestClient(parts.app, base_url="https://testserver")
alice = {{"Authorization": "Bearer a-token-of-alice"}}
for path, headers, status in [
    ("/", {{}}, 401), ("/", alice, 200), ("/v1/items", {{}}, 401), ("/v1/items", alice, 200), ("/openapi.json", {{}}, 401), ("/openapi.json", alice, 200),
]:
    answer = client.get(path, headers=headers)
    assert answer.status_code == status, (path, headers, answer.status_code, answer.text)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'"), (path, answer.headers)
assert client.get("/", headers=alice).json() == {{"hello": "alice"}}
"""
    done = run(folder, "python", "-c", program)
    assert done.returncode == 0, done.stderr


def test_the_table_is_of_every_preset() -> None:
    presets = {name for name, value in vars(SecurityHeaders).items() if isinstance(value, sallet.SecurityHeaders)}
    assert presets == {*PRESETS, "EMPTY"} and SecurityHeaders.EMPTY.items() == []


if __name__ == "__main__":
    print(presets_table(), end="")
