"""Traces basic blocks, and simulates the caches before the flash, in C beside Unicorn."""

from __future__ import annotations

import ctypes
from typing import Any

import unicorn
from unicorn import arm_const as arm

from mcugen.boards import Accelerator, Region
from mcugen.errors import ToolchainError
from mcugen.sim.counter import native_library, unicorn_library
from mcugen.sim.status import IF_THEN
from mcugen.timing.trace import Block, BlockTrace

_SOURCE = "block_tracer.c"
_MOST_LINES = 256
_SLOTS = 1 << 16


class _Cache(ctypes.Structure):
    """``struct cache_lines`` of cache_lines.h."""

    _fields_ = (
        ("misses", ctypes.c_uint64),
        ("lines", ctypes.c_uint32),
        ("shift", ctypes.c_uint32),
        ("used", ctypes.c_uint32),
        ("held", ctypes.c_uint32 * _MOST_LINES),
    )


class _Block(ctypes.Structure):
    _fields_ = (
        ("address", ctypes.c_uint32),
        ("bytes", ctypes.c_uint32),
        ("runs", ctypes.c_uint64),
        ("jumps", ctypes.c_uint64),
    )


class _Tracer(ctypes.Structure):
    """``struct tracer`` of block_tracer.c."""

    _fields_ = (
        ("code", _Cache),
        ("data", _Cache),
        ("blocks", ctypes.POINTER(_Block)),
        ("last", ctypes.POINTER(_Block)),
        ("slots", ctypes.c_uint32),
        ("taken", ctypes.c_uint32),
        ("read_register", ctypes.c_void_p),
        ("write_register", ctypes.c_void_p),
        ("status_register", ctypes.c_int),
        ("if_then", ctypes.c_uint32),
    )


class Tracer:
    """Follows what ``uc`` does from here on. ``accelerator`` is what stands before ``flash``.

    Raises ToolchainError T001 or T002 where its C cannot be compiled on this machine.
    """

    def __init__(self, uc: unicorn.Uc, flash: Region, accelerator: Accelerator | None) -> None:
        self._shared = traced_caches(accelerator)
        self._table = (_Block * _SLOTS)()
        self._shared.blocks = ctypes.cast(self._table, ctypes.POINTER(_Block))
        self._shared.slots = _SLOTS
        unicorns = unicorn_library()
        self._shared.read_register = ctypes.cast(unicorns.uc_reg_read, ctypes.c_void_p).value
        self._shared.write_register = ctypes.cast(unicorns.uc_reg_write, ctypes.c_void_p).value
        self._shared.status_register, self._shared.if_then = arm.UC_ARM_REG_XPSR, IF_THEN
        library = tracer_library()
        self._hook(uc, unicorn.UC_HOOK_BLOCK, library.trace_block, (1, 0))
        if accelerator is not None:
            self._hook(
                uc, unicorn.UC_HOOK_MEM_READ, library.trace_read, (flash.base, flash.end - 1)
            )

    def result(self) -> BlockTrace:
        """What was counted so far. Raises ToolchainError T009 for more code than it can hold."""
        if self._shared.taken >= _SLOTS:
            raise ToolchainError("T009", f"more than {_SLOTS:,} basic blocks ran")
        ran = sorted(
            (block for block in self._table if block.bytes), key=lambda block: block.address
        )
        return BlockTrace(
            tuple(Block(one.address, one.bytes, one.runs, one.jumps) for one in ran),
            self._shared.code.misses,
            self._shared.data.misses,
        )

    def _hook(self, uc: unicorn.Uc, kind: int, function: Any, span: tuple[int, int]) -> None:
        status = unicorn_library().uc_hook_add(
            uc._uch,
            ctypes.byref(ctypes.c_size_t()),
            ctypes.c_int(kind),
            ctypes.cast(function, ctypes.c_void_p),
            ctypes.byref(self._shared),
            ctypes.c_uint64(span[0]),
            ctypes.c_uint64(span[1]),
        )
        if status != unicorn.UC_ERR_OK:
            raise ToolchainError("T009", f"the emulator cannot be traced: status {status}")


def traced_caches(accelerator: Accelerator | None) -> _Tracer:
    """A tracer's caches, empty."""
    shared = _Tracer()
    if accelerator is not None:
        shift = accelerator.line_bytes.bit_length() - 1
        shared.code.lines, shared.code.shift = accelerator.code_lines, shift
        shared.data.lines, shared.data.shift = accelerator.data_lines, shift
    return shared


def tracer_library() -> Any:
    """block_tracer.c, compiled for this machine."""
    return native_library(_SOURCE)
