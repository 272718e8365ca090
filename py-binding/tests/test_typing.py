"""What type checkers say of Sallet: `typing/sample.py` uses every public name and member as a user would."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

import pytest
import stub
from sallet import SecurityHeadersMiddleware
from sallet.headers import HeadersOptions

HERE = Path(__file__).resolve().parent
SAMPLE = HERE / "typing" / "sample.py"
PACKAGE = HERE.parent / "python" / "sallet"
MODULES = ("sallet", "sallet.fastapi", "sallet.templates", "sallet.testing")


def check(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    # Pyright would ask the network whether there is a newer one.
    env = {**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1", **env}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=SAMPLE.parent, env=env, capture_output=True, text=True, timeout=300)


def test_mypy_strict(tmp_path_factory: pytest.TempPathFactory) -> None:
    done = check("mypy", "--strict", "--config-file=", "--cache-dir", cache(tmp_path_factory), str(SAMPLE), str(PACKAGE))
    assert done.returncode == 0, done.stdout + done.stderr


def test_pyright_strict() -> None:
    done = check("pyright", "--pythonpath", sys.executable, "-p", str(SAMPLE.parent))
    assert done.returncode == 0, done.stdout + done.stderr


def test_pyright_finds_every_public_type_known() -> None:
    # --verifytypes follows no .pth file, and so sees nothing of an editable install.
    where = {"PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), sysconfig.get_path("purelib")])}
    done = check("pyright", "--pythonpath", sys.executable, "--verifytypes", "sallet", "--ignoreexternal", **where)
    assert done.returncode == 0 and "completeness score: 100%" in done.stdout, done.stdout + done.stderr


def test_the_stub_is_the_module() -> None:
    done = check("stubtest")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_stub_has_every_row_of_the_core() -> None:
    old = stub.STUB.read_text(encoding="utf-8")
    missing = "".join(unified_diff(old.splitlines(True), stub.written(old).splitlines(True), "the stub", "the core", n=0))
    assert not missing, f"write the stub anew: .venv/bin/python py-binding/tests/stub.py\n{missing}"


def test_the_sample_runs() -> None:
    done = subprocess.run([sys.executable, str(SAMPLE)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def cache(factory: pytest.TempPathFactory) -> str:
    # One folder for the whole run; the pid keeps two runs apart.
    return str(factory.getbasetemp() / "mypy")


def public() -> Iterator[tuple[str, str]]:
    """Every public name of every public module, and every public member of each class among them."""
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        for name in module.__all__:
            yield module_name, name
            value = getattr(module, name)
            if isinstance(value, type):
                for member in (m for base in value.__mro__ if base.__module__.startswith("sallet") for m in vars(base)):
                    if not member.startswith("_"):
                        yield module_name, f"{name}.{member}"


def names_used() -> set[str]:
    """Names and attributes; the import of a name is no use of it, and a keyword is none of an attribute."""
    used: set[str] = set()
    for node in ast.walk(ast.parse(SAMPLE.read_text(encoding="utf-8"))):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                used.add(name)
            case _:
                pass
    return used


def test_the_sample_uses_every_public_name() -> None:
    used = names_used()
    # These are written into the stub from the tables, all alike.
    written = {row["keyword"] for row in stub.ROWS["headers"]} | {name for name, *_ in stub.ROWS["sources"]}
    names = {(module, name) for module, name in public() if name.rpartition(".")[2] not in written}
    assert len(names) > 60
    assert sorted(f"{module}: {name}" for module, name in names if name.rpartition(".")[2] not in used) == []


def test_each_option_that_protect_hands_on_is_taken_and_told() -> None:
    told = inspect.getdoc(SecurityHeadersMiddleware) or ""
    for name in HeadersOptions.__annotations__:
        assert f"{name}: " in told, "sallet/headers.py: the docstring tells of each of HeadersOptions"
        SecurityHeadersMiddleware(lambda scope, receive, send: None, **{name: False if name == "override" else None})
    with pytest.raises(TypeError, match="has no argument 'more'"):
        SecurityHeadersMiddleware(lambda scope, receive, send: None, more=None)
