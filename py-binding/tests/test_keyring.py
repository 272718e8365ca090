"""Keys and keyrings: what is refused at construction, windows, rotation, files, reload."""

from __future__ import annotations

import hashlib
import os
import threading
from datetime import datetime, timedelta, timezone

import pytest
from keys import EARLY, EXPIRED, READER, UNKNOWN, WRITER, keyring
from sallet import Key, Keyring, KeyringError, Principal, SalletError, generate_token


def sha256(token):
    return hashlib.sha256(token.encode()).hexdigest()


def now(**delta):
    return datetime.now(timezone.utc) + timedelta(**delta)


# Keys


def test_a_digest_and_its_token_are_the_same_key():
    for digest in (sha256(READER), "sha256:" + sha256(READER), sha256(READER).upper()):
        ring = Keyring([Key("a", digest=digest)])
        assert ring.verify(READER).id == "a"
        assert ring.verify(UNKNOWN) is None


def test_the_principal_has_the_keys_name_unless_given_another():
    assert Keyring([Key("a", token=READER)]).verify(READER) == Principal("a", "a", ())
    named = Keyring([Key("a", token=READER, principal="ann", scopes=("x", "y"))])
    assert named.verify(READER) == Principal("a", "ann", ("x", "y"))


def test_verify_takes_text_and_bytes():
    ring = keyring()
    assert ring.verify(READER).id == ring.verify(READER.encode()).id == "reader-1"
    for nothing in ("", b"", "k\u00e9y", b"k\xe9y", "x" * 1_000_000):
        assert ring.verify(nothing) is None
    for wrong in (None, 1, [READER]):
        with pytest.raises(TypeError):
            ring.verify(wrong)


def test_the_digest_of_a_token_is_not_a_token():
    ring = Keyring([Key("a", token=READER)])
    assert ring.verify(sha256(READER)) is None
    assert ring.verify(hashlib.sha256(READER.encode()).digest()) is None


def test_len():
    assert len(keyring()) == 4
    assert len(Keyring(iter([Key("a", token=READER)]))) == 1


BAD_KEYS = [
    (dict(), "token"),
    (dict(token=READER, digest=sha256(READER)), "one"),
    (dict(token=""), "empty"),
    (dict(token="short"), "16"),
    (dict(token="has spaces and is long enough"), "RFC 6750"),
    (dict(token="b\u00fccher-b\u00fccher-b\u00fccher"), "RFC 6750"),
    (dict(token=generate_token()[:-1] + "-"), ""),
    (dict(digest=""), "64"),
    (dict(digest=sha256(READER)[:-1]), "64"),
    (dict(digest=sha256(READER) + "0"), "64"),
    (dict(digest="g" * 64), "hexadecimal"),
    (dict(digest=READER), "64"),
    (dict(digest="md5:" + sha256(READER)), "64"),
    (dict(digest=sha256("")), "empty"),
    (dict(token=READER, not_before=2, not_after=1), "not_"),
    (dict(token=READER, not_after=-1), ""),
]


@pytest.mark.parametrize(("options", "fix"), BAD_KEYS, ids=lambda v: str(v)[:50])
def test_bad_keys(options, fix):
    if options.get("token", "").endswith("-"):
        options = {"token": _typo(generate_token())}
        fix = "checksum"
    with pytest.raises(SalletError) as refused:
        Keyring([Key("a", **options)])
    assert fix in str(refused.value), str(refused.value)


def _typo(token):
    return token[:-1] + ("a" if token[-1] != "a" else "b")


def test_a_naive_time_is_refused():
    naive = datetime(2030, 1, 1)  # noqa: DTZ001
    for name in ("not_before", "not_after"):
        with pytest.raises(SalletError, match="timezone|time zone|aware"):
            Key("a", token=READER, **{name: naive})


@pytest.mark.parametrize("wrong", ["2030-01-01", [1], object()])
def test_a_time_of_another_type_is_refused(wrong):
    with pytest.raises(TypeError):
        Key("a", token=READER, not_after=wrong)


@pytest.mark.parametrize("identity", ["", "a\nb", "a\0"])
def test_a_bad_id_is_refused(identity):
    with pytest.raises(SalletError, match="id"):
        Keyring([Key(identity, token=READER)])


@pytest.mark.parametrize(
    ("options", "valid"),
    [
        (dict(not_after=now(hours=1)), True),
        (dict(not_after=now(hours=-1)), False),
        (dict(not_before=now(hours=-1)), True),
        (dict(not_before=now(hours=1)), False),
        (dict(not_before=now(hours=-2), not_after=now(hours=-1)), False),
        (dict(not_before=now(hours=-1), not_after=now(hours=1)), True),
        (dict(not_after=now(hours=1).astimezone(timezone(timedelta(hours=14)))), True),
        (dict(not_after=now(hours=-1).astimezone(timezone(timedelta(hours=14)))), False),
        (dict(not_after=int(now(hours=1).timestamp())), True),
        (dict(not_after=int(now(hours=-1).timestamp())), False),
        (dict(not_after=0), False),
    ],
)
def test_windows(options, valid):
    assert (Keyring([Key("a", token=READER, **options)]).verify(READER) is not None) is valid


# Rings


def test_bad_rings():
    with pytest.raises(KeyringError, match="id"):
        Keyring([Key("a", token=READER), Key("a", token=WRITER)])
    with pytest.raises(KeyringError, match="token|digest"):
        Keyring([Key("a", token=READER), Key("b", token=READER)])
    for wrong in ([READER], READER, {"a": READER}, None, Key("a", token=READER)):
        with pytest.raises(TypeError):
            Keyring(wrong)


@pytest.mark.parametrize("count", [1, 2, 3, 16, 100])
def test_every_key_of_a_ring_is_found_and_is_itself(count):
    tokens = {f"key-{n}": generate_token() for n in range(count)}
    ring = Keyring.from_tokens(tokens)
    for identity, token in tokens.items():
        assert ring.verify(token).id == identity
    assert ring.verify(UNKNOWN) is None


def test_rotation_two_keys_of_one_principal_overlap():
    ring = Keyring(
        [
            Key("ci-2026-10", token=EXPIRED, principal="ci", not_after=now(days=-1)),
            Key("ci-2026-11", token=READER, principal="ci", not_after=now(days=1)),
            Key("ci-2026-12", token=WRITER, principal="ci", not_before=now(hours=-1)),
            Key("ci-2027-01", token=EARLY, principal="ci", not_before=now(days=30)),
        ]
    )
    assert [ring.verify(t) and (ring.verify(t).id, ring.verify(t).name) for t in (EXPIRED, READER, WRITER, EARLY)] == [
        None,
        ("ci-2026-11", "ci"),
        ("ci-2026-12", "ci"),
        None,
    ]


# Sources


def test_from_tokens():
    ring = Keyring.from_tokens({"ann": READER, "bob": WRITER})
    assert (ring.verify(READER).id, ring.verify(WRITER).name) == ("ann", "bob")


def test_from_env(monkeypatch):
    monkeypatch.delenv("SALLET_TOKENS", raising=False)
    for value in (None, ""):
        if value is not None:
            monkeypatch.setenv("SALLET_TOKENS", value)
        with pytest.raises(KeyringError, match="SALLET_TOKENS"):
            Keyring.from_env()
    monkeypatch.setenv("SALLET_TOKENS", f"ann={READER},bob={WRITER}")
    ring = Keyring.from_env()
    assert (ring.verify(READER).id, ring.verify(WRITER).id, len(ring)) == ("ann", "bob", 2)
    monkeypatch.setenv("OTHER", f"ann={READER}")
    assert Keyring.from_env("OTHER").verify(READER).id == "ann"
    monkeypatch.setenv("SALLET_TOKENS", "hunter2-without-an-id")
    with pytest.raises(KeyringError, match="SALLET_TOKENS") as refused:
        Keyring.from_env()
    assert "hunter2" not in str(refused.value)


FILE = f"""
[[key]]
id = "ci-1"
principal = "ci"
scopes = ["items:read", "items:write"]
sha256 = "{sha256(READER)}"

[[key]]
id = "old"
sha256 = "{sha256(EXPIRED)}"
not_after = 2001-09-09T01:46:40Z

[[key]]
id = "early"
sha256 = "{sha256(EARLY)}"
not_before = 2999-01-01T00:00:00+02:00
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "keys.toml"
    path.write_text(FILE)
    return path


def test_from_file(file):
    for path in (file, str(file)):
        ring = Keyring.from_file(path)
        assert ring.verify(READER) == Principal("ci-1", "ci", ("items:read", "items:write"))
        assert (ring.verify(EXPIRED), ring.verify(EARLY), ring.verify(WRITER)) == (None, None, None)
        assert len(ring) == 3


BAD_FILES = {
    "not TOML": "[[key",
    "empty": "",
    "no key": "title = 'x'",
    "no sha256": "[[key]]\nid = 'a'\n",
    "no id": f"[[key]]\nsha256 = '{sha256(READER)}'\n",
    "bad digest": "[[key]]\nid = 'a'\nsha256 = 'abc'\n",
    "the token itself": f"[[key]]\nid = 'a'\nsha256 = '{READER}'\n",
    "a token field": f"[[key]]\nid = 'a'\ntoken = '{READER}'\n",
    "unknown field": f"[[key]]\nid = 'a'\nsha256 = '{sha256(READER)}'\nscope = ['x']\n",
    "unknown table": f"[[key]]\nid = 'a'\nsha256 = '{sha256(READER)}'\n[[keys]]\nid = 'b'\n",
    "one table": f"[key]\nid = 'a'\nsha256 = '{sha256(READER)}'\n",
    "naive time": f"[[key]]\nid = 'a'\nsha256 = '{sha256(READER)}'\nnot_after = 2030-01-01T00:00:00\n",
    "date only": f"[[key]]\nid = 'a'\nsha256 = '{sha256(READER)}'\nnot_after = 2030-01-01\n",
    "time as text": f"[[key]]\nid = 'a'\nsha256 = '{sha256(READER)}'\nnot_after = '2030-01-01T00:00:00Z'\n",
    "scopes as text": f"[[key]]\nid = 'a'\nsha256 = '{sha256(READER)}'\nscopes = 'items:read'\n",
    "id as number": f"[[key]]\nid = 1\nsha256 = '{sha256(READER)}'\n",
    "twice": f"[[key]]\nid = 'a'\nsha256 = '{sha256(READER)}'\n" * 2,
    "not text": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_and_the_file_is_named(tmp_path, name):
    path = tmp_path / "keys.toml"
    bad = BAD_FILES[name]
    path.write_bytes(bad if isinstance(bad, bytes) else bad.encode())
    with pytest.raises(KeyringError) as refused:
        Keyring.from_file(path)
    assert "keys.toml" in str(refused.value)
    assert READER not in str(refused.value)
    assert sha256(READER) not in str(refused.value)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises((KeyringError, FileNotFoundError), match="absent.toml"):
        Keyring.from_file(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("same", "why"), [("id = 'ci-1'\nsha256 = '" + sha256(UNKNOWN) + "'", "id"), (f"id = 'b'\nsha256 = '{sha256(EXPIRED)}'", "token")]
)
def test_the_second_of_two_equal_keys_is_named(file, same, why):
    before, after = (
        "".join(f"[[key]]\nid = '{name}-{n}'\nsha256 = '{sha256(f'{name}{n}')}'\n" for n in range(9)) for name in "xy"
    )
    file.write_text(f"{FILE}{before}[[key]]\n{same}\n{after}")
    name = "ci-1" if why == "id" else "b"
    with pytest.raises(KeyringError, match=f"keys.toml: key '{name}': two keys have the same {why}"):
        Keyring.from_file(file)


def test_a_bad_key_of_a_file_is_named(tmp_path):
    path = tmp_path / "keys.toml"
    path.write_text(FILE + "[[key]]\nid = 'the-bad-one'\nsha256 = 'abc'\n")
    with pytest.raises(KeyringError, match="the-bad-one"):
        Keyring.from_file(path)


# The last key

NO_KEYS = {
    "a comment": "# nobody, for now\n",
    "a line end": "\n",
    "an empty array": "key = []\n",
    "a mark and a comment": "\ufeff# nobody\n",
}


def test_a_keyring_without_keys_admits_nobody():
    for ring in (Keyring([]), Keyring(iter(())), Keyring.from_tokens({})):
        assert (len(ring), bool(ring), ring.verify(READER), ring.verify("")) == (0, True, None, None)
        assert repr(ring) == "<Keyring []>"


@pytest.mark.parametrize("name", NO_KEYS)
def test_the_last_key_can_be_revoked(file, name, caplog):
    """To refuse the file would keep the key in force that was to be taken out."""
    from harness import asgi
    from sallet import AuthMiddleware, Bearer
    from whoami import whoami

    file.write_text(FILE.partition("[[key]]\nid = \"old")[0])
    ring = Keyring.from_file(file)
    app = AuthMiddleware(whoami, Bearer(ring))
    assert (len(ring), asgi.call(app, "/", [asgi.bearer(READER)]).status) == (1, 200)
    file.write_text(NO_KEYS[name], "utf-8")
    with caplog.at_level("WARNING", "sallet.auth"):
        ring.reload()
    assert "keys.toml: no key is in it" in caplog.text
    assert (len(ring), ring.verify(READER)) == (0, None)
    assert asgi.call(app, "/", [asgi.bearer(READER)]).status == 401
    assert Keyring.from_file(file).verify(READER) is None
    file.write_text(FILE)
    ring.reload()
    assert asgi.call(app, "/", [asgi.bearer(READER)]).status == 200


@pytest.mark.parametrize("value", [" ", ",", " , ", "\n"])
def test_the_last_key_of_an_environment_can_be_revoked(monkeypatch, value):
    monkeypatch.setenv("SALLET_TOKENS", f"ann={READER}")
    ring = Keyring.from_env()
    monkeypatch.setenv("SALLET_TOKENS", value)
    ring.reload()
    assert (len(ring), ring.verify(READER)) == (0, None)


def test_a_file_of_no_bytes_may_be_half_written(file):
    ring = Keyring.from_file(file)
    for nothing in (b"", b"\xef\xbb\xbf"):
        file.write_bytes(nothing)
        with pytest.raises(KeyringError, match=r"keys\.toml: the file is empty.*\[\[key\]\]"):
            ring.reload()
        assert ring.verify(READER).id == "ci-1"


# Reload


def test_reload_takes_the_new_keys(file):
    ring = Keyring.from_file(file)
    file.write_text(f"[[key]]\nid = 'new'\nsha256 = '{sha256(WRITER)}'\n")
    assert ring.verify(WRITER) is None
    ring.reload()
    assert ring.verify(WRITER).id == "new"
    assert ring.verify(READER) is None
    assert len(ring) == 1


@pytest.mark.parametrize("name", BAD_FILES)
def test_reload_keeps_the_old_keys_when_the_new_file_is_bad(file, name):
    ring = Keyring.from_file(file)
    bad = BAD_FILES[name]
    file.write_bytes(bad if isinstance(bad, bytes) else bad.encode())
    with pytest.raises(KeyringError):
        ring.reload()
    assert ring.verify(READER).id == "ci-1"
    assert len(ring) == 3
    file.write_text(FILE.replace("ci-1", "ci-2"))
    ring.reload()
    assert ring.verify(READER).id == "ci-2"


def test_reload_keeps_the_old_keys_when_the_file_is_gone(file):
    ring = Keyring.from_file(file)
    os.remove(file)
    with pytest.raises((KeyringError, OSError)):
        ring.reload()
    assert ring.verify(READER).id == "ci-1"


def test_reload_works_from_another_folder(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ring = Keyring.from_file("keys.toml")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    file.write_text(FILE.replace("ci-1", "ci-2"))
    ring.reload()
    assert ring.verify(READER).id == "ci-2"


# The last two: one that is too short, one that no header could carry.
@pytest.mark.parametrize(
    "value",
    [
        *[f"{READER}=ann", f"{READER}=", f"{READER}==", f"ann={READER},{WRITER}="],
        *[f"ann={READER[:9]}", f'ann="{READER}"'],
    ],
)
def test_an_environment_with_a_token_in_the_wrong_place_is_not_shown(monkeypatch, value):
    monkeypatch.setenv("SALLET_TOKENS", value)
    with pytest.raises(KeyringError) as caught:
        Keyring.from_env()
    assert READER[:9] not in str(caught.value) and WRITER not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        f'[[key]]\nid = "{READER}"\n',
        f'[[key]]\nid = "{READER}"\nsha256 = "x"\n',
        f'[[key]]\nid = "a"\n{READER} = "{sha256(READER)}"\n',
        f"{READER} = 1\n",
        f"[{READER}]\n[{READER}]\n",
        f'key = [{{ id = "a", {sha256(READER)} = 1 }}]\n',
    ],
)
def test_no_error_about_a_file_shows_a_token(tmp_path, text):
    """Found by fuzzing: tokens and digests in the wrong places."""
    (tmp_path / "keys.toml").write_text(text)
    with pytest.raises(KeyringError) as caught:
        Keyring.from_file(tmp_path / "keys.toml")
    assert READER not in str(caught.value) and sha256(READER) not in str(caught.value)


def test_likely_mistakes_name_the_fix(tmp_path):
    with pytest.raises(KeyringError, match="environment variable"):
        Keyring.from_tokens({"ci": None})
    with pytest.raises(TypeError, match="id: token"):
        Keyring.from_tokens([READER])
    with pytest.raises(TypeError, match="from_file"):
        Keyring("keys.toml")
    with pytest.raises(KeyringError, match="python -m sallet token"):
        Keyring.from_file(tmp_path / "keys.toml")


def test_a_file_with_a_byte_order_mark(tmp_path):
    file = tmp_path / "keys.toml"
    file.write_text('[[key]]\nid = "a"\nsha256 = "' + "0" * 64 + '"\n', "utf-8-sig")
    assert len(Keyring.from_file(file)) == 1


def test_a_lone_carriage_return_ends_no_line(tmp_path):
    """Found by fuzzing: behind a comment, many an editor shows such a line as a part of it."""
    file = tmp_path / "keys.toml"
    lines = ["[[key]]", 'id = "a"', f'sha256 = "{sha256(READER)}"', ""]
    file.write_bytes("\r\n".join(lines).encode())
    assert Keyring.from_file(file).verify(READER).id == "a"
    file.write_bytes("# old \r".encode() + "\n".join(lines).encode())
    with pytest.raises(KeyringError, match="TOML"):
        Keyring.from_file(file)


def test_tokens_and_ids_the_wrong_way_round_are_not_shown():
    with pytest.raises(KeyringError) as caught:
        Keyring.from_tokens({READER: "ann"})
    assert READER not in str(caught.value)


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "a = " + "9" * 5000])
def test_a_file_that_breaks_the_parser_is_a_bad_file(tmp_path, text):
    file = tmp_path / "keys.toml"
    file.write_text(text)
    with pytest.raises(KeyringError, match="keys.toml"):
        Keyring.from_file(file)


def test_a_path_that_is_none():
    with pytest.raises(KeyringError):
        Keyring.from_file("keys\0.toml")


def test_reload_of_an_environment(monkeypatch):
    monkeypatch.setenv("SALLET_TOKENS", f"ann={READER}")
    ring = Keyring.from_env()
    monkeypatch.setenv("SALLET_TOKENS", f"bob={WRITER}")
    ring.reload()
    assert (ring.verify(READER), ring.verify(WRITER).id) == (None, "bob")
    monkeypatch.setenv("SALLET_TOKENS", "")
    with pytest.raises(KeyringError):
        ring.reload()
    assert ring.verify(WRITER).id == "bob"


def test_a_ring_made_by_hand_has_nothing_to_reload():
    ring = keyring()
    with pytest.raises(KeyringError, match="from_file|from_env"):
        ring.reload()
    assert ring.verify(READER) is not None


def test_a_guard_sees_the_reloaded_keys(file):
    from harness import asgi
    from sallet import AuthMiddleware, Bearer
    from whoami import whoami

    ring = Keyring.from_file(file)
    app = AuthMiddleware(whoami, Bearer(ring))
    assert asgi.call(app, "/", [asgi.bearer(READER)]).status == 200
    file.write_text(f"[[key]]\nid = 'new'\nsha256 = '{sha256(WRITER)}'\n")
    ring.reload()
    assert asgi.call(app, "/", [asgi.bearer(READER)]).status == 401
    assert asgi.call(app, "/", [asgi.bearer(WRITER)]).status == 200


def test_reload_from_another_thread(file):
    ring = Keyring.from_file(file)
    file.write_text(FILE.replace("ci-1", "ci-2"))
    thread = threading.Thread(target=ring.reload)
    thread.start()
    thread.join()
    assert ring.verify(READER).id == "ci-2"
