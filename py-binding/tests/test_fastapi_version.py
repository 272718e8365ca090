"""A FastAPI that is too old is told by its version, and not by a name that cannot be imported."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PYPROJECT = (Path(__file__).parents[1] / "pyproject.toml").read_text()
OLDEST = re.search(r'"fastapi>=([\d.]+)"', PYPROJECT)[1]

# What this version of Sallet takes from FastAPI is not in the old one; __version__ is as old.
OLD = "import sys, types; m = types.ModuleType('fastapi'); m.__version__ = {!r}; sys.modules['fastapi'] = m; import sallet.fastapi"
AS = "import fastapi; fastapi.__version__ = {!r}; import sallet.fastapi; print('imported')"


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("version", ["0.79.0", "0.143.9", "0.100", "0.68.0rc1"])
def test_an_old_fastapi_is_told(version):
    done = run(OLD.format(version))
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 1
    assert last.startswith(f"ImportError: sallet.fastapi needs FastAPI {OLDEST} or newer, and this is {version}: pip install")
    assert "SecurityHeadersMiddleware" in last


@pytest.mark.parametrize("version", [f"{OLDEST}.0", "0.999.0", "1.0.0", "1.0", "unknown", "0+unknown"])
def test_a_new_one_or_one_that_does_not_say_is_taken(version):
    done = run(AS.format(version))
    assert (done.returncode, done.stdout.strip()) == (0, "imported"), done.stderr
