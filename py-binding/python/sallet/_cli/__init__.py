"""The command line: keys, passwords, presets, and what an app sends. Each group of commands has a file."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

from sallet import SalletError
from sallet._cli import check, headers, keys, mint, passwords
from sallet._cli._arguments import Misuse, Parser, refuse_tokens

NO, WRONG = 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Returns:
        0 when it is done; 1 when the answer is no (`check` found something high, `keys verify` a token that opens
        nothing, `keys revoke --wait` a worker that has not heard); 2 when it could not be done.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    for stream in (sys.stdout, sys.stderr):
        # TOML and JSON are UTF-8, whatever the locale says.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")
    try:
        if words[:1] in (["keys"], ["token"]):
            refuse_tokens(words)
        arguments = _parser().parse_args(words)
        status = int(arguments.run(arguments))
        # Here and not when the interpreter ends, so that a full disk is noticed.
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # `| head` has seen enough. The interpreter would flush once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (SalletError, Misuse) as error:
        return _end(str(error))
    except OSError as error:
        return _end(f"{error.filename or 'writing the output'}: {error.strerror}")
    except KeyboardInterrupt:
        return _end("interrupted")


def _end(sentence: str) -> int:
    print(f"sallet: {sentence}", file=sys.stderr)
    return WRONG


def _parser() -> Parser:
    parser = Parser(
        prog="sallet",
        description="A light helmet for HTTP.",
        epilog="Ends with status 0 when the command is done, 1 when its answer is no, 2 when it could not be done.",
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    for group in (keys, mint, passwords, headers, check):
        group.add_to(commands)
    return parser
