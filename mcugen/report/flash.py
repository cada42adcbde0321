"""The answers of ``flash`` and ``ports`` as text, from the objects that ``--json`` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mcugen.report.layout import Block

Answer = Mapping[str, Any]


def render_flash(result: Answer) -> tuple[Block, ...]:
    """What was erased, written and kept, or would be."""
    lines = [
        f"{result['model']} on {result['board']} at {result['port']}, by way of {result['via']}",
        *_sectors("erase" if result["dry_run"] else "erased", result["sectors_erased"]),
        *_sectors("keep" if result["dry_run"] else "kept", result["sectors_kept"]),
        _verdict(result),
        *_outside(result["external"]),
    ]
    return tuple(lines)


def _outside(part: Answer | None) -> tuple[str, ...]:
    """What none of the ways does."""
    if part is None:
        return ()
    return (
        f"{part['memory']} must hold the {part['bytes']:,} bytes of {part['file']} from "
        f"0x{part['address']:08x} on; in the build folder: {part['program']}",
    )


def _sectors(what: str, numbers: Sequence[int]) -> tuple[str, ...]:
    if not numbers:
        return ()
    noun = "sector" if len(numbers) == 1 else "sectors"
    return (f"{what:<8}{noun} {_runs(numbers)}",)


def _runs(numbers: Sequence[int]) -> str:
    """Numbers with neighbours joined: 1-3, 7."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _verdict(result: Answer) -> str:
    image, written = result["image_bytes"], result["bytes_written"]
    if result["nothing_to_do"]:
        return f"nothing to do: the {image:,} bytes are there" + _running(result)
    if result["dry_run"]:
        return f"would write {written:,} bytes; nothing was changed"
    return f"wrote   {written:,} bytes, verified {image:,}" + _running(result)


def _running(result: Answer) -> str:
    return "; it runs" if result["started"] else ""


def render_ports(ports: Sequence[Answer]) -> tuple[Block, ...]:
    """A line a port, and below it what can be done there."""
    if not ports:
        return ("no serial ports; is the board plugged in, with a cable that carries data?",)
    blocks: list[Block] = []
    for port in ports:
        number = f", serial number {port['serial_number']}" if port["serial_number"] else ""
        blocks.append(f"{port['port']}  {port['what']}{number}")
        blocks += [f"    {possibility}" for possibility in port["can"]]
    return tuple(blocks)
