"""The parts of the stub that the core's tables decide: a keyword and a property for each header, a constant for each source, the words
that editors offer.

Run as a program, this file writes them; `test_typing.py` fails where one is missing or old.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import Any

import sallet
from sallet import _sallet

STUB = Path(sallet.__file__).with_name("_sallet.pyi")
ROWS: dict[str, Any] = _sallet._rows()


def literal(words: list[str]) -> str:
    lines = wrap(", ".join(json.dumps(word) for word in words), 110, break_long_words=False, break_on_hyphens=False)
    return f"Literal[{lines[0]}]" if len(lines) == 1 else "Literal[\n    " + "\n    ".join(lines) + "\n]"


def dict_type(name: str, keys: list[str], value: str) -> str:
    """With the same keys as a Mapping of literals: of this kind editors complete a key before its value is there."""
    members = "".join(f"        {json.dumps(key)}: {value},\n" for key in keys)
    return f'{name} = TypedDict(\n    "{name}",\n    {{\n{members}    }},\n    total=False,\n)\n'


def name_of(row: dict[str, Any]) -> str | None:
    """The name of the type of a header whose value is made of a few words, shared with its twin."""
    return "_" + row["enforced"].title().replace("-", "") if row["values"] else None


def given(row: dict[str, Any]) -> str:
    """What may be given for a header. Where its value is one of a few words and never more, another text is a type error."""
    if row["type"] == "ContentSecurityPolicy":
        return "_Policies"
    if row["enforced"] == "permissions-policy":
        return "_Allowlists | str"
    if name := name_of(row):
        return f"{name} | _Unchecked" if row["closed"] else f"{name} | str"
    return "str"


def got(row: dict[str, Any]) -> str:
    return f"{name_of(row)} | _Unchecked" if row["closed"] else row["type"]


def parts() -> Iterator[tuple[str, str]]:
    headers, sources = ROWS["headers"], ROWS["sources"]
    yield "exported", "__all__ += [\n" + "".join(f'    "{name}",\n' for name, _, _ in sources) + "]\n"
    words = {
        "_DirectiveName": ROWS["directives"],
        "_Word": [text for _, _, text in sources] + ROWS["flags"],
        "_Feature": ROWS["features"],
        **{name: row["values"] for row in headers if (name := name_of(row))},
    }
    yield "words", "".join(f"{name} = {literal(texts)}\n" for name, texts in words.items())
    yield "dicts", "".join(dict_type(*of) for of in (("_DirectiveDict", ROWS["directives"], "_Sources"), ("_FeatureDict", ROWS["features"], "_Origins")))
    yield "keywords", "".join(f"    {row['keyword']}: {given(row)} | None\n" for row in headers)
    yield (
        "properties",
        "".join(f'    @property\n    def {row["keyword"]}(self) -> {got(row)} | None:\n        """{row["doc"]}"""\n' for row in headers),
    )
    yield "constants", "".join(f'{name}: Final[str]\n"""{doc}"""\n' for name, doc, _ in sources)


def written(stub: str) -> str:
    for name, text in parts():
        stub, found = re.subn(rf"(?s)( *)# <{name}>\n.*?# </{name}>\n", lambda at: f"{at[1]}# <{name}>\n{text}{at[1]}# </{name}>\n", stub)
        assert found == 1, f"{STUB.name} has one place # <{name}>"
    return stub


if __name__ == "__main__":
    STUB.write_text(written(STUB.read_text(encoding="utf-8")), encoding="utf-8")
