"""What a kernel hands to the scheduler: the function to call, constants, scratch and overlap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcugen.ir import DType
from mcugen.kernels.contract import RowContract


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
class Call:
    """One operator as a call of one kernel.

    ``function`` is the C function; ``template`` (below ``templates/ops``) renders the call from
    ``params``, a frozen dataclass. ``cost`` estimates the instructions that it takes on the core it
    was lowered for. ``backend`` names the backend that knows the sources of what the call
    ``needs``. ``rows`` is None where the kernel runs on whole pictures only.
    """

    backend: str
    function: str
    template: str
    params: object
    cost: int
    constants: tuple[Constant, ...] = ()
    scratch_bytes: int = 0
    overlaps: tuple[Overlap, ...] = ()
    needs: tuple[str, ...] = ()
    rows: RowContract | None = None


def float_literal(value: float) -> str:
    """C's literal of a float32: the shortest decimal that reads back as the same one."""
    return f"{np.float32(value)!s}f"


def constant(name: str, dtype: DType, values: NDArray[Any]) -> Constant:
    return Constant(name, dtype, np.ascontiguousarray(values, dtype.numpy).tobytes())
