"""Two executions held against each other: how many values differ, and where first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcugen.manifest import Layer, Manifest
from mcugen.verify.executions import Execution, LayerTrace


@dataclass(frozen=True)
class Pair:
    """Executions ``a`` and ``b`` over all inputs.

    ``by`` says what was compared: "values", or "crc" of whole layers where one of the two does not
    show its values; then ``values`` and ``mismatches`` count layers. ``equal`` is for each layer.
    """

    a: str
    b: str
    by: str
    values: int
    mismatches: int
    equal: tuple[bool, ...]


@dataclass(frozen=True)
class Difference:
    """The first value that differs. ``index`` is its place in the layer's output, "" by CRC-32."""

    layer: int
    name: str
    input: int
    index: tuple[int, ...]
    a: str
    b: str
    a_value: str
    b_value: str


def compare(a: Execution, b: Execution, manifest: Manifest) -> Pair:
    """Counts what differs between two executions of the same inputs."""
    by_values = all(trace.outputs for trace in (*a.traces, *b.traces))
    differing = np.zeros(len(manifest.layers), np.int64)
    for first, second in zip(a.traces, b.traces, strict=True):
        for index, layer in enumerate(manifest.layers):
            if by_values:
                differing[index] += _different(first, second, index, layer).sum()
            else:
                differing[index] += first.crcs[index] != second.crcs[index]
    sizes = [int(np.prod(layer.shape)) if by_values else 1 for layer in manifest.layers]
    return Pair(
        a=a.name,
        b=b.name,
        by="values" if by_values else "crc",
        values=sum(sizes) * len(a.traces),
        mismatches=int(differing.sum()),
        equal=tuple(bool(count == 0) for count in differing),
    )


def first_difference(a: Execution, b: Execution, manifest: Manifest) -> Difference | None:
    """The earliest layer that differs, in the first input in which it does."""
    for index, layer in enumerate(manifest.layers):
        for number, (first, second) in enumerate(zip(a.traces, b.traces, strict=True)):
            if first.crcs[index] != second.crcs[index]:
                return _describe(a, b, number, index, layer)
    return None


def _values(trace: LayerTrace, index: int, layer: Layer) -> NDArray[np.generic]:
    array = np.frombuffer(trace.outputs[index], np.dtype(layer.dtype).newbyteorder("<"))
    return array.reshape(layer.shape)


def _different(
    first: LayerTrace, second: LayerTrace, index: int, layer: Layer
) -> NDArray[np.bool_]:
    """Which elements differ in any of their bytes: a NaN equals itself, 0.0 is not -0.0."""
    size = np.dtype(layer.dtype).itemsize
    raw = [
        np.frombuffer(trace.outputs[index], np.uint8).reshape(-1, size) for trace in (first, second)
    ]
    different: NDArray[np.bool_] = (raw[0] != raw[1]).any(axis=1)
    return different


def _describe(a: Execution, b: Execution, number: int, index: int, layer: Layer) -> Difference:
    first, second = a.traces[number], b.traces[number]
    place: tuple[int, ...] = ()
    a_value, b_value = f"CRC {first.crcs[index]:08x}", f"CRC {second.crcs[index]:08x}"
    if first.outputs and second.outputs:
        flat = int(np.flatnonzero(_different(first, second, index, layer))[0])
        place = tuple(int(axis) for axis in np.unravel_index(flat, layer.shape))
        a_value = str(_values(first, index, layer)[place])
        b_value = str(_values(second, index, layer)[place])
    return Difference(index, layer.name, number, place, a.name, b.name, a_value, b_value)
