"""Sixteen keys, the same for every contender that checks one."""

from __future__ import annotations

import hashlib

COUNT = 16


def token(index: int) -> str:
    """As long as a minted token (53 characters: one SHA-256 block), but the same in every run and every process."""
    text = hashlib.sha256(b"benchmark key %d" % index).hexdigest()
    return f"bench-{text[:47]}"


TOKENS = {f"key-{index}": token(index) for index in range(COUNT)}

# Neither the first nor the last: a check that stops at the first match would gain half.
PRESENTED = TOKENS[f"key-{COUNT // 2}"]
