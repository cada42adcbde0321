"""Times that were published for an STM32L4R5 beside the estimates of ``verify --sim``.

    python -m benchmarks.silicon [vww_96_int8.tflite]

Networks of MLPerf Tiny with stock CMSIS-NN at 120 MHz: mlcommons/tiny_results_v1.0, closed/OctoML,
microTVM with CMSIS-NN on a NUCLEO-L4R5ZI, arm gcc -O2. They are made here with random weights, for
what runs does not depend on those in any way that matters; visual wake words is the file given, or
left out. Columns are shares of the published time: by instructions alone, by the core without
waits for its flash, and by the whole model. The constants were fitted on these four times, so this
shows how well the model can fit, not how well it predicts. Prints, and judges nothing.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mcugen.boards import load_board
from mcugen.compiler import build
from mcugen.ir import Graph
from mcugen.tflite import write_model
from mcugen.timing import estimate, read_disassembly
from mcugen.timing.estimate import core_cycles
from mcugen.toolchain import disassemble
from mcugen.verify.timing import trace_of
from tests.residual_networks import resnet_8
from tests.tiny_networks import autoencoder, ds_cnn

BOARD = "nucleo-l4r5zi"
VWW = "visual wake words"
PUBLISHED_MS: Mapping[str, float] = {
    VWW: 301.2,
    "ResNet-8": 389.6,
    "DS-CNN": 99.8,
    "autoencoder": 8.605,
}
MADE: Mapping[str, Callable[[], Graph]] = {
    "ResNet-8": resnet_8,
    "DS-CNN": ds_cnn,
    "autoencoder": autoencoder,
}


@dataclass(frozen=True)
class Modelled:
    """Milliseconds of an inference by three models, the last one that of ``verify``."""

    instructions: float
    zero_wait: float
    estimated: float


def model(file: Path, folder: Path) -> Modelled:
    board = load_board(BOARD)
    manifest = build(file, target=BOARD, output=folder).manifest
    code = read_disassembly(disassemble(folder / "firmware.elf"))
    data = bytes(index * 7 % 256 for index in range(manifest.input.bytes))
    trace = trace_of(folder, manifest, data)
    executed = sum(one.runs * len(code.block(one.address, one.bytes)) for one in trace.blocks)
    (estimated,) = estimate(board, code, trace)
    each_ms = 1000 / board.clock.hz
    return Modelled(executed * each_ms, core_cycles(code, trace) * each_ms, estimated.milliseconds)


def main() -> None:
    print(f"{'':<20}{'published':>12}{'instructions':>14}{'zero wait':>11}{'estimate':>22}")
    with tempfile.TemporaryDirectory(prefix="mcugen-silicon-") as work:
        given = sys.argv[1:2]
        files = {VWW: Path(given[0])} if given else {}
        for name, make in MADE.items():
            files[name] = Path(work) / f"{make.__name__}.tflite"
            files[name].write_bytes(write_model(make()))
        for name, file in files.items():
            found, published = model(file, Path(work) / "build"), PUBLISHED_MS[name]
            print(
                f"{name:<20}{published:>9.1f} ms{found.instructions / published:>14.2f}"
                f"{found.zero_wait / published:>11.2f}"
                f"{found.estimated:>11.1f} ms{found.estimated / published:>8.3f}"
            )


if __name__ == "__main__":
    main()
