"""Sizes and symbols of a 32-bit little-endian ELF file."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
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


@dataclass(frozen=True)
class Symbol:
    name: str
    address: int
    size: int


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
        return {symbol.name: symbol.size for symbol in self.table()}

    def table(self) -> Iterator[Symbol]:
        for table in (s for s in self.sections if s.kind == SYMBOL_TABLE):
            names = self.sections[table.link].data
            for name, address, size, info, _, section in struct.iter_unpack("<IIIBBH", table.data):
                if section and info & 15 in (1, 2):
                    yield Symbol(names[name : names.index(b"\0", name)].decode(), address & ~1, size)

    def callers(self, called: re.Pattern[str]) -> dict[str, int]:
        """How often each function branches to one whose name has that in it (BL, or B.W for the last thing it does)."""
        symbols = list(self.table())
        targets = {symbol.address for symbol in symbols if called.search(symbol.name)}
        found = {}
        for symbol in symbols:
            code = self.at(symbol.address, symbol.size)
            count = sum(branch(code, at) + symbol.address in targets for at in range(0, len(code) - 3, 2))
            if count and not called.search(symbol.name):
                found[symbol.name] = count
        return found

    def at(self, address: int, size: int) -> bytes:
        for s in self.sections:
            if s.flags & ALLOCATED and s.address <= address < s.address + len(s.data):
                return s.data[address - s.address :][:size]
        return b""


def branch(code: bytes, at: int) -> int:
    """Where the branch at this place leads, counted like the place itself (Armv7-M, A7.7.12 T4 and A7.7.18); else nowhere."""
    first, second = struct.unpack_from("<HH", code, at)
    if first >> 11 != 0b11110 or second >> 12 not in (0b1001, 0b1011, 0b1101, 0b1111):
        return -1 << 31
    sign = first >> 10 & 1
    i1, i2 = (1 ^ sign ^ second >> shift & 1 for shift in (13, 11))
    offset = i1 << 23 | i2 << 22 | (first & 0x3FF) << 12 | (second & 0x7FF) << 1
    return at + 4 + offset - (sign << 24)
