"""Sizes and symbols of a 32-bit little-endian ELF file."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

ALLOCATED = 2
WRITABLE = 1
NO_BITS = 8
SYMBOL_TABLE = 2


@dataclass(frozen=True)
class Section:
    name: str
    kind: int
    flags: int
    address: int
    data: bytes
    size: int
    link: int


class Elf:
    def __init__(self, path: Path) -> None:
        raw = path.read_bytes()
        assert raw[:6] == b"\x7fELF\x01\x01", f"{path} is no 32-bit little-endian ELF file"
        offset, entry, count, names = struct.unpack_from("<I10xHHH", raw, 32)
        rows = [struct.unpack_from("<10I", raw, offset + i * entry) for i in range(count)]
        text = raw[rows[names][4] :]
        self.sections = [
            Section(
                text[row[0] : text.index(b"\0", row[0])].decode(),
                row[1], row[2], row[3], b"" if row[1] == NO_BITS else raw[row[4] : row[4] + row[5]], row[5], row[6],
            )
            for row in rows
        ]

    @property
    def flash(self) -> int:
        """Bytes that are burnt: code, constants, and the first values of variables."""
        return sum(s.size for s in self.sections if s.flags & ALLOCATED and s.kind != NO_BITS)

    @property
    def ram(self) -> int:
        """Bytes of variables; the stack comes on top."""
        return sum(s.size for s in self.sections if s.flags & ALLOCATED and s.flags & WRITABLE)

    def holds(self, text: bytes) -> bool:
        """Whether the text stands in flash as it is."""
        return any(text in s.data for s in self.sections if s.flags & ALLOCATED)

    def symbols(self) -> dict[str, int]:
        """The size of each function and constant, by its mangled name."""
        found = {}
        for table in (s for s in self.sections if s.kind == SYMBOL_TABLE):
            names = self.sections[table.link].data
            for name, _, size, info, _, section in struct.iter_unpack("<IIIBBH", table.data):
                if section and info & 15 in (1, 2):
                    found[names[name : names.index(b"\0", name)].decode()] = size
        return found
