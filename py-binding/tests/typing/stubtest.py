"""mypy's stubtest over the stub of `sallet._sallet`."""

from __future__ import annotations

import sys
from pathlib import Path

from mypy.stubtest import parse_options, test_stubs

allowed = str(Path(__file__).with_name("stubtest.txt"))
options = ["--concise", "--ignore-positional-only", "--ignore-disjoint-bases", "--allowlist", allowed]
sys.exit(test_stubs(parse_options(["sallet._sallet", *options])))
