"""Serial ports of this machine, what is probably behind them, and the drives of debug probes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil
from serial.tools import list_ports

from mcugen.errors import UsageError

_ST = 0x0483
_DRIVE_LABELS = ("MBED.HTM", "DETAILS.TXT")

_PRODUCTS = {
    (_ST, 0x3748): "ST-LINK/V2",
    (_ST, 0x374B): "ST-LINK/V2-1",
    (_ST, 0x3752): "ST-LINK/V2-1",
    (_ST, 0x374E): "STLINK-V3",
    (_ST, 0x374F): "STLINK-V3",
    (_ST, 0x3753): "STLINK-V3",
    (_ST, 0x3754): "STLINK-V3",
    (_ST, 0x5740): "an STM32's own USB port",
    (_ST, 0xDF11): "STM32 USB bootloader",
    (0x0403, 0x6001): "FTDI FT232R adapter",
    (0x0403, 0x6010): "FTDI FT2232 adapter",
    (0x0403, 0x6011): "FTDI FT4232 adapter",
    (0x0403, 0x6014): "FTDI FT232H adapter",
    (0x0403, 0x6015): "FTDI FT-X adapter",
    (0x067B, 0x2303): "Prolific PL2303 adapter",
    (0x0D28, 0x0204): "DAPLink probe",
    (0x10C4, 0xEA60): "Silicon Labs CP210x adapter",
    (0x1A86, 0x5523): "WCH CH341 adapter",
    (0x1A86, 0x55D3): "WCH CH343 adapter",
    (0x1A86, 0x55D4): "WCH CH9102 adapter",
    (0x1A86, 0x7523): "WCH CH340 adapter",
}
_VENDORS = {
    _ST: "a device of STMicroelectronics",
    0x0403: "FTDI adapter",
    0x1366: "SEGGER J-Link",
    0x2341: "an Arduino",
    0x239A: "a board of Adafruit",
    0x2E8A: "a Raspberry Pi Pico or probe",
    0x303A: "an Espressif chip",
}
_WITH_DRIVE = frozenset({0x374B, 0x374E, 0x374F, 0x3753})
"""Product ids of the ST-LINKs that show a USB drive."""


@dataclass(frozen=True)
class PortInfo:
    """A serial port; the numbers are USB's, None for a port that is not on USB."""

    device: str
    vendor_id: int | None = None
    product_id: int | None = None
    serial_number: str | None = None
    description: str = ""

    @property
    def what(self) -> str:
        """What it probably is."""
        if self.vendor_id is None or self.product_id is None:
            return self.description or "a serial port that is not on USB"
        known = _PRODUCTS.get((self.vendor_id, self.product_id)) or _VENDORS.get(self.vendor_id)
        return known or self.description or "an unknown USB serial port"

    @property
    def line(self) -> str:
        """All of it in one line."""
        number = f", serial number {self.serial_number}" if self.serial_number else ""
        return f"{self.device}  {self.what}{number}"

    @property
    def is_known(self) -> bool:
        """Whether its USB ids are those of a board, a probe or an adapter."""
        return (self.vendor_id, self.product_id) in _PRODUCTS or self.vendor_id in _VENDORS

    @property
    def is_st_link(self) -> bool:
        return self.vendor_id == _ST and self.what.startswith("ST")

    @property
    def has_drive(self) -> bool:
        return self.vendor_id == _ST and self.product_id in _WITH_DRIVE

    @property
    def possibilities(self) -> tuple[str, ...]:
        """What can be done on it."""
        serial = "flash (resident loader or mcugen's firmware), run, verify, monitor"
        if self.is_st_link:
            first = "first installation by its USB drive" if self.has_drive else ""
            tools = "openocd, st-flash or pyocd where installed"
            return tuple(filter(None, (serial, first, tools)))
        if "adapter" in self.what:
            return (serial, "ROM bootloader, wired to the chip's USART pins (--via rom)")
        return (serial,)

    def as_json(self) -> dict[str, object]:
        return {
            "port": self.device,
            "what": self.what,
            "vendor_id": self.vendor_id,
            "product_id": self.product_id,
            "serial_number": self.serial_number,
            "can": list(self.possibilities),
        }


def find_ports() -> tuple[PortInfo, ...]:
    """Every serial port of this machine that has something behind it, by name."""
    found = [
        PortInfo(
            device=port.device,
            vendor_id=port.vid,
            product_id=port.pid,
            serial_number=port.serial_number or None,
            description="" if port.description in (None, "n/a") else port.description,
        )
        for port in list_ports.comports()
    ]
    return tuple(sorted(found, key=lambda port: port.device))


def only_board(ports: Iterable[PortInfo]) -> PortInfo:
    """The only ST-LINK; where there is none, the only other port on USB that is known.

    Raises UsageError U007, which lists what is plugged in.
    """
    found = tuple(ports)
    st_links = [port for port in found if port.is_st_link]
    known = st_links or [port for port in found if port.is_known]
    if len(known) == 1:
        return known[0]
    what = f"{len(known)} boards are plugged in" if known else "no board is plugged in"
    raise UsageError(
        "U007",
        f"{what}: name the port with `--port`",
        details=tuple(port.line for port in found) or ("no serial ports",),
        hint="`mcugen ports` says what can be done on each; does the cable carry data?",
    )


def match_port(path: str, ports: Iterable[PortInfo]) -> PortInfo:
    """What is known of a port; links such as those in /dev/serial/by-id are followed."""
    real = os.path.realpath(path)
    for port in ports:
        if path == port.device or real == os.path.realpath(port.device):
            return port
    return PortInfo(path)


def mounted() -> tuple[tuple[str, Path], ...]:
    """Device and folder of every drive that the system shows."""
    return tuple(
        (drive.device, Path(drive.mountpoint)) for drive in psutil.disk_partitions(all=False)
    )


@dataclass(frozen=True)
class Drives:
    """What is mounted, and where Linux says which USB device a disk belongs to."""

    mounted: Callable[[], Iterable[tuple[str, Path]]] = mounted
    blocks: Path = Path("/sys/class/block")

    def of_probe(self, serial_number: str) -> Path | None:
        """Where the drive of the ST-LINK with this serial number is mounted.

        Elsewhere than on Linux that is the only drive that looks like a probe's.
        """
        looking_right = [
            (device, folder)
            for device, folder in self.mounted()
            if any((folder / label).exists() for label in _DRIVE_LABELS)
        ]
        if self.blocks.is_dir():
            numbers = [self._serial_number(Path(device).name) for device, _ in looking_right]
            right = [number == serial_number for number in numbers]
        else:
            right = [len(looking_right) == 1] * len(looking_right)
        return next(
            (folder for (_, folder), is_it in zip(looking_right, right, strict=True) if is_it), None
        )

    def _serial_number(self, device: str) -> str | None:
        """Of the nearest device above the disk that has one, which is the USB device."""
        try:
            place = (self.blocks / device).resolve(strict=True)
        except OSError:
            return None
        for folder in (place, *place.parents):
            if (folder / "serial").is_file() and (folder / "idVendor").is_file():
                return (folder / "serial").read_text("utf-8", "replace").strip()
        return None
