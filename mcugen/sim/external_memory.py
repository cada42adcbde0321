"""Flash outside the chip: what it holds, and whether the core can see it."""

from __future__ import annotations

import ctypes

from mcugen.boards import ExternalFlash, Region
from mcugen.image import ERASED

_RUBBISH = 0x5A
"""What a read answers while no unit has been set up to fetch it."""


class ExternalMemory:
    """A flash of a board with ``contents`` from their address on; the rest of it is erased.

    ``buffer`` is what the core reads: the contents from ``appear`` to ``vanish``.
    """

    def __init__(self, flash: ExternalFlash) -> None:
        self.flash = flash
        self.region: Region = flash.region
        self.buffer = (ctypes.c_ubyte * flash.size)()
        self._contents = bytearray(ERASED * flash.size)
        self.vanish()

    def put(self, address: int, data: bytes) -> None:
        """Programmed on a bench, before the board is switched on."""
        at = address - self.region.base
        self._contents[at : at + len(data)] = data

    def appear(self) -> None:
        self._show(bytes(self._contents))

    def vanish(self) -> None:
        self._show(bytes([_RUBBISH]) * self.flash.size)

    def _show(self, data: bytes) -> None:
        ctypes.memmove(self.buffer, data, len(data))
