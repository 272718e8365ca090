"""The docs pages under a strict policy: exactly what each page holds is allowed, by hash, on its path alone.

What a browser makes of it is tested in `browser/`.
"""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from fastapi import FastAPI
from fastapi.security import OAuth2PasswordBearer
from harness import asgi
from keys import keyring
from sallet import NONCE, STRICT_DYNAMIC, ContentSecurityPolicy, SecurityHeaders, unchecked
from sallet.fastapi import Bearer, protect
from sallet.fastapi._relax import _HEADERS_DROPPED
from starlette.applications import Starlette
from starlette.routing import Mount

SCRIPT = re.compile(rb"<script(?P<attributes>[^>]*)>(?P<text>.*?)</script>", re.DOTALL)
STYLE = re.compile(rb"<style[^>]*>(.*?)</style>", re.DOTALL)
SOURCE = re.compile(rb'src="([^"]*)"')
STRICT_CSP = dict(SecurityHeaders.STRICT.items(https=False))["content-security-policy"]
PAGES = ("/docs", "/redoc", "/docs/oauth2-redirect")


def sha256(text: bytes) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text).digest()).decode()}'"


def csp(reply):
    return ContentSecurityPolicy(reply.one("content-security-policy")).directives


def inline_scripts(body: bytes):
    return [m["text"] for m in SCRIPT.finditer(body) if b"src=" not in m["attributes"]]


def effective(policy, *names):
    return next(policy[name] for name in names if name in policy)


def assert_page_works(reply):
    """By the letter of CSP3: each script and style of the page is allowed, and no other inline one."""
    assert reply.status == 200
    policy, body = csp(reply), reply.body
    scripts = effective(policy, "script-src-elem", "script-src", "default-src")
    hashes = [source for source in scripts if source.startswith("'sha")]
    assert sorted(hashes) == sorted({sha256(text) for text in inline_scripts(body)})
    assert "'unsafe-inline'" not in scripts
    assert "'unsafe-eval'" not in scripts
    assert "*" not in scripts and "https:" not in scripts
    for match in SCRIPT.finditer(body):
        for url in SOURCE.findall(match["attributes"]):
            assert allows(scripts, url.decode()), url
    styles = effective(policy, "style-src-elem", "style-src", "default-src")
    for text in STYLE.findall(body):
        assert sha256(text) in styles or "'unsafe-inline'" in styles
    for url in re.findall(rb'<link[^>]*href="([^"]*)"[^>]*rel="stylesheet"|<link[^>]*rel="stylesheet"[^>]*href="([^"]*)"', body):
        assert allows(styles, next(filter(None, url)).decode()), url
    # Nothing of the strict policy is given up beside that.
    for name in ("base-uri", "frame-ancestors", "object-src", "form-action", "script-src-attr"):
        assert policy[name] == ContentSecurityPolicy(STRICT_CSP).directives[name]


def allows(sources, url):
    url = url.split("?")[0]
    return any(
        source == url or (source.endswith("/") and url.startswith(source)) or (source == "'self'" and url.startswith("/"))
        or re.fullmatch(r"https://[^/]+", source) and url.startswith(source + "/")
        for source in sources
    )  # fmt: skip


def protected(app=None, **options):
    app = app or FastAPI()

    @app.get("/items")
    async def items() -> str:
        return "ok"

    protect(app, auth=Bearer(keyring()), **options)
    return app


@pytest.mark.parametrize("path", PAGES)
def test_each_page_is_allowed_exactly_what_it_holds(path):
    assert_page_works(asgi.call(protected(), path))


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("root_path", ["/api", "/a/b-c", "/~x"])
def test_under_a_root_path_of_the_server(path, root_path):
    app = protected()
    for full in (root_path + path, path):
        reply = asgi.call(app, full, root_path=root_path)
        assert_page_works(reply)
    if path == "/docs":
        assert root_path.encode() in reply.body
        assert inline_scripts(reply.body) != inline_scripts(asgi.call(app, path).body)


@pytest.mark.filterwarnings("ignore:The `root_path` parameter is deprecated")
@pytest.mark.parametrize("path", PAGES)
def test_under_a_root_path_of_the_app(path):
    assert_page_works(asgi.call(protected(FastAPI(root_path="/api")), path))


@pytest.mark.parametrize("path", PAGES)
def test_through_uvicorn_with_a_root_path(server, path):
    answer = server("uvicorn", "guarded:app", "--root-path", "/api").get(path)
    assert_page_works(answer)


@pytest.mark.parametrize("path", PAGES)
def test_in_a_mount(path):
    app = protected()
    outer = Starlette(routes=[Mount("/api", app=app)])
    assert_page_works(asgi.call(outer, "/api" + path))
    assert asgi.call(outer, "/api/items").one("content-security-policy") == STRICT_CSP


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("root_path", ["", "/v2"])
def test_of_a_mounted_fastapi_app(path, root_path):
    inner, deep = FastAPI(title="Inner"), FastAPI(title="Deep")
    app = FastAPI()
    app.mount("/inner", inner)
    inner.mount("/deep", deep)
    protect(app, auth=Bearer(keyring()))
    for prefix in ("", "/inner", "/inner/deep"):
        reply = asgi.call(app, root_path + prefix + path, root_path=root_path)
        assert_page_works(reply)
    assert asgi.call(app, f"{root_path}/inner/docs-internal", root_path=root_path).status == 401


@pytest.mark.parametrize("path", ["/items", "/nowhere", "/openapi.json", "/docs/", "/docs/x", "/redoc/", "/", "/DOCS"])
def test_everywhere_else_the_policy_is_the_strict_one(path):
    assert asgi.call(protected(), path).one("content-security-policy") == STRICT_CSP


def test_without_auth_too():
    app = FastAPI()
    protect(app)
    assert_page_works(asgi.call(app, "/docs"))
    assert asgi.call(app, "/openapi.json").one("content-security-policy") == STRICT_CSP


def test_options_of_the_page_change_the_hash():
    options = {
        "swagger_ui_parameters": {"persistAuthorization": True, "x": "</script><script>alert(1)</script>"},
        "swagger_ui_init_oauth": {"clientId": "me"},
        "title": "A \u201ctitle\u201d",
    }
    assert_page_works(asgi.call(protected(FastAPI(**options)), "/docs"))


def test_other_policies_are_extended_in_the_same_way():
    for headers in (SecurityHeaders.CLASSIC, SecurityHeaders.API):
        reply = asgi.call(protected(headers=headers), "/docs")
        scripts = effective(csp(reply), "script-src-elem", "script-src", "default-src")
        for text in inline_scripts(reply.body):
            assert sha256(text) in scripts
        assert "'none'" not in scripts


def test_a_policy_with_nonces_and_strict_dynamic():
    csp_given = ContentSecurityPolicy({"script-src": [NONCE, STRICT_DYNAMIC], "object-src": ["'none'"], "base-uri": ["'none'"]})
    app = protected(headers=SecurityHeaders(content_security_policy=csp_given))
    reply = asgi.call(app, "/docs")
    text = reply.one("content-security-policy")
    for script in inline_scripts(reply.body):
        assert sha256(script) in text
    # It would switch off the URLs of the page's own scripts.
    assert "strict-dynamic" not in text
    assert "strict-dynamic" in asgi.call(app, "/items").one("content-security-policy")


@pytest.mark.parametrize("path", PAGES)
def test_what_a_directive_cannot_take_is_not_inherited(path):
    """worker-src falls back to script-src, which may hold nonces; worker-src may not."""
    given = {"default-src": ["'none'"], "script-src": [NONCE, STRICT_DYNAMIC], "style-src": [NONCE]}
    for directives in (given, {"default-src": [NONCE]}):
        app = protected(headers=SecurityHeaders(content_security_policy=ContentSecurityPolicy(directives)))
        reply = asgi.call(app, path)
        assert reply.status == 200
        for script in inline_scripts(reply.body):
            assert sha256(script) in reply.one("content-security-policy")


def test_each_of_several_policies_lets_the_page_work():
    given = [{"default-src": ["'self'"]}, {"script-src": [STRICT_DYNAMIC]}, {"require-trusted-types-for": ["'script'"]}]
    reply = asgi.call(protected(headers=SecurityHeaders(content_security_policy=given)), "/docs")
    policies = [policy.directives for policy in ContentSecurityPolicy(reply.one("content-security-policy")).policies]
    assert len(policies) == 2  # the page does not work under the third
    for policy in policies:
        for script in inline_scripts(reply.body):
            assert sha256(script) in effective(policy, "script-src", "default-src")


def test_a_policy_that_is_unchecked_as_a_whole_is_sent_as_it_is(caplog):
    """And not STRICT, which may allow more."""
    whole = "default-src 'none'; blah"
    app = protected(headers=SecurityHeaders.STRICT.replace(content_security_policy=unchecked(whole)))
    assert asgi.call(app, "/docs").one("content-security-policy") == whole
    assert "sent as it is" in caplog.text


def test_an_empty_policy_stays_empty():
    assert not asgi.call(protected(headers=SecurityHeaders.EMPTY), "/docs").has("content-security-policy")


@pytest.mark.parametrize("name", _HEADERS_DROPPED)
def test_what_the_pages_cannot_work_under_is_left_out_of_them(name):
    values = {"embedder": "require-corp", "integrity": "blocked-destinations=(script)", "isolation": "isolate-and-require-corp"}
    value = next(value for word, value in values.items() if word in name)
    keyword = name.replace("-", "_")
    given = {keyword: value} if hasattr(SecurityHeaders, keyword) else {"custom": {name: value}}
    app = protected(headers=SecurityHeaders(**given))
    for path in PAGES:
        reply = asgi.call(app, path)
        assert not reply.has(name) and reply.has("x-frame-options")
    assert asgi.call(app, "/openapi.json").one(name) == value


def test_docs_false_gives_the_page_no_policy_of_its_own():
    app = FastAPI()
    protect(app, docs=False)
    assert asgi.call(app, "/docs").one("content-security-policy") == STRICT_CSP


def test_a_docs_page_of_ones_own_is_not_blessed():
    """Its scripts are not known to be harmless: they may hold what a visitor sent."""
    from fastapi.responses import HTMLResponse

    app = FastAPI(docs_url=None)

    @app.get("/docs")
    async def docs(q: str = "") -> HTMLResponse:
        return HTMLResponse(f"<script>{q}</script>")

    protect(app)
    assert asgi.call(app, "/docs?q=alert(1)").one("content-security-policy") == STRICT_CSP


@pytest.mark.parametrize("root_path", ["/\"-alert(1)-\"", "/'-alert(1)-'", "/</script><script>alert(1)</script>", "/a\\b"])
def test_a_root_path_that_is_no_path_is_not_blessed(root_path):
    """A proxy may take the prefix from a header: a hash of what it wrote into the script would bless an injection."""
    reply = asgi.call(protected(), root_path + "/docs", root_path=root_path)
    scripts = effective(csp(reply), "script-src-elem", "script-src", "default-src") if reply.status == 200 else []
    assert not [source for source in scripts if source.startswith("'sha")]


def test_the_oauth2_flow_may_reach_its_token_url():
    app = FastAPI()
    scheme = OAuth2PasswordBearer(tokenUrl="https://login.example/token")
    from fastapi import Depends

    @app.get("/me", dependencies=[Depends(scheme)])
    async def me() -> str:
        return "ok"

    protect(app)
    assert "https://login.example" in csp(asgi.call(app, "/docs"))["connect-src"]


def test_the_report_only_twin_is_extended_too():
    twin = ContentSecurityPolicy({"default-src": ["'self'"], "script-src": ["'self'"]})
    app = protected(headers=SecurityHeaders(content_security_policy_report_only=twin))
    reply = asgi.call(app, "/docs")
    reported = ContentSecurityPolicy(reply.one("content-security-policy-report-only")).directives
    for text in inline_scripts(reply.body):
        assert sha256(text) in reported["script-src"]


def test_ones_own_rule_for_the_path_stands():
    app = protected(paths={"/docs": SecurityHeaders.CLASSIC})
    assert asgi.call(app, "/docs").one("content-security-policy") == "default-src 'self'"


def test_head_and_get_have_the_same_policy():
    app = protected()
    get, head = asgi.call(app, "/docs"), asgi.call(app, "/docs", method="HEAD")
    if head.status == 200:
        assert head.one("content-security-policy") == get.one("content-security-policy")
