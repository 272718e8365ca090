"""Run a server module in this process, and die with the process that started us.

The parent holds the write end of our standard input. When it goes away, however it goes, the read below returns and
the whole process group (a server's workers too) is ended, so that no server outlives the tests.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def _die_with_parent() -> None:
    while os.read(0, 1):  # not sys.stdin: its lock would stop the interpreter from finalizing
        pass
    os.killpg(os.getpgid(0), signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=_die_with_parent, daemon=True).start()
    module, *arguments = sys.argv[1:]
    sys.argv = [module, *arguments]
    sys.path[0] = os.getcwd()  # the application's folder instead of this file's
    runpy.run_module(module, run_name="__main__", alter_sys=True)
