"""The caches before the flash, in C, against a list that is looked through."""

from __future__ import annotations

import ctypes

from hypothesis import given, settings
from hypothesis import strategies as st

from mcugen.boards import Accelerator
from mcugen.sim.tracer import traced_caches, tracer_library

BASE = 0x0800_0000


def naive_misses(addresses: list[int], size: int, lines: int, line_bytes: int) -> int:
    """Every byte is looked up by itself; the line used least recently goes."""
    held: list[int] = []
    misses = 0
    for address in addresses:
        for byte in range(address, address + size):
            line = byte // line_bytes
            if line in held:
                held.remove(line)
            else:
                misses += 1
            held = [*held, line][-lines:]
    return misses


@settings(deadline=None, max_examples=200)
@given(
    offsets=st.lists(st.integers(0, 400), max_size=200),
    size=st.integers(1, 40),
    lines=st.integers(1, 12),
    line_bytes=st.sampled_from([8, 16, 32]),
)
def test_misses(offsets: list[int], size: int, lines: int, line_bytes: int) -> None:
    shared = traced_caches(Accelerator(8, line_bytes, code_lines=1, data_lines=lines))
    addresses = [BASE + offset for offset in offsets]
    given_to_c = (ctypes.c_uint32 * len(addresses))(*addresses)
    tracer_library().trace_use(
        ctypes.byref(shared), given_to_c, ctypes.c_uint32(len(addresses)), ctypes.c_uint32(size)
    )
    assert shared.data.misses == naive_misses(addresses, size, lines, line_bytes)
