"""Random tensors and one-operator graphs: what the operators' ``example`` functions are made of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcugen.ir import NO_TENSOR, DType, Graph, Op, Quant, Shape, Tensor
from mcugen.ops.activation import Activation
from mcugen.ops.padding import Padding, Pair

# What uniformly random int8 values and weights spread about their mean.
_DEVIATION = 74.0


def single(kind: str, attrs: object, inputs: tuple[Tensor | None, ...], output: Tensor) -> Graph:
    """A graph of one operator. Tensors get the ids of their order; variable inputs are the edge."""
    present = [tensor for tensor in inputs if tensor is not None]
    tensors = tuple(replace(t, id=index) for index, t in enumerate((*present, output)))
    ids = iter(range(len(present)))
    return Graph(
        name=kind.lower(),
        tensors=tensors,
        ops=(
            Op(
                index=0,
                kind=kind,
                inputs=tuple(NO_TENSOR if t is None else next(ids) for t in inputs),
                outputs=(len(present),),
                attrs=attrs,
            ),
        ),
        inputs=tuple(t.id for t in tensors[:-1] if not t.is_constant),
        outputs=(len(present),),
    )


def chain(name: str, tensors: tuple[Tensor, ...], ops: tuple[Op, ...]) -> Graph:
    """A graph from the first tensor to the last. Tensors get the ids of their order."""
    numbered = tuple(replace(tensor, id=index) for index, tensor in enumerate(tensors))
    return Graph(name, numbered, ops, inputs=(0,), outputs=(len(tensors) - 1,))


def variable(
    name: str, shape: Shape, quant: Quant | None = None, dtype: DType = DType.INT8
) -> Tensor:
    return Tensor(0, name, shape, dtype, quant)


def constant(
    name: str, values: NDArray[Any], dtype: DType = DType.INT32, quant: Quant | None = None
) -> Tensor:
    data = np.ascontiguousarray(values, dtype.numpy).tobytes()
    return Tensor(0, name, tuple(values.shape), dtype, quant, data)


def any_scale(rng: np.random.Generator, low: float = 0.002, high: float = 0.2) -> float:
    """A float32 value, log-uniform between the bounds."""
    return float(np.float32(np.exp(rng.uniform(np.log(low), np.log(high)))))


def any_quant(rng: np.random.Generator) -> Quant:
    """Zero points over the whole range, its ends more often."""
    zero_point = int(rng.choice([-128, 127, *rng.integers(-128, 128, 4)]))
    return Quant((any_scale(rng),), (zero_point,))


def any_pair(rng: np.random.Generator, low: int, high: int) -> Pair:
    return int(rng.integers(low, high + 1)), int(rng.integers(low, high + 1))


def any_activation(rng: np.random.Generator) -> Activation:
    return list(Activation)[rng.integers(len(Activation))]


def any_window(rng: np.random.Generator, largest: int = 5) -> tuple[Pair, Pair, Pair, Padding]:
    """(picture, window, stride, padding); a VALID window lies inside the picture."""
    picture, window = any_pair(rng, 1, 12), any_pair(rng, 1, largest)
    padding = Padding("SAME" if rng.integers(2) else "VALID")
    if padding.scheme == "VALID":
        window = (min(window[0], picture[0]), min(window[1], picture[1]))
    return picture, window, any_pair(rng, 1, 3), padding


def any_weights(rng: np.random.Generator, shape: Shape, axis: int) -> Tensor:
    """int8 weights: mostly the whole range, now and then -1 to 1, which needs scales above 1."""
    low, high = [(-127, 127), (-127, 127), (-128, 127), (-1, 1)][rng.integers(4)]
    channels = shape[axis] if rng.integers(4) else 1
    scales = tuple(any_scale(rng, 0.001, 0.01) for _ in range(channels))
    quant = Quant(scales, (0,) * channels, axis if channels > 1 else 0)
    values = rng.integers(low, high, shape, endpoint=True)
    return constant("weights", values, DType.INT8, quant)


def matching_output(
    rng: np.random.Generator, source: Quant, weights: Tensor, taps: int
) -> tuple[Quant, float]:
    """A quantisation over whose range the sums spread, and the deviation of one sum in integers."""
    deviation = max(float(np.std(weights.array())), 0.5) * _DEVIATION * np.sqrt(taps)
    spread = rng.uniform(15.0, 90.0)
    scale = deviation * source.scale * float(np.median(weights.qparams.scales)) / spread
    return replace(any_quant(rng), scales=(float(np.float32(scale)),)), float(deviation)


def any_bias(
    rng: np.random.Generator, source: Quant, weights: Quant, channels: int, deviation: float
) -> Tensor | None:
    """int32, of the size of the sums it is added to; one operator in four has none."""
    if not rng.integers(4):
        return None
    scales = tuple(float(np.float32(source.scale * scale)) for scale in weights.scales)
    quant = Quant(scales, (0,) * len(scales))
    values = np.rint(rng.normal(0.0, deviation, channels))
    return constant("bias", values, DType.INT32, quant)
