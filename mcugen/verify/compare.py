"""Two executions held against each other: how many values differ, and where first."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcugen.errors import DifferenceError
from mcugen.manifest import Layer, Manifest
from mcugen.verify.executions import Execution


@dataclass(frozen=True)
class Pair:
    """Executions ``a`` and ``b`` over all inputs.

    ``by`` says how layers were compared: "values", or "crc" of whole layers where one of the two
    does not show its values; then ``values`` and ``mismatches`` count layers. The model's outputs,
    as each execution answered them, are always compared value by value. ``equal`` is for each
    layer.
    """

    a: str
    b: str
    by: str
    values: int
    mismatches: int
    output_values: int
    output_mismatches: int
    equal: tuple[bool, ...]

    @property
    def same(self) -> bool:
        return self.mismatches == 0 and self.output_mismatches == 0

    def as_json(self) -> dict[str, object]:
        return {
            "a": self.a,
            "b": self.b,
            "by": self.by,
            "values": self.values,
            "mismatches": self.mismatches,
            "output_values": self.output_values,
            "output_mismatches": self.output_mismatches,
        }


@dataclass(frozen=True)
class Difference:
    """The first value that differs.

    ``index`` is its place in the layer's output, () where only the layer's CRC-32 is known.
    """

    layer: int
    name: str
    input: int
    index: tuple[int, ...]
    a: str
    b: str
    a_value: str
    b_value: str

    def error(self, where: str, details: tuple[str, ...], hint: str) -> DifferenceError:
        """V001; ``where`` names the input."""
        place = ",".join(str(axis) for axis in self.index)
        spot = f"output[{place}]" if self.index else "output"
        return DifferenceError(
            "V001",
            f"outputs differ at layer {self.layer} `{self.name}`",
            where=f"{spot} {self.a} {self.a_value}, {self.b} {self.b_value}, {where}",
            details=details,
            hint=hint,
        )


def compare(a: Execution, b: Execution, manifest: Manifest) -> Pair:
    """Counts what differs between two executions of the same inputs."""
    by_values = all(trace.outputs for trace in (*a.traces, *b.traces))
    differing = np.zeros(len(manifest.layers), np.int64)
    outputs_differing = 0
    for first, second in zip(a.traces, b.traces, strict=True):
        outputs_differing += int(_different(first.output, second.output, manifest.layers[-1]).sum())
        for index, layer in enumerate(manifest.layers):
            if by_values:
                pair = first.outputs[index], second.outputs[index]
                differing[index] += _different(*pair, layer).sum()
            else:
                differing[index] += first.crcs[index] != second.crcs[index]
    sizes = [math.prod(layer.shape) if by_values else 1 for layer in manifest.layers]
    return Pair(
        a=a.name,
        b=b.name,
        by="values" if by_values else "crc",
        values=sum(sizes) * len(a.traces),
        mismatches=int(differing.sum()),
        output_values=math.prod(manifest.layers[-1].shape) * len(a.traces),
        output_mismatches=outputs_differing,
        equal=tuple(bool(count == 0) for count in differing),
    )


def first_difference(a: Execution, b: Execution, manifest: Manifest) -> Difference | None:
    """The earliest layer that differs, in the first input in which it does.

    Where all layers agree and what the executions answered does not, that is the last layer's.
    """
    pairs = tuple(zip(a.traces, b.traces, strict=True))
    last = len(manifest.layers) - 1
    for index, layer in enumerate(manifest.layers):
        for number, (first, second) in enumerate(pairs):
            shown = first.shown(index), second.shown(index)
            if first.crcs[index] != second.crcs[index] or (all(shown) and shown[0] != shown[1]):
                crcs = first.crcs[index], second.crcs[index]
                return _describe((a.name, b.name), (index, number), layer, shown, crcs)
    for number, (first, second) in enumerate(pairs):
        if first.output != second.output:
            outputs, crcs = (first.output, second.output), (first.crcs[last], second.crcs[last])
            return _describe((a.name, b.name), (last, number), manifest.layers[last], outputs, crcs)
    return None


def _different(first: bytes, second: bytes, layer: Layer) -> NDArray[np.bool_]:
    """Which elements differ in any of their bytes: a NaN equals itself, 0.0 is not -0.0."""
    size = np.dtype(layer.dtype).itemsize
    raw = [np.frombuffer(data, np.uint8).reshape(-1, size) for data in (first, second)]
    different: NDArray[np.bool_] = (raw[0] != raw[1]).any(axis=1)
    return different


def _describe(
    names: tuple[str, str],
    where: tuple[int, int],
    layer: Layer,
    shown: tuple[bytes | None, bytes | None],
    crcs: tuple[int, int],
) -> Difference:
    """``where`` is the layer's index and the input's."""
    place: tuple[int, ...] = ()
    values = [f"CRC {crc:08x}" for crc in crcs]
    first, second = shown
    if first is not None and second is not None and first != second:
        flat = int(np.flatnonzero(_different(first, second, layer))[0])
        place = tuple(int(axis) for axis in np.unravel_index(flat, layer.shape))
        values = _as_text(*(_array(data, layer)[place] for data in (first, second)))
    return Difference(where[0], layer.name, where[1], place, *names, *values)


def _as_text(*values: np.generic) -> list[str]:
    """Values as people read them; in hexadecimal too where that does not tell them apart: NaNs."""
    texts = [str(value) for value in values]
    if len(set(texts)) == len(texts):
        return texts
    return [f"{value} (0x{value.tobytes()[::-1].hex()})" for value in values]


def _array(data: bytes, layer: Layer) -> NDArray[np.generic]:
    return np.frombuffer(data, np.dtype(layer.dtype).newbyteorder("<")).reshape(layer.shape)
