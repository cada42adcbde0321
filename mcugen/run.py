"""``run``: one input through the firmware on a board, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mcugen.inputs import Input, load_input, model_input
from mcugen.manifest import MODEL_FILE, Manifest, read_manifest
from mcugen.protocol.messages import Hello
from mcugen.protocol.session import RunResult
from mcugen.tflite import read_model
from mcugen.verify.answers import read_labels, top_classes
from mcugen.verify.device import PortOpener, greet


@dataclass(frozen=True)
class RunReport:
    """One inference. ``top`` has the highest outputs as index, label and score."""

    manifest: Manifest
    hello: Hello
    input: Input
    result: RunResult
    top: tuple[dict[str, object], ...]

    @property
    def cycles(self) -> int | None:
        """Of the model's code, without the console; None where the board counts none."""
        if not self.hello.counts_cycles:
            return None
        return sum(layer.cycles for layer in self.result.layers)

    @property
    def milliseconds(self) -> float | None:
        """At the clock that the board says it runs at."""
        return None if self.cycles is None else 1000 * self.cycles / self.hello.clock_hz

    def as_json(self) -> dict[str, Any]:
        return {
            "status": "ok",
            "board": self.manifest.board,
            "model": self.manifest.model,
            "input": {"name": self.input.name, "note": self.input.note},
            "top": list(self.top),
            "output": self._output(),
            "cycles": self.cycles,
            "clock_hz": self.hello.clock_hz,
            "milliseconds": self.milliseconds,
            "layers": [
                {
                    "name": layer.name,
                    "cycles": result.cycles if self.hello.counts_cycles else None,
                    "crc32": f"{result.crc32:08x}",
                }
                for layer, result in zip(self.manifest.layers, self.result.layers, strict=True)
            ],
        }

    def _output(self) -> list[Any]:
        """Values as the output tensor holds them; what is no number in JSON as text."""
        edge = self.manifest.output
        values = np.frombuffer(self.result.output, np.dtype(edge.dtype).newbyteorder("<"))
        return [value if np.isfinite(value) else str(value) for value in values.tolist()]


def run(
    folder: Path,
    *,
    open_port: PortOpener,
    input_file: Path,
    labels: Path | None = None,
    on_event: Callable[[str], None] = lambda event: None,
    on_silence: Callable[[str], None] = lambda event: None,
) -> RunReport:
    """Sends the input to the board, which must run the build in ``folder``.

    ``on_event`` is told what goes on, ``on_silence`` what was tried when the board does not answer.

    Raises UsageError for the files, DeviceError for the board.
    """
    manifest = read_manifest(folder)
    graph = read_model(folder / MODEL_FILE)
    output = graph.tensor(graph.outputs[0])
    names = read_labels(labels, output.elements) if labels else ()
    one = load_input(input_file, model_input(graph))
    with open_port() as port:
        on_event("asking the board who it is")
        device = greet(port, folder, manifest, on_silence)
        on_event(f"{device.hello.board} runs {device.hello.model}")
        result = device.run(one.data)
    return RunReport(manifest, device.hello, one, result, top_classes(result.output, output, names))
