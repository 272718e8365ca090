"""mypy's stubtest over the stub of `sallet._sallet`, two parts of which are files for stubs alone.

There is no such module to import as `sallet._headers`, so each part is given one that holds the names it describes.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import ModuleType

from mypy.stubtest import parse_options, test_stubs

import sallet
import sallet._sallet as native

PARTS = ("sallet._headers", "sallet._auth")

for part in PARTS:
    stub = Path(sallet.__file__).with_name(f"{part.rpartition('.')[2]}.pyi")
    module = ModuleType(part)
    for node in ast.parse(stub.read_text(encoding="utf-8")).body:
        name = getattr(node, "name", None) or getattr(getattr(node, "target", None), "id", "_")
        if not name.startswith("_") and hasattr(native, name):
            setattr(module, name, getattr(native, name))
    sys.modules[part] = module

allowed = str(Path(__file__).with_name("stubtest.txt"))
options = ["--concise", "--ignore-positional-only", "--ignore-disjoint-bases", "--allowlist", allowed]
sys.exit(test_stubs(parse_options([native.__name__, *PARTS, *options])))
