"""The npm packages that `make setup` installs from `npm/package.json`."""

from __future__ import annotations

from pathlib import Path

from needs import need

MODULES = Path(__file__).parent / "npm" / "node_modules"


def package(name: str) -> Path:
    """The folder of a package."""
    folder = MODULES / name
    if not folder.is_dir():
        need(f"npm's {name}", "not installed", "apt-get install nodejs npm, then: make setup")
    return folder
