"""Who can run an operator: for each kind the kernels to ask, the preferred one first."""

from __future__ import annotations

from mcugen.errors import ModelError
from mcugen.ir import Graph, Op
from mcugen.kernels import cmsis_nn, portable
from mcugen.kernels.base import Constant, Kernel, Lowered, Overlap, Release, Target

__all__ = ["KERNELS", "Constant", "Kernel", "Lowered", "Overlap", "Release", "Target", "lower"]

KERNELS: dict[str, tuple[Kernel, ...]] = {
    "ADD": (portable.add,),
    "AVERAGE_POOL_2D": (cmsis_nn.average_pool,),
    "CONV_2D": (cmsis_nn.convolution,),
    "DEPTHWISE_CONV_2D": (cmsis_nn.depthwise,),
    "DEQUANTIZE": (portable.dequantise,),
    "FULLY_CONNECTED": (cmsis_nn.fully_connected, cmsis_nn.fully_connected_per_channel),
    "MAX_POOL_2D": (cmsis_nn.max_pool,),
    "MEAN": (portable.mean,),
    "PAD": (portable.pad,),
    "QUANTIZE": (portable.requantise, portable.quantise_float),
    "SOFTMAX": (portable.softmax,),
}


def lower(graph: Graph, op: Op, target: Target) -> Lowered:
    """The first kernel that runs ``op`` exactly. Raises ModelError M003 when there is none."""
    for kernel in KERNELS.get(op.kind, ()):
        lowered = kernel(graph, op, target)
        if lowered is not None:
            return lowered
    raise ModelError(
        "M003",
        "no kernel runs this operator exactly",
        where=f"operator {op.index} {op.kind} `{graph.output(op).name}`",
        hint="`mcugen operators` lists what is supported",
    )
