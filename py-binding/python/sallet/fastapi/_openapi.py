"""The security scheme and each operation's `security` in `app.openapi()`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.encoders import jsonable_encoder

import sallet
from sallet.auth import Scheme
from sallet.fastapi._dependency import Dependency
from sallet.fastapi._mounts import Mounted
from sallet.fastapi._schemes import model_of

Schema = dict[str, Any]

_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})


# RFC 6750 section 3.1
_SCOPE = "The credentials do not have the required scope"
_SITE = "A page of another site makes the browser send the credentials"
# RFC 9110 section 9.2.1: of these no page of another site can make anything of.
_SAFE = frozenset({"get", "head", "options", "trace"})


def _answer(description: str, field: str | None = "WWW-Authenticate") -> Schema:
    body = {
        "type": "object",
        "properties": {"detail": {"type": "string"}},
        "required": ["detail"],
    }
    return {
        "description": description,
        **({"headers": {field: {"schema": {"type": "string"}}}} if field else {}),
        "content": {"application/json": {"schema": body}},
    }


def mark(
    apps: Iterable[Mounted], auth: Scheme | tuple[Scheme, ...], rules: sallet.PathRules, throttles: bool
) -> None:
    """Makes `openapi()` of every app tell which operations `auth` guards.

    Called again, it takes in apps mounted since, and an `app.openapi` the user has replaced.
    """
    prefixes: dict[int, tuple[FastAPI, list[str]]] = {}
    for mounted in apps:
        prefixes.setdefault(id(mounted.app), (mounted.app, []))[1].append(mounted.prefix)
    for app, at in prefixes.values():
        current = app.openapi
        if isinstance(current, MarkedOpenAPI) and current.auth is auth:
            current.prefixes = at
        else:
            app.openapi = MarkedOpenAPI(current, auth, rules, at, throttles)  # type: ignore[method-assign]


class MarkedOpenAPI:
    """Stands in for `app.openapi`: the app's own schema, marked.

    The schema is marked in place, the way FastAPI documents changing it, so `app.openapi_schema`
    and what FastAPI caches there are one and the same; marking twice changes nothing.
    """

    def __init__(
        self,
        original: Callable[[], Schema],
        auth: Scheme | tuple[Scheme, ...],
        rules: sallet.PathRules,
        prefixes: Sequence[str],
        throttles: bool,
    ) -> None:
        self.auth = auth
        self.prefixes = prefixes
        self._original = original
        self._rules = rules
        self._throttles = throttles
        schemes = auth if isinstance(auth, tuple) else (auth,)
        self._minds_the_site = any(scheme._minds_the_site for scheme in schemes)

    def __call__(self) -> Schema:
        schema = self._original()
        schemes = self._schemes(schema)
        for path, item in schema.get("paths", {}).items():
            for method, operation in item.items():
                if method not in _METHODS or self._is_public(method, path):
                    continue
                alternatives = [
                    joined
                    for own in operation.get("security") or [{}]
                    for joined in _joined(own, schemes)
                ]
                operation["security"] = alternatives
                asked = (scopes for each in alternatives for name, scopes in each.items() if name in schemes)
                self._answers(operation, any(asked), self._minds_the_site and method not in _SAFE)
        return schema

    def _answers(self, operation: Schema, asks_for_scopes: bool, minds_the_site: bool) -> None:
        """Describes what the guard answers, except where the app has described that itself."""
        responses = operation.setdefault("responses", {})
        if "default" in responses or "4XX" in responses:
            return
        answers = {
            "400": _answer("The credentials cannot be read"),
            "401": _answer("Not authenticated, or the credentials are not valid"),
        }
        if asks_for_scopes or minds_the_site:
            # Only what other credentials would change has a challenge.
            why = "; or: ".join(said for said, is_so in ((_SCOPE, asks_for_scopes), (_SITE, minds_the_site)) if is_so)
            answers["403"] = _answer(why, "WWW-Authenticate" if asks_for_scopes else None)
        if self._throttles:
            answers["429"] = _answer("Too many wrong credentials came before", "Retry-After")
        for status, answer in answers.items():
            responses.setdefault(status, answer)

    def _is_public(self, method: str, path: str) -> bool:
        # Mounted in two places and guarded in one of them, the operation is marked.
        return not any(
            self._rules.needs_credentials(method.upper(), prefix + path) for prefix in self.prefixes
        )

    def _schemes(self, schema: Schema) -> dict[str, list[str]]:
        """The scopes of each scheme by its name in the schema, entered there if it is not yet."""
        known = schema.setdefault("components", {}).setdefault("securitySchemes", {})
        found: dict[str, list[str]] = {}
        for auth in self.auth if isinstance(self.auth, tuple) else (self.auth,):
            base = auth.scheme_name if isinstance(auth, Dependency) else type(auth).__name__
            name, count = base, 1
            while name in found:
                count += 1
                name = f"{base}{count}"
            known.setdefault(name, jsonable_encoder(model_of(auth), by_alias=True, exclude_none=True))
            found[name] = list(auth.scopes)
        return found


def _joined(own: Schema, schemes: dict[str, list[str]]) -> list[Schema]:
    """What a route asks for itself, with the guard's schemes of which one will do: that of the route, if it is one of them."""
    names = [name for name in schemes if name in own] or list(schemes)
    return [{**own, name: own.get(name, schemes[name])} for name in names]
