"""A stand-in for the hosts FastAPI's docs pages load from.

The bundles are the real ones, as the PyPI package drf-spectacular-sidecar carries them; the
browser is told to resolve the public host names to this server (see chromium.py). A path that is
not listed is a 404 and remembered in `Cdn.unknown`, so a page that starts to need another file
shows it by name.
"""

from __future__ import annotations

import contextlib
import importlib.util
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import trustme
from needs import need

from .serving import serve

SWAGGER = "cdn.jsdelivr.net/npm/swagger-ui-dist@5"
REDOC = "cdn.jsdelivr.net/npm/redoc@2/bundles"
FONT_CSS = """@font-face {
  font-family: 'Montserrat';
  src: url(https://fonts.gstatic.com/s/montserrat/stand-in.woff2) format('woff2');
}
@font-face {
  font-family: 'Roboto';
  src: url(https://fonts.gstatic.com/s/roboto/stand-in.woff2) format('woff2');
}
"""
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16"><rect width="16" height="16"/></svg>'

HOSTS = (
    "cdn.jsdelivr.net",
    "fastapi.tiangolo.com",
    "fonts.googleapis.com",
    "fonts.gstatic.com",
    "cdn.redoc.ly",
)


def bundles() -> Path:
    """The folder of real bundles; found without importing the package, which would want Django."""
    spec = importlib.util.find_spec("drf_spectacular_sidecar")
    if spec is None or not spec.submodule_search_locations:
        need("drf-spectacular-sidecar", "not installed", "pip install -r py-binding/requirements/dev.txt")
    return Path(spec.submodule_search_locations[0]) / "static" / "drf_spectacular_sidecar"


def picture_file() -> Path:
    """A real picture, 32 pixels wide."""
    return bundles() / "swagger-ui-dist" / "favicon-32x32.png"


class Cdn:
    """The ASGI app: looks a file up by host and path."""

    def __init__(self) -> None:
        root = bundles()
        swagger, redoc = root / "swagger-ui-dist", root / "redoc" / "bundles"
        script, style, font = "text/javascript", "text/css", "font/woff2"
        self.files: dict[str, tuple[str, bytes]] = {
            f"{SWAGGER}/swagger-ui-bundle.js": (script, (swagger / "swagger-ui-bundle.js").read_bytes()),
            f"{SWAGGER}/swagger-ui.css": (style, (swagger / "swagger-ui.css").read_bytes()),
            f"{REDOC}/redoc.standalone.js": (script, (redoc / "redoc.standalone.js").read_bytes()),
            "fastapi.tiangolo.com/img/favicon.png": ("image/png", picture_file().read_bytes()),
            "fonts.googleapis.com/css": (style, FONT_CSS.encode()),
            # The request itself is what a policy decides on; no glyphs are needed for that.
            "fonts.gstatic.com/s/montserrat/stand-in.woff2": (font, b""),
            "fonts.gstatic.com/s/roboto/stand-in.woff2": (font, b""),
            "cdn.redoc.ly/redoc/logo-mini.svg": ("image/svg+xml", LOGO.encode()),
        }
        self.served: list[str] = []
        self.unknown: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1").partition(":")[0]
        name = host + scope["path"]
        kind, body = self.files.get(name, ("text/plain", b"not here"))
        status = 200 if name in self.files else 404
        (self.served if status == 200 else self.unknown).append(name)
        headers = [
            (b"content-type", kind.encode()),
            # The public hosts allow every origin: fonts are always fetched with CORS.
            (b"access-control-allow-origin", b"*"),
            # What jsdelivr and the font host send; a page under COEP: require-corp needs it.
            (b"cross-origin-resource-policy", b"cross-origin"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@contextlib.contextmanager
def certified(*hosts: str) -> Iterator[dict[str, Any]]:
    """uvicorn's options for HTTPS, with a certificate made for this run alone."""
    certificate = trustme.CA().issue_cert(*hosts)
    with tempfile.TemporaryDirectory() as folder:
        pem = Path(folder) / "server.pem"
        certificate.private_key_and_cert_chain_pem.write_to_path(str(pem))
        yield {"ssl_certfile": str(pem)}


@contextlib.contextmanager
def cdn() -> Iterator[tuple[Cdn, int]]:
    """Serves the stand-in; yields it and its port."""
    app = Cdn()
    with certified(*HOSTS) as https, serve(app, **https) as port:
        yield app, port
