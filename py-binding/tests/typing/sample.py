"""Every public name and member of Sallet, used as a user would: what `tests/test_typing.py` shows to mypy, pyright and Python.

A line that must be refused says so with `type: ignore`, which is an error itself where nothing is refused.
"""

from __future__ import annotations

import asyncio
import hashlib
import signal
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from fastapi import Depends, FastAPI, Request, Security
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.requests import HTTPConnection
from typing_extensions import assert_type

import sallet
from sallet import (
    NONCE,
    NONE,
    SELF,
    STRICT_DYNAMIC,
    UNSAFE_INLINE,
    AuthMiddleware,
    ContentSecurityPolicy,
    Credentials,
    CredentialsError,
    Decision,
    Directives,
    FailureThrottle,
    Key,
    Keyring,
    KeyringError,
    Passwords,
    PasswordsBusy,
    PasswordsError,
    PathRules,
    PolicyError,
    Principal,
    Refusal,
    SalletError,
    SecurityHeaders,
    SecurityHeadersMiddleware,
    StoreError,
    csp_nonce,
    generate_token,
    policy,
    script_hash,
    set_policy,
    style_hash,
    templates,
    unchecked,
)
from sallet.fastapi import AnyOf, ApiKey, Basic, Bearer, docs_page, protect, resource_metadata
from sallet.templates import csp_nonce as csp_nonce_context
from sallet.templates import csp_nonce_attr_of, csp_nonce_of
from sallet.testing import assert_protected, signed_in


def policies() -> SecurityHeaders:
    policy = ContentSecurityPolicy(
        {
            "default-src": [NONE],
            "script-src": [SELF, NONCE, STRICT_DYNAMIC, script_hash("go()")],
            "style-src": (SELF, UNSAFE_INLINE, style_hash(b"p { margin: 0 }")),
        }
    ).extend({"img-src": ["https://images.example"]})
    assert policy.directives["script-src"][0] == SELF
    assert policy == ContentSecurityPolicy(policy.directives) == ContentSecurityPolicy(str(policy)) and hash(policy)
    fonts: Directives = {"font-src": "https://fonts.example"}
    policy = policy.extend(fonts)
    assert_type(ContentSecurityPolicy([policy, {"img-src": "*"}, "font-src *"]).policies, list[ContentSecurityPolicy])
    assert_type(NONCE, str)

    try:
        ContentSecurityPolicy({"script-src": ["self"]})
    except PolicyError as error:
        assert isinstance(error, SalletError) and isinstance(error, ValueError)

    # Each header has such a keyword and such a property: `tests/stub.py` writes them.
    headers = SecurityHeaders(
        content_security_policy=policy,
        content_security_policy_report_only="default-src 'self'",
        x_frame_options="DENY",
        x_xss_protection=None,
        x_dns_prefetch_control=unchecked("maybe"),
        custom={"x-robots-tag": "noindex"},
    ).replace(x_frame_options=None)
    assert_type(headers.custom, dict[str, str])
    assert_type(headers.content_security_policy, ContentSecurityPolicy | None)
    assert headers.replace(x_frame_options=headers.x_frame_options) == headers
    assert_type(headers.items(https=False), list[tuple[str, str]])
    for lint in SecurityHeaders.EMPTY.report_only().lint():
        assert_type(lint, sallet.Lint)
        assert lint.severity in ("low", "medium", "high") and lint.header and lint.reason and lint.remedy
        assert_type((lint.directive, lint.value), tuple[str, str])
    assert len({SecurityHeaders.STRICT, SecurityHeaders.API, SecurityHeaders.CLASSIC, SecurityHeaders.THIRD_PARTY_UI}) == 4

    # What has a few values takes no others; what takes more than words takes any text.
    own: str = "same-origin; report-to=\"r\""
    SecurityHeaders(cross_origin_opener_policy=own, referrer_policy="no-referrer, origin", permissions_policy={"camera": [], "usb": SELF})
    typos: list[Callable[[], object]] = [
        lambda: SecurityHeaders(x_frame_option="DENY"),  # type: ignore[call-arg]
        lambda: SecurityHeaders(x_frame_options="DENNY"),  # type: ignore[arg-type]
        lambda: ContentSecurityPolicy({"script-scr": [SELF]}),  # type: ignore[dict-item]
        lambda: policy.extend({"script_src": [SELF]}),  # type: ignore[dict-item]
        lambda: SecurityHeaders(content_security_policy={"script_src": [SELF]}),  # type: ignore[dict-item]
    ]
    for typo in typos:
        try:
            typo()
        except PolicyError:
            continue
        raise AssertionError(typo)
    # Not an error: a browser may know it.
    SecurityHeaders(permissions_policy={"camra": []})  # type: ignore[dict-item]
    SecurityHeaders(permissions_policy={unchecked("new-feature"): ["self"]})
    return headers


def keys(folder: Path) -> Keyring:
    token = generate_token(prefix="slt")
    key = Key(
        "ci-2026",
        digest=hashlib.sha256(token.encode()).hexdigest(),
        principal="ci",
        scopes=["items:read"],
        not_before=0,
        not_after=datetime(2100, 1, 1, tzinfo=timezone.utc),
    )
    assert_type((key.id, key.principal, key.scopes), tuple[str, str, tuple[str, ...]])
    assert_type((key.not_before, key.not_after), tuple[int | None, int | None])

    ring = Keyring([key, Key("other", token=generate_token())])
    who = ring.verify(token)
    assert_type(who, Principal | None)
    assert who is not None and len(ring) == 2
    assert_type((who.id, who.name, who.scopes), tuple[str, str, tuple[str, ...]])
    assert who.is_authenticated and (who.display_name, who.identity) == ("ci", "ci-2026")

    try:
        Keyring.from_env("A_VARIABLE_THAT_IS_NOT_SET")
    except (KeyringError, StoreError):
        pass
    (folder / "keys.toml").write_text(f'[[key]]\nid = "ci"\nsha256 = "{hashlib.sha256(token.encode()).hexdigest()}"\n')
    from_file = Keyring.from_file(folder / "keys.toml")
    assert_type(from_file, Keyring)
    from_file.reload()
    from_file.reload_on(signal.SIGHUP)
    watched = Keyring.from_file(folder / "keys.toml", watch=True)
    watched.replace([one for one in watched if "items:read" not in one.scopes])
    assert_type(next(iter(watched), None), Key | None)
    assert "ci" in watched

    def load() -> list[Key]:
        return [key]

    assert_type(Keyring.from_callable(load), Keyring)

    try:
        assert_type(Keyring.from_store("sqlite:keys.db", max_stale=60), Keyring)
    except StoreError:
        pass
    return Keyring.from_tokens({"ci": token})


def parsed() -> None:
    credentials = Credentials.parse(b"Bearer mF_9.B5f-4.1JqM")
    assert_type((credentials.scheme, credentials.token), tuple[str, str])
    try:
        Credentials.parse("Bearer")
    except CredentialsError:
        pass
    rules = PathRules(["/health", "GET /items"])
    assert not rules.needs_credentials("GET", "/health", b"/health") and rules.needs_credentials("POST", "/items")


@dataclass(frozen=True)
class User:
    name: str


@dataclass(frozen=True)
class UserPassword:
    username: str
    password: str


async def find_user(name: str) -> str | Mapping[str, object] | None:
    return {"ada": {"hash": "$argon2id$v=19$m=8,t=1,p=1$…", "scopes": ["items:read"]}}.get(name)


async def passwords(folder: Path) -> None:
    stored = Passwords.hash("correct horse")
    assert_type(stored, str)
    users = Passwords({"ada": stored, "bob": {"hash": stored, "scopes": ["items:read"]}}, max_parallel=1, max_waiting=8, remember=5)
    who = await users(UserPassword("bob", "correct horse"))
    assert_type(who, Principal | None)
    assert who is not None and who.scopes == ("items:read",) and len(users) == 2
    assert len(Passwords(lookup=find_user)) == 0
    (folder / "users.toml").write_text(f'[[user]]\nname = "ada"\nhash = "{stored}"\n')
    from_file = Passwords.from_file(folder / "users.toml", max_parallel=1, max_waiting=0, remember=0)
    assert_type(from_file, Passwords)
    from_file.reload()
    try:
        users.reload_on(signal.SIGHUP)
    except PasswordsError as error:
        assert isinstance(error, SalletError)
    busy = PasswordsBusy()
    assert_type((busy.status_code, busy.detail, busy.headers), tuple[int, str, dict[str, str]])


async def fetch_user(credentials: Credentials) -> User | None:
    return User("alice") if credentials.scheme == "Bearer" else None


def sign_in(credentials: Credentials) -> User | None:
    assert_type((credentials.username, credentials.password), tuple[str | None, str | None])
    return User("alice") if credentials.username == "alice" else None


async def judged(ring: Keyring) -> None:
    bearer = sallet.Bearer(ring, realm="items", scopes=["items:read"])
    assert_type((bearer.realm, bearer.scopes), tuple[str, tuple[str, ...]])
    assert bearer.keyring is ring
    refusal = await bearer.identify({"type": "http", "headers": [(b"host", b"localhost")]}, scopes=["items:write"])
    assert isinstance(refusal, Refusal) and refusal.is_missing and not refusal.is_throttled
    assert_type((refusal.status, refusal.detail, refusal.body), tuple[int, Any, bytes])
    assert_type(refusal.headers, list[tuple[str, str]])
    assert_type((refusal.reason, refusal.CLOSE_CODE), tuple[str, int])
    assert_type(bearer.authorize(Principal("ci", "ci", ["items:read"])), Refusal | None)

    own = sallet.Bearer(authenticate=fetch_user)
    assert await own.identify({"type": "http", "headers": [(b"authorization", b"Bearer anything")]}) == User("alice")
    word = sallet.Bearer(
        authenticate=fetch_user,
        scheme="Token",
        max_length=16_384,
        resource_metadata="https://api.example/.well-known/oauth-protected-resource",
        websocket_subprotocol="bearer",
        query="access_token",
    )
    assert_type((word.word, word.header), tuple[str, str])
    password = sallet.Basic(authenticate=sign_in, realm="items", scopes=["items:read"], cross_site=False)
    key = sallet.ApiKey(ring, header="X-Items-Key")
    assert isinstance(AuthMiddleware(bare, [bearer, password, key]).auth, tuple)
    try:
        sallet.Bearer("keys.toml")  # type: ignore[arg-type]
    except TypeError:
        pass


async def bare(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


def by_path(scope: Mapping[str, Any]) -> SecurityHeaders | None:
    return SecurityHeaders.API if scope["type"] == "http" else None


def answer(refusal: Refusal, scope: Mapping[str, Any]) -> JSONResponse | None:
    assert_type((refusal.status, refusal.key_id), tuple[int, str | None])
    return JSONResponse({"title": refusal.detail}, refusal.status) if scope["type"] == "http" else None


def count(decision: Decision) -> None:
    assert_type(decision.outcome, Literal["admitted", "refused", "throttled", "anonymous", "failed"])
    assert_type(
        (decision.scheme, decision.key_id, decision.reason, decision.status),
        tuple[str | None, str | None, str | None, int | None],
    )
    assert_type((decision.client, decision.method, decision.path), tuple[str | None, str, str])


async def by_connection(credentials: Credentials, connection: HTTPConnection) -> Principal | None:
    return Principal("1") if connection.url.path == "/" else None


def wrapped(headers: SecurityHeaders, ring: Keyring) -> None:
    guarded = AuthMiddleware(
        bare, sallet.Bearer(ring), public=["/health"], protected=["/api"], preflights=["/*"], on_refusal=answer, on_decision=count, hide=True
    )
    assert guarded.on_refusal is answer
    sallet.Bearer(authenticate=by_connection, timeout=2.0)
    sallet.Bearer(authenticate=lambda credentials: None, threaded=True)
    assert guarded.app is bare and isinstance(guarded.auth, sallet.Bearer)
    assert_type(guarded.public, tuple[str, ...])
    assert_type((guarded.protected, guarded.preflights), tuple[tuple[str, ...] | None, tuple[str, ...]])
    dressed = SecurityHeadersMiddleware(
        guarded, headers, paths={"/docs": SecurityHeaders.EMPTY, "/api/*": SecurityHeaders.API, "/v1/*": by_path}, override=True, remove=["server"]
    )
    assert dressed.app is guarded


def docs_of_ones_own(request: Request) -> HTMLResponse:
    return docs_page(request, HTMLResponse("<!doctype html>"))


def fastapi_app(headers: SecurityHeaders, ring: Keyring) -> FastAPI:
    bearer = Bearer(ring, realm="items", scheme_name="Items", description="A token.", bearer_format="opaque", auto_error=True)
    app = FastAPI()
    protect(app, headers=headers, auth=bearer, public=["/health"], paths={"/plain": SecurityHeaders.EMPTY}, override=False, remove=(), https=True, docs=True)
    protect(FastAPI(), https_redirect="www.example.com")
    assert_type(resource_metadata(FastAPI(), "https://api.example", authorization_servers=["https://login.example"], scopes=()), str)
    throttle = FailureThrottle("10/minute", storage="redis://localhost:6379", exempt=["10.0.0.0/8"], per_user=False, per_token=True, max_counters=1000)
    protect(FastAPI(), auth=bearer, on_refusal=answer, on_decision=count, hide=True, throttle=throttle)
    AuthMiddleware(bare, bearer, throttle=throttle)
    protect(FastAPI(), auth=[bearer, Basic(authenticate=sign_in, cross_site=True), ApiKey(ring, header="X-Items-Key", scheme_name="Key")])

    either = AnyOf(bearer, ApiKey(ring), auto_error=False)
    by_either = FastAPI()
    protect(by_either, auth=either)
    AuthMiddleware(bare, list(either.schemes))

    @by_either.get("/")
    async def of_any(who: Principal | None = Security(either, scopes=["items:read"])) -> Principal | None:
        return who

    assert_type(bearer.make_not_authenticated_error(), Exception)

    async def items(who: Principal = Security(bearer, scopes=["items:read"])) -> dict[str, str]:
        return {"hello": who.name}

    @policy(SecurityHeaders.EMPTY)
    async def raw(request: Request) -> str:
        set_policy(request, lambda policy: policy.replace(x_frame_options=None))
        set_policy(request, None)
        set_policy(request, "STRICT")  # type: ignore[arg-type]
        return csp_nonce(request) + csp_nonce_of(request) + csp_nonce_attr_of(request)

    app.get("/items")(items)
    app.get("/raw", dependencies=[Depends(policy(headers))])(raw)
    return app


def tested(app: FastAPI) -> None:
    assert_protected(app, public=["/raw"], docs=True, paths=["/items"], examples={"sku": "1"}, base_url="http://test", timeout=2)
    assert_protected(app, protected=("/items",))
    with signed_in(app, Principal("alice")) as who:
        assert_type(who, Principal)


def main() -> None:
    headers = policies()
    parsed()
    with TemporaryDirectory() as folder:
        ring = keys(Path(folder))
        asyncio.run(passwords(Path(folder)))
    asyncio.run(judged(ring))
    wrapped(headers, ring)
    app = fastapi_app(headers, ring)
    assert app.openapi()["components"]["securitySchemes"].keys() == {"Items"}
    tested(app)
    request = Request({"type": "http", "headers": [], "state": {"csp_nonce": "abc"}})
    assert_type(csp_nonce_context(request), dict[str, Any])
    assert templates.globals().keys() == {"csp_nonce_of", "csp_nonce_attr_of"}


if __name__ == "__main__":
    main()
