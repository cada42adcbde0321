"""tflite-runtime's reference kernels, one operator at a time.

With all tensors preserved, the interpreter still lets some operators work in place, and what is
read back afterwards is not what they wrote. So each operator runs as a model of its own on the
exact input bytes, and only its output is read.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import metadata
from typing import Any

import numpy as np
from tflite_runtime.interpreter import Interpreter, OpResolverType

from mcugen.errors import ToolchainError
from mcugen.ir import Graph, Op
from mcugen.ops.conv_2d import Conv2D
from mcugen.ops.fully_connected import FullyConnected
from mcugen.ops.padding import Padding
from mcugen.ops.registry import place
from mcugen.passes.drop_dead import drop_dead
from mcugen.reference.base import Trace
from mcugen.reference.biases import with_biases
from mcugen.reference.guards import aborts, stand_in
from mcugen.reference.one_operator import one_operator, variables
from mcugen.reference.quiet import quiet_stderr
from mcugen.tflite.write import write_model


class TfliteRuntime:
    """A ``Reference``. Interpreters are made once; identical operators share one."""

    def __init__(self, graph: Graph) -> None:
        """Raises ToolchainError T006 where an operator is refused."""
        self._graph = drop_dead(graph)
        self.name = f"tflite-runtime {metadata.version('tflite-runtime')} BUILTIN_REF"
        made: dict[bytes, Any] = {}
        self._interpreters = [self._interpreter(op, made) for op in self._graph.ops]

    def _interpreter(self, op: Op, made: dict[bytes, Any]) -> Any:
        model = write_model(acceptable(one_operator(self._graph, op)))
        if model not in made:
            with quiet_stderr() as messages:
                try:
                    interpreter = Interpreter(
                        model_content=model,
                        num_threads=1,
                        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
                    )
                    interpreter.allocate_tensors()
                except (RuntimeError, ValueError) as error:
                    raise self._refused(op, error, messages()) from error
            made[model] = interpreter
        return made[model]

    def _refused(self, op: Op, error: Exception, messages: tuple[str, ...]) -> ToolchainError:
        return ToolchainError(
            "T006",
            f"{self.name} refused an operator: {error}",
            where=place(self._graph, op),
            details=messages,
        )

    def trace(self, inputs: bytes) -> Trace:
        values = {self._graph.inputs[0]: inputs}
        with quiet_stderr() as messages:
            for op, interpreter in zip(self._graph.ops, self._interpreters, strict=True):
                try:
                    found = self._run(op, interpreter, values)
                    values.update(zip(op.outputs, found, strict=True))
                except (RuntimeError, ValueError) as error:
                    raise self._refused(op, error, messages()) from error
        return values

    def _run(self, op: Op, interpreter: Any, values: dict[int, bytes]) -> list[bytes]:
        inputs = variables(self._graph, op)
        if aborts(self._graph, op, values[inputs[0].id]):
            return [stand_in(self._graph, op, values[inputs[0].id])]
        for tensor, detail in zip(inputs, interpreter.get_input_details(), strict=True):
            array = np.frombuffer(values[tensor.id], tensor.dtype.numpy).reshape(detail["shape"])
            interpreter.set_tensor(detail["index"], array)
        interpreter.invoke()
        return [
            np.asarray(interpreter.get_tensor(detail["index"])).tobytes()
            for detail in interpreter.get_output_details()
        ]


def acceptable(graph: Graph) -> Graph:
    """The same operator as this release runs it: with a bias, and as a convolution where needed.

    Its FULLY_CONNECTED ignores that weights have a scale for each unit; a 1x1 CONV_2D does not, and
    its arithmetic is the one that TFLite defines for both.
    """
    (op,) = graph.ops
    if op.kind == "FULLY_CONNECTED" and graph.input(op, 1).qparams.per_channel:
        graph = _as_convolution(graph, op)
    return with_biases(graph)


def _as_convolution(graph: Graph, op: Op) -> Graph:
    """A FULLY_CONNECTED as a 1x1 convolution of a picture of one column."""
    units, depth = graph.input(op, 1).shape
    rows = graph.input(op, 0).elements // depth
    shapes = {
        op.inputs[0]: (1, rows, 1, depth),
        op.inputs[1]: (units, 1, 1, depth),
        op.outputs[0]: (1, rows, 1, units),
    }
    activation = op.attributes(FullyConnected).activation
    attrs = Conv2D(stride=(1, 1), padding=Padding("VALID"), activation=activation)
    return replace(
        graph,
        tensors=tuple(replace(t, shape=shapes.get(t.id, t.shape)) for t in graph.tensors),
        ops=(replace(op, kind="CONV_2D", attrs=attrs),),
    )
