"""`python -m sallet`: what it prints, what it finds, and how it ends."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from sallet import Keyring, SecurityHeaders
from sallet._check import judge
from sallet._cli import main


def run(*arguments: str, cwd: Path | None = None, input: str | bytes = b"") -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "sallet", *arguments],
        capture_output=True,
        timeout=60,
        cwd=cwd,
        check=False,
        input=input.encode() if isinstance(input, str) else input,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def minted(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    (token,) = done.stdout.splitlines()
    return token


# token


def test_the_printed_entry_accepts_the_printed_token(tmp_path: Path):
    done = run("token", "--prefix", "acme", "--id", "ci", "--principal", "robot", "--scopes", "items:read items:write")
    token = minted(done)
    assert token.startswith("acme_")
    file = tmp_path / "keys.toml"
    file.write_text(done.stderr)
    who = Keyring.from_file(file).verify(token)
    assert who is not None and (who.id, who.name, who.scopes) == ("ci", "robot", ("items:read", "items:write"))


def test_the_entry_holds_the_digest_and_not_the_token():
    done = run("token")
    token = minted(done)
    assert hashlib.sha256(token.encode()).hexdigest() in done.stderr
    assert token not in done.stderr


def test_two_tokens_differ():
    assert minted(run("token")) != minted(run("token"))


@pytest.mark.parametrize("arguments", [("--scopes", 'say "hello"'), ("--prefix", "no spaces"), ("--id", "")])
def test_what_a_keyring_would_refuse_is_not_minted(arguments: tuple[str, str]):
    done = run("token", *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("sallet: ") and "Traceback" not in done.stderr
    assert "[[key]]" not in done.stderr and done.stdout == ""


def test_the_command_is_installed_under_its_name():
    (found,) = entry_points(group="console_scripts", name="sallet")
    assert found.load() is main


# headers


@pytest.mark.parametrize("preset", ["strict", "api", "classic"])
@pytest.mark.parametrize("https", [True, False])
def test_headers_prints_the_preset(preset: str, https: bool):
    done = run("headers", preset, *([] if https else ["--http"]))
    assert done.returncode == 0
    policy = getattr(SecurityHeaders, preset.upper())
    assert done.stdout.splitlines() == [f"{name}: {value}" for name, value in policy.items(https=https)]


def test_strict_is_the_default():
    assert run("headers").stdout == run("headers", "strict").stdout != ""


# check

APPS = """
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, JSONResponse
from sallet import NONCE, SELF, ContentSecurityPolicy, SecurityHeaders, SecurityHeadersMiddleware
from sallet.fastapi import protect

bare = FastAPI()
strict = FastAPI()
protect(strict)
nonce = FastAPI()
protect(nonce, headers=SecurityHeaders(content_security_policy=ContentSecurityPolicy({
    "default-src": [SELF], "script-src": [NONCE], "base-uri": [SELF], "form-action": [SELF], "frame-ancestors": [SELF],
})))
classic = FastAPI()
protect(classic, headers=SecurityHeaders.CLASSIC)
class Inner:
    broken = FastAPI()
protect(Inner.broken)

@Inner.broken.get("/")
def fails():
    raise RuntimeError("no database here")

async def typo(scope, receive, send):
    headers = [(b"Content-Security-Policy", b"default-src self"), (b"x-frame-options", b"DENY")] + [(b"x-frame-options", b"DENY")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b""})

async def silent(scope, receive, send):
    pass

text = "not an app"
"""


@pytest.fixture
def apps(tmp_path: Path) -> Path:
    (tmp_path / "probed.py").write_text(APPS)
    return tmp_path


def test_a_bare_app_is_found_wanting(apps: Path):
    done = run("check", "probed:bare", cwd=apps)
    assert done.returncode == 1, done.stderr
    assert "HIGH   content-security-policy: " in done.stdout
    assert "404" in done.stdout


@pytest.mark.parametrize("app", ["strict", "nonce"])
def test_a_protected_app_is_not(apps: Path, app: str):
    done = run("check", f"probed:{app}", cwd=apps)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("content-security-policy: default-src") == 2
    assert "HIGH" not in done.stdout


def test_strict_is_clean_and_classic_is_weak_but_not_high(apps: Path):
    assert run("check", "probed:strict", cwd=apps).stdout.count("nothing weak found") == 2
    done = run("check", "probed:classic", cwd=apps)
    assert done.returncode == 0
    assert "MEDIUM content-security-policy base-uri: " in done.stdout


def test_a_broken_value_and_a_doubled_header_are_high(apps: Path):
    done = run("check", "probed:typo", cwd=apps)
    assert done.returncode == 1
    assert "write 'self', quotes included" in done.stdout
    assert "x-frame-options: sent twice" in done.stdout


def test_a_finding_names_the_directive_and_the_part() -> None:
    headers = [
        ("content-security-policy", "default-src 'self'; base-uri 'none'; script-src-attr 'unsafe-inline'"),
        ("x-frame-option", "DENY"),
        ("permissions-policy", "camra=()"),
        ("date", "Mon, 30 Nov 2026 23:00:00 GMT"),
    ]
    found = {finding.header: finding for finding in judge(headers)}
    assert found["content-security-policy script-src-attr 'unsafe-inline'"].severity == "high"
    assert found["permissions-policy camra"].remedy.startswith("did you mean camera?")
    assert found["x-frame-option"].remedy.startswith("did you mean x-frame-options?")
    assert not any(place.startswith("date") for place in found)


def test_two_lines_of_a_list_are_one_list() -> None:
    strict = dict(SecurityHeaders.STRICT.items())
    csp = "content-security-policy"
    others = [(name, value) for name, value in strict.items() if name != csp]
    # A browser enforces both policies (CSP3, section 8.1), so neither has to be whole.
    assert list(judge([*others, (csp, "img-src 'self'"), (csp, strict[csp]), ("cache-control", "private"), ("cache-control", "max-age=1")])) == []
    twice = [finding.header for finding in judge([*strict.items(), ("x-frame-options", "DENY")])]
    assert twice == ["x-frame-options"]


def test_a_refused_value_is_not_called_missing_too() -> None:
    headers = {**dict(SecurityHeaders.STRICT.items()), "content-security-policy": "default-src self"}
    (finding,) = judge(list(headers.items()))
    assert (finding.severity, finding.header) == ("high", "content-security-policy")
    assert "quotes included" in finding.remedy


def test_an_app_that_raises_is_shown_with_what_it_sent(apps: Path):
    done = run("check", "probed:Inner.broken", cwd=apps)
    assert "GET / (https): 500" in done.stdout
    assert "the app raised RuntimeError('no database here')" in done.stdout
    assert "x-frame-options: DENY" in done.stdout


def test_an_app_that_answers_nothing_is_not_fine(apps: Path):
    done = run("check", "probed:silent", cwd=apps)
    assert done.returncode == 1
    assert "sent no response" in done.stdout


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("probed", "write module:app"),
        ("nowhere:app", "no module 'nowhere'"),
        ("probed:nothing", "has no 'nothing'"),
        ("probed:text", "cannot be called"),
    ],
)
def test_a_wrong_name_is_explained(apps: Path, spec: str, says: str):
    done = run("check", spec, cwd=apps)
    assert done.returncode == 2
    assert says in done.stderr and "Traceback" not in done.stderr


def test_app_dir_names_the_folder(apps: Path):
    assert run("check", "probed:strict", "--app-dir", str(apps)).returncode == 0


GUARDED = """
from sallet import AuthMiddleware, Bearer, Keyring, SecurityHeadersMiddleware
from probed import bare

app = SecurityHeadersMiddleware(AuthMiddleware(bare, auth=Bearer(Keyring.from_tokens({"check": "%s"}))))
"""


def test_the_token_need_not_stand_on_the_command_line(apps: Path, monkeypatch: pytest.MonkeyPatch):
    token = "test-of-the-check-x7Qm2VbN9kLpW4sRtY8uZc3HdJf6Ga1E"
    (apps / "guarded.py").write_text(GUARDED % token)
    monkeypatch.delenv("SALLET_TOKEN", raising=False)
    without = run("check", "guarded:app", cwd=apps)
    assert without.stdout.count(": 401") == 2 and "give a token in SALLET_TOKEN" in without.stdout
    command = [sys.executable, "-m", "sallet", "check", "guarded:app", "--token", "-"]
    piped = subprocess.run(command, input=f"{token}\n", capture_output=True, text=True, timeout=60, cwd=apps, check=False)
    monkeypatch.setenv("SALLET_TOKEN", token)
    for done in (piped, run("check", "guarded:app", cwd=apps)):
        assert done.stdout.count(": 404") == 2 and ": 401" not in done.stdout, done.stderr
        assert token not in done.stdout + done.stderr
    monkeypatch.setenv("SALLET_TOKEN", "of-another-app")
    assert "it refuses the token" in run("check", "guarded:app", cwd=apps).stdout


OTHERS = """
import hashlib
from sallet import ApiKey, AuthMiddleware, Basic, Key, Keyring, SecurityHeadersMiddleware
from probed import bare

PAIR = hashlib.sha256("Ada: \u00e9%s".encode()).hexdigest()
app = SecurityHeadersMiddleware(AuthMiddleware(bare, auth=[
    Basic(Keyring([Key("ada", digest=PAIR)])), ApiKey(Keyring.from_tokens({"check": "%s"}), header="X-Items-Key"),
]))
"""


@pytest.mark.parametrize("piped", [False, True])
def test_a_user_and_an_api_key_are_sent_and_never_their_secrets_on_a_command_line(apps: Path, monkeypatch: pytest.MonkeyPatch, piped: bool):
    secret = "test-of-the-check-x7Qm2VbN9kLpW4sRtY8uZc3HdJf6Ga1E"
    (apps / "others.py").write_text(OTHERS % (secret, secret))
    for variable in ("SALLET_TOKEN", "SALLET_PASSWORD", "SALLET_API_KEY"):
        monkeypatch.delenv(variable, raising=False)

    def look(*arguments: str, variable: str, given: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "PYTHONUTF8": "1", **({} if piped else {variable: given})}
        command = [sys.executable, "-m", "sallet", "check", "others:app", *arguments]
        return subprocess.run(
            command, input=f"{given}\n" if piped else "", capture_output=True, text=True, encoding="utf-8", timeout=60, cwd=apps, env=env, check=False
        )

    user = ("--user", "Ada")
    for done in (
        look(*user, variable="SALLET_PASSWORD", given=f" \u00e9{secret}"),
        look("--api-key", "X-Items-Key", variable="SALLET_API_KEY", given=secret),
    ):
        assert done.stdout.count(": 404") == 2 and ": 401" not in done.stdout, done.stderr
        assert secret not in done.stdout + done.stderr
    wrong = look(*user, variable="SALLET_PASSWORD", given="no").stdout
    assert wrong.count(": 401") == 2 and "it refuses the user and password that was sent in authorization" in wrong
    assert "the API key that was sent in x-api-key" in look("--api-key", variable="SALLET_API_KEY", given=secret).stdout
    for mistake in (("--user", f"Ada:{secret}"), ("--api-key", f"X={secret}"), (*user, "--api-key")):
        done = look(*mistake, variable="SALLET_PASSWORD", given="x")
        assert done.returncode == 2 and secret not in done.stdout + done.stderr and "Traceback" not in done.stderr


def test_an_own_policy_that_displaced_the_apps_is_told(apps: Path):
    """A page that says one thing about frames loses all the rest of the policy."""
    (apps / "displaced.py").write_text(
        "from fastapi import FastAPI, Response\n"
        "from sallet import NONE, SecurityHeaders\n"
        "from sallet.fastapi import protect\n"
        "def make(**options):\n"
        "    app = FastAPI()\n"
        "    app.get('/')(lambda: Response(headers={'content-security-policy': \"frame-ancestors 'none'\"}))\n"
        "    protect(app, **options)\n"
        "    return app\n"
        "app, adding = make(), make(override='add')\n"
        "same = make(headers=SecurityHeaders.EMPTY.replace(content_security_policy={'frame-ancestors': [NONE]}))\n"
    )
    told = run("check", "displaced:app", cwd=apps).stdout
    assert "the app's own (frame-ancestors 'none') is sent instead of the policy's (default-src 'self'; " in told
    assert 'override="add"' in told
    assert "instead of the policy's" not in run("check", "displaced:same", cwd=apps).stdout
    adding = run("check", "displaced:adding", cwd=apps)
    assert "instead of the policy's" not in adding.stdout and "sent twice" not in adding.stdout and adding.returncode == 0


def test_what_a_policy_marks_as_unchecked_is_no_mistake(apps: Path):
    """The response has no marks; a typo of the app's in the same header is one still."""
    (apps / "newer.py").write_text(
        "from fastapi import FastAPI, Response\n"
        "from sallet import NONCE, ContentSecurityPolicy, SecurityHeaders, unchecked\n"
        "from sallet.fastapi import protect\n"
        "script = [NONCE, unchecked(\"'new-keyword'\")]\n"
        "policy = SecurityHeaders(content_security_policy=ContentSecurityPolicy.STRICT.extend({'script-src': script}))\n"
        "app, typo = FastAPI(), FastAPI()\n"
        "for each in (app, typo):\n"
        "    protect(each, headers=policy)\n"
        "app.get('/')(lambda: Response('page', media_type='text/html'))\n"
        "typo.get('/')(lambda: Response(headers={'content-security-policy': \"script-src 'new-keyword'\"}))\n"
    )
    done = run("check", "newer:app", cwd=apps)
    assert "would refuse" not in done.stdout and done.returncode == 0, done.stdout
    # Of the page with a nonce, and of the 404 without.
    assert done.stdout.count("LOW    content-security-policy script-src 'new-keyword': this part of the value is unchecked") == 2
    done = run("check", "newer:typo", cwd=apps)
    assert done.stdout.count("HIGH   content-security-policy: Sallet would refuse this value") == 1 and done.returncode == 1
