"""`sallet check`: what an app sends, and what is weak in it."""

from __future__ import annotations

import argparse
import inspect
import sys

from sallet._check import check, credential, credential_arguments
from sallet._cli._arguments import Commands, Misuse


def add_to(commands: Commands) -> None:
    """Adds the command."""
    look = commands.add_parser(
        "check",
        help="print what an app sends, and what is weak in it",
        description="Imports an ASGI app, asks it in this process for / and for a path that "
        "does not exist, over https, and judges the answers. Ends with status 1 when something "
        "of high severity is found. The app's lifespan is not run.",
    )
    look.add_argument("app", metavar="module:app", help="such as main:app")
    look.add_argument("--app-dir", default=".", help="where the module is (.)")
    credential_arguments(look)
    look.set_defaults(run=_check)


def _check(arguments: argparse.Namespace) -> int:
    sys.path.insert(0, arguments.app_dir)
    try:
        shown = credential(arguments)
    except ValueError as error:
        raise Misuse(str(error)) from None
    return 1 if check(_load(arguments.app), shown) else 0


def _load(spec: str) -> object:
    import importlib

    module_name, _, attribute = spec.partition(":")
    if not module_name or not attribute:
        raise Misuse(f"{spec!r} names no app; write module:app, as for uvicorn")
    try:
        found: object = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not (module_name + ".").startswith(error.name + "."):
            raise  # the module is there; something it imports is not
        raise Misuse(f"there is no module {module_name!r}; is --app-dir right?") from None
    for name in attribute.split("."):
        if not hasattr(found, name):
            raise Misuse(f"{module_name} has no {attribute!r}")
        found = getattr(found, name)
    if not callable(found):
        raise Misuse(f"{spec} is not an ASGI app: it cannot be called")
    if inspect.isfunction(found) and not inspect.iscoroutinefunction(found):
        raise Misuse(f"{spec} makes an app and is none: name what it returns, as main:app")
    return found
