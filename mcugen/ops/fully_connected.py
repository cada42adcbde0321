"""FULLY_CONNECTED: rows of the input times a matrix of weights."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mcugen.ir import Graph, Op, Shape
from mcugen.ops import checks, examples
from mcugen.ops.activation import Activation, activation_problems, parse_activation
from mcugen.ops.base import Operator, Options, UnsupportedOptionError, Values


class WeightsFormat(enum.Enum):
    """How the weights lie in the file; the value is the schema's number."""

    DEFAULT = 0
    SHUFFLED4X16INT8 = 1


@dataclass(frozen=True)
class FullyConnected:
    """``keep_num_dims`` keeps the input's leading dimensions instead of counting rows."""

    activation: Activation
    keep_num_dims: bool = False
    weights_format: WeightsFormat = WeightsFormat.DEFAULT


def _parse(options: Options) -> FullyConnected:
    number = int(options["WeightsFormat"])
    if number not in (0, 1):
        raise UnsupportedOptionError(f"weights format {number} is none that the schema has")
    return FullyConnected(
        activation=parse_activation(options),
        keep_num_dims=bool(options["KeepNumDims"]),
        weights_format=WeightsFormat(number),
    )


def _unparse(attrs: FullyConnected) -> Values:
    return {
        "FusedActivationFunction": attrs.activation.value,
        "KeepNumDims": attrs.keep_num_dims,
        "WeightsFormat": attrs.weights_format.value,
    }


def _problems(graph: Graph, op: Op) -> Iterator[str]:
    found = list(_form(graph, op))
    yield from found
    if found:
        return
    source, weights, output = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    bias = graph.optional_input(op, 2)
    yield from activation_problems(op.attributes(FullyConnected).activation, output.qparams)
    yield from checks.accumulators(
        weights.array(),
        bias,
        source.qparams,
        checks.effective_scales(source.qparams, weights.qparams, output.qparams),
    )
    if not weights.qparams.per_channel:
        yield from checks.reference_folds_bias(
            source.qparams, weights.qparams, bias, output.qparams
        )


def _form(graph: Graph, op: Op) -> Iterator[str]:
    attrs = op.attributes(FullyConnected)
    source, weights, output = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    for tensor, what in ((source, "input"), (output, "output")):
        yield from checks.int8_activation(tensor, what)
        yield from checks.single_batch(tensor, what)
    yield from checks.symmetric_weights(weights, axis=0)
    if attrs.weights_format is not WeightsFormat.DEFAULT:
        yield f"weights format {attrs.weights_format.name}: only DEFAULT is supported"
    if len(weights.shape) != 2:
        yield f"weights have shape {checks.shape(weights)}, not units x depth"
        return
    units, depth = weights.shape
    yield from checks.int32_bias(graph.optional_input(op, 2), units)
    if source.elements % depth:
        yield f"input of {source.elements} values does not split into rows of {depth}"
    elif attrs.keep_num_dims and source.shape[-1:] != (depth,):
        yield f"input of shape {checks.shape(source)} has no last dimension of {depth}"


def _shape(graph: Graph, op: Op) -> Shape:
    source, (units, depth) = graph.input(op, 0), graph.input(op, 1).shape
    if op.attributes(FullyConnected).keep_num_dims:
        return (*source.shape[:-1], units)
    return source.elements // depth, units


def _macs(graph: Graph, op: Op) -> int:
    return graph.output(op).elements * graph.input(op, 1).shape[1]


def _example(rng: np.random.Generator) -> Graph:
    depth, units = int(rng.integers(1, 70)), int(rng.integers(1, 20))
    rows = int(rng.integers(1, 4)) if not rng.integers(3) else 1
    keep = bool(rng.integers(2))
    quant = examples.any_quant(rng)
    weights = examples.any_weights(rng, (units, depth), axis=0)
    result, deviation = examples.matching_output(rng, quant, weights, depth)
    leading = (1, rows) if keep else (rows,)
    return examples.single(
        "FULLY_CONNECTED",
        FullyConnected(examples.any_activation(rng), keep),
        (
            examples.variable("input", (*leading, depth), quant),
            weights,
            examples.any_bias(rng, quant, weights.qparams, units, deviation),
        ),
        examples.variable("output", (*leading, units), result),
    )


OPERATOR = Operator(
    kind="FULLY_CONNECTED",
    version=4,
    options="FullyConnectedOptions",
    takes="scales per tensor or per unit",
    inputs=(2, 3),
    parse=_parse,
    unparse=_unparse,
    problems=_problems,
    shape=_shape,
    macs=_macs,
    example=_example,
)
