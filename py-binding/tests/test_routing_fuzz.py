"""The guard against Starlette's and FastAPI's routing, with random requests: `routing_fuzz` says how.

    python py-binding/tests/test_routing_fuzz.py --minutes 5 [--seed 123]
    make fuzz TARGETS=python_routing MINUTES=5
"""

from __future__ import annotations

import argparse
import hashlib
import secrets
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
from routing_fuzz import worlds
from routing_fuzz.drive import Result, run

# Of a seed that is always the same, so that a fault that was found once is found again.
REQUESTS = 120_000
NEW = 80_000  # of a seed that is new each time
EVERY = 20  # seconds between two lines of a long run

# One handler for many methods.
pytestmark = pytest.mark.filterwarnings("ignore:Duplicate Operation ID")


def checked(seed: str, requests: int, capsys: pytest.CaptureFixture[str]) -> None:
    result = run(seed, requests=requests)
    with capsys.disabled():
        print(f"\nseed {seed}: {result}")
    assert not result.faults, f"seed {seed}\n" + "\n".join(map(str, result.faults.values()))
    # Most of what comes is refused, and enough is not.
    counts = result.counts
    assert counts["refused"] > requests / 2
    assert counts["opened"] > requests / 50
    assert counts["plain requests for handlers, opened"] > requests / 100
    assert counts["plain requests for handlers, refused"] > requests / 100


def test_no_request_gets_where_no_rule_lets_it(capsys):
    checked("1", REQUESTS, capsys)


def test_nor_with_a_seed_that_is_new_each_time(capsys):
    checked(str(secrets.randbelow(1_000_000_000)), NEW, capsys)


@pytest.mark.parametrize("fault", worlds.FAULTS)
def test_a_planted_fault_is_found(fault):
    assert run("1", requests=REQUESTS // 4, planted=fault).faults


def test_an_open_path_that_is_refused_is_found(monkeypatch):
    guard = worlds.guard

    def forgetful(app, how, rules, planted):
        return guard(app, how, replace(rules, public=rules.public[1:]), planted)

    monkeypatch.setattr(worlds, "guard", forgetful)
    assert "an open path was refused" in run("1", requests=REQUESTS // 4).faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", default=str(secrets.randbelow(1_000_000_000)))
    # As libFuzzer has them, for fuzz/run.py; others of its options mean nothing here.
    parser.add_argument("-max_total_time", type=float, help=argparse.SUPPRESS)
    parser.add_argument("-artifact_prefix", default="", help=argparse.SUPPRESS)
    options, _ = parser.parse_known_args()
    warnings.simplefilter("ignore")
    print(f"seed {options.seed}", flush=True)
    last = time.monotonic()

    def report(result: Result) -> None:
        nonlocal last
        if time.monotonic() - last > EVERY:
            last = time.monotonic()
            print(f"#{result.counts['requests']}\tpulse cov: 0 corp: 0", flush=True)

    result = run(options.seed, requests=sys.maxsize, seconds=options.max_total_time or options.minutes * 60, report=report)
    print(f"#{result.counts['requests']}\tDONE cov: 0 corp: 0\n{result}")
    for fault in result.faults.values():
        text = f"seed {options.seed}\n{fault}\n"
        print(text)
        if options.artifact_prefix:
            Path(options.artifact_prefix + hashlib.sha1(text.encode()).hexdigest()).write_text(text)
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
