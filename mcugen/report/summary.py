"""The answer of ``report``: what a build costs and whether it is exact."""

from __future__ import annotations

from mcugen.report.estimates import estimated
from mcugen.report.evidence import VIRTUAL_PORT
from mcugen.report.layout import Block
from mcugen.report.verification import Verification
from mcugen.report.words import Answer, duration, executions, trouble


def summarise(build: Answer, verification: Verification) -> dict[str, object]:
    """The figures, sizes in bytes.

    ``exact`` is None where the build was not verified; ``verdict`` says how far equality was seen
    among the ``executions``, or what is wrong. ``instructions`` are of a simulator, ``cycles`` of a
    board.
    """
    found = verification.answer
    return {
        "model": build["model"],
        "board": build["board"],
        "fits": True,  # what does not fit is not built
        "exact": None if found is None else found["first_difference"] is None,
        "executions": [] if found is None else list(executions(found)[1:]),
        "verdict": verification.note if found is None else _verdict(found),
        "ram_bytes": build["ram_bytes"],
        "ram_available": build["ram_available"],
        "flash_bytes": build["flash_bytes"],
        "flash_available": build["flash_available"],
        "macs": build["macs"],
        "instructions": None if found is None else found["instructions"],
        "estimates": [] if found is None else found["estimates"],
        "cycles": None if found is None else found["cycles"],
        "clock_hz": clock(build, found),
    }


def ran_image(found: Answer) -> bool:
    """Whether the very image ran, and not only the same C built for another machine."""
    return not {"board", "port", VIRTUAL_PORT}.isdisjoint(executions(found))


def clock(build: Answer, found: Answer | None) -> int:
    """What the board at the port ran at, else what the firmware sets."""
    measured = None if found is None else found["clock_hz"]
    return int(measured or build["clock_hz"])


def _verdict(found: Answer) -> str:
    error = found.get("error")
    return trouble(error) if error else "; ".join(found["verdicts"])


def render_report(result: Answer) -> tuple[Block, ...]:
    """What is worth knowing at once, and where the rest is."""
    lines = [
        f"{result['model']} on {result['board']}",
        "",
        f"RAM    {result['ram_bytes']:,} of {result['ram_available']:,} bytes",
        f"flash  {result['flash_bytes']:,} of {result['flash_available']:,} bytes",
    ]
    if result["instructions"] is not None:
        lines.append(f"{result['instructions']:,} instructions an inference, at most")
    if result["estimates"]:
        lines.append(f"estimate: {estimated(result['estimates'])}")
    if result["cycles"] is not None:
        spent = duration(result["cycles"], result["clock_hz"])
        lines.append(f"{result['cycles']:,} cycles an inference, at most: {spent}")
    return (*lines, result["verdict"], f"wrote {result['report']}")
