"""On what, when and of which commit was measured. No host name, no path and no user: a report is public."""

from __future__ import annotations

import datetime
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def machine() -> dict[str, Any]:
    """The class of this machine: enough to compare figures by, too little to find it."""
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text(encoding="utf-8") if cpuinfo.is_file() else ""
    rustc = re.search(r"\d+\.\d+\.\d+", said("rustc", "--version"))
    return {
        "cpu": cpu(text),
        "cores": cores(),
        "virtual": bool(re.search(r"^flags\s*:.*\bhypervisor\b", text, re.MULTILINE)),
        "os": system(platform.system(), platform.release()),
        "rustc": rustc[0] if rustc else None,
        "python": platform.python_version(),
    }


def cpu(cpuinfo: str) -> str:
    if named := re.search(r"^model name\s*: (.+)", cpuinfo, re.MULTILINE):
        return re.sub(r"\((?:R|TM)\)", "", named[1]).strip()
    return said("sysctl", "-n", "machdep.cpu.brand_string").strip() or platform.machine()


def cores() -> int:
    """Those that this process may run on, which a container can make fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def system(name: str, release: str) -> str:
    """The first two numbers: people build kernels that carry the name of their machine in the rest."""
    version = re.match(r"\d+\.\d+", release)
    return f"{name} {version[0]}" if version else name


def date() -> str:
    return datetime.date.today().isoformat()


def commit() -> str:
    """With a `+` when the tree has what that commit has not. What a report is written into does not count."""
    known = said("git", "rev-parse", "--short=7", "HEAD").strip()
    if not known:
        return "unknown"
    changed = said("git", "status", "--porcelain", "--", ".", ":!benches/report", ":!README.md")
    return f"{known}+" if changed.strip() else known


def said(*command: str) -> str:
    if not shutil.which(command[0]):
        return ""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else ""
