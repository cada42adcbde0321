"""What a model that is refused is on the whole, and what mends that."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from mcugen.ir import NO_TENSOR, DType, Graph, Op, Tensor
from mcugen.ops.state import STATEFUL, VARIABLE

_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "BATCH_MATMUL")
_CONVERSIONS = ("QUANTIZE", "DEQUANTIZE")
_INT8 = "int8"
_LEGACY = "uint8"

_WORDS = {
    "float16": ("Its weights are kept in float16, and it computes in float32.",),
    "dynamic-range": ("Its weights are kept in int8, and it computes in float32.",),
    _LEGACY: ("Its weights are asymmetric, as of TensorFlow 1: that is another arithmetic.",),
}
"""More of an arithmetic than its name says."""

_CONVERT = (
    "Convert the trained model again, with full-integer quantisation:",
    "  converter = tf.lite.TFLiteConverter.from_keras_model(model)",
    "  converter.optimizations = [tf.lite.Optimize.DEFAULT]",
    "  converter.representative_dataset = samples  # yields [input] some 100 times",
    "  converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]",
    "  converter.inference_input_type = tf.int8",
    "  converter.inference_output_type = tf.int8",
)
_FORGET = (
    "Train it without memory: one that is given the past as part of its input,",
    "for example a spectrogram with convolutions over time.",
)


@dataclass(frozen=True)
class Verdict:
    """``text`` is what the model is, ``mend`` are lines on what to do."""

    text: str
    mend: tuple[str, ...]


def verdict(graph: Graph) -> Verdict | None:
    """Of a graph that is refused; None where single operators are to blame."""
    keepers = _keepers(graph)
    if keepers:
        return Verdict(f"the model keeps state between runs ({', '.join(keepers)})", _FORGET)
    found = [_arithmetic(graph, op) for op in graph.ops if op.kind in _WEIGHTED] or [
        _arithmetic(graph, op) for op in graph.ops if op.kind not in _CONVERSIONS
    ]
    others = Counter(kind for kind in found if kind != _INT8)
    if not others:
        return None
    ((kind, count),) = others.most_common(1)
    mend = (*_WORDS.get(kind, ()), *_CONVERT)
    if count == len(found):
        article = "an" if kind == "int16" else "a"
        return Verdict(f"this is {article} {kind} model; mcugen compiles int8 models", mend)
    return Verdict(f"{count} of {len(found)} layers compute in {kind}, not in int8", mend)


def _keepers(graph: Graph) -> tuple[str, ...]:
    """Kinds of operators that keep state, each once, in order."""
    kinds = (
        op.kind
        for op in graph.ops
        if op.kind in STATEFUL or any(t.refusal == VARIABLE for t in _operands(graph, op))
    )
    return tuple(dict.fromkeys(kinds))


def _arithmetic(graph: Graph, op: Op) -> str:
    """What the operator computes in, by its operands' types."""
    types = {tensor.dtype for tensor in _operands(graph, op) if not tensor.refusal}
    weights = graph.optional_input(op, 1) if op.kind in _WEIGHTED else None
    if DType.FLOAT16 in types or (weights is not None and _were_float16(graph, weights)):
        return "float16"
    if DType.FLOAT32 in types:
        hybrid = weights is not None and weights.dtype is DType.INT8
        return "dynamic-range" if hybrid else "float32"
    if DType.INT16 in types:
        return "int16"
    return _LEGACY if DType.UINT8 in types else _INT8


def _were_float16(graph: Graph, tensor: Tensor) -> bool:
    """Whether an operator makes the tensor of a float16 one: weights are kept so to save space."""
    makers = [op for op in graph.ops if tensor.id in op.outputs]
    return any(t.dtype is DType.FLOAT16 for op in makers for t in _operands(graph, op))


def _operands(graph: Graph, op: Op) -> list[Tensor]:
    return [graph.tensor(t) for t in (*op.inputs, *op.outputs) if t != NO_TENSOR]
