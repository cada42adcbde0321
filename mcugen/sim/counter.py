"""Counts executed instructions: a hook on every basic block, in C where there is a compiler.

Both counters give the same numbers. A block is counted as it begins, so a count that is read in
the middle of one includes all of it.
"""

from __future__ import annotations

import ctypes
import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import unicorn

from mcugen import resources
from mcugen.errors import ToolchainError
from mcugen.toolchain import Compiler, Unit

_SOURCE = "block_counter.c"


class Counter(Protocol):
    """``executed`` since the counter was made; above ``limit`` the run is stopped."""

    @property
    def executed(self) -> int: ...

    def set_limit(self, limit: int) -> None: ...

    def code_changed(self) -> None:
        """The code is no longer what it was."""


def attach_counter(uc: unicorn.Uc, code: ctypes.Array[ctypes.c_ubyte], base: int) -> Counter:
    """Counts what ``uc`` executes of ``code``, which it has mapped at ``base``."""
    try:
        return NativeCounter(uc, code, base)
    except (ToolchainError, AttributeError, OSError):
        return PythonCounter(uc)


class PythonCounter:
    """For machines without a C compiler: about ten million instructions a second."""

    def __init__(self, uc: unicorn.Uc) -> None:
        self._state = [0, 0]
        self._lengths: dict[tuple[int, int], int] = {}
        uc.hook_add(unicorn.UC_HOOK_BLOCK, self._hook(self._state, self._lengths))

    @property
    def executed(self) -> int:
        return self._state[0]

    def set_limit(self, limit: int) -> None:
        self._state[1] = limit

    def code_changed(self) -> None:
        self._lengths.clear()

    @staticmethod
    def _hook(
        state: list[int], lengths: dict[tuple[int, int], int]
    ) -> Callable[[unicorn.Uc, int, int, object], None]:
        """Millions of calls an inference: no attributes, one look-up."""

        def count(uc: unicorn.Uc, address: int, size: int, _data: object) -> None:
            try:
                state[0] += lengths[address, size]
            except KeyError:
                lengths[address, size] = _instructions_in(bytes(uc.mem_read(address, size)))
                state[0] += lengths[address, size]
            if state[0] > state[1]:
                uc.emu_stop()

        return count


def _instructions_in(code: bytes) -> int:
    """Thumb instructions: a first halfword from 0xE800 up begins one of two halfwords."""
    count = position = 0
    while position < len(code):
        count += 1
        position += 4 if code[position + 1] >= 0xE8 else 2
    return count


class _Shared(ctypes.Structure):
    """``struct counter`` of block_counter.c."""

    _fields_ = (
        ("executed", ctypes.c_uint64),
        ("limit", ctypes.c_uint64),
        ("over_limit", ctypes.CFUNCTYPE(None)),
        ("code", ctypes.c_void_p),
        ("base", ctypes.c_uint64),
    )


class NativeCounter:
    """About a hundred million instructions a second.

    Unicorn's Python interface only takes Python functions as hooks, so the hook is added through
    Unicorn's C interface. Raises ToolchainError, AttributeError or OSError where that cannot be.
    """

    def __init__(self, uc: unicorn.Uc, code: ctypes.Array[ctypes.c_ubyte], base: int) -> None:
        stop = ctypes.CFUNCTYPE(None)(uc.emu_stop)
        # Unicorn only knows their addresses: they must live as long as it does.
        self._kept = (stop, code)
        self._shared = _Shared(0, 0, stop, ctypes.addressof(code), base)
        library = unicorn_library()
        status = library.uc_hook_add(
            uc._uch,
            ctypes.byref(ctypes.c_size_t()),
            ctypes.c_int(unicorn.UC_HOOK_BLOCK),
            ctypes.cast(native_library(_SOURCE).count_block, ctypes.c_void_p),
            ctypes.byref(self._shared),
            ctypes.c_uint64(1),
            ctypes.c_uint64(0),
        )
        if status != unicorn.UC_ERR_OK:
            raise OSError(f"uc_hook_add gives status {status}")

    @property
    def executed(self) -> int:
        return int(self._shared.executed)

    def set_limit(self, limit: int) -> None:
        self._shared.limit = limit

    def code_changed(self) -> None:
        """Nothing is remembered: every block's bytes are looked at when it runs."""


@functools.cache
def native_library(source: str) -> Any:
    """A C file of ``firmware/host``, compiled and loaded. Raises ToolchainError T001, T002."""
    with tempfile.TemporaryDirectory(prefix="mcugen-counter-") as work:
        folder = Path(work)
        compiler = Compiler("cc", ("-O2", "-fPIC", "-shared"))
        root = resources.firmware_dir() / "host"
        objects = compiler.compile(root, [Unit(source)], folder)
        compiler.link(root, objects, (), folder / "host.so")
        return ctypes.CDLL(str(folder / "host.so"))


@functools.cache
def unicorn_library() -> Any:
    """The library that the package has loaded, once more by its path."""
    folder = Path(unicorn.__file__).parent / "lib"
    shared = [path for path in sorted(folder.glob("libunicorn.*")) if path.suffix != ".a"]
    if not shared:
        raise OSError(f"no library in {folder}")
    return ctypes.CDLL(str(shared[0]))
