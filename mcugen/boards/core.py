"""Arm's cores, as far as anything here differs by them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

DATA_CACHE_LINES = {
    "cortex-m0plus": None,
    "cortex-m3": None,
    "cortex-m4": None,
    "cortex-m7": 32,
    "cortex-m33": None,
    "cortex-m55": 32,
}
"""The cores that mcugen compiles for, and bytes in a line of their data cache, where they have
one."""

FIRMWARE_CORES = ("cortex-m4", "cortex-m7", "cortex-m55")
"""Those that mcugen's firmware, which a board needs, compiles for."""

FPUS: Mapping[str, Mapping[str, str]] = {
    "cortex-m0plus": {"none": "none"},
    "cortex-m3": {"none": "none"},
    "cortex-m4": {"sp": "fpv4-sp-d16", "none": "none"},
    "cortex-m7": {"sp": "fpv5-sp-d16", "dp": "fpv5-d16", "none": "none"},
    "cortex-m33": {"sp": "fpv5-sp-d16", "none": "none"},
    "cortex-m55": {"dp": "auto"},
}
"""The floating point units that a core may have, the usual one first, and what gcc calls them."""

WITHOUT_DSP = ("cortex-m0plus", "cortex-m3")
OPTIONAL_DSP = ("cortex-m33",)
WITH_MVE = ("cortex-m55",)


@dataclass(frozen=True)
class Core:
    """``dsp`` tells whether it has the DSP extension, ``mve`` whether it has vectors of integers;
    ``data_cache_line`` is in bytes."""

    name: str
    dsp: bool
    data_cache_line: int | None
    mve: bool = False

    @property
    def dsp_at_best(self) -> bool:
        """Whether the DSP extension is the fastest that it has."""
        return self.dsp and not self.mve
