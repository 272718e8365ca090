"""Argon2id (RFC 9106) for passwords: the stored form, making one, comparing with one.

`argon2-cffi` does the work. It is imported where it is needed, so that Sallet itself does without it.
"""

from __future__ import annotations

import os
import re
import unicodedata
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argon2

# The second of OWASP's equal choices: 19 MiB, which still lets some run at once on a small machine.
_PASSES, _MEMORY, _LANES = 2, 19_456, 1
_SALT, _TAG = 16, 32
_LONGEST = 1024
"""Bytes of a password: the core reads no longer pair of user and password."""

# As the PHC string format writes it. A salt has 8 bytes at least (RFC 9106 section 3.1); a tag under 16 can be guessed.
_STORED = re.compile(
    r"(?P<how>\$argon2id\$v=19\$m=(?P<m>[1-9][0-9]{0,9}),t=(?P<t>[1-9][0-9]{0,9}),p=(?P<p>[1-9][0-9]{0,7})\$)"
    r"(?P<salt>[A-Za-z0-9+/]{11,})\$(?P<tag>[A-Za-z0-9+/]{22,})"
)

_SPACE = "Zs"
_NO_TEXT = {
    "Cc": "a control character, which Basic cannot send (RFC 7617 section 2)",
    "Cs": "half a surrogate pair, which UTF-8 cannot encode",
    "Cn": "a character that Unicode did not have when this Python was made (RFC 8265 section 4.2.1)",
}


def hasher() -> argon2.PasswordHasher:
    """The package's hasher, with the parameters of `hash_password`."""
    try:
        import argon2
    except ImportError as error:
        raise ImportError(
            f"passwords need the package argon2-cffi ({error}): pip install 'sallet[passwords]'", name=error.name
        ) from error
    return argon2.PasswordHasher(_PASSES, _MEMORY, _LANES, _TAG, _SALT)


def parameters(stored: Any) -> str | None:
    """How a stored hash was made, `$argon2id$v=19$m=19456,t=2,p=1$`; `None` for what is no Argon2id hash."""
    found = _STORED.fullmatch(stored) if isinstance(stored, str) else None
    if not found or not _is_whole(found["salt"]) or not _is_whole(found["tag"]):
        return None
    memory, passes, lanes = (int(found[name]) for name in "mtp")
    # RFC 9106 section 3.1. Others can never be compared with, and neither could the dummy that is made like them.
    may_be = 8 * lanes <= memory < 1 << 32 and passes < 1 << 32 and lanes < 1 << 24
    return found["how"] if may_be else None


def _is_whole(text: str) -> bool:
    """Whether it is what base64 writes, without its padding: most texts that have lost their end are not."""
    return len(text) % 4 != 1 and _base64(b64decode(text + "=" * (-len(text) % 4))) == text


def _base64(data: bytes) -> str:
    return b64encode(data).decode().rstrip("=")


def dummy(how: str | None = None) -> str:
    """A stored hash that no password has, and that takes as long to compare with as a real one."""
    salt, tag = (_base64(os.urandom(size)) for size in (_SALT, _TAG))
    return f"{how or f'$argon2id$v=19$m={_MEMORY},t={_PASSES},p={_LANES}$'}{salt}${tag}"


def opaque(password: str) -> bytes:
    """The password as it is hashed: by the profile OpaqueString, RFC 8265 section 4.2.2.

    Any space is U+0020, and the text is in Unicode's normal form C. RFC 7617 section 2.1 has the
    client send NFC; not each one does, and two keyboards write one password differently.
    """
    if not password.isascii():
        spaced = (" " if unicodedata.category(one) == _SPACE else one for one in password)
        password = unicodedata.normalize("NFC", "".join(spaced))
    return password.encode("utf-8", "surrogatepass")


def may_match(secret: bytes) -> bool:
    """Whether some stored hash may be that of this one: `hash_password` makes none of the others."""
    return 0 < len(secret) <= _LONGEST


def hash_password(password: str) -> str:
    """What to store of a password.

    Raises:
        ValueError: It is empty or too long, or holds a character that Basic or RFC 8265 excludes.
    """
    for one in password:
        if (why := _NO_TEXT.get(unicodedata.category(one))) is not None:
            raise ValueError(f"the password holds {why}: leave it out")
    secret = opaque(password)
    if not may_match(secret):
        raise ValueError(f"a password has 1 to {_LONGEST} bytes of UTF-8: this one has {len(secret)}")
    return hasher().hash(secret)


def matches(hasher: argon2.PasswordHasher, stored: str, credentials: Any) -> bool | str:
    """Whether the password of these credentials is the one; a text says why that cannot be told.

    It raises nothing: a traceback would carry the password, as a local of the package's functions,
    to error trackers that record them.
    """
    from argon2.exceptions import VerifyMismatchError

    try:
        return hasher.verify(stored, opaque(credentials.password))
    except VerifyMismatchError:
        return False
    except Exception as error:  # what libargon2 says, such as "Memory allocation error"
        return str(error) or type(error).__name__
