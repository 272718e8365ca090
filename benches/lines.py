"""Counts lines of code of the parts that users run: `make lines`.

Not counted: comments, docs and docstrings, blank lines, test modules (which stand last in a file).
"""

from __future__ import annotations

import io
import subprocess
import sys
import tokenize
from pathlib import Path

PARTS = {
    "core": ("core/src", ".rs"),
    "std-adapter": ("std-adapter/src", ".rs"),
    "py-binding, Rust": ("py-binding/src", ".rs"),
    "py-binding, Python": ("py-binding/python", ".py"),
    "py-binding, stubs": ("py-binding/python", ".pyi"),
}
NO_CODE = (tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)


def rust(text: str) -> int:
    code, comment = 0, False
    for line in map(str.strip, text.splitlines()):
        if line == "#[cfg(test)]":
            break
        if comment or line.startswith("/*"):
            comment = "*/" not in line
        elif line and not line.startswith("//"):
            code += 1
    return code


def python(text: str) -> int:
    code: set[int] = set()
    statement: list[tokenize.TokenInfo] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NEWLINE:
            if any(each.type != tokenize.STRING for each in statement):
                for each in statement:
                    code.update(range(each.start[0], each.end[0] + 1))
            statement = []
        elif token.type not in NO_CODE:
            statement.append(token)
    return len(code)


def main(tree: str = ".") -> None:
    root, total = Path(tree), 0
    for part, (folder, suffix) in PARTS.items():
        listed = subprocess.run(
            ["git", "-C", root, "ls-files", folder], capture_output=True, text=True, check=True
        )
        files = [root / name for name in listed.stdout.split() if name.endswith(suffix)]
        count = rust if suffix == ".rs" else python
        lines = sum(count(file.read_text()) for file in files if file.exists())
        total += lines
        print(f"{part:<20} {lines:>6} lines in {len(files):>3} files")
    print(f"{'all':<20} {total:>6}")


main(*sys.argv[1:])
