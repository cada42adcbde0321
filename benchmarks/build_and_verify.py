"""What `build` and `verify --sim` take: processor and wall time, sizes, instructions.

    python benchmarks/build_and_verify.py [MODEL ...]

Prints, and judges nothing: machines are noisy. Without arguments: the model in examples/fashion.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from mcugen.compiler import build
from mcugen.verify import verify

DEFAULT = Path(__file__).parent.parent / "examples/fashion/fashion_mobilenet_v1_025_128.tflite"

ResultT = TypeVar("ResultT")


def cpu_seconds() -> float:
    """Of this process and of all children that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def timed(what: str, run: Callable[[], ResultT]) -> ResultT:
    wall, cpu = time.monotonic(), cpu_seconds()
    result = run()
    print(f"{what:<8} {time.monotonic() - wall:6.1f} s wall {cpu_seconds() - cpu:6.1f} s CPU")
    return result


def measure(model: Path) -> None:
    print(model.name)
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "build"
        built = timed("build", lambda: build(model, target="stm32f7", output=folder)).manifest
        report = timed("verify", lambda: verify(folder, executions=("host", "board"))).as_json()
    print(
        f"{'':8} {report['status']}, {len(report['inputs'])} inputs, "
        f"{report['instructions']:,} instructions, {report['instructions'] / built.macs:.2f} a MAC"
    )
    print(f"{'':8} arena {built.arena_bytes:,}, flash {built.flash_bytes:,} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", type=Path, default=[DEFAULT], metavar="MODEL")
    for model in parser.parse_args().models:
        measure(model)


if __name__ == "__main__":
    main()
