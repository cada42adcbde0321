"""Ways to flash a board, in the order in which they are tried.

Each takes the job and the contact to the board, and returns what it did. It raises WayFailedError
where another way may work, and any McugenError where none will.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from mcugen.flash.backends.contact import Contact
from mcugen.flash.backends.probe import DRIVE, TOOLS, by_drive
from mcugen.flash.backends.serial_line import FIRMWARE, LOADER, ROM, by_firmware, by_loader, by_rom
from mcugen.flash.job import Job
from mcugen.flash.result import Outcome

__all__ = ["BACKENDS", "Contact"]

BACKENDS: Mapping[str, Callable[[Job, Contact], Outcome]] = MappingProxyType(
    {
        FIRMWARE: by_firmware,
        LOADER: by_loader,
        ROM: by_rom,
        DRIVE: by_drive,
        **{tool.name: tool for tool in TOOLS},
    }
)
