"""What an operator file provides. One file an operator; ``registry.py`` lists them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcugen.ir import Graph, Op, Shape

Options = Mapping[str, int | float | bool | NDArray[Any]]
"""An operator's builtin options by the schema's field names (``StrideW``, ``Padding``, ...)."""

Values = dict[str, int | float | bool | NDArray[Any]]


class UnsupportedOptionError(Exception):
    """Raised by ``parse`` for an option that the attributes cannot hold; the text is the reason."""


@dataclass(frozen=True)
class Unsupported:
    """The attributes of an operator that mcugen does not know, or of one it cannot describe."""

    reason: str


def nothing_to_fold(graph: Graph, op: Op) -> NDArray[Any] | None:
    """``fold`` of an operator that always runs on the board."""
    return None


@dataclass(frozen=True)
class Operator:
    """An operator from parse to shape rule.

    ``kind``      TFLite's builtin operator name
    ``version``   the schema's version of the operator that has what mcugen writes
    ``takes``     what is supported of it, in a few words
    ``options``   name of the schema's options table, "" where the operator has none
    ``inputs``    how many inputs it takes at least and at most
    ``parse``     options -> attributes (a frozen dataclass); fields that the file leaves out
                  arrive with the schema's defaults; raises UnsupportedOptionError
    ``unparse``   attributes -> options: the inverse, used to write one-operator reference models
    ``problems``  what keeps this use of the operator from being compiled exactly, one line each
    ``shape``     shape of the output from the input shapes and attributes; None where the file's
                  own output shape is the rule. Asked only when there are no problems
    ``macs``      multiply-accumulates
    ``example``   a random model that must be accepted and whose last operator is this one, the only
                  one where that is possible; feeds the test ladders
    ``fold``      the output's value where it is known at compile time, else None.
                  Asked only when there are no problems
    ``move``    of an operator that only moves bytes: numpy's view of its input ``moved``
    ``most_outputs``  how many outputs it may have; ``passes/part_outputs.py`` leaves one each
    ``static``    the operator computes shapes: it must fold away, nothing runs it on the board
    """

    kind: str
    version: int
    options: str
    takes: str
    inputs: tuple[int, int]
    parse: Callable[[Options], object]
    unparse: Callable[[Any], Values]
    problems: Callable[[Graph, Op], Iterator[str]]
    shape: Callable[[Graph, Op], Shape | None]
    macs: Callable[[Graph, Op], int]
    example: Callable[[np.random.Generator], Graph]
    fold: Callable[[Graph, Op], NDArray[Any] | None] = nothing_to_fold
    move: Callable[[Graph, Op, NDArray[Any]], NDArray[Any]] | None = None
    moved: int = 0
    most_outputs: int = 1
    static: bool = False


@dataclass(frozen=True)
class NoAttrs:
    """The attributes of an operator that has none."""


def parse_nothing(options: Options) -> NoAttrs:
    return NoAttrs()


def unparse_nothing(attrs: NoAttrs) -> Values:
    return {}


def no_macs(graph: Graph, op: Op) -> int:
    return 0


def same_shape(graph: Graph, op: Op) -> Shape:
    """The shape rule of an operator that works element by element."""
    return graph.input(op, 0).shape


def integers(value: int | float | bool | NDArray[Any]) -> tuple[int, ...]:
    """A vector as plain integers; of more dimensions, or none, what it has in order."""
    return tuple(int(element) for element in np.asarray(value).reshape(-1))
