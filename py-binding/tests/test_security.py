"""SECURITY.md promises nothing without a command that checks it, and no check that was never seen to fail.

CONTRIBUTING.md names no file that is not there, and its walks can still be walked.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from needs import need

ROOT = Path(__file__).resolve().parents[2]
SECURITY = (ROOT / "SECURITY.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|\n").split(" | ")]
    for line in re.findall(r"^\| (?!Promise).+\|$", SECURITY[: SECURITY.index("### Time")], re.MULTILINE)
]
PATCHES = sorted(path.stem for path in (ROOT / "sabotage").glob("*.patch"))


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_every_promise_has_a_command_and_was_seen_broken(row):
    promise, commands, patches = row
    named = [command for command in quoted(commands) if command.startswith("make ")]
    assert promise and named and set(quoted(patches)) <= set(PATCHES)
    for command in named:
        assert subprocess.run([*command.split(), "--dry-run"], cwd=ROOT, capture_output=True).returncode == 0, command


def fits(script: str) -> None:
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        need(f"the fit of the patches in {Path(script).parent}/", "this is no git checkout", "git clone")
    done = subprocess.run([sys.executable, script, "--fit"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_patch_breaks_a_promise_and_still_fits():
    assert len(ROWS) >= 10 and PATCHES == sorted(name for row in ROWS for name in quoted(row[2]))
    fits("sabotage/run.py")


def test_the_walk_that_adds_a_scheme_still_fits_and_touches_no_flow():
    fits("walks/try.py")


def test_contributing_names_the_file_of_each_decision_and_every_one_is_there():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    text = text[text.index("### Which file decides") : text.index("## A change")]
    decides = text[: text.index("## Walks")]
    rows = re.findall(r"^\| (?!Decision|---).+\|$", decides, re.MULTILINE)
    assert len(rows) >= 15 and all(re.search(r"`core/src/[\w/.-]+\.rs` \|$", row) for row in rows)
    # Files are named from the top of the tree: there is more than one `merge.rs`.
    named = re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", text)
    assert len(named) > 30 and not [name for name in named if not (ROOT / name).exists()]
