"""Every row of section 10 of the design that is measured today: what Sallet may cost, and where the report has measured what it does cost.

A row of the design that asks for several things is several budgets here. The programs that measure know most of these
limits too and print verdicts of their own; where they and this list differ, the page is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from data import Measured, Refused, Row, Table, amount, share


@dataclass(frozen=True)
class Budget:
    name: str  # its heading in notes.md, if it is missed
    what: str
    budget: str
    where: tuple[str, str, str]  # the file, the table, the row
    limit: float
    at_least: bool = False
    of: str = "ratio"  # or "median"

    def find(self, found: Mapping[str, Measured]) -> tuple[Measured, Table, Row] | None:
        """`None` where the part was not measured; a part that was measured must have the row."""
        what, table_name, row_name = self.where
        measured = found.get(what)
        if measured is None:
            return None
        table = measured.table(table_name)
        # A machine without QEMU cannot measure a stack, and says so.
        if table is None and what == "firmware":
            return None
        row = table.row(row_name) if table else None
        if table is None or row is None:
            raise Refused(
                f"{what}.json has no row {row_name!r} in a table {table_name!r}, which {self.name!r} needs: measure it all again"
            )
        if row.budget is not None and abs(row.budget - self.limit) > 1e-9:
            raise Refused(
                f"{what}.json holds {row_name!r} against {row.budget:g}, budgets.py against {self.limit:g}: agree on one"
            )
        if value(self, table, row) is None:
            raise Refused(f"{what}.json has no ratio in {row_name!r}, which {self.name!r} is about: measure it all again")
        return measured, table, row


def value(budget: Budget, table: Table, row: Row) -> float | None:
    """A ratio is a column of a table of times, or the whole of a table of ratios."""
    return row.median if budget.of == "median" or table.unit == "ratio" else row.ratio


@dataclass(frozen=True)
class Verdict:
    budget: Budget
    measured: Measured | None = None
    table: Table | None = None
    row: Row | None = None

    @property
    def value(self) -> float | None:
        return value(self.budget, self.table, self.row) if self.table and self.row else None

    @property
    def met(self) -> bool | None:
        if self.value is None:
            return None
        return self.value >= self.budget.limit if self.budget.at_least else self.value <= self.budget.limit

    def shown(self) -> str:
        return self.show(self.value) if self.value is not None else "–"

    def spread(self) -> str:
        row = self.row
        if row is None or self.budget.of == "median":
            return "exact" if row else "–"
        low, high = (row.low, row.high) if self.table and self.table.unit == "ratio" else (row.ratio_low, row.ratio_high)
        return f"{self.show(low)} .. {self.show(high)}" if low is not None and high is not None else "–"

    def show(self, value: float) -> str:
        if self.budget.of == "ratio":
            return share(value)
        unit = self.table.unit if self.table else ""
        return f"{amount(value, exact=True)} {unit}"


def judge(found: Mapping[str, Measured]) -> list[Verdict]:
    """One verdict for each budget, in the order of the design."""
    return [Verdict(budget, *(budget.find(found) or ())) for budget in BUDGETS]


ASGI = "ASGI headers, 12, duplicates handled: time added"
PROTECT = "`protect`, headers and auth together: time added"
SERVED = "FastAPI on uvicorn, headers and auth"
TOWER = "hyper/tower headers layer, ten headers: time added"
FLASH = "flash for a const policy on thumbv7m"
AUTH = "bearer auth with SHA-256 on thumbv7m, opt-level s"

BUDGETS = (
    Budget(
        "headers beside Secweb", ASGI, "at most 0.62 of Secweb 2", ("python", "budgets", "Sallet headers / Secweb 2"), 0.62
    ),
    Budget(
        "headers beside the floor",
        ASGI,
        "at most 2.2 × a `send` that passes all on",
        ("python", "budgets", "Sallet headers / a send that passes on"),
        2.2,
    ),
    Budget(
        "nonce beside pure Python",
        "ASGI headers with a fresh nonce: time added",
        "at most 0.45 of pure Python",
        ("python", "budgets", "Sallet nonce / pure Python"),
        0.45,
    ),
    Budget(
        "bearer beside pure Python",
        "ASGI bearer check, 16 keys: time added",
        "at most 0.25 of pure Python with hashlib and hmac",
        ("python", "budgets", "Sallet bearer / pure Python"),
        0.25,
    ),
    Budget(
        "headers and bearer",
        f"{PROTECT} by the two of them",
        "at most 1.1 × what the rows of headers and bearer allow",
        ("python", "budgets", "protect's two / what both rows allow"),
        1.1,
    ),
    Budget(
        "protect on FastAPI",
        f"{PROTECT} to a FastAPI app by all that it does",
        "at most 1.1 × what the rows of headers and bearer allow",
        ("python", "budgets", "protect(FastAPI) / what both rows allow"),
        1.1,
    ),
    Budget(
        "requests per second",
        f"{SERVED}: requests per second",
        "at least 0.97 of the bare app sending the same bytes",
        ("server", "budgets", "FastAPI on uvicorn, protect / bare"),
        0.97,
        at_least=True,
    ),
    Budget(
        "requests per CPU second",
        f"{SERVED}: requests per second of the server's CPU",
        "at least 0.97 of the same",
        ("server", "budgets", "the same, requests per CPU second"),
        0.97,
        at_least=True,
    ),
    Budget(
        "tower layer",
        f"{TOWER}, the app sets none of them",
        "at most 0.40 of the fastest peer",
        ("hyper", "plain", "sallet"),
        0.4,
    ),
    Budget(
        "tower layer, the app's own wins",
        f"{TOWER}, the app's own header wins",
        "at most 0.40 of the fastest peer",
        ("hyper", "own", "sallet"),
        0.4,
    ),
    Budget(
        "block",
        "block into a buffer, static policy: from its template",
        "at most a copy of the same bytes",
        ("core", "block", "STRICT, a const template"),
        1.0,
    ),
    Budget(
        "block with a nonce",
        "block with a fresh nonce, entropy not counted",
        "at most 2 × the same copy",
        ("core", "nonce", "template and a fresh nonce"),
        2.0,
    ),
    Budget(
        "bearer check",
        "bearer check of a 16-key ring in the core",
        "at most 1.2 × one SHA-256 of the token",
        ("core", "bearer", "verify, 16 keys"),
        1.2,
    ),
    Budget(
        "heap",
        "heap allocations in the core, proved by linking without an allocator",
        "0",
        ("heap", "heap", "the whole core"),
        0,
        of="median",
    ),
    Budget(
        "flash of a policy",
        f"{FLASH}: code beside its own text",
        "0 bytes",
        ("firmware", "flash", "a policy in a const: code"),
        0,
        of="median",
    ),
    Budget(
        "flash of auth",
        f"{AUTH}: flash",
        "at most 5 KiB",
        ("firmware", "flash", "the whole bearer check"),
        5120,
        of="median",
    ),
    Budget(
        "stack of auth",
        f"{AUTH}: stack",
        "at most 512 bytes",
        ("firmware", "stack", "the whole bearer check"),
        512,
        of="median",
    ),
)
