"""The budgets of DESIGN section 9, rows 1 to 4, as ratios of figures that were measured in the same rounds.

The third row's budget, "the sum of the two rows above", is read as the sum of what those rows allow:
0.6 of Secweb and 0.4 of the pure-Python check.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from in_process import Row
from server.rounds import Served
from turns import Spread

OF_SECWEB = 0.6
OF_SECURE = 1 / 25
OF_ARTICLE = 1 / 250
OF_PURE_BEARER = 0.4
OF_BARE_SERVER = 0.93


@dataclass(frozen=True)
class Verdict:
    row: str  # the row that the budget is about
    peer: str  # the row that it is compared with; "" where it is more than one
    what: str
    sign: str  # "<=" or ">="
    limit: float
    limit_text: str
    ratio: Spread

    @property
    def met(self) -> bool:
        return self.ratio.median <= self.limit if self.sign == "<=" else self.ratio.median >= self.limit

    def show(self, ratio: float) -> str:
        if self.limit_text.startswith("1/"):
            return f"1/{1 / ratio:.0f}" if ratio > 0 else "0"
        return f"{ratio:.2f}"


def judge(rows: Sequence[Row]) -> list[Verdict]:
    """One verdict for each budget whose rows were all measured."""
    added = {row.contender.name: row.added for row in rows}
    found: list[Verdict] = []

    def budget(what: str, limit: float, text: str, names: Sequence[str], ratio: Callable[..., float]) -> None:
        if all(name in added for name in names):
            series = [ratio(*values) for values in zip(*(added[name] for name in names), strict=True)]
            peer = names[1] if len(names) == 2 else ""
            found.append(Verdict(names[0], peer, what, "<=", limit, text, Spread.of(series)))

    def share(ours: float, theirs: float) -> float:
        return ours / theirs

    def of_allowed(both: float, secweb: float, pure: float) -> float:
        return both / (OF_SECWEB * secweb + OF_PURE_BEARER * pure)

    headers, bearer, both = "sallet-headers", "sallet-bearer", "sallet-both"
    budget("Sallet headers / Secweb 2", OF_SECWEB, "0.60", (headers, "secweb"), share)
    budget("Sallet headers / secure 2", OF_SECURE, "1/25", (headers, "secure"), share)
    budget("Sallet headers / article", OF_ARTICLE, "1/250", (headers, "article"), share)
    budget("Sallet bearer / pure Python", OF_PURE_BEARER, "0.40", (bearer, "pure-bearer"), share)
    budget("protect's two / what both rows allow", 1.0, "1.00", (both, "secweb", "pure-bearer"), of_allowed)
    budget("protect(FastAPI) / what both rows allow", 1.0, "1.00", ("protect", "secweb", "pure-bearer"), of_allowed)
    return found


def judge_server(served: Served) -> list[Verdict]:
    ours, bare = served.lane("sallet"), served.lane("bare")
    if served.server != "uvicorn" or not ours or not bare:
        return []

    def verdict(what: str, pairs: Sequence[tuple[float, float]]) -> Verdict:
        ratios = Spread.of([over / under for over, under in pairs])
        return Verdict("sallet", "bare", what, ">=", OF_BARE_SERVER, "0.93", ratios)

    return [
        verdict("FastAPI on uvicorn, protect / bare", list(zip(ours.rates, bare.rates, strict=True))),
        # The same question to a clock that does not count what other processes take from the server.
        verdict("the same, requests per CPU second", list(zip(bare.cpu, ours.cpu, strict=True))),
    ]
