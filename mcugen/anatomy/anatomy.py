"""The whole of ``mcugen inspect``: a model taken apart, whether it can be compiled or not."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from mcugen.anatomy import activations
from mcugen.anatomy.activations import Activations
from mcugen.anatomy.constant import ConstantChannels, constant_channels
from mcugen.anatomy.layers import Layer, layers_of
from mcugen.anatomy.paper import TABLE_2, MobileNet, recognise
from mcugen.anatomy.separable import Pair, separable_pairs
from mcugen.anatomy.support import scheduled
from mcugen.boards import Board, load_board, load_board_of_build
from mcugen.emit_layers import shape_text
from mcugen.ir import NO_TENSOR, Graph, Tensor
from mcugen.kernels import Target, backends
from mcugen.manifest import read_manifest
from mcugen.ops.registry import OPERATORS
from mcugen.passes import run_passes
from mcugen.passes.refuse import Refusal, told
from mcugen.passes.verdict import verdict
from mcugen.tflite import read_model

_DEFAULT_TARGET = "stm32f7"


@dataclass(frozen=True)
class Anatomy:
    """``graph`` is the model after the passes; ``board`` is what the activations are counted for.

    ``mobilenet`` is None where the model is no MobileNetV1, ``refusals`` are () where mcugen
    compiles it, and ``constant`` is None where not.
    """

    graph: Graph
    board: Board
    layers: tuple[Layer, ...]
    pairs: tuple[Pair, ...]
    mobilenet: MobileNet | None
    activations: Activations
    constant: ConstantChannels | None
    refusals: tuple[Refusal, ...]

    def as_json(self) -> dict[str, Any]:
        """Sizes in bytes, shares and ratios as fractions; what the paper gives as it gives it."""
        return {
            "status": "ok",
            "model": self.graph.name,
            "board": self.board.id,
            "supported": not self.refusals,
            "verdict": self.verdict,
            "unsupported": [
                {"reason": refusal.reason, "layers": list(refusal.layers), "text": text}
                for refusal, text in zip(
                    self.refusals, told(self.graph, self.refusals), strict=True
                )
            ],
            "mobilenet_v1": None if self.mobilenet is None else _mobilenet(self.mobilenet),
            "macs": sum(layer.macs for layer in self.layers),
            "weights": sum(layer.weights for layer in self.layers),
            "biases": sum(layer.biases for layer in self.layers),
            "layers": [self._layer(layer) for layer in self.layers],
            "kinds": self._kinds(),
            "pairs": [_pair(pair) for pair in self.pairs],
            "activations": self._activations(),
            "constant_channels": self.constant and asdict(self.constant),
            "tensors": [_tensor(tensor) for tensor in used_tensors(self.graph)],
        }

    @property
    def verdict(self) -> str | None:
        """What the model is on the whole, where it is not an int8 one."""
        found = verdict(self.graph) if self.refusals else None
        return None if found is None else found.text

    def _layer(self, layer: Layer) -> dict[str, object]:
        return {
            "name": layer.name,
            "op": layer.op.kind,
            "kind": layer.kind.value,
            "known": layer.op.kind in OPERATORS,
            "input": " + ".join(shape_text(shape) for shape in layer.inputs),
            "output": shape_text(layer.output),
            "kernel": layer.kernel and list(layer.kernel),
            "stride": layer.stride and list(layer.stride),
            "weights": layer.weights,
            "biases": layer.biases,
            "parameters": layer.weights + layer.biases,
            "macs": layer.macs,
            "scratch_bytes": self.activations.scratch[layer.index],
            "live_bytes": self.activations.live[layer.index],
        }

    def _kinds(self) -> list[dict[str, object]]:
        """The rows of the paper's Table 2."""
        all_macs = sum(layer.macs for layer in self.layers)
        all_weights = sum(layer.weights for layer in self.layers)
        rows: list[dict[str, object]] = []
        for kind, (macs_percent, parameters_percent) in TABLE_2.items():
            layers = [layer for layer in self.layers if layer.kind is kind]
            macs = sum(layer.macs for layer in layers)
            weights = sum(layer.weights for layer in layers)
            rows.append(
                {
                    "kind": kind.value,
                    "layers": len(layers),
                    "macs": macs,
                    "macs_share": _share(macs, all_macs),
                    "weights": weights,
                    "weights_share": _share(weights, all_weights),
                    "paper_macs_percent": macs_percent,
                    "paper_parameters_percent": parameters_percent,
                }
            )
        return rows

    def _activations(self) -> dict[str, object]:
        binding = self.activations.binding
        return {
            "counted_by": "planner" if self.activations.planned else "lifetimes",
            "binding_layer": binding,
            "bytes": 0 if binding is None else self.activations.live[binding],
            "available": self.board.arena_limit,
        }


def inspect(path: Path, *, target: str | None = None) -> Anatomy:
    """Takes the model in ``path`` apart, which is a ``.tflite`` file or a build folder.

    Activations are counted for the board or target ``target``; None stands for the build's own,
    and without a build for stm32f7. Raises UsageError U001 for a file that cannot be read, U003 or
    U004 for a folder that is no build, BoardError B001, ModelError for what is no model or holds
    what a Graph cannot, and ToolchainError T003 or T004 without CMSIS-NN.
    """
    if path.suffix == ".tflite" or (path.exists() and not path.is_dir()):
        graph, board = read_model(path), load_board(target or _DEFAULT_TARGET)
    else:
        manifest = read_manifest(path)
        graph = replace(read_model(path / manifest.model_file), name=manifest.model)
        board = load_board(target) if target else load_board_of_build(path, manifest.board)
    return dissect(run_passes(graph), board)


def dissect(graph: Graph, board: Board) -> Anatomy:
    """Takes a graph apart that has been through the passes."""
    layers = layers_of(graph)
    pairs = separable_pairs(graph, layers)
    steps, refusals = scheduled(graph, Target(board.chip.cpu, backends()))
    return Anatomy(
        graph=graph,
        board=board,
        layers=layers,
        pairs=pairs,
        mobilenet=recognise(layers, pairs),
        activations=activations.planned(steps) if steps else activations.from_lifetimes(graph),
        constant=None if refusals else constant_channels(graph),
        refusals=refusals,
    )


def used_tensors(graph: Graph) -> tuple[Tensor, ...]:
    """The tensors that are left after the passes, in the order of the file."""
    operands = {tensor_id for op in graph.ops for tensor_id in (*op.inputs, *op.outputs)}
    used = (operands | {*graph.inputs, *graph.outputs}) - {NO_TENSOR}
    return tuple(tensor for tensor in graph.tensors if tensor.id in used)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _mobilenet(found: MobileNet) -> dict[str, object]:
    paper = found.paper
    return {
        "width": float(found.width),
        "resolution": found.resolution,
        "classes": found.classes,
        "macs_of_1000_classes": found.macs,
        "weights_of_1000_classes": found.weights,
        "paper": None
        if paper is None
        else {
            "macs_millions": paper.macs,
            "parameters_millions": paper.parameters,
            "table": paper.table,
        },
    }


def _pair(pair: Pair) -> dict[str, object]:
    return {
        "depthwise": pair.depthwise.index,
        "pointwise": pair.pointwise.index,
        "kernel": list(pair.kernel),
        "channels": pair.channels,
        "multiplier": pair.multiplier,
        "units": pair.units,
        "output": shape_text(pair.pointwise.output),
        "macs": pair.macs,
        "standard_macs": pair.standard_macs,
        "ratio": pair.ratio,
        "formula": pair.formula,
    }


def _tensor(tensor: Tensor) -> dict[str, object]:
    quant = tensor.quant
    return {
        "id": tensor.id,
        "name": tensor.name,
        "shape": list(tensor.shape),
        "dtype": "other" if tensor.refusal else tensor.dtype.value,
        "bytes": tensor.nbytes,
        "constant": tensor.is_constant,
        "scales": [] if quant is None else [_finite(scale) for scale in quant.scales],
        "zero_points": [] if quant is None else list(quant.zero_points),
        "axis": None if quant is None or not quant.per_channel else quant.axis,
    }


def _finite(scale: float) -> float | None:
    """JSON has no number for what a damaged model may hold."""
    return scale if math.isfinite(scale) else None
