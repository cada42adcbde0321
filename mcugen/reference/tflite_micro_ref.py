"""TFLite Micro's own interpreter and reference kernels, the whole model at once.

With ``kPreserveAllTensors`` its planner gives every tensor bytes of its own, so an intermediate
tensor that is read back is what its operator wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib import metadata

import numpy as np
from tflite_micro.python.tflite_micro.runtime import Interpreter, InterpreterConfig

from mcugen.errors import ToolchainError
from mcugen.ir import Graph, Op, Tensor
from mcugen.passes.drop_dead import drop_dead
from mcugen.reference.base import Trace
from mcugen.reference.biases import lacks_bias, with_biases
from mcugen.reference.guards import aborts, can_abort, stand_in
from mcugen.reference.one_operator import one_operator, variables
from mcugen.reference.quiet import quiet_stderr
from mcugen.tflite.write import write_model

# Beyond the tensors: the interpreter's own structures and the kernels' data, generously.
_ARENA_SLACK = 4 * 2**20


class TfliteMicro:
    """A ``Reference``."""

    def __init__(self, model: bytes, graph: Graph) -> None:
        """``graph`` is what was read from ``model``. Raises ToolchainError T006 when refused."""
        self._graph = drop_dead(graph)
        self.name = f"tflite-micro {metadata.version('tflite-micro')}"
        if any(lacks_bias(graph, op) for op in graph.ops):
            model = write_model(with_biases(self._graph))
        self._alone: dict[Op, Interpreter] = {}
        # An operator that could abort runs only after what comes before it was seen.
        risky = [op for op in self._graph.ops if can_abort(self._graph, op)]
        self._before = {op: self._prefix(op) for op in risky}
        self._whole = self._interpreter(model)

    def _interpreter(self, model: bytes) -> Interpreter:
        arena = 2 * sum(tensor.nbytes for tensor in self._graph.tensors) + _ARENA_SLACK
        with quiet_stderr() as messages:
            try:
                return Interpreter.from_bytes(
                    model,
                    arena_size=arena,
                    intrepreter_config=InterpreterConfig.kPreserveAllTensors,
                )
            except (RuntimeError, ValueError) as error:
                raise self._refused(error, messages()) from error

    def _prefix(self, op: Op) -> Interpreter | None:
        """What computes the first input of ``op``; None where that is the model's input."""
        if op.inputs[0] in self._graph.inputs:
            return None
        graph = drop_dead(replace(self._graph, outputs=op.inputs[:1]))
        return self._interpreter(write_model(with_biases(graph)))

    def _refused(self, error: Exception, messages: tuple[str, ...]) -> ToolchainError:
        return ToolchainError(
            "T006",
            f"{self.name} refused the model: {error}",
            where=self._graph.name,
            details=messages,
        )

    def trace(self, inputs: bytes) -> Trace:
        for op, interpreter in self._before.items():
            data = inputs
            if interpreter is not None:
                self._invoke(interpreter, inputs)
                data = _read(interpreter, op.inputs[0])
            if aborts(self._graph, op, data):
                return self._one_by_one(inputs)
        self._invoke(self._whole, inputs)
        computed = (tensor_id for op in self._graph.ops for tensor_id in op.outputs)
        return {
            self._graph.inputs[0]: inputs,
            **{tensor_id: _read(self._whole, tensor_id) for tensor_id in computed},
        }

    def _one_by_one(self, inputs: bytes) -> Trace:
        """Each operator as a model of its own; mcugen's answer where one would abort."""
        values = {self._graph.inputs[0]: inputs}
        for op in self._graph.ops:
            sources = variables(self._graph, op)
            data = [values[tensor.id] for tensor in sources]
            if aborts(self._graph, op, data[0]):
                values[op.outputs[0]] = stand_in(self._graph, op, data[0])
                continue
            alone = with_biases(one_operator(self._graph, op))
            if op not in self._alone:
                self._alone[op] = self._interpreter(write_model(alone))
            self._invoke(self._alone[op], *data, tensors=sources)
            for tensor_id, own in zip(op.outputs, alone.outputs, strict=True):
                values[tensor_id] = _read(self._alone[op], own)
        return values

    def _invoke(
        self, interpreter: Interpreter, *inputs: bytes, tensors: Sequence[Tensor] = ()
    ) -> None:
        """``tensors`` are what the inputs are; by default, the model's."""
        known = tensors or (self._graph.tensor(self._graph.inputs[0]),)
        with quiet_stderr() as messages:
            try:
                for place, (tensor, data) in enumerate(zip(known, inputs, strict=True)):
                    array = np.frombuffer(data, tensor.dtype.numpy).reshape(tensor.shape)
                    interpreter.set_input(array, place)
                interpreter.invoke()
            except (RuntimeError, ValueError) as error:
                raise self._refused(error, messages()) from error


def _read(interpreter: Interpreter, tensor_id: int) -> bytes:
    return np.asarray(interpreter.GetTensor(tensor_id, 0)["tensor_data"]).tobytes()
