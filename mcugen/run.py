"""``run``: one input through the firmware on a board, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mcugen.inputs import Input, load_input, model_input
from mcugen.labels import class_names
from mcugen.manifest import Manifest, read_model_manifest
from mcugen.protocol.messages import Hello
from mcugen.protocol.session import RunResult
from mcugen.tflite import read_model
from mcugen.verify.answers import top_classes
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
        return sum(self.result.cycles) if self.result.cycles else None

    @property
    def instructions(self) -> int | None:
        """As ``cycles``; what a virtual board counts."""
        return sum(self.result.instructions) if self.result.instructions else None

    def as_json(self) -> dict[str, Any]:
        return {
            "status": "ok",
            "board": self.manifest.board,
            "model": self.manifest.model,
            "input": {"name": self.input.name, "note": self.input.note},
            "top": list(self.top),
            "output": self._output(),
            "instructions": self.instructions,
            "cycles": self.cycles,
            "clock_hz": self.hello.clock_hz,
            **self._time(),
            "layers": self._layers(),
        }

    def _time(self) -> dict[str, float]:
        """At the clock that the board says it runs at; only cycles take time."""
        if self.cycles is None:
            return {}
        return {"milliseconds": 1000 * self.cycles / self.hello.clock_hz}

    def _layers(self) -> list[dict[str, Any]]:
        instructions, cycles = self.result.instructions, self.result.cycles
        return [
            {
                "name": layer.name,
                "instructions": instructions[index] if instructions else None,
                "cycles": cycles[index] if cycles else None,
                "crc32": f"{self.result.layers[index].crc32:08x}",
            }
            for index, layer in enumerate(self.manifest.layers)
        ]

    def _output(self) -> list[Any]:
        """Values as the output tensor holds them; what is no number in JSON as text."""
        edge = self.manifest.output
        values = np.frombuffer(self.result.output, np.dtype(edge.dtype).newbyteorder("<"))
        return [value if np.isfinite(value) else str(value) for value in values.tolist()]


def run(
    folder: Path,
    *,
    model: str | None = None,
    open_port: PortOpener,
    input_file: Path,
    labels: Path | None = None,
    on_event: Callable[[str], None] = lambda event: None,
) -> RunReport:
    """Sends the input to the board, which must run the build in ``folder``, for its model called
    ``model``.

    Raises UsageError for the files, DeviceError for the board.
    """
    manifest = read_model_manifest(folder, model)
    graph = read_model(folder / manifest.model_file)
    output = graph.tensor(graph.outputs[0])
    names = class_names(labels, output.elements, manifest)
    one = load_input(input_file, model_input(graph))
    with open_port() as port:
        on_event("asking the board who it is")
        device = greet(port, folder, manifest)
        on_event(f"{device.hello.board} runs {device.hello.model}")
        result = device.run(one.data)
    return RunReport(manifest, device.hello, one, result, top_classes(result.output, output, names))
