"""What a report may say of a machine."""

from __future__ import annotations

import pytest

import machine

CPUINFO = """processor\t: 0
vendor_id\t: GenuineIntel
model name\t: Intel(R) Xeon(R) CPU @ 2.20GHz
flags\t\t: fpu vme hypervisor lahf_lm
"""


def test_only_the_class_is_told() -> None:
    found = machine.machine()
    assert set(found) == {"cpu", "cores", "virtual", "os", "rustc", "python"}
    assert found["cores"] >= 1 and found["cpu"]


@pytest.mark.parametrize(
    ("release", "says"),
    [("6.1.0-21-amd64", "Linux 6.1"), ("5.15.0-of-anna@anvil", "Linux 5.15"), ("anvil", "Linux"), ("", "Linux")],
)
def test_a_kernel_s_name_stays_at_home(release: str, says: str) -> None:
    assert machine.system("Linux", release) == says


def test_the_processor_is_named_without_signs() -> None:
    assert machine.cpu(CPUINFO) == "Intel Xeon CPU @ 2.20GHz"


def test_the_commit_is_short_and_says_if_it_is_not_all() -> None:
    assert machine.commit() == "unknown" or len(machine.commit().rstrip("+")) >= 7
