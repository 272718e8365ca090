"""Keys in a file: comments and order stay, no writer undoes another's change, and nothing is ever half written."""

from __future__ import annotations

import hashlib
import os
import random
import resource
import shutil
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from needs import need, program
from sallet import Keyring, StoreError, generate_token
from sallet.stores import Add, Change, Expire, Revoke, Row
from sallet.stores.file import FileBook

COMMENTED = """\
# The keys of the shop.

# of the pipeline
[[key]]
id = "ci"   # since 2026
sha256 = "{a}"
scopes = [
    "items:read",  # no more
]

# ---- partners ----

# of a partner
[[ "key" ]]
sha256 = "{b}"
not_after = 2030-01-01T00:00:00Z # renew in december
id = 'partner'

# of nobody yet
"""


def row(identity: str, **more: object) -> Row:
    return Row(identity, identity, "", hashlib.sha256(identity.encode()).digest())._replace(**more)  # type: ignore[arg-type]


def digest(identity: str) -> str:
    return row(identity).digest.hex()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys.toml"
    path.write_text(COMMENTED.format(a=digest("a"), b=digest("b")))
    return path


def after(file: Path, *changes: Change) -> str:
    FileBook(file).write(changes)
    Keyring.from_file(file)
    return file.read_text()


# Editing


def test_a_key_is_added_at_the_end_and_all_else_stays(file: Path) -> None:
    before = file.read_text()
    text = after(file, Add(row("new", scopes="x y", not_after=1_893_456_000)))
    assert text == before + f'\n[[key]]\nid = "new"\nscopes = ["x", "y"]\nnot_after = 2030-01-01T00:00:00Z\nsha256 = "{digest("new")}"\n'


def test_a_revoked_key_goes_with_its_own_comment_alone(file: Path) -> None:
    before = file.read_text()
    first, second = before.index("# of the pipeline"), before.index("# ---- partners")
    assert after(file, Revoke("ci")) == before[:first] + before[second:]
    text = after(file, Revoke("partner"))
    assert text == "# The keys of the shop.\n\n# ---- partners ----\n\n# of nobody yet\n"
    assert len(Keyring.from_file(file)) == 0


def test_an_end_is_set_where_it_is_or_after_the_fields(file: Path) -> None:
    before = file.read_text()
    text = after(file, Expire("partner", 1_800_000_000), Expire("ci", 1_800_000_001))
    assert text == before.replace("2030-01-01T00:00:00Z # renew", "2027-01-15T08:00:00Z # renew").replace(
        "  # no more\n]\n", "  # no more\n]\nnot_after = 2027-01-15T08:00:01Z\n"
    )


def test_the_files_own_ends_of_lines_and_mark_stay(file: Path) -> None:
    data = b"\xef\xbb\xbf" + f'[[key]]\r\nid = "a"\r\nsha256 = "{digest("a")}"'.encode()
    file.write_bytes(data)
    after(file, Add(row("b")), Expire("a", 1_800_000_000))
    written = file.read_bytes()
    assert written.startswith(data) and written.count(b"\n") == written.count(b"\r\n") == 8


def test_the_last_key_leaves_a_file_that_is_not_empty(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    after(file, Add(row("a")))
    assert after(file, Revoke("a")) == "# No key is in force.\n"
    after(file, Add(row("b")))
    assert [entry.id for entry in FileBook(file).entries()] == ["b"]


@pytest.mark.parametrize(
    "text",
    [
        'key = [{{id = "a", sha256 = "{a}"}}]\n',
        '[[key]]\nid = """a"""\nsha256 = "{a}"\nprincipal = """\n[[key]]\n"""\n',
        '[[key]]\nid = "a"\nsha256 = "{a}"\nprincipal = """\np\n# q"""\n',
    ],
)
def test_what_cannot_be_edited_for_sure_is_left_alone(tmp_path: Path, text: str) -> None:
    file = tmp_path / "keys.toml"
    file.write_text(text.format(a=digest("a")))
    before = file.read_bytes()
    with pytest.raises(StoreError, match="keys.toml: "):
        FileBook(file).write([Revoke("a")])
    assert file.read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_random_files_and_changes_keep_every_comment_that_is_not_a_keys_own(tmp_path: Path) -> None:
    chance = random.Random(13)
    file = tmp_path / "keys.toml"
    for _ in range(60):
        names = [f"k{number}" for number in range(chance.randrange(7))]
        text, kept = chance.choice(["", "# head\n", "# head\n\n", "\n"]), 0
        expected = {}
        for name in names:
            fields = [f'id = "{name}"', f'"sha256" = "{digest(name)}"'] + chance.choice([[], ["not_after = 2030-01-01T00:00:00Z"], ["scopes = [\n\n]"]])
            chance.shuffle(fields)
            text += chance.choice(["", "\n# section\n\n", "\n", "\n\n  # own\n"])
            text += chance.choice(["[[key]]", " [[ key ]] # x", '[["key"]]']) + "\n" + chance.choice(["\n", "# in\n"]).join(fields) + chance.choice(["", " # y"]) + "\n"
            expected[name] = 1_893_456_000 if any("not_after" in field for field in fields) else None
        text = text or "\n"
        file.write_text(text)
        changes: list[Change] = []
        for name in names:
            match chance.randrange(4):
                case 0:
                    changes.append(Revoke(name))
                    del expected[name]
                case 1:
                    changes.append(Expire(name, 1_800_000_000))
                    expected[name] = 1_800_000_000
        for number in range(chance.randrange(3)):
            changes.append(Add(row(f"new{number}")))
            expected[f"new{number}"] = None
        chance.shuffle(changes)
        kept = text.count("# section") + text.count("# head")
        written = after(file, *changes)
        assert {found.id: found.not_after for found in FileBook(file).load()[1]} == expected, text
        assert written.count("# section") + written.count("# head") == kept, (text, written)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ([Add(row("ci"))], "'ci' is there already"),
        ([Add(row("x", digest=row("a").digest))], "has the token of key 'ci'"),
        ([Add(row("x")), Add(row("x"))], "twice"),
        ([Revoke("nobody")], "there is no key 'nobody'"),
        ([Revoke("ci"), Expire("nobody", 1)], "there is no key 'nobody'"),
        ([Add(row("x", scopes='"'))], "scope"),
        ([Add(row("x", not_before=5, not_after=4))], "never"),
    ],
)
def test_a_wrong_change_is_none_of_them(file: Path, changes: Sequence[Change], says: str) -> None:
    before = file.read_bytes()
    with pytest.raises(StoreError, match=says):
        FileBook(file).write([Add(row("first")), *changes])
    assert file.read_bytes() == before


def test_a_file_with_a_wrong_key_is_not_written(file: Path) -> None:
    """A server would not read it, so that a key taken out of it would stay in force."""
    with file.open("a") as end:
        end.write('\n[[key]]\nid = "bad"\nsha256 = "12"\n')
    with pytest.raises(StoreError, match="bad"):
        FileBook(file).write([Revoke("ci")])


# Replacing


def test_a_link_stays_one_and_its_target_keeps_its_mode(tmp_path: Path) -> None:
    target = tmp_path / "data" / "real.toml"
    target.parent.mkdir()
    target.write_text("# none\n")
    target.chmod(0o640)
    (tmp_path / "keys.toml").symlink_to("data/real.toml")
    after(tmp_path / "keys.toml", Add(row("a")))
    assert (tmp_path / "keys.toml").is_symlink() and 'id = "a"' in target.read_text()
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_the_time_of_the_file_moves_on(file: Path) -> None:
    os.utime(file, (1, 1))
    version = FileBook(file).write([Add(row("x"))])
    assert file.stat().st_mtime_ns == version > 10**18


def test_two_writers_at_once_undo_nothing(tmp_path: Path) -> None:
    commands = [
        subprocess.Popen(
            [sys.executable, "-m", "sallet", "keys", "add", "--id", f"key-{number}"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for number in range(8)
    ]
    tokens = [command.communicate(timeout=300)[0].strip() for command in commands]
    assert [command.returncode for command in commands] == [0] * 8
    ring = Keyring.from_file(tmp_path / "keys.toml")
    assert [who and who.id for who in map(ring.verify, tokens)] == [f"key-{number}" for number in range(8)]
    assert len(list(tmp_path.iterdir())) == 1


def test_threads_wait_for_each_other_too(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    file = tmp_path / "keys.toml"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: FileBook(file).write([Add(row(f"k{number}"))]), range(40)))
    assert len(Keyring.from_file(file)) == 40


def test_what_an_editor_saved_meanwhile_is_not_overwritten(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sallet import _replace_file

    make = _replace_file.tempfile.mkstemp

    def while_an_editor_saves(**options: object) -> tuple[int, str]:
        file.write_text("# saved by an editor\n")
        return make(**options)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(_replace_file.tempfile, "mkstemp", while_an_editor_saves)
    with pytest.raises(StoreError, match="try again"):
        FileBook(file).write([Revoke("ci")])
    assert file.read_text() == "# saved by an editor\n" and len(list(file.parent.iterdir())) == 1


def test_a_file_larger_than_may_be_leaves_the_old_one(file: Path) -> None:
    before = file.read_bytes()

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, len(before) + 10))

    done = subprocess.run(
        [sys.executable, "-m", "sallet", "keys", "add", "--id", "x"], cwd=file.parent, capture_output=True, text=True, preexec_fn=limit, check=False
    )
    assert done.returncode == 2 and "the disk is full" in done.stderr and done.stdout == ""
    assert file.read_bytes() == before and len(list(file.parent.iterdir())) == 1


FILL = """
set -e
mount -t tmpfs -o size=64k tmpfs {folder}
cd {folder}
cp {file} keys.toml
{python} -m sallet keys add --id before > /dev/null 2>&1
cp keys.toml {folder}.before
dd if=/dev/zero of=filler bs=1k 2> /dev/null || true
status=0
{python} -m sallet keys revoke ci 2> {folder}.said || status=$?
cmp keys.toml {folder}.before
ls -A
exit $status
"""


def test_a_full_disk_leaves_the_old_file(file: Path, tmp_path: Path) -> None:
    unshare = program("unshare", how="apt-get install util-linux")
    how = [unshare, "--mount"] if os.geteuid() == 0 else [unshare, "--mount", "--map-root-user"]
    if subprocess.run([*how, "true"], capture_output=True, check=False).returncode:
        need("a file system to fill", "unshare --mount is not allowed here", "run as root, or allow user namespaces")
    folder = tmp_path / "small"
    folder.mkdir()
    script = FILL.format(folder=folder, file=file, python=sys.executable)
    done = subprocess.run([*how, "sh", "-c", script], capture_output=True, text=True, check=False)
    said = Path(f"{folder}.said").read_text()
    assert done.returncode == 2 and "the disk is full" in said and "Traceback" not in said, done.stderr + said
    assert done.stdout.split() == ["filler", "keys.toml"]


def as_root(why: str) -> None:
    if os.geteuid() != 0:
        need("root", why, "run the tests as root")


def test_the_owner_stays(tmp_path: Path) -> None:
    as_root("another owner's file is made")
    file = tmp_path / "keys.toml"
    file.write_text("# none\n")
    os.chown(file, 65534, 65534)
    after(file, Add(row("a")))
    assert (file.stat().st_uid, file.stat().st_gid) == (65534, 65534)


def test_a_file_is_not_taken_from_its_owner() -> None:
    """The server runs as the owner. Could it no longer read the file, the keys that were taken out would stay in force."""
    as_root("another owner's file is made")
    setpriv = program("setpriv", how="apt-get install util-linux")
    folder = Path("/tmp") / f"sallet-owner-{os.getpid()}"
    folder.mkdir()
    try:
        folder.chmod(0o777)
        file = folder / "keys.toml"
        file.write_text(f'[[key]]\nid = "a"\nsha256 = "{digest("a")}"\n')
        file.chmod(0o644)
        before = file.read_bytes()
        command = [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-m", "sallet", "keys", "revoke", "a"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if "Permission denied" in done.stderr and "sallet:" not in done.stderr:
            need("a Python that every user may run", "this one is in a folder of its owner's", "put the tree where others may read it")
        assert done.returncode == 2 and "run the command as its owner" in done.stderr, done.stderr
        assert file.read_bytes() == before
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("make", [lambda path: os.mkfifo(path), lambda path: path.mkdir(), lambda path: path.symlink_to(path)])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, make: object) -> None:
    path = tmp_path / "keys.toml"
    make(path)  # type: ignore[operator]
    for ask in (lambda: FileBook(path).write([Add(row("a"))]), lambda: list(FileBook(path).entries())):
        with pytest.raises(StoreError):
            ask()


def test_a_token_in_place_of_an_id_is_not_shown(file: Path) -> None:
    token = generate_token()
    for change in (Revoke(token), Expire(token, 1)):
        with pytest.raises(StoreError) as refused:
            FileBook(file).write([change])
        assert token not in str(refused.value)
