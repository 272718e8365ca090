"""`install.py FILE...`: pip installs the pinned FILE into this interpreter, with one line of progress instead of pip's hundreds.

pip's whole output is shown when it fails.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

EVERY = 5.0  # seconds between lines where the output is not a terminal


def main(files: list[str]) -> int:
    names = " and ".join(Path(file).name for file in files)
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
    for file in files:
        pip += ["-r", file]
    lines: list[str] = []
    seen = 0
    started = shown = time.monotonic()
    live = sys.stdout.isatty()
    with subprocess.Popen(pip, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Collecting "):
                seen += 1
                step = f"{seen} packages found, now {line.split()[1].partition('==')[0]}"
            elif line.startswith("Installing collected packages"):
                step = f"{seen} packages found, unpacking them"
            else:
                continue
            if live:
                print(f"\r\x1b[K    {names}: {step}", end="", flush=True)
            elif time.monotonic() - shown >= EVERY or step.endswith("them"):
                shown = time.monotonic()
                print(f"    {names}: {step}", flush=True)
    if live:
        print("\r\x1b[K", end="")
    if process.returncode:
        print("".join(lines), end="")
        print(f"pip could not install {names}. A package index must be reachable (or set PIP_INDEX_URL / PIP_FIND_LINKS).")
    else:
        print(f"    {names}: installed in {time.monotonic() - started:.0f} s", flush=True)
    return process.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
