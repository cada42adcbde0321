"""Runs commands as on a system that has no POSIX terminals, no TFLite kernels and no emulator.

A program of its own: its one argument is a JSON list of command lines, and it prints the exit
status, stdout and stderr of each. pyserial and psutil have other insides on such a system, so they
are imported before anything is taken away.
"""

from __future__ import annotations

import asyncio  # noqa: F401 - of the standard library, and not the same everywhere
import io
import json
import os
import signal
import sys
import types
from contextlib import redirect_stderr, redirect_stdout

import psutil  # noqa: F401
import serial.tools.list_ports  # noqa: F401

for name in ("termios", "tty", "pty", "fcntl", "resource"):
    sys.modules[name] = None  # type: ignore[assignment]
sys.modules["select"] = types.ModuleType("select")  # which there takes nothing but sockets
for name in ("tflite_micro", "tflite_runtime", "unicorn"):
    sys.modules[name] = None  # type: ignore[assignment]
for name in ("SIGHUP", "SIGKILL", "SIGALRM", "pthread_sigmask"):
    delattr(signal, name)
for name in ("openpty", "fork", "killpg", "setsid", "mkfifo", "getuid"):
    delattr(os, name)

from mcugen.cli import main  # noqa: E402


def told(words: list[str]) -> tuple[int, str, str]:
    """What a command does."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main(words)
    return status, out.getvalue(), err.getvalue()


if __name__ == "__main__":
    print(json.dumps([told(words) for words in json.loads(sys.argv[1])]))
