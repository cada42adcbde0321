"""What a kernel hands to the scheduler: the function to call, constants, scratch and overlap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcugen.ir import DType, Graph, Op


@dataclass(frozen=True)
class Release:
    """What differs between releases of CMSIS-NN in the calls that mcugen makes.

    ``aligned_columns``: the im2col columns of ``arm_convolve_s8`` are rounded up to 4 values;
    ``upscale_argument``: ``arm_convolve_s8`` takes ``upscale_dims``.
    """

    version: str
    aligned_columns: bool = False
    upscale_argument: bool = False


@dataclass(frozen=True)
class Target:
    """What decides the code path a kernel takes, and so its scratch and its call."""

    dsp: bool
    cmsis_nn: Release


@dataclass(frozen=True)
class Constant:
    """Data in flash that belongs to one step, laid out as its kernel wants it."""

    name: str
    dtype: DType
    data: bytes

    @property
    def count(self) -> int:
        return len(self.data) // self.dtype.itemsize

    def array(self) -> NDArray[Any]:
        return np.frombuffer(self.data, self.dtype.numpy)


@dataclass(frozen=True)
class Overlap:
    """The output may share bytes with input ``position`` if it starts ``distance`` bytes before."""

    position: int
    distance: int


@dataclass(frozen=True)
class Lowered:
    """One operator as a call of one kernel.

    ``function`` is the C function; ``template`` (below ``templates/ops``) renders the call from
    ``params``, a frozen dataclass; ``entries`` are the CMSIS-NN functions and ``portable`` the
    files of ``firmware/kernels`` that the call needs.
    """

    function: str
    template: str
    params: object
    constants: tuple[Constant, ...] = ()
    scratch_bytes: int = 0
    overlaps: tuple[Overlap, ...] = ()
    entries: tuple[str, ...] = ()
    portable: tuple[str, ...] = ()


Kernel = Callable[[Graph, Op, Target], Lowered | None]
"""Lowers an operator, or returns None where this kernel cannot run it exactly."""


def float_literal(value: float) -> str:
    """C's literal of a float32: the shortest decimal that reads back as the same one."""
    return f"{np.float32(value)!s}f"


def constant(name: str, dtype: DType, values: NDArray[Any]) -> Constant:
    return Constant(name, dtype, np.ascontiguousarray(values, dtype.numpy).tobytes())
