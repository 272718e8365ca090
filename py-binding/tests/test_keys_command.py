"""`sallet keys`: what people type, what is printed, what is stored, and how each command ends."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import shlex
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from needs import need, program
from sallet import Key, Keyring, generate_token
from sallet._cli import main
from sallet._cli._existing import hashed
from sallet._cli._arguments import Misuse
from sallet._cli._times import moment, span
from sallet._cli.look import state
from sallet.stores import Entry, open_store
from sallet.stores.file import FileBook

ROOT = Path(__file__).resolve().parents[2]
STORES = ["keys.toml", "sqlite:///keys.db"]
TOKEN = re.compile(r"slt_\w{49}")
OTHERS = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class Shell:
    """Runs `sallet` in a folder, as a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "keys.toml"

    def run(self, *words: str, input: str = "", env: Mapping[str, str] = {}, **more: object) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(  # type: ignore[call-overload]
            [sys.executable, "-m", "sallet", *words],
            cwd=self.folder,
            input=input,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", **env},
            text=True,
            encoding="utf-8",
            timeout=120,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
        )
        assert "Traceback" not in (done.stderr or ""), done.stderr
        return done  # type: ignore[no-any-return]

    def ok(self, *words: str, **more: object) -> str:
        done = self.run(*words, **more)  # type: ignore[arg-type]
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *words: str, input: str = "", status: int = 2) -> str:
        done = self.run(*words, input=input)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stderr

    def line(self, command: str) -> str:
        """What a shell makes of a line that begins with `sallet`."""
        command = re.sub(r"\bsallet ", f"{shlex.quote(sys.executable)} -m sallet ", command)
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", command], cwd=self.folder, capture_output=True, text=True, timeout=120, check=True
        ).stdout


@pytest.fixture
def sallet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.delenv("SALLET_STORE", raising=False)
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path)


@pytest.fixture
def within(sallet: Shell, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs a command in this process, for what needs none of its own: status, output, errors."""

    def run(*words: str, stdin: str = "") -> tuple[int, str, str]:
        capsys.readouterr()
        original, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(stdin.encode()))
        try:
            status = main(words)
        except SystemExit as end:
            status = int(end.code or 0)
        finally:
            sys.stdin = original
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


Within = Callable[..., tuple[int, str, str]]


# A key's life, in a file and in a store


@pytest.mark.parametrize("store", STORES)
def test_the_life_of_a_key(sallet: Shell, store: str) -> None:
    def keys(command: str, *words: str, **more: object) -> str:
        return sallet.ok("keys", command, "--store", store, *words, **more)

    token = keys("add", "--id", "ci", "--principal", "robot", "--scopes", "items:read items:write").strip()
    assert TOKEN.fullmatch(token)
    head, row = keys("list").splitlines()
    assert head.split() == ["ID", "PRINCIPAL", "SCOPES", "FROM", "UNTIL", "LAST", "USED", "STATE"]
    assert row.split() == ["ci", "robot", "items:read", "items:write", "-", "-", "-", "in", "force"]
    assert keys("verify", input=f"{token}\n").split() == ["ci", "robot", "items:read", "items:write", "in", "force"]

    newer = keys("rotate", "ci", "--overlap", "7d").strip()
    assert json.loads(keys("verify", "--json", input=newer)) | {"id": "ci-2", "principal": "robot", "state": "in force"} == json.loads(
        keys("verify", "--json", input=newer)
    )
    old = json.loads(keys("show", "ci", "--json"))
    assert old["state"] == "in force" and old["not_after"] is not None

    assert keys("revoke", "ci") == "revoked ci\n"
    done = sallet.run("keys", "verify", "--store", store, input=token)
    assert done.returncode == 1 and "no key has this token" in done.stderr and token not in done.stdout + done.stderr
    assert "ci-2" in keys("list")


def test_the_file_is_one_that_a_keyring_reads_and_nobody_else(sallet: Shell) -> None:
    done = sallet.run("keys", "add", "--id", "ci", "--scopes", "items:read", "--expires", "90d")
    token = done.stdout.strip()
    text = sallet.file.read_text()
    assert token not in text + done.stderr and hashlib.sha256(token.encode()).hexdigest() in text
    assert stat.S_IMODE(sallet.file.stat().st_mode) == 0o600
    who = Keyring.from_file(sallet.file).verify(token)
    assert who is not None and (who.id, who.scopes) == ("ci", ("items:read",))


def test_the_store_is_named_by_a_variable(sallet: Shell) -> None:
    sallet.ok("keys", "add", "--id", "ci", env={"SALLET_STORE": "other.toml"})
    assert (sallet.folder / "other.toml").exists() and not sallet.file.exists()


# The token and the entry never come in one stream


def test_neither_stream_of_token_is_both(sallet: Shell) -> None:
    sallet.line("sallet token --id ci > keys.toml 2> entry")
    text, entry = sallet.file.read_text(), (sallet.folder / "entry").read_text()
    assert TOKEN.fullmatch(text.strip()) and "[[key]]" not in text
    who = Keyring.from_file(sallet.folder / "entry").verify(text.strip())
    assert who is not None and who.id == "ci" and not TOKEN.search(entry)


def test_many_tokens_into_files_of_their_own(sallet: Shell) -> None:
    words = ["token", "--id", "sensor", "--count", "12", "--format", "csv", "--tokens", "tokens.csv", "--block-file", "keys.csv"]
    assert sallet.ok(*words) == ""
    tokens = {row["id"]: row["token"] for row in csv.DictReader((sallet.folder / "tokens.csv").open())}
    digests = {row["id"]: row["sha256"] for row in csv.DictReader((sallet.folder / "keys.csv").open())}
    assert list(tokens) == [f"sensor-{number:02}" for number in range(1, 13)] == list(digests)
    assert {name: hashlib.sha256(token.encode()).hexdigest() for name, token in tokens.items()} == digests
    assert len(set(tokens.values())) == 12
    for name in ("tokens.csv", "keys.csv"):
        assert stat.S_IMODE((sallet.folder / name).stat().st_mode) == 0o600
    before = (sallet.folder / "tokens.csv").read_bytes()
    assert "is there already" in sallet.refused(*words)
    assert (sallet.folder / "tokens.csv").read_bytes() == before
    sallet.ok("keys", "import", "keys.csv")
    assert sallet.ok("keys", "verify", input=tokens["sensor-07"]).startswith("sensor-07 ")


def test_a_file_of_tokens_goes_when_the_store_refuses(sallet: Shell) -> None:
    sallet.ok("keys", "add", "--id", "a-2")
    before = sallet.file.read_bytes()
    assert "'a-2' is there already" in sallet.refused("keys", "add", "--id", "a", "--count", "3", "--tokens", "t", "--block-file", "b")
    assert sallet.file.read_bytes() == before and [path.name for path in sallet.folder.iterdir()] == ["keys.toml"]


def test_others_may_not_read_what_tokens_are_written_to(sallet: Shell) -> None:
    sallet.line("umask 022; sallet keys add --id open > open 2> said; umask 077; sallet keys add --id closed > closed 2>> said")
    assert (sallet.folder / "said").read_text().count("use --tokens FILE") == 1


def test_a_token_that_could_not_be_printed_is_named(sallet: Shell) -> None:
    if not Path("/dev/full").exists():
        need("/dev/full", "not on this system", "run on Linux")
    with open("/dev/full", "w") as full:
        done = sallet.run("keys", "add", "--id", "ci", stdout=full)
    assert done.returncode == 2 and "revoke 'ci' in keys.toml" in done.stderr
    with open("/dev/full", "w") as full:
        done = sallet.run("keys", "list", stdout=full)
    assert done.returncode == 2 and "No space left" in done.stderr


def test_json_of_one_and_of_many(within: Within) -> None:
    status, out, _ = within("keys", "add", "--id", "ci", "--json", "--expires", "2100-01-01")
    one = json.loads(out)
    assert status == 0 and TOKEN.fullmatch(one.pop("token"))
    assert one == {"id": "ci", "principal": "ci", "scopes": [], "not_before": None, "not_after": "2100-01-01T00:00:00Z"}
    _, out, _ = within("keys", "add", "--id", "x", "--count", "2", "--json", "--principal", "fleet")
    assert [(key["id"], key["principal"]) for key in json.loads(out)] == [("x-1", "fleet"), ("x-2", "fleet")]
    _, out, _ = within("keys", "list", "--json")
    assert [(key["id"], key["state"]) for key in json.loads(out)] == [("ci", "in force"), ("x-1", "in force"), ("x-2", "in force")]
    _, out, _ = within("keys", "add", "--id", "x", "--count", "1", "--first", "100", "--json")
    assert json.loads(out)[0]["id"] == "x-100"


# No secret on the command line or in a message


@pytest.mark.parametrize(
    "words",
    [
        "keys verify {}",
        "keys show {}",
        "keys revoke ci {}",
        "keys rotate {}",
        "keys add --id {}",
        "keys show {} --json",
        "keys {}",
        "keys list {}",
        "keys import {}",
        "token --prefix {}",
    ],
)
def test_a_token_among_the_arguments_is_refused_and_not_repeated(within: Within, words: str) -> None:
    within("keys", "add", "--id", "ci")
    for token in (generate_token(), "of-another-issuer-" + OTHERS):
        status, out, err = within(*words.format(token).split())
        if token.startswith("slt_"):
            assert status == 2 and "standard input" in err
        assert token not in out + err and token[-30:] not in out + err


def test_a_token_in_the_file_is_not_shown(within: Within, sallet: Shell) -> None:
    token = generate_token()
    for text in (token, f'[[key]]\nid = "a"\ntoken = "{token}"\n', f'[[key]]\nid = "a"\nsha256 = "{token}"\n', f'{token} = 1\n', f'[[key]]\nid = "{token}\n'):
        sallet.file.write_text(text)
        for command in ("list", "export"):
            status, out, err = within("keys", command)
            assert status == 2 and err.count("\n") == 1 and token[4:] not in out + err, err
        status, out, err = within("keys", "import", "keys.toml", "--store", "other.toml")
        assert status == 2 and token[4:] not in out + err, err
        status, out, err = within("keys", "add", "--id", "b")
        assert status == 2 and token[4:] not in out + err and sallet.file.read_text() == text


# Messages


def test_a_typo_is_answered_with_the_nearest_names(within: Within) -> None:
    within("keys", "add", "--id", "billing")
    for command in ("show", "revoke", "rotate"):
        status, _, err = within("keys", command, "biling")
        assert status == 2 and "there is no key 'biling' in keys.toml: did you mean 'billing'?" in err


def test_revoking_is_all_or_nothing(within: Within, sallet: Shell) -> None:
    within("keys", "add", "--id", "a")
    before = sallet.file.read_bytes()
    assert within("keys", "revoke", "a", "b")[0] == 2
    assert sallet.file.read_bytes() == before
    status, out, err = within("keys", "revoke", "a", "a", "--json")
    assert status == 0 and json.loads(out)["revoked"] == ["a"] and "until it reloads" in err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("list", "no such file: sallet keys add makes it"),
        ("list --store redi://x", 'did you mean "redis://"'),
        ("list --store keys.db", 'sqlite:///keys.db'),
        ("list --store no/such/folder/keys.toml", "no such file"),
        ("add --id x --store no/such/folder/keys.toml", "no such folder"),
        ("add --id x --store .", "not a regular file"),
        ("add --id x --scopes a,b", "separated by spaces"),
        ("add --id x --expires 90", "write a time from now"),
        ("add --id x --expires 3m", "is no span of time"),
        ("add --id x --expires 2020-01-01", "which is over"),
        ("add --id x --expires 2100-01-01T10:00", "no time zone"),
        ("add --id x --count 0", "--count is from 1"),
        ("add --id x --format c", "--block-file"),
        ("revoke x --wait 1", "--wait needs a store"),
        ("import no-such-file", "No such file"),
    ],
)
def test_what_cannot_be_done_is_explained(within: Within, sallet: Shell, words: str, says: str) -> None:
    status, out, err = within("keys", *words.split())
    assert status == 2 and says in err and out == "" and err.count("\n") == 1
    assert not list(sallet.folder.iterdir())


def test_an_unreadable_argument_is_no_traceback(sallet: Shell) -> None:
    done = subprocess.run([sys.executable, "-m", "sallet", "keys", "add", "--id", b"\xff"], cwd=sallet.folder, capture_output=True, check=False)
    assert done.returncode == 2 and b"not UTF-8" in done.stderr


# Times and states


def test_times_as_people_write_them() -> None:
    assert [moment(text, "--expires", 1000) for text in ("90d", "1h", "2w", "30min", "1970-01-02", "1970-01-01T01:00:00+01:00", "1970-01-01T00:00:01Z")] == [
        1000 + 90 * 86_400,
        4600,
        1000 + 14 * 86_400,
        2800,
        86_400,
        0,
        1,
    ]
    assert span("0", "--overlap") == 0
    for wrong in ("", "7", "-7d", "7 days", "1e3d", "٧d", "99999999999d", "soon"):
        with pytest.raises(Misuse):
            span(wrong, "--overlap")
        with pytest.raises(Misuse):
            moment(wrong, "--expires", 0)


def test_the_state_is_the_keyrings_verdict() -> None:
    token = generate_token()
    now = int(time.time())
    for window in [(None, None), *((now + first, now + last) for first, last in ((-9, -5), (-9, 0), (-9, 900), (900, 901))), (now + 900, None), (None, now - 5)]:
        entry = Entry("a", "a", "", *window)
        ring = Keyring([Key("a", token=token, not_before=window[0], not_after=window[1])])
        # A second may pass between the two.
        assert any((ring.verify(token) is not None) == (state(entry, int(time.time())) == "in force") for _ in range(3)), window
    first, last = 100, 200
    assert [state(Entry("a", "a", "", first, last), at) for at in (99, 100, 200, 201)] == ["not yet", "in force", "in force", "expired"]
    assert state(Entry("a", "a", "", None, None, revoked=1), 2) == "revoked"


@pytest.mark.parametrize(("window", "said"), [(("--not-before", "1h"), "not yet"), (("--expires", "1h"), "in force")])
def test_verify_says_why_a_token_is_not_good(within: Within, window: tuple[str, str], said: str) -> None:
    _, token, _ = within("keys", "add", "--id", "ci", *window)
    status, out, _ = within("keys", "verify", stdin=token)
    assert out.rstrip().endswith(said) and status == (0 if said == "in force" else 1)


def test_verify_tells_a_typo_from_an_unknown_token(within: Within) -> None:
    _, token, _ = within("keys", "add", "--id", "ci")
    token = token.strip()
    mistyped = token[:-1] + ("A" if token[-1] != "A" else "B")
    for wrong, says in ((mistyped, "checksum"), (generate_token(), "it was revoked"), ("", "empty"), ("é" * 20, "not ASCII")):
        status, out, err = within("keys", "verify", "--json", stdin=wrong)
        assert status == (2 if "ASCII" in says else 1) and says in err and (not wrong or wrong not in out + err)


def test_verify_asks_what_a_server_would_decide(within: Within, sallet: Shell) -> None:
    store = ("--store", "sqlite:///keys.db")
    _, token, _ = within("keys", "add", "--id", "ci", *store)
    with sqlite3.connect(sallet.folder / "keys.db") as database:
        database.execute("UPDATE sallet_keys SET scopes = 'no\"scope'")
    status, out, err = within("keys", "verify", "--json", *store, stdin=token)
    assert status == 1 and json.loads(out)["state"] == "out of force" and "scope" in err and token.strip() not in out + err


# Rotation


def test_rotation_ends_the_old_key_and_widens_nothing(within: Within, sallet: Shell) -> None:
    _, first, _ = within("keys", "add", "--id", "ci-009", "--scopes", "a", "--principal", "p")
    _, second, _ = within("keys", "rotate", "ci-009", "--overlap", "1h")
    rows = {row.id: row for row in FileBook(sallet.file).load()[1]}
    old, new = rows["ci-009"], rows["ci-010"]
    assert (new.principal, new.scopes, new.not_after) == ("p", "a", None) and new.digest != old.digest
    assert old.not_after is not None and 3500 < old.not_after - time.time() <= 3601
    ring = Keyring.from_file(sallet.file)
    assert ring.verify(first.strip()) and ring.verify(second.strip())
    # Its end is not moved out.
    within("keys", "rotate", "ci-009", "--overlap", "9d", "--expires", "1d", "--id", "third")
    rows = {row.id: row for row in FileBook(sallet.file).load()[1]}
    assert rows["ci-009"].not_after == old.not_after and rows["third"].not_after is not None
    # A key that was to end is not followed by one that does not, unless somebody says so.
    status, _, err = within("keys", "rotate", "third")
    assert status == 2 and "--expires 90d or --expires never" in err
    assert within("keys", "rotate", "third", "--expires", "never", "--overlap", "0")[0] == 0
    assert "third" not in {row.id for row in FileBook(sallet.file).load()[1]}


def test_a_revoked_key_is_not_rotated(within: Within) -> None:
    store = ("--store", "sqlite:///keys.db")
    within("keys", "add", "--id", "ci", *store)
    within("keys", "revoke", "ci", *store)
    status, _, err = within("keys", "rotate", "ci", *store)
    assert status == 2 and "was revoked" in err
    assert within("keys", "list", *store)[1].splitlines()[1].endswith("revoked")
    assert within("keys", "add", "--id", "ci", *store)[0] == 2


# Import and export


@pytest.mark.parametrize("form", ["toml", "csv", "json"])
def test_what_is_exported_can_be_imported(within: Within, sallet: Shell, form: str) -> None:
    _, token, _ = within("keys", "add", "--id", 'quote " comma, 😀 \\ end', "--scopes", "a b", "--expires", "9d", "--principal", "= é")
    within("keys", "add", "--id", "plain")
    _, exported, _ = within("keys", "export", "--format", form)
    assert not TOKEN.search(exported)
    status, out, err = within("keys", "import", "-", "--store", "sqlite:///other.db", stdin=exported)
    assert (status, out) == (0, "imported 2 into sqlite:///" + str(sallet.folder / "other.db") + "\n"), err
    assert list(FileBook(sallet.file).load()[1]) == sorted(open_store("sqlite:///other.db").load(prepared=False)[1])
    status, out, _ = within("keys", "import", "-", "--store", "sqlite:///other.db", "--skip-existing", "--json", stdin=exported)
    assert json.loads(out) == {"imported": 0, "skipped": 2}
    assert within("keys", "import", "-", "--store", "sqlite:///other.db", stdin=exported)[0] == 2
    assert within("keys", "verify", "--store", "sqlite:///other.db", stdin=token)[0] == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("id,sha256\na,b\n", "64 hexadecimal digits"),
        ("name,sha256\na,b\n", "it has no id"),
        (f"id,sha256\na,{OTHERS}\na,{OTHERS[::-1]}\n", "twice"),
        (f"id,sha256\na,{OTHERS}\nb,{OTHERS}\n", "same token"),
        (f"id,sha256\na,{OTHERS},x\n", "number of columns"),
        (f"id,color,sha256\na,red,{OTHERS}\n", "unknown field 'color'"),
        (f'[{{"id": "a", "sha256": "{OTHERS}", "not_after": "soon"}}]', "is no time"),
        (f'[{{"id": "a", "sha256": "{OTHERS}", "not_after": "2030-01-01T00:00:00"}}]', "no time zone"),
        ('[1]', "entry 1 is no object"),
        ('{"keys": 1}', "is no JSON"),
        ('[{', "is no JSON with keys (line 1)"),
        ('[[key]]\nid = 1\n', "id is missing or not a string"),
        (f'[[user]]\nid = "a"\nsha256 = "{OTHERS}"\n', "is no TOML"),
    ],
)
def test_what_cannot_be_imported_changes_nothing(within: Within, sallet: Shell, text: str, says: str) -> None:
    within("keys", "add", "--id", "there")
    before = sallet.file.read_bytes()
    status, out, err = within("keys", "import", "-", stdin=text)
    assert status == 2 and says in err and out == "", err
    assert sallet.file.read_bytes() == before


def test_an_existing_token_is_hashed_only_if_it_is_random_enough(within: Within) -> None:
    theirs = "Zx81kQ0vTn5rWb3LmYc7HdJf6Ga1Ep2s"
    for words, says in (
        ((), "say how many random bits"),
        (("--bits", "64"), "64 random bits are too few"),
        (("--bits", "1000"), "190 random bits at most"),
    ):
        status, _, err = within("keys", "add", "--id", "legacy", "--hash-token", *words, stdin=theirs)
        assert status == 2 and says in err and theirs not in err
    status, out, err = within("keys", "add", "--id", "legacy", "--hash-token", "--bits", "160", stdin=theirs + "\n")
    assert status == 0 and theirs not in out + err and out == ""
    assert within("keys", "verify", stdin=theirs)[0] == 0
    ours = generate_token()
    status, out, err = within("keys", "add", "--id", "minted", "--hash-token", "--json", stdin=ours)
    assert status == 0 and json.loads(out)["id"] == "minted" and ours not in out + err


@pytest.mark.parametrize(("token", "most"), [("1" * 40, 132), ("0123456789abcdef" * 2, 128), ("a1z" * 9, 139), ("aB3" * 9, 160), ("a.-_~+/" * 4, 170)])
def test_no_token_has_more_bits_than_its_characters(token: str, most: int) -> None:
    assert hashed(token, most, "a") == hashlib.sha256(token.encode()).digest()
    with pytest.raises(Misuse, match=f"{most} random bits at most"):
        hashed(token, most + 1, "a")


def test_tokens_are_imported_from_standard_input_alone(within: Within, sallet: Shell) -> None:
    token = generate_token()
    text = f"id,token\nlegacy,{token}\n"
    status, _, err = within("keys", "import", "-", stdin=text)
    assert status == 2 and "--hash-token" in err and token not in err
    (sallet.folder / "tokens.csv").write_text(text)
    status, _, err = within("keys", "import", "tokens.csv", "--hash-token")
    assert status == 2 and "write - for the file" in err
    assert within("keys", "import", "-", "--hash-token", stdin=text)[0] == 0
    assert token not in sallet.file.read_text() and within("keys", "verify", stdin=token)[0] == 0


# Source text


NAMES = 'q"uote \\ ??= é \u202e'


def made(sallet: Shell, form: str, file: str) -> dict[str, str]:
    """Keys as source text, and their tokens."""
    words = ["token", "--id", NAMES, "--count", "3", "--format", form, "--block-file", file, "--scopes", "a b", "--expires", "2100-01-01"]
    return {row["id"]: row["token"] for row in csv.DictReader(io.StringIO(sallet.ok(*words)))}


PRINT_C = r"""
#include <stdio.h>
#include "keys.c"
int main(void) {
    for (size_t i = 0; i < sallet_keys_count; i++) {
        const struct sallet_key *key = &sallet_keys[i];
        for (int j = 0; j < 32; j++) printf("%02x", key->sha256[j]);
        printf("|%s|%s|%s|%llu|%llu\n", key->id, key->principal, key->scopes, (unsigned long long)key->not_before, (unsigned long long)key->not_after);
    }
    return 0;
}
"""


def test_the_c_source_compiles_and_has_the_digests(sallet: Shell) -> None:
    compiler = program("gcc", "cc", how="apt-get install gcc")
    tokens = made(sallet, "c", "keys.c")
    (sallet.folder / "print.c").write_text(PRINT_C)
    flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"]
    subprocess.run([compiler, *flags, "-c", "keys.c"], cwd=sallet.folder, check=True)
    subprocess.run([compiler, *flags, "print.c", "-o", "print"], cwd=sallet.folder, check=True)
    lines = subprocess.run([sallet.folder / "print"], capture_output=True, check=True, encoding="utf-8").stdout.splitlines()
    assert lines == [f"{hashlib.sha256(token.encode()).hexdigest()}|{name}|{name}|a b|0|4102444800" for name, token in tokens.items()]


PRINT_RUST = r"""
mod keys;
fn main() {
    for token in std::env::args().skip(1) {
        let key = keys::KEYS.verify(token.as_bytes(), 4102444800).unwrap();
        println!("{}|{}|{}|{:?}", key.id, key.principal, key.scopes, key.not_after);
    }
}
"""


def test_the_rust_source_compiles_and_admits_the_tokens(sallet: Shell) -> None:
    rustc, cargo = program("rustc", how="https://rustup.rs"), program("cargo", how="https://rustup.rs")
    tokens = made(sallet, "rust", "keys.rs")
    (sallet.folder / "main.rs").write_text(PRINT_RUST)
    built = subprocess.run(
        [cargo, "build", "--locked", "-q", "-p", "sallet-core", "--message-format=json"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    artifacts = [json.loads(line) for line in built.stdout.splitlines()]
    (library,) = [
        name
        for artifact in artifacts
        if artifact.get("target", {}).get("name") == "sallet_core"
        for name in artifact.get("filenames", ())
        if name.endswith(".rlib")
    ]
    dependencies = Path(library).parent / "deps"
    command = [rustc, "--edition=2024", "-Dwarnings", "--extern", f"sallet_core={library}", "-L", f"dependency={dependencies}", "main.rs"]
    subprocess.run(command, cwd=sallet.folder, check=True)
    lines = subprocess.run([sallet.folder / "main", *tokens.values()], capture_output=True, check=True, encoding="utf-8").stdout.splitlines()
    assert lines == [f"{name}|{name}|a b|Some(4102444800)" for name in tokens]


# Shells, pipes and terminals


def test_a_reader_that_has_seen_enough_is_no_error(sallet: Shell) -> None:
    sallet.ok("keys", "add", "--id", "dev", "--count", "3000", "--tokens", "t")
    # More than a pipe holds.
    assert sallet.line("sallet keys list 2> said | head -1").startswith("ID ")
    assert sallet.line("sallet keys export --json 2>> said | head -1") == "[\n"
    assert (sallet.folder / "said").read_text() == ""


def test_a_terminal_obeys_no_name(sallet: Shell) -> None:
    sallet.ok("keys", "add", "--id", "ci", "--store", "sqlite:///keys.db")
    with sqlite3.connect(sallet.folder / "keys.db") as database:
        database.execute("UPDATE sallet_keys SET principal = ?", ("\x1b[2J\x9b2J\u202eowner",))
    for command in (["list"], ["show", "ci"]):
        out = sallet.ok("keys", *command, "--store", "sqlite:///keys.db")
        assert "owner" in out and not set("\x1b\x9b\u202e") & set(out)


def test_output_is_utf_8_whatever_the_locale_says(sallet: Shell) -> None:
    sallet.ok("keys", "add", "--id", "é😀", env={"PYTHONIOENCODING": "latin-1"})
    assert json.loads(sallet.ok("keys", "list", "--json", env={"PYTHONIOENCODING": "ascii"}))[0]["id"] == "é😀"


def test_what_takes_long_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from sallet._cli import _progress

    monkeypatch.setattr(_progress, "_EVERY", 0)
    assert list(_progress.counted(range(130), "minting", 130)) == list(range(130))
    out, err = capsys.readouterr()
    assert (out, err) == ("", "sallet: minting: 64 of 130\nsallet: minting: 128 of 130\n")


def test_interrupted_is_no_traceback(sallet: Shell) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "sallet", "keys", "import", "-"], cwd=sallet.folder, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    # It reads once it has started; what the first bytes wait for is that it does.
    process.stdin.write("x" * (1 << 20))
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2 and said == "sallet: interrupted\n"


def test_wait_for_workers_ends_with_one_that_has_not_heard(within: Within) -> None:
    store = ("--store", "sqlite:///keys.db")
    within("keys", "add", "--id", "a", "--count", "3", *store)
    status, out, _ = within("keys", "revoke", "a-1", "--wait", "0", "--json", *store)
    assert status == 0 and json.loads(out)["late"] == []
    place = open_store("sqlite:///keys.db")
    place.report("host:1", json.loads(out)["version"], 300)
    status, out, err = within("keys", "revoke", "a-2", "--wait", "0.2", "--json", *store)
    assert status == 1 and json.loads(out)["late"] == ["host:1"] and "worker host:1 has not taken it" in err
    # It stays revoked.
    assert {entry.id: entry.revoked is None for entry in place.entries()} == {"a-1": False, "a-2": False, "a-3": True}
    place.close()


@pytest.mark.parametrize("command", [[], ["keys"], *(["keys", word] for word in ("add", "list", "show", "rotate", "revoke", "import", "export", "verify"))])
def test_help_is_help(within: Within, command: list[str]) -> None:
    status, out, _ = within(*command, "--help")
    assert status == 0 and out.startswith(f"usage: {' '.join(['sallet', *command])}")
