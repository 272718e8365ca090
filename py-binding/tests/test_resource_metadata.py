"""The documents about protected resources are hyper's, byte for byte: `cases/resource_metadata.json`."""

import json
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from sallet import Bearer, Keyring, PolicyError
from sallet.fastapi import protect, resource_metadata

CASES = json.loads((Path(__file__).parents[2] / "cases" / "resource_metadata.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["resource"])
def test_a_document_is_served_to_anybody(case):
    given = dict(case)
    path, document = given.pop("path"), given.pop("document")
    app = FastAPI()
    url = resource_metadata(app, **given)
    assert url.endswith(path)
    protect(app, auth=Bearer(Keyring.from_tokens({"ci": "x" * 32}), resource_metadata=url))
    with TestClient(app) as client:
        answer = client.get(path, headers={"origin": "https://anywhere.example"})
        assert (answer.status_code, answer.text) == (200, document)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert client.post(path).status_code == 401
        assert f'resource_metadata="{url}"' in client.get("/").headers["www-authenticate"]


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: case["resource"])
def test_a_resource_that_cannot_be_described(case):
    with pytest.raises((PolicyError, TypeError)):
        resource_metadata(FastAPI(), **case)
