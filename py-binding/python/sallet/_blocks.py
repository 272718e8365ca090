"""Writing `[[key]]` and `[[user]]` blocks, and editing them where they are, so that comments and order stay.

Nothing here is believed: who edits a file reads the result as TOML, and compares it with what it should hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone

Value = str | int | datetime | Sequence[str]

_LATEST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)


def moment(seconds: int) -> datetime | int:
    """Seconds since 1970 as TOML has it: a time, or the number where no time is so late."""
    if seconds > _LATEST.timestamp():
        return seconds
    return datetime.fromtimestamp(seconds, timezone.utc)


def block(table: str, fields: Mapping[str, Value]) -> str:
    """One table."""
    return f"[[{table}]]\n" + "".join(f"{name} = {_value(value)}\n" for name, value in fields.items())


def _value(value: Value) -> str:
    if isinstance(value, str):
        # A JSON string is a TOML basic string, but for DEL, which TOML wants escaped, and for pairs of surrogates.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, int):
        return str(value)
    return f"[{', '.join(map(_value, value))}]"


class Blocks:
    """A text in which every table of one name is a block of its own."""

    def __init__(self, text: str, table: str) -> None:
        self._table = table
        self._end = "\r\n" if "\r\n" in text else "\n"
        name = f"""(?:{table}|"{table}"|'{table}')"""
        header = re.compile(rf"^[ \t]*\[\[[ \t]*{name}[ \t]*\]\][ \t]*(?:#.*)?\r?$", re.MULTILINE)
        starts = [_with_its_comment(text, found.start()) for found in header.finditer(text)]
        ends = [*starts[1:], len(text)][: len(starts)]
        #: What is above the first block.
        self._head = text[: starts[0]] if starts else text
        self._blocks = [text[start:end] for start, end in zip(starts, ends, strict=True)]

    def __len__(self) -> int:
        return len(self._blocks)

    def append(self, fields: Mapping[str, Value]) -> None:
        """Puts a block at the end, after an empty line."""
        last = self._blocks[-1] if self._blocks else self._head
        if self._blocks:
            self._blocks[-1] += self._gap(last)
        else:
            self._head += self._gap(last)
        self._blocks.append(block(self._table, fields).replace("\n", self._end))

    def set(self, at: int, name: str, value: Value) -> None:
        """Sets a field that fits into a line; the comment behind it stays."""
        line = re.compile(rf"""^([ \t]*(?:{name}|"{name}"|'{name}')[ \t]*=[ \t]*)[^#\r\n]*?([ \t]*(?:#.*)?)(\r?)$""", re.MULTILINE)
        text, found = line.subn(lambda old: f"{old[1]}{_value(value)}{old[2]}{old[3]}", self._blocks[at], count=1)
        if not found:
            fields, tail = _split(text)
            ends = "" if fields.endswith("\n") else self._end
            text = f"{fields}{ends}{name} = {_value(value)}{self._end}{tail}"
        self._blocks[at] = text

    def remove(self, numbers: Iterable[int]) -> None:
        """Takes blocks out, each with the comment right above it. Other comments stay."""
        gone = set(numbers)
        pieces, self._blocks = self._blocks, []
        for at, piece in enumerate(pieces):
            if at not in gone:
                self._blocks.append(piece)
                continue
            # What follows the fields is about what comes next.
            tail = _split(piece)[1].lstrip("\r\n")
            if self._blocks:
                self._blocks[-1] += tail
            else:
                # The comment at the top is not the next block's.
                self._head += self._gap(self._head) + tail

    def _gap(self, text: str) -> str:
        """What makes a text end with an empty line, if there is something in it."""
        if not text.strip() or re.search(r"\n[ \t]*\r?\n\Z", text):
            return ""
        return self._end if text.endswith("\n") else 2 * self._end

    def text(self) -> str:
        """All of it."""
        return self._head + "".join(self._blocks)


def _with_its_comment(text: str, start: int) -> int:
    """Where the comment begins that is right above a header, if an empty line parts it from what is above it."""
    at = start
    while at:
        line_start = text.rfind("\n", 0, at - 1) + 1
        line = text[line_start:at].strip()
        if not line:
            return at
        if not line.startswith("#"):
            return start
        at = line_start
    # The comment at the top is the file's.
    return start


def _split(text: str) -> tuple[str, str]:
    """A block's fields with its header, and the empty lines and comments that follow them."""
    end = at = 0
    for line in re.split(r"(?<=\n)", text):
        at += len(line)
        if line.strip() and not line.lstrip().startswith("#"):
            end = at
    return text[:end], text[end:]
