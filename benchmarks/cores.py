"""Instructions of a network on every core, as the table in docs/own-project.md has them.

python -m benchmarks.cores examples/fashion/fashion_mobilenet_v1_025_128.tflite
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mcugen.boards.core import FPUS
from mcugen.boards.plain import CoreOptions
from mcugen.compiler import build
from mcugen.temporary import temporary_folder
from mcugen.verify import verify


def row(model: Path, core: str, folder: Path) -> str:
    """A line of the table: every layer is equal, or there is none."""
    made = build(model, target=core, core=CoreOptions("256K", "1M"), output=folder).manifest
    report = verify(folder, executions=("board",), count=1)
    if report.error is not None:
        raise report.error
    (pair,) = report.pairs
    counted = report.instructions_total
    stack = "not observed" if report.stack_bytes is None else f"{report.stack_bytes:,}"
    millions = "not counted" if counted is None else f"{counted / 1e6:.1f}"
    where = "QEMU" if pair.b == "qemu" else "virtual core"
    return (
        f"| {core} | {millions} | {made.arena_bytes:,} | {made.code_bytes:,} | {stack} | {where} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    model = parser.parse_args().model
    print(
        "| core | million instructions | arena | code | stack | ran on |\n|---|---|---|---|---|---|"
    )
    for core in FPUS:
        with temporary_folder("mcugen-cores-") as work:
            print(row(model, core, work / "build"), flush=True)


if __name__ == "__main__":
    main()
