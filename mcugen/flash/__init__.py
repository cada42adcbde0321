"""Flashing: a build onto a board, over the serial port that people have (docs/flashing.md)."""

from __future__ import annotations

from mcugen.flash.backends import BACKENDS
from mcugen.flash.install import flash
from mcugen.flash.result import FlashResult

__all__ = ["BACKENDS", "FlashResult", "flash"]
