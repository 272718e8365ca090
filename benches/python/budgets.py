"""The budgets of DESIGN section 10 about Python, as ratios of figures that were measured in the same rounds.

The budget of `protect`, "1.1 x the two above together", is read as what those rows allow: 0.62 of Secweb and 0.25 of the
pure-Python check, and a tenth more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from in_process import Row
from server.rounds import Served
from turns import Spread

OF_SECWEB = 0.62
OF_PASSING_ON = 2.2
OF_PURE_NONCE = 0.45
OF_PURE_BEARER = 0.25
OF_BOTH = 1.1
OF_BARE_SERVER = 0.97


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
    budget("Sallet headers / Secweb 2", OF_SECWEB, "0.62", (headers, "secweb"), share)
    budget("Sallet headers / a send that passes on", OF_PASSING_ON, "2.20", (headers, "passing-on"), share)
    budget("Sallet nonce / pure Python", OF_PURE_NONCE, "0.45", ("sallet-nonce", "pure-nonce"), share)
    budget("Sallet bearer / pure Python", OF_PURE_BEARER, "0.25", (bearer, "pure-bearer"), share)
    budget("protect's two / what both rows allow", OF_BOTH, "1.10", (both, "secweb", "pure-bearer"), of_allowed)
    budget("protect(FastAPI) / what both rows allow", OF_BOTH, "1.10", ("protect", "secweb", "pure-bearer"), of_allowed)
    return found


def judge_server(served: Served) -> list[Verdict]:
    ours, bare = served.lane("sallet"), served.lane("bare")
    if served.server != "uvicorn" or not ours or not bare:
        return []

    def verdict(what: str, pairs: Sequence[tuple[float, float]]) -> Verdict:
        ratios = Spread.of([over / under for over, under in pairs])
        return Verdict("sallet", "bare", what, ">=", OF_BARE_SERVER, "0.97", ratios)

    return [
        verdict("FastAPI on uvicorn, protect / bare", list(zip(ours.rates, bare.rates, strict=True))),
        # The same question to a clock that does not count what other processes take from the server.
        verdict("the same, requests per CPU second", list(zip(bare.cpu, ours.cpu, strict=True))),
    ]
