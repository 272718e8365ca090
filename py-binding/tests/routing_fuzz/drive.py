"""Sends the requests, judges what they reached, and makes a request that shows a fault as small as it gets."""

from __future__ import annotations

import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from starlette._utils import get_route_path

from .asks import Ask, Asker
from .oracle import sent_in_doubt
from .shapes import Handlers
from .worlds import World, worlds

EACH = 400  # requests in one world
CONNECT = {"type": "websocket.connect"}
EMPTY = {"type": "http.request", "body": b""}
RAISED = "raised "


@dataclass(frozen=True)
class Fault:
    world: World
    ask: Ask
    what: str
    seen: str

    def __str__(self) -> str:
        scope = self.ask.scope()
        keys = ("type", "method", "path", "raw_path", "root_path", "headers")
        request = ", ".join(f"{key}={scope[key]!r}" for key in keys if key in scope)
        rules = ", ".join(f"{name}={list(value)}" for name, value in vars(self.world.rules).items() if value)
        where = f"app: shapes.{self.world.shape.name}, guard: {self.world.guard}, {rules or 'no rules'}"
        return f"{self.what}: {self.seen}\n    {where}\n    {request}"


@dataclass
class Result:
    counts: Counter[str] = field(default_factory=Counter)
    faults: dict[str, Fault] = field(default_factory=dict)
    seconds: float = 0

    def __str__(self) -> str:
        counts = ", ".join(f"{count:,} {what}" for what, count in sorted(self.counts.items()))
        return f"{counts}; {self.counts['requests'] / max(self.seconds, 0.001):,.0f} requests/s"


def send(app: Any, scope: dict[str, Any]) -> str:
    """The answer: `refused`, a status, the type of a WebSocket's message, or what was raised."""
    first: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return CONNECT if scope["type"] == "websocket" else EMPTY

    async def take(message: dict[str, Any]) -> None:
        first.append(message)

    coroutine = app(scope, receive, take)
    try:
        coroutine.send(None)
        raise RuntimeError("the app waited for something")
    except StopIteration:
        pass
    except UnicodeError as error:
        # A path that Starlette cannot write into the redirect to it.
        return type(error).__name__
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a panic of Rust is no Exception
        return f"{RAISED}{error!r}"
    if not first:
        return "silent"
    if first[0]["type"].endswith("response.start"):
        status = first[0]["status"]
        return "refused" if status == 401 else str(status)
    return "refused" if first[0].get("code") == 1008 else first[0]["type"]


def look(world: World, app: Any, handlers: Handlers, ask: Ask) -> tuple[str, str, str]:
    """Sends one request without a credential: the answer, and what is wrong with it, if anything is."""
    handlers.reached.clear()
    answer = send(app, ask.scope())
    if answer.startswith(RAISED):
        return answer, "the app raised", answer
    roots = (ask.root_path, world.shape.root_path, (ask.root_path or "") + world.front)
    doubt = sent_in_doubt(ask.path, ask.raw_path, *roots)
    for name, path in handlers.reached:
        if doubt or not opens(world, ask, path):
            kind = "a protected path was reached" if world.rules.protected else "a path that no rule opens was reached"
            return answer, f"{kind}{' by a path in doubt' * doubt}", f"{name} at {path!r}"
    if answer != "refused" and not handlers.reached and not (ask.is_preflight and world.answers_preflights):
        routes_of_docs = world.docs if ask.method in ("GET", "HEAD") else ()
        path = routed(world, ask)
        if path is not None and (doubt or not (opens(world, ask, path) or path in routes_of_docs)):
            return answer, "the router was reached", f"{answer} for {path!r}"
    return answer, "", ""


def opens(world: World, ask: Ask, path: str) -> bool:
    return world.rules.opens(ask.method, path, sent=ask.path, preflight=ask.is_preflight)


def routed(world: World, ask: Ask) -> str | None:
    """The path that the guarded app's own router sees."""
    if world.shape.guarded_below:
        return None
    scope = ask.scope()
    if world.shape.root_path:
        scope["root_path"] = world.shape.root_path
    return get_route_path(scope)


def run(
    seed: str, *, requests: int, seconds: float = math.inf, planted: str = "", report: Callable[[Result], None] | None = None
) -> Result:
    """Asks until the requests or the seconds are over, or until the world in which a fault shows."""
    with without_log():
        return _run(Random(seed), requests, seconds, planted, report)


@contextmanager
def without_log() -> Iterator[None]:
    """Each path in doubt is a line in the log, and here most of them are."""
    log = logging.getLogger("sallet.auth")
    log.disabled, before = True, log.disabled
    try:
        yield
    finally:
        log.disabled = before


def _run(random: Random, requests: int, seconds: float, planted: str, report: Callable[[Result], None] | None) -> Result:
    result, begin = Result(), time.monotonic()
    for world in worlds(random, planted):
        app, handlers = world.built()
        asker = Asker(random, world)
        for number in range(EACH):
            ask = asker.plain() if number % 8 == 0 else asker.any()
            answer, what, seen = look(world, app, handlers, ask)
            outcome = "refused" if answer == "refused" else "opened" if handlers.reached else "answered by the router"
            if not what and number % 8 == 0:
                what, seen = plainly(world, app, handlers, ask, answer, result)
            result.counts.update(("requests", outcome))
            if what and what not in result.faults:
                result.faults[what] = smallest(Fault(world, ask, what, seen))
        result.seconds = time.monotonic() - begin
        if report:
            report(result)
        if result.counts["requests"] >= requests or result.seconds > seconds or result.faults:
            return result
    raise AssertionError("worlds do not end")


def plainly(world: World, app: Any, handlers: Handlers, ask: Ask, answer: str, result: Result) -> tuple[str, str]:
    """With a credential it reaches what it should; where a rule opens that, it is reached without one too."""
    without = list(handlers.reached)
    handlers.reached.clear()
    send(app, ask.scope(token=True))
    if not handlers.reached:
        return "", ""
    (name, path), *_ = handlers.reached
    opened = opens(world, ask, path) and path == (routed(world, ask) or path)
    result.counts[f"plain requests for handlers, {'opened' if opened else 'refused'}"] += 1
    if opened and not without and not world.shape.may_refuse:
        return "an open path was refused", f"{name} at {path!r}: {answer}"
    return "", ""


def smallest(fault: Fault) -> Fault:
    """Drops pieces and rules as long as the same thing goes wrong."""
    while True:
        for smaller in simpler(fault):
            fault = smaller
            break
        else:
            return fault


def simpler(fault: Fault) -> Iterator[Fault]:
    for world in fault.world.with_fewer_rules():
        if found := again(world, fault.ask, fault.what):
            yield found
    for ask in fault.ask.simpler():
        if found := again(fault.world, ask, fault.what):
            yield found


def again(world: World, ask: Ask, what: str) -> Fault | None:
    app, handlers = world.built()
    answer, found, seen = look(world, app, handlers, ask)
    if not found:
        found, seen = plainly(world, app, handlers, ask, answer, Result())
    return Fault(world, ask, what, seen) if found == what else None
