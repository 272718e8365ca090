"""A world: one of the shapes, the guard put around it in one of the ways that users do, and rules for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from sallet import AuthMiddleware, SalletError, SecurityHeadersMiddleware
from sallet.fastapi import Bearer, protect
from starlette._utils import get_route_path
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount

from .oracle import DOUBT, Rules, covers, matches, sent_in_doubt, size, stem
from .shapes import SHAPES, Handlers, Shape

TOKEN = "routing-fuzz-5lIAQhTnB1uzXoLq0vY7kEw2JrcM8dFs"
FRONT = "/m"  # where an app with a guard of its own is mounted

INSIDE = "mounted inside another guard, which opens it"
GUARDS = (
    "protect",
    "protect without docs",
    "protect with CORS",
    "add_middleware",
    "outermost",
    "outermost around CORS and headers",
    "outermost around a function",
    INSIDE,
)


@dataclass(frozen=True)
class World:
    shape: Shape
    guard: str
    rules: Rules
    planted: str = ""

    @property
    def front(self) -> str:
        return FRONT if self.shape.guarded_below else ""

    @property
    def docs(self) -> tuple[str, ...]:
        """The paths of FastAPI's own docs, which `protect` opens by itself."""
        return self.shape.docs if self.guard in ("protect", "protect with CORS") else ()

    @property
    def answers_preflights(self) -> bool:
        return self.guard == "protect with CORS"

    def built(self) -> tuple[Any, Handlers]:
        handlers = Handlers()
        app = self.shape.build(handlers)
        guarded = guard(app, self.guard, self.rules, self.planted)
        if self.shape.guarded_below:
            guarded = Starlette(routes=[Mount(FRONT, guarded)])
        if self.guard == INSIDE:
            guarded = AuthMiddleware(guarded, bearer(), public=[f"{FRONT}/*"])
        return guarded, handlers

    def with_fewer_rules(self) -> Iterator[World]:
        for field in ("public", "protected", "preflights"):
            rules = getattr(self.rules, field)
            for one in range(len(rules)):
                fewer = replace(self.rules, **{field: rules[:one] + rules[one + 1 :]})
                yield replace(self, rules=fewer)


def bearer() -> Bearer:
    return Bearer(authenticate=lambda credentials: {"sub": "a"} if credentials.token == TOKEN else None)


def guard(app: Any, how: str, rules: Rules, planted: str) -> Any:
    settings = {"auth": bearer(), **{name: list(value) for name, value in vars(rules).items() if value}}
    cors = {"allow_origins": ["*"], "allow_methods": ["*"]}
    if how.startswith("protect"):
        if how == "protect with CORS":
            app.add_middleware(CORSMiddleware, **cors)
        protect(app, docs=how != "protect without docs", **settings)
        return app
    if how == "add_middleware":
        app.add_middleware(AuthMiddleware, **settings)
        return app
    if how == "outermost around CORS and headers":
        app = CORSMiddleware(SecurityHeadersMiddleware(app), **cors)
    if how == "outermost around a function":
        app = hidden(app)
    guarded = AuthMiddleware(app, **settings)
    return Planted(guarded, rules, planted) if planted else guarded


def hidden(app: Any) -> Any:
    """A middleware that is a function: nobody sees the routes behind it."""

    async def middleware(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)

    return middleware


def worlds(random: Random, planted: str = "") -> Iterator[World]:
    """Without end: every shape in turn behind every guard, each with other rules."""
    while True:
        for how in ("outermost",) if planted else GUARDS:
            for shape in SHAPES:
                # No guard can know of a root_path that is set behind a function.
                hides = shape.sets_root_path and (planted or how == "outermost around a function")
                if not hides and (how != INSIDE or shape.guarded_below):
                    yield World(shape, how, some_rules(random, shape), planted)


def some_rules(random: Random, shape: Shape) -> Rules:
    near = [*shape.paths, *(prefix + path for prefix in shape.prefixes for path in ("/docs", "/health", "/open/x", "/"))]
    public = [rule(random, near, methods=True) for _ in range(random.choice((0, 1, 1, 2, 3, 4)))]
    protected = [random.choice((rule(random, near), "/*")) for _ in range(random.choice((0, 0, 0, 1, 2, 3)))]
    preflights = [random.choice((rule(random, near), "/*")) for _ in range(random.choice((0, 0, 0, 1)))]
    # The guard refuses a public rule that a protected one wins over everywhere.
    public = [one for one in public if not any(covers(shut, stem(one)) and size(shut) >= size(one) for shut in protected)]
    return Rules(accepted("public", public), accepted("protected", protected), accepted("preflights", preflights))


def rule(random: Random, near: list[str], methods: bool = False) -> str:
    path = random.choice(near)
    change = random.randrange(8)
    if change == 0:
        path = path.rstrip("/") + "/*"
    elif change == 1:
        path = path[: path.rindex("/")] + "/*"
    elif change == 2:
        path = path.removesuffix("/") if path.endswith("/") and path != "/" else f"{path}/"
    elif change == 3:
        path = path.upper()
    return f"{random.choice(('GET', 'POST', 'OPTIONS'))} {path}" if methods and not random.randrange(4) else path


def accepted(name: str, rules: list[str]) -> tuple[str, ...]:
    """Without those that the guard refuses to start with."""

    def good(rule: str) -> bool:
        try:
            AuthMiddleware(hidden(None), bearer(), **{name: [rule]})
        except SalletError:
            return False
        return True

    return tuple(filter(good, dict.fromkeys(rules)))


class Planted:
    """A guard with a fault, so that the fuzz can be seen to find it."""

    def __init__(self, guard: Any, rules: Rules, fault: str) -> None:
        self.guard, self.rules, self.passes = guard, rules, FAULTS[fault]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        passes = scope["type"] != "lifespan" and self.passes(self.rules, scope, get_route_path(scope))
        await (self.guard.app if passes else self.guard)(scope, receive, send)


def is_named(rules: tuple[str, ...], scope: Any, path: str) -> bool:
    return any(matches(rule, scope.get("method", ""), path) for rule in rules)


def in_doubt(scope: Any) -> bool:
    return sent_in_doubt(scope["path"], scope.get("raw_path"), scope.get("root_path"))


def subtrees(rules: Rules, scope: Any, path: str) -> bool:
    rules_with_slash = tuple(f"{rule}*" for rule in rules.public if rule.endswith("/"))
    return not rules.protected and not in_doubt(scope) and is_named(rules_with_slash, scope, path)


# What makes it pass a request on: the rules, the scope, the path that the router sees.
FAULTS: dict[str, Callable[[Rules, Any, str], bool]] = {
    "a slash at the end is a subtree": subtrees,
    "a rule is a prefix": lambda rules, scope, path: not in_doubt(scope) and path.startswith(rules.public),
    "a path need not be plain": lambda rules, scope, path: not rules.protected and is_named(rules.public, scope, path),
    "the raw path is not looked at": lambda rules, scope, path: (
        not rules.protected and not DOUBT.search(scope["path"]) and is_named(rules.public, scope, path)
    ),
    "the root_path is not looked at": lambda rules, scope, path: (
        not rules.protected and not in_doubt(scope) and is_named(rules.public, scope, scope["path"])
    ),
    "what is mounted sees the path of the guard": lambda rules, scope, path: (
        not rules.protected and not in_doubt(scope) and is_named(rules.public, scope, path)
    ),
    "a WebSocket is a GET": lambda rules, scope, path: (
        scope["type"] == "websocket" and not in_doubt(scope) and rules.opens("GET", path)
    ),
    "every preflight passes": lambda rules, scope, path: scope.get("method") == "OPTIONS" and len(scope["headers"]) > 2,
    "upper and lower case differ": lambda rules, scope, path: (
        bool(rules.protected) and not in_doubt(scope) and not path.startswith(tuple(map(stem, rules.protected)))
    ),
    "a path in doubt is not protected": lambda rules, scope, path: (
        bool(rules.protected) and not any(covers(rule, path) for rule in rules.protected)
    ),
    "any public rule wins over a protected one": lambda rules, scope, path: (
        bool(rules.protected) and not in_doubt(scope) and is_named(rules.public, scope, path)
    ),
}
