"""What an editor offers: pyright's language server, asked where a user would type."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stub


class Editor:
    """As much of an editor as it takes to ask for completions (Language Server Protocol 3.17)."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._asked = folder, 0
        command = [sys.executable, "-m", "pyright.langserver", "--stdio"]
        # Or it would ask the network whether there is a newer one.
        env = {**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
        self.server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)
        where = {"uri": folder.as_uri(), "name": "test"}
        self._ask("initialize", processId=None, rootUri=folder.as_uri(), workspaceFolders=[where], capabilities={"workspace": {"configuration": True}})
        self._send({"method": "initialized", "params": {}})

    def offers(self, line: str) -> list[str]:
        """What is offered at the `|`, without the quotes around a text."""
        text = f"from sallet import *\n{line}"
        uri = (self._folder / f"asked_{self._asked}.py").as_uri()
        document = {"uri": uri, "languageId": "python", "version": 1, "text": text.replace("|", "")}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        found = self._ask("textDocument/completion", textDocument={"uri": uri}, position={"line": 1, "character": line.index("|")})
        return [item["label"].strip('"') for item in found["items"]]

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.server.stdin
        self.server.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.server.stdin.flush()

    def _ask(self, method: str, **params: Any) -> Any:
        self._asked += 1
        self._send({"id": self._asked, "method": method, "params": params})
        while True:
            message = self._receive()
            if "method" in message and "id" in message:
                wanted = message["params"].get("items", []) if message["method"] == "workspace/configuration" else []
                settings = [{"pythonPath": sys.executable} if item.get("section") == "python" else {} for item in wanted]
                self._send({"id": message["id"], "result": settings or None})
            elif message.get("id") == self._asked:
                return message["result"]

    def _receive(self) -> dict[str, Any]:
        assert self.server.stdout
        length = 0
        while line := self.server.stdout.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        message: dict[str, Any] = json.loads(self.server.stdout.read(length))
        return message


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    editor = Editor(tmp_path_factory.mktemp("editor"))
    yield editor
    editor.server.kill()
    editor.server.wait()


def test_an_editor_offers_what_the_core_knows(editor: Editor) -> None:
    rows = stub.ROWS
    for line, offered in {
        'ContentSecurityPolicy({"|"})': rows["directives"],
        'ContentSecurityPolicy.STRICT.extend({"|": [SELF]})': rows["directives"],
        'SecurityHeaders(content_security_policy={"|"})': rows["directives"],
        'ContentSecurityPolicy({"script-src": ["|"]})': [text for _, _, text in rows["sources"]],
        'ContentSecurityPolicy({"sandbox": ["|"]})': rows["flags"],
        'SecurityHeaders(permissions_policy={"|"})': rows["features"],
        "SecurityHeaders(|)": [f"{row['keyword']}=" for row in rows["headers"]],
        **{f'SecurityHeaders({row["keyword"]}="|")': row["values"] for row in rows["headers"] if row["name"] != "clear-site-data"},
    }.items():
        missing = {*offered} - {*editor.offers(line)}
        assert not missing, line
