"""Arm's cores, as far as anything here differs by them."""

from __future__ import annotations

from dataclasses import dataclass

DATA_CACHE_LINES = {"cortex-m4": None, "cortex-m7": 32}
"""The cores that mcugen compiles for, and bytes in a line of their data cache, where they have
one."""


@dataclass(frozen=True)
class Core:
    """``dsp`` tells whether it has the DSP extension, ``data_cache_line`` is in bytes."""

    name: str
    dsp: bool
    data_cache_line: int | None
