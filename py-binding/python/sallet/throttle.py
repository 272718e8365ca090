"""`FailureThrottle` slows down guessing: after too many wrong credentials, `AuthMiddleware` answers 429."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import unicodedata
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import TYPE_CHECKING, Any

from sallet._coroutines import awaitable
from sallet._near import arguments
from sallet._refuse import refuse
from sallet._sallet import PolicyError, Refusal

if TYPE_CHECKING:
    from sallet import _sallet
    from sallet._counters import Key

__all__ = ["FailureThrottle"]

_Scope = MutableMapping[str, Any]


class FailureThrottle:
    """Refuses credentials from a client that has shown too many wrong ones.

    ```python
    protect(app, auth=Basic(authenticate=check), throttle=FailureThrottle("10/minute"))
    ```

    Needs `pip install 'sallet[throttle]'`: the counting is done by the package `limits`.

    Only wrong credentials count: those that get 401 `invalid_token` (also an `HTTPException(401)` that `authenticate` raises) or 400,
    on public paths too. None at all do not, nor do too few scopes (403). They are counted for the client's address, with `Basic` for
    the user name, and with `per_token=True` for the token itself. The first failure starts a window; once as many as the rate allows have come, every request with credentials is
    refused until the window ends: 429 with `Retry-After`, no challenge, and `no-store`. On a public path it is anonymous instead.

    - It is refused before its credentials are looked at, so no password is hashed. **A good credential is refused as well**:
      otherwise guessing could go on, and the right guess would show.
    - The address is `scope["client"]` and nothing else. `X-Forwarded-For` is for the server to read (uvicorn's
      `--proxy-headers --forwarded-allow-ips`); without that, all clients behind a proxy share its address, and its counter.
      IPv6 addresses count by their /64, which is what one client has, and IPv4-mapped ones as IPv4. Clients without an address share one.
    - A page of another site can make its reader's browser send wrong credentials, in a query, a WebSocket's subprotocol or
      `https://ada:x@...`. What says that it comes from one (`Sec-Fetch-Site: cross-site`, and without that field an `Origin` of another
      host) is counted in a counter of its own for the address, with the same rate, and asks that one alone. So that page keeps
      nobody out of your own pages and programs, only out of what is sent from other sites. It is still counted and refused: a program
      that writes the field itself has as many guesses once more, and then gets 429 there too.
    - Requests that are judged at the same time by an `async` `authenticate` can all pass before the first has failed. Those that end
      after the limit was reached are refused, right or wrong.
    - What a dependency judges by itself, with a scheme that is not the guard's, is not counted.

    Args:
        rate: How many failures in how much time, as `limits` writes it: `"10/minute"`, `"10/minute; 50/day"`.
        storage: `"memory://"` counts in each process by itself; a URL such as `"redis://localhost:6379/3"` counts for all that use it, on
            asyncio (not trio).
            Each process counts its own failures too, so that requests that it judges at the same time do not pass together.
            While Redis does not answer within half a second, that is all, and the log `sallet.auth` says so: good credentials are still admitted, and guessing is still slowed.
        exempt: Addresses and networks whose failures are not counted for the address, such as a proxy of your own:
            `["10.0.0.0/8"]`.
        per_user: Whether failures with `Basic` are counted for the user name too, from all addresses together. That slows guessing from
            many addresses, and lets anybody who knows a name keep its user out while they go on guessing.
        per_token: Whether failures of `Bearer` and `ApiKey` are counted for the token too, from all addresses together. That spares
            `authenticate` the machines of a customer that go on sending one expired key, and needs no look at who owns it: an
            unknown token is answered as an expired one is. It does not slow guessing, where each token is another. Off by default,
            because pages with a mistake send one text for everybody (`Bearer undefined`), and their users would get 429 for a 401.
            Counted is an HMAC of the token's digest, never the token or its digest.
        max_counters: How many counters a process keeps for addresses; as many for those as seen from other sites, for user names, and
            for tokens. Beyond that, the one that
            has not counted for longest is dropped.

    Raises:
        ImportError: `limits` is not installed, or for Redis the package `redis`.
        PolicyError: The rate, the storage or an address is malformed.
    """

    @arguments()
    def __init__(
        self,
        rate: str,
        *,
        storage: str = "memory://",
        exempt: Iterable[str] = (),
        per_user: bool = True,
        per_token: bool = False,
        max_counters: int = 65_536,
    ) -> None:
        try:
            from sallet import _counters
            if storage != "memory://":
                import redis  # noqa: F401  # pyright: ignore
        except ImportError as error:
            raise ImportError(f"FailureThrottle needs {error.name}: pip install 'sallet[throttle]'") from None
        if storage != "memory://" and not storage.startswith(("redis://", "rediss://", "redis+unix://")):
            # It is not shown: it may hold a password.
            raise PolicyError('storage is "memory://" or the URL of a Redis: write storage="redis://localhost:6379"')
        if isinstance(exempt, str):
            raise TypeError("exempt is a list of addresses: write exempt=[...] around it")
        if isinstance(max_counters, bool) or not isinstance(max_counters, int) or max_counters < 1:
            raise TypeError("max_counters is a number above 0: leave it out for 65536")
        self._exempt = [_network(text) for text in exempt]
        self._per: dict[str, bool] = {"user": per_user, "token": per_token}
        self._counters = _counters.Counters(_counters.rates_of(rate), storage, max_counters)

    def _keys(self, scope: _Scope, shown: tuple[str, str] | None) -> list[Key]:
        keys: list[Key] = []
        client = scope.get("client")
        address = _address(client[0] if client else None)
        if isinstance(address, str) or not any(address in network for network in self._exempt):
            keys.append(("other-site" if _is_of_other_site(scope) else "address", _group(address)))
        if shown is not None and self._per[shown[0]]:
            keys.append((shown[0], _NAMES[shown[0]](shown[1])))
        return keys


def _is_of_other_site(scope: _Scope) -> bool:
    """Whether the sender says that it is a browser, and asks for a page of another site.

    `Sec-Fetch-Site` says so, which no page can write (https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header); where browsers
    leave it out, `Origin` held against the host.
    """
    fields: dict[bytes, list[bytes]] = {b"sec-fetch-site": [], b"origin": [], b"host": []}
    for name, value in scope.get("headers") or ():
        if (lines := fields.get(bytes(name).lower())) is not None:
            lines.append(bytes(value))
    if sites := fields[b"sec-fetch-site"]:
        return sites == [b"cross-site"]
    origins = [_authority(origin) for origin in fields[b"origin"]]
    return bool(origins) and origins != [_authority(host) for host in fields[b"host"]]


def _authority(text: bytes) -> bytes:
    scheme, _, authority = text.lower().rpartition(b"://")
    default = {b"http": (b":80",), b"ws": (b":80",), b"https": (b":443",), b"wss": (b":443",)}.get(scheme, (b":80", b":443"))
    return next((authority[: -len(port)] for port in default if authority.endswith(port)), authority)


def _user(name: str) -> str:
    # Names that an app may take for one are one here.
    name = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return hashlib.sha256(name.encode()).hexdigest()


def _token(digest: str) -> str:
    # Not the digest, which keyrings hold: a list of counters in Redis must not be compared with one.
    return hmac.new(b"sallet throttle", digest.encode(), hashlib.sha256).hexdigest()


_NAMES = {"user": _user, "token": _token}
"""How a counter is named, which for a name that a client has chosen is of one length."""


_Address = ipaddress.IPv4Address | ipaddress.IPv6Address | str


def _address(text: Any) -> _Address:
    """What is no address of the internet's is counted as it is: that of a socket in the file system, or of a test client."""
    try:
        address = ipaddress.ip_address(str(text))
    except ValueError:
        return hashlib.sha256(str(text).encode(errors="replace")).hexdigest()
    return getattr(address, "ipv4_mapped", None) or address


def _group(address: _Address) -> str:
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(address), 64), strict=False))
    return str(address)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise PolicyError(f'exempt: {error}: write an address or a network, as "10.0.0.7" or "10.0.0.0/8"') from None


async def watch(
    guard: _sallet.AuthMiddleware,
    throttle: FailureThrottle,
    is_open: bool,
    scope: _Scope,
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    """One request of a guard that has a throttle."""
    counters, keys = throttle._counters, []
    is_shown, shown = guard._shown(scope)
    seconds = None
    if is_shown and (keys := throttle._keys(scope, shown)):
        seconds = await counters.wait(keys)
    by: Any = guard.auth
    found, raised = None, None
    if seconds is None:
        by, found, raised, is_pending, send = guard._judge(scope, send)
        if is_pending:
            try:
                found = await awaitable(by, found)
            except BaseException as error:  # as in `_coroutines.finish`
                found, raised = None, error
            if keys and (raised is None or isinstance(raised, Exception)):
                # The limit may have been reached meanwhile, by others that were judged at the same time.
                seconds = await counters.wait(keys)
    if seconds is not None:
        found, raised = guard._throttled(scope, seconds), None
    try:
        refusal = guard._settle(scope, by, found, raised, is_open)
    finally:
        found = raised = None  # their frames hold the credentials
    outcome = refusal if refusal is not None else scope["sallet.auth"][1]
    if keys and isinstance(outcome, Refusal) and outcome._is_guess:
        await counters.count(keys)
    if refusal is None:
        await guard.app(scope, receive, send)
    else:
        await refuse(refusal, by, guard.on_refusal, scope, receive, send)
