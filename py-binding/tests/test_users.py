"""What `authenticate` and `identify` may return: one list of what is a user, and it holds wherever a user comes from."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import http
import io
import itertools
import operator
import pathlib
import re
import sqlite3
import subprocess
import threading
import types
import uuid
import warnings
from concurrent.futures import Future
from typing import Annotated, Any, NamedTuple, Optional, TypedDict

import attrs
import pytest
from fastapi import Depends, FastAPI, HTTPException, WebSocketException
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials
from harness import asgi
from keys import READER, keyring
from pydantic import BaseModel, RootModel
from pydantic import dataclasses as pydantic_dataclasses
from sallet import AuthMiddleware, Bearer, Credentials, Key, Keyring, Principal, SecurityHeaders
from sallet.fastapi import Bearer as FastAPIBearer
from starlette.authentication import AuthenticationError, SimpleUser, UnauthenticatedUser
from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse

# Mistakes


class Own:
    """A user of the application's own."""

    def __init__(self, name: str = "ann", **attributes: Any) -> None:
        self.name = name
        vars(self).update(attributes)


class Falsy(Own):
    def __bool__(self) -> bool:
        return False


class Empty(Own):
    def __len__(self) -> int:
        return 0


class Undecided(Own):
    def __bool__(self) -> bool:
        raise TypeError("the truth value of a clause is not defined")


class Callable(Own):
    def __call__(self) -> None: ...


class Awaitable(Own):
    def __await__(self) -> Any:
        yield


class Iterator(Own):
    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        raise StopIteration


class Iterable(Own):
    def __iter__(self) -> Any:
        return iter(())


class AsyncIterator(Own):
    def __aiter__(self) -> Any:
        return self

    async def __anext__(self) -> Any:
        raise StopAsyncIteration


class Method(Own):
    def is_authenticated(self) -> bool:
        return False


class Anonymous(Own):
    @property
    def is_authenticated(self) -> bool:
        return False


class Broken(Own):
    @property
    def is_authenticated(self) -> bool:
        raise AttributeError("no session")


class BrokenMapping(collections.UserDict):  # type: ignore[type-arg]
    @property
    def is_authenticated(self) -> bool:
        raise AttributeError("no session")


class NoId(Own):
    is_authenticated = None


class StrEnum(str, enum.Enum):
    EXPIRED = "expired"


class IntEnum(enum.IntEnum):
    EXPIRED = 1


class Flag(enum.Flag):
    A = 1
    B = 2


class Pair(NamedTuple):
    user: Any
    error: Any


class MyStr(str):
    __slots__ = ()


class MyInt(int): ...


class MyList(list): ...  # type: ignore[type-arg]


class MyError(Exception): ...


class HttpxResponse:
    """As httpx and requests have it: neither callable nor something to iterate over."""

    def __init__(self, status_code: int) -> None:
        self.status_code = status_code


class AiohttpResponse:
    def __init__(self, status: int) -> None:
        self.status, self.headers = status, {}


def generator() -> Any:
    yield None


async def async_generator() -> Any:
    yield None


class Record(Own):
    """As asyncpg's: neither tuple nor mapping."""

    def __iter__(self) -> Any:
        return iter((None,))

    def __getitem__(self, key: Any) -> Any:
        return None

    def keys(self) -> Any:
        return ["id"]


def row(columns: str) -> sqlite3.Row:
    database = sqlite3.connect(":memory:")
    database.row_factory = sqlite3.Row
    return database.execute(f"select {columns}").fetchone()


CREDENTIALS = Credentials.parse(b"Bearer " + READER.encode())


class Root(RootModel[Any]): ...


class Color(enum.Enum):
    ANN = "ann"


MISTAKES: dict[str, Any] = {
    # text, bytes
    **{f"text {text!r}": text for text in ("", "ann", "Invalid token", "401", " ", "\N{SNOWMAN}", READER)},
    **{f"bytes {text!r}": text for text in (b"", b"ann", bytearray(b"x"), memoryview(b"x"))},
    "a str of one's own": MyStr("ann"),
    "a str that is an enum": StrEnum.EXPIRED,
    "a pattern's group": re.search("(a)", "a").group(1),  # type: ignore[union-attr]
    # numbers and truth
    **{f"number {n!r}": n for n in (0, 1, -1, 7, 401, 200, 0.0, 1.5, float("nan"), 1j, 2**70)},
    "True": True,
    "False": False,
    "an int of one's own": MyInt(7),
    "an int that is an enum": IntEnum.EXPIRED,
    "http.HTTPStatus": http.HTTPStatus.UNAUTHORIZED,
    "Decimal": decimal.Decimal(1),
    "Fraction": fractions.Fraction(1, 2),
    # tuples, lists, sets
    **{
        f"collection {c!r}": c
        for c in ((), (None,), (None, None), (False, "bad"), ("ann", None), [], [None], [Own], set(), {1}, frozenset({1}), range(0), range(3))
    },
    "a user in a list": [Own()],
    "a user in a tuple": (Own(), None),
    "a named tuple": Pair(None, "expired"),
    "a namedtuple": collections.namedtuple("User", "id")(1),  # noqa: PYI024
    "a list of one's own": MyList([1]),
    "deque": collections.deque([1]),
    "an iterable of one's own": Iterable(),
    "a record": Record(),
    "a row": row("1 as id"),
    "a row of nothing": row("null as id"),
    # mappings
    "{}": {},
    "an error": {"error": "expired"},
    "an error that is None": {"user": "ann", "error": None},
    "an empty error": {"error": ""},
    "an OAuth error": {"error": "invalid_token", "error_description": "..."},
    "RFC 7662 section 2.2": {"active": False},
    "a user that is None": {"user": None},
    "a user that is None, and no scopes": {"user": None, "scopes": []},
    "not ok": {"ok": 0},
    "a row of nobody active": {"id": 5, "active": 0},
    "FastAPI's refusal": {"detail": "Not authenticated"},
    "GitHub's refusal": {"message": "Bad credentials", "status": "401"},
    "GraphQL's refusal": {"data": None, "errors": [{"message": "no"}]},
    "a mapping that says no": {"name": "ann", "is_authenticated": False},
    "a mapping that says 1": {"name": "ann", "is_authenticated": 1},
    "a mapping whose is_authenticated cannot be read": BrokenMapping(id=1),
    "OrderedDict": collections.OrderedDict(),
    "OrderedDict of an error": collections.OrderedDict(error=1),
    "MappingProxyType": types.MappingProxyType({"error": 1}),
    "Counter": collections.Counter(),
    "UserDict": collections.UserDict({"error": 1}),
    "ChainMap": collections.ChainMap({}),
    "defaultdict": collections.defaultdict(int),
    "Headers": Headers({}),
    "QueryParams of an error": QueryParams("error=access_denied"),
    # exceptions, returned and not raised
    **{
        f"exception {type(e).__name__}": e
        for e in (
            HTTPException(401),
            HTTPException(403, "no", {"www-authenticate": "Bearer"}),
            WebSocketException(1008),
            AuthenticationError(),
            AuthenticationError("no"),
            Exception(),
            ValueError("bad"),
            PermissionError(),
            KeyError("user"),
            MyError(),
            StopIteration(),
            KeyboardInterrupt(),
            BaseException(),
            asyncio.CancelledError(),
        )
    },
    # classes
    **{
        f"class {c.__name__}": c
        for c in (Own, HTTPException, AuthenticationError, Principal, Pair, BaseModel, dict, type, object, Exception, StrEnum)
    },
    # responses
    **{
        f"response {type(r).__name__} {r.status_code}": r
        for r in (
            Response(status_code=401),
            JSONResponse({"detail": "no"}, 401),
            JSONResponse({}, 200),
            PlainTextResponse("no", 403),
            RedirectResponse("/login"),
            StreamingResponse(iter([b"no"]), 401),
            FileResponse(__file__, 401),
        )
    },
    "a response as httpx has it": HttpxResponse(401),
    "a good response as httpx has it": HttpxResponse(200),
    "a response as aiohttp has it": AiohttpResponse(401),
    # what can be called
    "lambda": lambda: None,
    "a function": row,
    "a builtin": print,
    "a method": Own().__init__,  # type: ignore[misc]
    "a builtin method": [].append,
    "partial": functools.partial(print),
    "itemgetter": operator.itemgetter(0),
    "an object that can be called": Callable(),
    "typing": Optional[int],
    "generic alias": list[int],
    # iterators, which are true even when nothing comes
    "filter": filter(None, []),
    "map": map(str, []),
    "zip": zip([], strict=False),
    "iter": iter([]),
    "reversed": reversed([]),
    "enumerate": enumerate([]),
    "a generator": generator(),
    "a generator expression": (None for _ in ()),
    "islice": itertools.islice([], 0),
    "count": itertools.count(),
    "an iterator of one's own": Iterator(),
    "dict keys": {}.keys(),
    "dict items": {"a": 1}.items(),
    "a cursor": sqlite3.connect(":memory:").execute("select 1 where 0"),
    "StringIO": io.StringIO(),
    "an async generator": async_generator(),
    "an async iterator of one's own": AsyncIterator(),
    # what should have been awaited
    "Future": Future(),
    "an object to await": Awaitable(),
    # nothing, in other words
    "NotImplemented": NotImplemented,
    "Ellipsis": ...,
    "object()": object(),
    "a falsy user": Falsy(),
    "a user of length 0": Empty(),
    "a clause of a query": Undecided(),
    # whoever says so themselves
    "UnauthenticatedUser": UnauthenticatedUser(),
    "is_authenticated False": Own(is_authenticated=False),
    "is_authenticated None": Own(is_authenticated=None),
    "is_authenticated 1": Own(is_authenticated=1),
    "is_authenticated 'yes'": Own(is_authenticated="yes"),
    "is_authenticated lambda": Own(is_authenticated=lambda: True),
    "is_authenticated method": Method(),
    "is_authenticated property": Anonymous(),
    "is_authenticated that cannot be read": Broken(),
    "is_authenticated of the class": NoId(),
    # Python's own
    **{
        f"{type(v).__module__}.{type(v).__name__}": v
        for v in (
            datetime.datetime.now(),
            datetime.date(2026, 1, 1),
            datetime.timedelta(1),
            uuid.UUID(int=1),
            pathlib.Path("/"),
            re.match("a", "a"),
            re.compile("a"),
            threading.Lock(),
            threading.Event(),
            subprocess.CompletedProcess([], 1),
            types,
            slice(1),
            property(),
            dataclasses.MISSING,
            dataclasses.field(),
            enum.auto(),
            Annotated,
        )
    },
    # Sallet's own, which are there before anything was looked up
    "the credentials themselves": CREDENTIALS,
    "a Key": Key("a", token=READER),
    "a Keyring": Keyring([Key("a", token=READER)]),
    "a Bearer": Bearer(keyring()),
    "a policy": SecurityHeaders.STRICT,
    "Flag": Flag.A | Flag.B,
    "a member of an enum": Color.ANN,
    "an object that has an error": Own(error="expired"),
    **{f"{key} False": {key: False, "sub": "ann"} for key in ("active", "ok", "valid", "success")},
    "a root that is an error": Root({"error": "expired"}),
    "a root that is False": Root(False),
    "a request": Request({"type": "http", "headers": [], "path": "/"}),
    "credentials as FastAPI has them": HTTPAuthorizationCredentials(scheme="Bearer", credentials="x"),
    "a namespace of nobody": types.SimpleNamespace(is_authenticated=False),
}

# Users


@dataclasses.dataclass
class Data:
    id: int = 1
    scopes: tuple[str, ...] = ("items:read",)


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    id: int = 1


@dataclasses.dataclass
class IterableData:
    id: int = 1

    def __iter__(self) -> Any:
        return iter((self.id,))


@pydantic_dataclasses.dataclass
class PydanticData:
    id: int = 1


class Model(BaseModel):
    """FastAPI's own kind of user; it can be iterated over, for the sake of dict(model)."""

    id: int = 1
    error: None = None


class Document(Own):
    """As MongoEngine's and other models that can be iterated over."""

    _meta = {"collection": "users"}

    def __iter__(self) -> Any:
        return iter(vars(self))


class AwaitableDocument(Document):
    """As Tortoise's: awaiting it gives itself."""

    def __await__(self) -> Any:
        return self
        yield


class Forbidding(Model, frozen=True, extra="forbid"): ...


@attrs.define
class Attrs:
    id: int = 1


@attrs.frozen
class FrozenAttrs:
    id: int = 1


class Slots:
    __slots__ = ("id",)


class Django(Own):
    @property
    def is_authenticated(self) -> bool:
        return True


class FlaskLogin(Django):
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        return "1"


class ByKey(Own):
    def __getitem__(self, key: str) -> Any:
        return vars(self)[key]


class Contains(Own):
    def __contains__(self, key: str) -> bool:
        return False


class Equal(Own):
    def __eq__(self, other: object) -> bool:
        raise NotImplementedError

    __hash__ = None  # type: ignore[assignment]


class Typed(TypedDict):
    id: int


def django_user() -> Any:
    import django
    from django.conf import settings

    if not settings.configured:
        settings.configure(INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"])
        django.setup()
    from django.contrib.auth.models import User

    return User(username="ann")


def django_anonymous() -> Any:
    django_user()
    from django.contrib.auth.models import AnonymousUser

    return AnonymousUser()


MISTAKES["Django's AnonymousUser"] = django_anonymous()
MISTAKES["Django's HttpResponse"] = __import__("django.http").http.HttpResponse(status=401)
MISTAKES["a user still to be had"] = __import__("django.utils.functional").utils.functional.lazystr("no")

USERS: dict[str, Any] = {
    "Principal": Principal("1", "ann", ()),
    "Principal with scopes": Principal("1", "ann", ("items:read",)),
    "dict": {"id": 1},
    "dict of scopes": {"scopes": ["items:read"]},
    "dict that says so": {"name": "ann", "is_authenticated": True},
    "RFC 7662 section 2.2, active": {"active": True, "sub": "ann"},
    "claims": {"sub": "1", "iat": 1, "errors": [], "message": None},
    "TypedDict": Typed(id=1),
    "OrderedDict": collections.OrderedDict(id=1),
    "MappingProxyType": types.MappingProxyType({"id": 1}),
    "UserDict": collections.UserDict(id=1),
    "Headers": Headers({"x-user": "ann"}),
    "dataclass": Data(),
    "frozen dataclass": Frozen(),
    "iterable dataclass": IterableData(),
    "pydantic": Model(),
    "frozen pydantic": Forbidding(),
    "pydantic dataclass": PydanticData(),
    "attrs": Attrs(),
    "frozen attrs": FrozenAttrs(),
    "a class": Own(),
    "slots": Slots(),
    "a document": Document(),
    "a document that can be awaited": AwaitableDocument(),
    "a root that is a mapping": Root({"id": 1}),
    "SimpleUser": SimpleUser("ann"),
    "like Django's": Django(),
    "Django's User": django_user(),
    "like flask-login's": FlaskLogin(),
    "SimpleNamespace": types.SimpleNamespace(id=1),
    "with __getitem__": ByKey(),
    "with __contains__": Contains(),
    "without __eq__": Equal(),
    "with a status": Own(status="active"),
    "with headers": Own(headers={}),
    "with an id of 0": Own(id=0),
    "with an empty name": Own(name=""),
    "with is_authenticated": Own(is_authenticated=True),
}

# How a user comes in


class Guard:
    """`AuthMiddleware` around an app that only says that it ran."""

    def __init__(self, auth: Any) -> None:
        self.ran: list[Any] = []
        self.app = AuthMiddleware(self._app, auth)

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        self.ran.append(scope["state"]["user"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})


class Dependency:
    """`Depends(bearer)` in FastAPI, without the guard."""

    def __init__(self, auth: Any) -> None:
        self.ran: list[Any] = []
        self.app = FastAPI()

        @self.app.get("/", dependencies=[Depends(auth)])
        async def route(request: Request) -> None:
            self.ran.append(request.scope["sallet.auth"][1])


def plain(value: Any) -> Any:
    return FastAPIBearer(authenticate=lambda credentials: value)


def coroutine(value: Any) -> Any:
    async def authenticate(credentials: Credentials) -> Any:
        return value

    return FastAPIBearer(authenticate=authenticate)


def subclass(value: Any) -> Any:
    class Mine(FastAPIBearer):
        async def identify(self, scope: Any, scopes: Any = ()) -> Any:
            return value

    return Mine(keyring())


def duck(value: Any) -> Any:
    class Mine:
        async def identify(self, scope: Any, scopes: Any = ()) -> Any:
            return value

    return Mine()


WAYS = {
    f"{host.__name__}, {make.__name__}": (host, make)
    for host in (Guard, Dependency)
    for make in (plain, coroutine, subclass, duck)
    if (host, make) != (Dependency, duck)
}


# What a plain function returns may be something to await.
CASES = [(name, way) for name in MISTAKES for way in WAYS if (name, WAYS[way][1]) != ("an object to await", plain)]


@pytest.mark.parametrize(("name", "way"), CASES)
def test_a_mistake_is_no_user(name: str, way: str) -> None:
    host, make = WAYS[way]
    value = MISTAKES[name]
    where = host(make(value))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        reply = asgi.call(where.app, "/", [asgi.bearer(READER)])
    assert where.ran == []
    assert isinstance(reply.error, TypeError), (name, reply.status, reply.error)
    message = str(reply.error)
    assert "return Principal(" in message and " to refuse" in message
    assert message.startswith("identify returned" if make in (subclass, duck) else "authenticate returned")
    # Neither the value nor anything of it.
    assert READER not in message
    if isinstance(value, (str, bytes)) and len(value) > 3 and value != b"ann":
        assert str(value) not in message


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", USERS)
def test_a_user_is_a_user(name: str, way: str) -> None:
    host, make = WAYS[way]
    where = host(make(USERS[name]))
    reply = asgi.call(where.app, "/", [asgi.bearer(READER)])
    assert (reply.error, reply.status) == (None, 200)
    assert len(where.ran) == 1 and where.ran[0] is USERS[name]


def test_the_message_names_the_class_and_the_method() -> None:
    def message(value: Any) -> str:
        reply = asgi.call(Guard(plain(value)).app, "/", [asgi.bearer(READER)])
        return str(reply.error)

    assert "an instance of HTTPException" in message(HTTPException(401)) and "it is an exception: raise it instead" in message(HTTPException(401))
    assert "instance of JSONResponse" in message(JSONResponse({}, 401))
    assert "a method" in message(Method()) and "property" in message(Method())
    assert "generator" in message(generator())


def test_what_the_dependency_returns_is_what_was_judged() -> None:
    """A user is judged once: the second look gives the same object."""
    user = Own()
    bearer = plain(user)
    app = FastAPI()
    seen: list[Any] = []

    @app.get("/")
    async def index(a: Any = Depends(bearer), b: Any = Depends(bearer, use_cache=False)) -> None:
        seen.extend((a, b))

    assert asgi.call(app, "/", [asgi.bearer(READER)]).status == 200
    assert seen[0] is seen[1] is user
