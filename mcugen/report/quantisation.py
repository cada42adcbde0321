"""Scales and zero points of every layer, read from the model in a build folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcugen.ir import NO_TENSOR, Graph, Op, Tensor
from mcugen.manifest import Manifest
from mcugen.passes import run_passes
from mcugen.tflite import read_model


@dataclass(frozen=True)
class Scales:
    """How a tensor's integers stand for real numbers: real = scale * (q - zero point).

    ``lowest`` and ``highest`` are the same unless there is a scale for each of ``channels``.
    ``zero_point`` is None where the channels have several.
    """

    channels: int
    lowest: float
    highest: float
    zero_point: int | None


@dataclass(frozen=True)
class LayerScales:
    """Of one layer; () and None where there is no such tensor, or nothing is quantised."""

    inputs: tuple[Scales, ...]
    weights: Scales | None
    output: Scales | None


def read_quantisation(folder: Path, manifest: Manifest) -> tuple[LayerScales, ...]:
    """A row for each layer of the build. Raises McugenError where the model cannot be read."""
    graph = run_passes(read_model(folder / manifest.model_file))
    makers = {op.outputs[0]: op for op in graph.ops}
    return tuple(_of_layer(graph, makers[layer.tensor]) for layer in manifest.layers)


def _of_layer(graph: Graph, op: Op) -> LayerScales:
    sources = [graph.tensor(tensor_id) for tensor_id in op.inputs if tensor_id != NO_TENSOR]
    inputs = (_scales(tensor) for tensor in sources if not tensor.is_constant)
    # The first constant is the kernel or the matrix; a bias has the product of the other scales.
    constants = [_scales(tensor) for tensor in sources if tensor.is_constant]
    return LayerScales(
        inputs=tuple(one for one in inputs if one is not None),
        weights=next((one for one in constants if one is not None), None),
        output=_scales(graph.output(op)),
    )


def _scales(tensor: Tensor) -> Scales | None:
    quant = tensor.quant
    if quant is None or not quant.scales:
        return None
    zero_points = set(quant.zero_points)
    return Scales(
        channels=len(quant.scales),
        lowest=min(quant.scales),
        highest=max(quant.scales),
        zero_point=zero_points.pop() if len(zero_points) == 1 else None,
    )
