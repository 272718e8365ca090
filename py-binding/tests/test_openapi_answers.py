"""The schema of a protected app describes every answer that the guard gives."""

from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, HTTPException, Security
from fastapi.openapi.utils import get_openapi
from harness import asgi
from keys import EXPIRED, READER, UNKNOWN, WRITER, keyring
from sallet import FailureThrottle, Principal
from sallet.fastapi import Basic, Bearer, protect

# As schemathesis and other clients send them: none, wrong ones, good ones, and what no grammar allows.
CREDENTIALS = [
    [],
    [("authorization", "Basic dTpw")],
    [("authorization", "Bearer")],
    [("authorization", "Bearer a b")],
    [("authorization", "")],
    [("authorization", "\x01")],
    [asgi.bearer("x" * 10_000)],
    [asgi.bearer(READER)] * 2,
    [asgi.bearer(UNKNOWN)],
    [asgi.bearer(EXPIRED)],
    [asgi.bearer(READER)],
    [asgi.bearer(WRITER)],
]


def make(scheme: Bearer) -> FastAPI:
    app = FastAPI()
    router = APIRouter(prefix="/v1")

    @app.get("/health")
    async def health() -> str:
        return "ok"

    @app.get("/items")
    async def items() -> str:
        return "ok"

    @app.post("/items", status_code=201)
    async def post(count: int) -> str:
        return "ok"

    @router.delete("/items/{item}", dependencies=[Security(scheme, scopes=["items:write"])], status_code=204)
    async def delete(item: int) -> None: ...

    @app.get("/own", responses={401: {"description": "Mine"}, 403: {"description": "Mine too"}})
    async def own() -> str:
        return "ok"

    @app.get("/range", responses={"4XX": {"description": "All of them"}})
    async def of_a_range() -> str:
        return "ok"

    @app.get("/default", responses={"default": {"description": "Any"}})
    async def by_default() -> str:
        raise HTTPException(418)

    sub = FastAPI()

    @sub.get("/inside")
    async def inside() -> str:
        return "ok"

    app.include_router(router)
    app.mount("/sub", sub)
    return app


def operations(schema: dict[str, Any], prefix: str = "") -> Any:
    for path, item in schema["paths"].items():
        for method, operation in item.items():
            yield prefix + path, method.upper(), operation


@pytest.mark.parametrize("scopes", [(), ("items:read",), ("items:write",)])
def test_every_status_that_is_sent_is_described(scopes):
    scheme = Bearer(keyring(), realm="items", scopes=scopes)
    app = make(scheme)
    protect(app, auth=scheme, public=["/health"])
    schema = app.openapi()
    sub = asgi.call(app, "/sub/openapi.json").json()
    seen: dict[str, set[str]] = {}
    for path, method, operation in [*operations(schema), *operations(sub, "/sub")]:
        described = operation["responses"].keys()
        for headers in CREDENTIALS:
            reply = asgi.call(app, path.replace("{item}", "1"), headers, method=method)
            status = str(reply.status)
            seen.setdefault(path, set()).add(status)
            assert status in described or "default" in described or (status[0] == "4" and "4XX" in described), (
                (method, path, headers, status)
            )
            if status in ("400", "401", "403"):
                answer = operation["responses"].get(status, {})
                content = answer.get("content", {}).get("application/json", {}).get("schema")
                if content is not None:
                    assert set(reply.json()) == set(content["required"]) == {"detail"}
                    assert reply.one("www-authenticate")
    # And nothing is described that is not sent: a 403 where no scope is needed would only be noise.
    assert ("403" in schema["paths"]["/items"]["get"]["responses"]) is bool(scopes)
    assert "403" in schema["paths"]["/v1/items/{item}"]["delete"]["responses"]
    assert {"400", "401"} <= seen["/items"] and seen["/health"] == {"200"}


def test_what_the_app_has_described_stays():
    scheme = Bearer(keyring(), scopes=["items:read"])
    app = make(scheme)
    before = get_openapi(title="x", version="1", routes=app.routes)
    protect(app, auth=scheme, public=["/health"])
    after = app.openapi()
    for path, method, operation in operations(before):
        responses = after["paths"][path][method.lower()]["responses"]
        assert {status: responses[status] for status in operation["responses"]} == operation["responses"]
    assert after["paths"]["/own"]["get"]["responses"]["401"] == {"description": "Mine"}
    assert set(after["paths"]["/range"]["get"]["responses"]) == {"200", "4XX"}
    assert set(after["paths"]["/default"]["get"]["responses"]) == {"200", "default"}
    assert after["paths"]["/health"] == before["paths"]["/health"]


def test_marking_twice_changes_nothing():
    scheme = Bearer(keyring())
    app = make(scheme)
    protect(app, auth=scheme)
    first = repr(app.openapi())
    assert repr(app.openapi()) == first
    asgi.call(app, "/items")  # the start marks again
    assert repr(app.openapi()) == first


def test_what_basic_refuses_of_another_site_and_what_a_throttle_answers_is_described():
    app = FastAPI()
    app.add_api_route("/", lambda: "ok", methods=["GET", "POST"])
    basic = Basic(authenticate=lambda credentials: Principal("a") if credentials.password == "good" else None)
    protect(app, auth=[basic, Bearer(keyring())], throttle=FailureThrottle("1/minute"))
    responses = {method: operation["responses"] for _, method, operation in operations(app.openapi())}
    good = [("authorization", "Basic YTpnb29k")]
    forged = [*good, ("origin", "https://evil.example"), ("host", "api.example")]
    assert [asgi.call(app, "/", headers, method="POST").status for headers in (good, forged, [asgi.bearer(UNKNOWN)], good)] == [200, 403, 401, 429]
    assert responses["POST"].keys() - responses["GET"].keys() == {"403"}
    assert "another site" in responses["POST"]["403"]["description"] and "headers" not in responses["POST"]["403"]
    assert responses["GET"]["429"]["headers"].keys() == {"Retry-After"}
    # Neither of them where neither can be.
    plain = FastAPI()
    plain.add_api_route("/", lambda: "ok", methods=["POST"])
    protect(plain, auth=[Basic(authenticate=lambda credentials: None, cross_site=True), Bearer(keyring())])
    assert plain.openapi()["paths"]["/"]["post"]["responses"].keys() == {"200", "400", "401"}
