"""Inline C functions, callable from Python."""

from __future__ import annotations

import ctypes
from pathlib import Path

from mcugen import resources
from mcugen.toolchain import Compiler, Unit


def shared_library(source: Path, work: Path) -> ctypes.CDLL:
    """``source`` compiled in ``work``; it may include what is below ``firmware/kernels``."""
    compiler = Compiler("cc", ("-shared", "-fPIC", f"-I{resources.firmware_dir() / 'kernels'}"))
    objects = compiler.compile(source.parent, [Unit(source.name)], work)
    compiler.link(source.parent, objects, (), work / "shim.so")
    return ctypes.CDLL(str(work / "shim.so"))
