"""`assert_protected`: asks every route of an app without a credential, and fails where one answers."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sallet import AuthMiddleware, PathRules, PolicyError, SalletError
from sallet._routes import as_path, layers, unwrap
from sallet.testing._ask import WEBSOCKET, Answer, Request, ask, spellings
from sallet.testing._doors import PROBE, Door, doors


def assert_protected(
    app: Callable[..., Any],
    *,
    public: Iterable[str] = (),
    protected: Iterable[str] | None = None,
    docs: bool = True,
    paths: Iterable[str] = (),
    examples: Mapping[str, str] = MappingProxyType({}),
    base_url: str = "https://testserver",
    timeout: float = 5,
) -> None:
    """Fails a test if a route can be reached without a credential and is not named in `public`.

    ```python
    def test_nothing_is_open_by_accident():
        assert_protected(app, public=["/health", "POST /login"])
    ```

    Every route of a FastAPI or Starlette app is asked, at any depth: routes, WebSockets, mounted apps, `Host` routes, static
    files. It is asked with each of its methods, as HEAD, as a CORS preflight, and in other spellings of its path (a slash
    more or less, `//`, `/.`, `;`, another case, a needless or an encoded slash), with values filled in for its parameters and
    without a body. Protected is what answers 401 or 403, or closes a WebSocket with 1008 before it is accepted; whose guard
    that is, Sallet's or another's, does not matter. A 422 is no protection: validation came first.

    The app is called, without a server. **An open route that is not named really runs**, once for each method, so use the
    test's database. Routes that are named are not asked, and the lifespan is not run: for what it sets up, call this inside
    `with TestClient(app):`. A `signed_in` block around the call does not count.

    What it cannot see is an error too: the routes of an app that is neither FastAPI's nor Starlette's, unless an
    `AuthMiddleware` guards every path of it (name some with `paths`), and a route whose parameters it cannot fill (give
    `examples`). It does not try wrong credentials.

    Args:
        app: The app, as it is served.
        public: What may be open, in the rules of `protect(public=...)`: `"/health"`, `"/static/*"`, `"POST /login"`. A route
            with parameters is named as it was written, `"/users/{user_id}/avatar"`. A rule that names no route is an error.
        protected: Only these must be protected, in the rules of `protect(protected=...)`; everything by default.
        docs: Whether FastAPI's docs pages and schema may be open, as `protect(docs=True)` leaves them.
        paths: Further paths to ask, such as `"/legacy/report"` or `"POST /legacy/orders"`.
        examples: Values for path parameters by name, where the route's own types do not tell: `{"sku": "AB-1234"}`.
        base_url: Scheme and host of the requests.
        timeout: How many seconds a route may take to answer; one that does not is not protected.

    Raises:
        AssertionError: It lists everything that is open, and how to close it.
        TypeError: `app` is not an ASGI app, or an argument is not of its kind.
        PolicyError: A rule is malformed, or the app refuses to start.
    """
    __tracebackhide__ = True
    if not callable(app):
        raise TypeError("app is not an ASGI app: write assert_protected(app, public=[...])")
    for name, value in (("public", public), ("protected", protected), ("paths", paths)):
        if isinstance(value, str):
            raise TypeError(f"{name} is a list: write {name}=[{value!r}]")
    named = _Named(tuple(public), None if protected is None else tuple(protected))
    inspection = _Inspection(app, named, docs, tuple(paths), dict(examples), base_url, timeout)
    # In a context of its own, where nobody is signed in, and in a thread, for the caller may have a running loop.
    with ThreadPoolExecutor(1, "assert_protected") as thread:
        thread.submit(Context().run, asyncio.run, inspection.run()).result()
    if problem := inspection.problem():
        raise AssertionError(problem) from inspection.error


class _Named:
    """What may be open."""

    def __init__(self, public: tuple[str, ...], protected: tuple[str, ...] | None) -> None:
        self._protected = protected
        self._rules = [(rule, PathRules([as_path(rule)], protected=protected)) for rule in public]
        self._everything = PathRules(protected=protected)
        self._used: set[str] = set()

    def add(self, rule: str) -> None:
        """Names something more, which need not be there; not what `protected` names itself."""
        try:
            self._rules.append((rule, PathRules([rule], protected=self._protected)))
        except PolicyError:
            return
        self._used.add(rule)

    def has(self, method: str, path: str) -> bool:
        if not self._everything.needs_credentials(method, path):
            return True
        found = [rule for rule, rules in self._rules if not rules.needs_credentials(method, path)]
        self._used.update(found)
        return bool(found)

    def unused(self) -> list[str]:
        return [rule for rule, _ in self._rules if rule not in self._used]


@dataclass
class _Inspection:
    app: Any
    named: _Named
    docs: bool
    paths: tuple[str, ...]
    examples: Mapping[str, str]
    base_url: str
    timeout: float
    open: list[tuple[str, str]] = field(default_factory=list)
    """What to name in `public`, and the line of the report."""
    unseen: list[str] = field(default_factory=list)
    error: Exception | None = None
    _doors: list[Door] = field(default_factory=list)

    async def run(self) -> None:
        # Makes the stack of middleware, so that what is in it can be seen.
        first = await ask(self.app, Request("GET", f"/{PROBE}"), self.base_url, self.timeout)
        if isinstance(first.error, SalletError):
            raise first.error
        if unwrap(self.app) is not None and first.endpoint is None and 200 <= first.status < 300 and not self.named.has("GET", f"/{PROBE}"):
            # A router's `default`, a handler of 404, a middleware: nothing that is a route.
            self.open.append((f"GET /{PROBE}", f"GET /{PROBE}, which is no route: {first.said}"))
        if self.docs:
            self._name_docs()
        self._doors = list(doors(self.app, self.examples))
        for door in self._doors:
            await self._try(door)
        for rule in self._ways():
            await self._try_path(rule)

    def problem(self) -> str:
        """The whole report, or nothing."""
        report: list[str] = []
        if not self._doors and not self.paths:
            report.append("This app has no routes, so nothing was asked: give the app that is served, once its routes are in it")
        if self.open:
            report.append("These can be reached without a credential:")
            report += [f"  {line}" for _, line in self.open]
            report.append(self._advice())
        if self.unseen:
            report.append("These could not be asked, so nobody knows:")
            report += [f"  {line}" for line in self.unseen]
        for rule in self.named.unused():
            report.append(f"public: no route has the path of {rule!r}, and one that is added later would be open: remove it or correct it")
        return "\n".join(report)

    def _advice(self) -> str:
        """How to close what is open, or else to say that it may be."""
        guards = self._guards()
        rules = [rule for guard in guards for rule in guard.protected or () if rule not in ("/", "/*")]
        if guards:
            within = ", bring it under its protected=" if rules else ""
            said = f"To close one, remove it from the public= of the guard around the app{within} or give the route Depends(bearer)."
        else:
            said = "To close one, guard the app with protect(app, auth=bearer) or the route with Depends(bearer), and remove it from their public=."
        names = list(dict.fromkeys(name for name, _ in self.open))
        if "/*" not in names:
            return f"{said} If it is meant to be open, name it: public=[{_listed(names)}]"
        # As a rule that would open everything, and so is none. Other routes may be among them only because "/" has answered for them.
        if not rules:
            return f'{said} If what is at "/" is meant to be open, say what is not, here and in protect, such as protected=["/api/*"]'
        said += f" If the rest is meant to be open, say what is not, as the guard does: protected=[{_listed(dict.fromkeys(rules))}]"
        scope = PathRules(protected=rules)
        inside = [name for name in names if name != "/*" and scope.needs_credentials(*_split(as_path(name)))]
        return said + (f", public=[{_listed(inside)}]" if inside else "")

    def _guards(self) -> list[AuthMiddleware]:
        """Those around the whole app."""
        around = [*layers(self.app), *layers(getattr(unwrap(self.app), "middleware_stack", None))]
        return list(dict.fromkeys(layer for layer in around if isinstance(layer, AuthMiddleware)))

    def _name_docs(self) -> None:
        if "fastapi" in sys.modules and (inside := unwrap(self.app)) is not None:
            from sallet.fastapi._docs import find_docs

            for path in find_docs(inside).public:
                self.named.add(f"GET {path}")

    async def _try(self, door: Door) -> None:
        methods = [method for method in door.methods if not self._is_named(door, method)]
        if door.missing:
            if methods:
                self.unseen.append(f'{door.name}: no value for {door.missing}: give examples={{"{door.missing}": "..."}}')
            return
        is_open = False
        for method in methods:
            # A rule for GET opens HEAD too.
            if not is_open or not (door.any_method or method == "HEAD"):
                is_open |= await self._try_method(door, method, is_first=method == methods[0])
        if door.blind and methods and not is_open and not self._has_path_below(door):
            self.unseen.append(
                f"{door.name}: the routes of {type(self._inner(door)).__name__} cannot be seen: put an AuthMiddleware around it, "
                f'or name some with paths=["{door.path}"]'
            )

    async def _try_method(self, door: Door, method: str, is_first: bool) -> bool:
        """Whether it is open as it is written; where it is not, whether in another way."""
        answer = await self._ask(Request(method, door.path, host=door.host))
        if not answer.refused and not self._is_anothers(answer, door, method):
            if answer.endpoint is None and 300 <= answer.status < 500 and not door.blind:
                self.unseen.append(
                    f"{_shown(method, door.name)}: {answer.said} for {door.path}, before any route was reached: see whether base_url "
                    "or examples should be others"
                )
            else:
                self._add(door, method, answer)
            return True
        is_open = False
        for other in self._other_ways(door, method, is_first):
            answer = await self._ask(other)
            if _ran(other, answer) and not self._is_anothers(answer, door, other.method):
                self._add(door, method, answer, other)
                is_open = True
        return is_open

    def _other_ways(self, door: Door, method: str, is_first: bool) -> Iterator[Request]:
        if is_first and method != WEBSOCKET:
            if "HEAD" not in door.methods:
                yield Request("HEAD", door.path, host=door.host)
            asks = ((b"origin", b"https://other.example"), (b"access-control-request-method", method.encode()))
            yield Request("OPTIONS", door.path, host=door.host, headers=asks)
        for path, raw in spellings(door.path):
            # Where that is a route of its own, it is asked for itself.
            if path == door.path or not any(path == other.path for other in self._doors):
                yield Request(method, path, raw, door.host)

    async def _ask(self, request: Request) -> Answer:
        answer = await ask(self.app, request, self.base_url, self.timeout)
        if answer.error is not None and self.error is None:
            self.error = answer.error
        return answer

    def _is_named(self, door: Door, method: str) -> bool:
        return self.named.has(method, as_path(door.template))

    def _is_anothers(self, answer: Answer, door: Door, method: str) -> bool:
        """Whether another route has answered, which may be open."""
        if answer.endpoint is None or answer.endpoint is door.endpoint:
            return False
        reached = [other for other in self._doors if other.endpoint is answer.endpoint]
        return bool(reached) and all(self._is_named(other, method) for other in reached)

    def _add(self, door: Door, method: str, answer: Answer, other: Request | None = None) -> None:
        how = "" if other is None else f" as {_shown(other.method, other.raw_path or other.path)}"
        name = door.name.partition(" ")[0]
        said = answer.said if answer.status != 422 else "422, so nobody asked for a credential before it was validated"
        self.open.append((name if door.any_method else f"{method} {name}".strip(), f"{_shown(method, door.name)}{how}: {said}"))

    def _inner(self, door: Door) -> Any:
        return self.app if door.endpoint is None else door.endpoint

    def _has_path_below(self, door: Door) -> bool:
        prefix = door.path.removesuffix(PROBE)
        return any(_split(rule)[1].startswith(prefix) for rule in self.paths)

    def _ways(self) -> Iterator[str]:
        """The paths to ask beside the routes: those given, and what the guards around have opened, which may be below a mount."""
        yield from self.paths
        for guard in self._guards():
            yield from (rule[:-1] + PROBE if rule.endswith("/*") else rule for rule in guard.public)

    async def _try_path(self, rule: str) -> None:
        method, path = _split(rule)
        if self.named.has(method, path):
            return
        answer = await self._ask(Request(method, path))
        if rule not in self.paths:
            # A route that was asked for itself, or none.
            reached = [door for door in self._doors if door.endpoint is answer.endpoint]
            if answer.status in (404, 405) or any(not door.below for door in reached) or any(path == door.path for door in self._doors):
                return
        if not answer.refused:
            self.open.append((f"{method} {path}", f"{method} {path}: {answer.said}"))


def _listed(rules: Iterable[str]) -> str:
    return ", ".join(f'"{rule}"' for rule in rules)


def _split(rule: str) -> tuple[str, str]:
    method, _, path = rule.rpartition(" ")
    return method or "GET", path


def _shown(method: str, path: str) -> str:
    return f"{method or 'WebSocket'} {path}"


def _ran(request: Request, answer: Answer) -> bool:
    """Whether the app's own code has answered, and not a router or a middleware in front of it."""
    if answer.endpoint is None:
        # A middleware may have given the router a copy of the scope. It answers preflights itself, too.
        return 200 <= answer.status < 300 and request.method != "OPTIONS"
    return not answer.refused and answer.status != 405
