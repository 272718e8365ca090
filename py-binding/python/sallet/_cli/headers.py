"""`sallet headers`: what a preset sends."""

from __future__ import annotations

import argparse

from sallet import SecurityHeaders
from sallet._cli._arguments import Commands

PRESETS = {
    "strict": SecurityHeaders.STRICT,
    "api": SecurityHeaders.API,
    "classic": SecurityHeaders.CLASSIC,
    "third-party-ui": SecurityHeaders.THIRD_PARTY_UI,
}


def add_to(commands: Commands) -> None:
    """Adds the command."""
    headers = commands.add_parser("headers", help="print a preset")
    headers.add_argument("preset", nargs="?", choices=PRESETS, default="strict")
    headers.add_argument("--http", action="store_true", help="as sent over plain http")
    headers.set_defaults(run=_headers)


def _headers(arguments: argparse.Namespace) -> int:
    for name, value in PRESETS[arguments.preset].items(https=not arguments.http):
        print(f"{name}: {value}")
    return 0
